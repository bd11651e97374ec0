"""Event entities show the reports of an account and of its recipients."""

from homeassistant.core import HomeAssistant, State
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, mock_restore_cache_with_extra_data
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.smsbox.api import DeliveryStatus

from .conftest import account_entry, recipient_data
from .gateway import Gateway
from .reports import report
from .sends import FIRST_MSGID, send


@pytest.fixture
def recipients() -> list[object]:
    """Return two recipients."""
    return [recipient_data(), recipient_data("Dad", numbers=["32471234567"], channels=["tts"])]


def shown(hass: HomeAssistant, name: str) -> State:
    """Return the state of an event entity."""
    state = hass.states.get(f"event.{name}_delivery_report")
    assert state is not None
    return state


async def test_reports_are_shown(
    hass: HomeAssistant, entry: MockConfigEntry, hass_client_no_auth: ClientSessionGenerator
) -> None:
    """A recipient's entity shows the recipient's reports, the account's shows all."""
    assert shown(hass, "mum").attributes["event_types"] == list(DeliveryStatus)
    await send(hass)
    await send(hass, channel="tts", entity_id="notify.dad_text_to_speech")
    await send(hass, numbers=["0472 23 45 67"])
    client = await hass_client_no_auth()
    await report(hass, client, FIRST_MSGID, 10)
    attributes = dict(shown(hass, "mum").attributes)
    assert attributes.pop("event_types")
    assert attributes.pop("friendly_name") == "Mum Delivery report"
    assert attributes.pop("sent_at") < shown(hass, "mum").state
    assert attributes == {
        "event_type": "sent",
        "msgid": FIRST_MSGID,
        "number": "32496123456",
        "recipient": "Mum",
        "channel": "sms",
        "status_code": 10,
        "final": False,
    }
    await report(hass, client, FIRST_MSGID + 1, 11)
    await report(hass, client, FIRST_MSGID + 2, 13)
    assert [shown(hass, name).attributes["event_type"] for name in ("mum", "dad", "smsbox")] == [
        "sent",
        "delivered",
        "undelivered",
    ]
    assert [shown(hass, name).attributes["recipient"] for name in ("mum", "dad", "smsbox")] == ["Mum", "Dad", None]
    assert shown(hass, "dad").attributes["channel"] == "tts"


async def test_last_report_survives_a_restart(hass: HomeAssistant, gateway: Gateway) -> None:
    """The last report is shown again after a restart."""
    time = "2026-11-01T12:00:00.000+00:00"
    mock_restore_cache_with_extra_data(
        hass,
        [
            (
                State("event.mum_delivery_report", time),
                {"last_event_type": "delivered", "last_event_attributes": {"msgid": 5, "channel": "tts"}},
            )
        ],
    )
    entry = account_entry(recipient_data())
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    state = shown(hass, "mum")
    assert state.state == time
    assert [state.attributes[key] for key in ("event_type", "msgid", "channel")] == ["delivered", 5, "tts"]
    assert shown(hass, "smsbox").state == "unknown"

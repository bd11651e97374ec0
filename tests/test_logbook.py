"""The logbook tells in words what became of a message."""

from homeassistant.components.recorder import Recorder
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.recorder.common import async_wait_recording_done
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator, WebSocketGenerator

from .reports import report

FIRST_MSGID = 15547355


@pytest.fixture(autouse=True)
def _environment(recorder_mock: Recorder, enable_custom_integrations: None, socket_enabled: None) -> None:
    """Record, which has to begin before all else."""


@pytest.mark.parametrize(
    ("data", "name"),
    [
        ({"entity_id": "notify.mum_sms"}, "SMS to Mum"),
        ({"numbers": ["0471 23 45 67"]}, "SMS to ********567"),
    ],
)
async def test_report_in_words(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    hass_client_no_auth: ClientSessionGenerator,
    hass_ws_client: WebSocketGenerator,
    data: dict[str, object],
    name: str,
) -> None:
    """A report stands there with the recipient, or the masked number, and with what caused the message."""
    await async_setup_component(hass, "logbook", {})
    automation = {
        "alias": "Alarm",
        "triggers": {"trigger": "event", "event_type": "alarm"},
        "actions": {"action": "smsbox.send_sms", "data": {"message": "Hello", **data}},
    }
    assert await async_setup_component(hass, "automation", {"automation": automation})
    start = dt_util.utcnow()
    hass.bus.async_fire("alarm")
    await hass.async_block_till_done()
    await report(hass, await hass_client_no_auth(), FIRST_MSGID, 11)
    await async_wait_recording_done(hass)

    client = await hass_ws_client()
    await client.send_json_auto_id({"type": "logbook/get_events", "start_time": start.isoformat()})
    events = (await client.receive_json())["result"]
    described = [event for event in events if event.get("domain") == "smsbox"]
    assert [(event["name"], event["message"]) for event in described] == [(name, "was delivered")]
    assert described[0]["context_name"] == "Alarm"

"""The sensors of an account: its totals. The balance is in test_coordinator.py."""

from typing import Any

from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from .clock import later
from .gateway import Gateway
from .reports import report

FIRST_MSGID = 15547355


def totals(hass: HomeAssistant) -> dict[str, str]:
    """Return what the sensors show."""
    return {
        state.entity_id.removeprefix("sensor.smsbox_messages_"): state.state
        for state in hass.states.async_all("sensor")
        if "messages" in state.entity_id
    }


async def test_totals(
    hass: HomeAssistant,
    gateway: Gateway,
    entry: MockConfigEntry,
    hass_client_no_auth: ClientSessionGenerator,
    hass_storage: dict[str, Any],
) -> None:
    """Every accepted number counts, and every final report once, through a reload and on disk."""
    assert totals(hass) == {"sent": "0", "delivered": "0", "failed": "0"}
    client = await hass_client_no_auth()
    numbers = ["0471 23 45 67", "0471 23 45 68", "0471 23 45 69"]
    await hass.services.async_call("smsbox", "send_sms", {"message": "Hello", "numbers": numbers}, blocking=True)
    assert totals(hass) == {"sent": "3", "delivered": "0", "failed": "0"}
    for msgid, statuses in enumerate(([10, 11, 11], [12, 14], [16]), FIRST_MSGID):
        for status in statuses:
            await report(hass, client, msgid, status)
    assert totals(hass) == {"sent": "3", "delivered": "1", "failed": "1"}

    assert await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    assert totals(hass) == {"sent": "3", "delivered": "1", "failed": "1"}
    await later(hass, 1)
    assert hass_storage[f"smsbox.{entry.entry_id}"]["data"]["totals"] == {"sent": 3, "delivered": 1, "failed": 1}


async def test_calls_and_refusals(hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry) -> None:
    """A voice call counts as sent, what the gateway does not accept does not."""
    data = {"message": "Hello", "numbers": ["0471 23 45 67", "0471 23 45 68"]}
    await hass.services.async_call("smsbox", "send_voice", data, blocking=True)
    assert totals(hass)["sent"] == "2"
    gateway.answers["sendsms"] = {"code": 100, "message": [{"number": "32471234567", "msgid": FIRST_MSGID}]}
    await hass.services.async_call("smsbox", "send_sms", data, blocking=True, return_response=True)
    assert totals(hass)["sent"] == "3"

"""The sensors of an account: its totals. The balance is in test_coordinator.py."""

from typing import Any

from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from .gateway import Gateway
from .reports import report
from .sends import FIRST_MSGID, SENT, totals


async def test_totals(
    hass: HomeAssistant,
    gateway: Gateway,
    entry: MockConfigEntry,
    hass_client_no_auth: ClientSessionGenerator,
    hass_storage: dict[str, Any],
) -> None:
    """Every accepted number counts, and every final report once, through a reload and on disk."""
    assert await totals(hass) == [0, 0, 0]
    client = await hass_client_no_auth()
    numbers = ["0471 23 45 67", "0471 23 45 68", "0471 23 45 69"]
    await hass.services.async_call("smsbox", "send_sms", {"message": "Hello", "numbers": numbers}, blocking=True)
    state = hass.states.get(SENT)
    assert state is not None
    assert state.state != "0"  # the first of several changes is shown at once
    assert await totals(hass) == [3, 0, 0]
    for msgid, statuses in enumerate(([10, 11, 11], [12, 14], [16]), FIRST_MSGID):
        for status in statuses:
            await report(hass, client, msgid, status)
    assert await totals(hass) == [3, 1, 1]

    assert await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    assert await totals(hass) == [3, 1, 1]
    assert hass_storage[f"smsbox.{entry.entry_id}"]["data"]["totals"] == {"sent": 3, "delivered": 1, "failed": 1}


async def test_calls_and_refusals(hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry) -> None:
    """A voice call counts as sent, what the gateway does not accept does not."""
    data = {"message": "Hello", "numbers": ["0471 23 45 67", "0471 23 45 68"]}
    await hass.services.async_call("smsbox", "send_voice", data, blocking=True)
    assert await totals(hass) == [2, 0, 0]
    gateway.answers["sendsms"] = {"code": 100, "message": [{"number": "32471234567", "msgid": FIRST_MSGID}]}
    await hass.services.async_call("smsbox", "send_sms", data, blocking=True, return_response=True)
    assert await totals(hass) == [3, 0, 0]

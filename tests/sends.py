"""Sends through the actions, and what comes back."""

import asyncio
from typing import Any

from homeassistant.core import Event, EventStateChangedData, HomeAssistant, callback
from homeassistant.helpers.event import async_track_state_change_event

from custom_components.smsbox.const import DOMAIN

from .clock import later

FIRST_MSGID = 15547355

SENT = "sensor.smsbox_messages_sent"


async def send(hass: HomeAssistant, *, channel: str = "sms", **data: Any) -> dict[str, Any]:
    """Send to Mum, or to what `data` says; return the action's answer."""
    if not data.keys() & {"numbers", "entity_id"}:
        data["entity_id"] = "notify.mum_sms"
    answer = await hass.services.async_call(
        DOMAIN, f"send_{channel}", {"message": "Hello", **data}, blocking=True, return_response=True
    )
    assert isinstance(answer, dict)
    return answer


async def totals(hass: HomeAssistant, account: str = "smsbox") -> list[int]:
    """Return how many messages were sent, were delivered and failed, once the sensors show it."""
    await later(hass, 1)
    states = [hass.states.get(f"sensor.{account}_messages_{total}") for total in ("sent", "delivered", "failed")]
    return [int(state.state) for state in states if state is not None]


async def messages_sent(hass: HomeAssistant, count: int) -> None:
    """Wait until the account has sent so many messages."""
    reached = asyncio.Event()

    @callback
    def check(_event: Event[EventStateChangedData] | None = None) -> None:
        state = hass.states.get(SENT)
        if state is not None and state.state == str(count):
            reached.set()

    unsubscribe = async_track_state_change_event(hass, SENT, check)
    check()
    async with asyncio.timeout(10):
        await reached.wait()
    unsubscribe()

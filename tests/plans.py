"""Helpers for alerts in Home Assistant: plans, their events, and the links in what was sent."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from types import MappingProxyType
from typing import Any

from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import Event, HomeAssistant, callback
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.smsbox.plan_form import to_store

from .gateways import Gateway

EVENT_ALERT = "smsbox_alert"


async def add_plan(
    hass: HomeAssistant, entry: MockConfigEntry, *steps: list[str], name: str = "Cellar", repeat: int = 0, **more: Any
) -> ConfigSubentry:
    """Add a plan to an account; each step is a list of notify entities, and waits for 5 minutes."""
    data, errors = to_store(
        hass, {"steps": [{"notify": step} for step in steps or (["notify.mum_sms"],)], "repeat": repeat, "more": more}
    )
    assert not errors
    plan = ConfigSubentry(data=MappingProxyType(data), subentry_type="alert_plan", title=name, unique_id=f"plan_{name}")
    hass.config_entries.async_add_subentry(entry, plan)
    await hass.async_block_till_done()
    return plan


@asynccontextmanager
async def alert_event(hass: HomeAssistant, kind: str, number: int = 1) -> AsyncGenerator[None]:
    """Wait in the end until that many events of a kind have been fired since the beginning."""
    left = number
    fired = asyncio.Event()

    @callback
    def listen(event: Event) -> None:
        """Count an event."""
        nonlocal left
        left -= event.data["type"] == kind
        if left <= 0:
            fired.set()

    unsubscribe = hass.bus.async_listen(EVENT_ALERT, listen)
    yield
    async with asyncio.timeout(10):
        await fired.wait()
    unsubscribe()


def link_in(gateway: Gateway, number: str) -> str:
    """Return the path of the link in the last SMS to a number."""
    [*_, message] = [sms["message"] for sms in gateway.sent if sms["numbers"] == number]
    *_, last_line = message.splitlines()
    assert last_line.startswith("OK? https://example.org/api/smsbox/")
    return last_line.removeprefix("OK? https://example.org")

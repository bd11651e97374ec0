"""Helpers for alerts in Home Assistant: plans, their events, and the links in what was sent."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from http import HTTPStatus
from pathlib import Path
from types import MappingProxyType
from typing import Any

from aiohttp.test_utils import TestClient
from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import Event, HomeAssistant, callback
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.smsbox.plan_form import to_store

from .common import call_action
from .gateways import Gateway

EVENT_ALERT = "smsbox_alert"

type Client = TestClient[Any, Any]


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


async def start(hass: HomeAssistant, title: str = "Water", message: str = "There is water in the cellar.") -> None:
    """Start an alert, and wait until somebody was told."""
    async with alert_event(hass, "told"):
        await call_action(hass, "send_alert", entity_id="notify.cellar", title=title, message=message)


async def tap(client: Client, link: str) -> None:
    """Tap the button of a page."""
    response = await client.post(link, allow_redirects=False)
    assert response.status == HTTPStatus.SEE_OTHER
    assert response.headers["Location"] == link


async def see(client: Client, link: str, **headers: str) -> str:
    """Return the page of a link that works."""
    response = await client.get(link, headers=headers)
    assert response.status == HTTPStatus.OK
    return await response.text()


def stored_alerts(hass: HomeAssistant, entry: MockConfigEntry) -> str:
    """Return what is on disk."""
    return Path(hass.config.path(".storage", f"smsbox.{entry.entry_id}.alerts")).read_text()

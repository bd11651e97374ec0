"""System health: whether the gateway can be reached and reports can arrive."""

import asyncio
from typing import Any
from unittest.mock import MagicMock

from aiohttp.test_utils import unused_port
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, get_system_health_info

from .common import WEBHOOK_ID, account_entry, send, set_up
from .gateways import API_KEY, Gateway

CLOUDHOOK_URL = "https://hooks.example.org/an-address-that-nobody-may-see"


async def system_health(hass: HomeAssistant) -> dict[str, Any]:
    """Return what the page shows."""
    assert await async_setup_component(hass, "system_health", {})
    info = await get_system_health_info(hass, "smsbox")
    return {key: await value if asyncio.iscoroutine(value) else value for key, value in info.items()}


async def test_system_health_of_an_account(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """The page shows the gateway, how reports arrive, and how many messages and alerts are under way."""
    await send(hass)
    assert await system_health(hass) == {
        "can_reach_gateway": "ok",
        "accounts": 1,
        "reports": "url",
        "pending": 1,
        "waiting": 0,
        "alerts": 0,
    }


@pytest.mark.parametrize(
    ("external_url", "data", "options", "way"),
    [
        pytest.param("https://example.org", {}, {}, "url", id="external URL"),
        pytest.param("https://example.org", {"cloudhook_url": CLOUDHOOK_URL}, {}, "cloud", id="cloud"),
        pytest.param(None, {"cloudhook_url": CLOUDHOOK_URL}, {}, "cloud", id="only cloud"),
        pytest.param(None, {}, {}, "-", id="none"),
        pytest.param("https://example.org", {}, {"delivery_reports": False}, "-", id="switched off"),
    ],
)
async def test_page_tells_how_reports_arrive(
    hass: HomeAssistant,
    gateway: Gateway,
    cloud: MagicMock,
    external_url: str | None,
    data: dict[str, str],
    options: dict[str, bool],
    way: str,
) -> None:
    """The page tells whether reports arrive by URL, by cloud or not at all, without the URL."""
    await hass.config.async_update(external_url=external_url)
    await set_up(hass, account_entry(data={"api_key": API_KEY, "webhook_id": WEBHOOK_ID, **data}, options=options))
    assert (await system_health(hass))["reports"] == way


async def test_several_accounts_are_listed(hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry) -> None:
    """Loaded accounts are counted and shown one after the other."""
    for key, options in (("second", {"delivery_reports": False}), ("third", {})):
        other = await set_up(hass, account_entry(data={"api_key": key, "webhook_id": key}, options=options))
    assert await hass.config_entries.async_unload(other.entry_id)
    info = await system_health(hass)
    assert (info["accounts"], info["reports"]) == (2, "url, -")


async def test_unreachable_gateway_is_shown(
    hass: HomeAssistant, entry: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A gateway that cannot be reached is shown as unreachable."""
    monkeypatch.setenv("SMSBOX_API_URL", f"http://127.0.0.1:{unused_port()}/api/v1")
    info = await system_health(hass)
    assert info["can_reach_gateway"] == {"type": "failed", "error": "unreachable"}

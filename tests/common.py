"""Helpers that the tests share: stored accounts, actions, reports, totals and time."""

import asyncio
from datetime import timedelta
from typing import Any

from aiohttp.test_utils import TestClient
from aiohttp.web import Application, Request
from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigSubentryData
from homeassistant.const import EVENT_HOMEASSISTANT_FINAL_WRITE
from homeassistant.core import Event, HomeAssistant, State
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed
from yarl import URL

from custom_components.smsbox.const import DOMAIN

from .gateways import API_KEY

WEBHOOK_ID = "an-address-that-nobody-may-see"
POLL = 15 * 60 + 1  # seconds
WITH_RESPONSE = {"verify_otp", "lookup_number", "preview_sms"}
# What is raised after the gateway was asked; every other error tells that the call is wrong.
GATEWAY_ERRORS = {
    "cannot_connect",
    "insufficient_credits",
    "invalid_auth",
    "limit_day",
    "limit_hour",
    "not_accepted",
    "outcome_unknown",
    "rejected",
    "try_again_later",
}


def recipient_data(name: str = "Mum", **data: Any) -> ConfigSubentryData:
    """Return a stored recipient."""
    return ConfigSubentryData(
        subentry_type="recipient",
        title=name,
        unique_id=name.casefold(),
        data={"numbers": ["32496123456"], "channels": ["sms"], "language": "nl", "gender": "male"} | data,
    )


def account_entry(*recipients: ConfigSubentryData, **kwargs: Any) -> MockConfigEntry:
    """Return a stored account."""
    return MockConfigEntry(
        **{
            "domain": DOMAIN,
            "title": "SMSBOX",
            "data": {"api_key": API_KEY, "webhook_id": WEBHOOK_ID},
            "subentries_data": list(recipients),
        }
        | kwargs
    )


async def set_up(hass: HomeAssistant, entry: MockConfigEntry) -> MockConfigEntry:
    """Add an account, set it up and return it."""
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    return entry


async def shut_down(hass: HomeAssistant) -> None:
    """Write what is not on disk yet, unload all accounts and forget what was in memory."""
    hass.bus.async_fire(EVENT_HOMEASSISTANT_FINAL_WRITE)
    await hass.async_block_till_done(wait_background_tasks=True)
    for entry in hass.config_entries.async_loaded_entries(DOMAIN):
        await entry.runtime_data.outbox.async_stop()
        assert await hass.config_entries.async_unload(entry.entry_id)
    for account in hass.data.get(DOMAIN, {}).values():
        account.tracker.shutdown()
    for key, value in hass.data.items():
        if str(key).startswith(DOMAIN) and isinstance(value, dict):
            value.clear()


async def restart(hass: HomeAssistant) -> None:
    """Restart Home Assistant, as far as accounts can tell."""
    await shut_down(hass)
    for entry in hass.config_entries.async_entries(DOMAIN):
        assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)


def get_state(hass: HomeAssistant, entity_id: str) -> State:
    """Return the state of an entity that has to be there."""
    state = hass.states.get(entity_id)
    assert state is not None, entity_id
    return state


async def call_action(hass: HomeAssistant, action: str, *, domain: str = DOMAIN, **data: Any) -> None:
    """Call an action without taking its response, if it can be called that way."""
    await hass.services.async_call(domain, action, data, blocking=True, return_response=action in WITH_RESPONSE)


async def call_for_response(hass: HomeAssistant, action: str, **data: Any) -> dict[str, Any]:
    """Call an action and return its response."""
    response = await hass.services.async_call(DOMAIN, action, data, blocking=True, return_response=True)
    assert isinstance(response, dict)
    return response


async def expect_error(
    hass: HomeAssistant, key: str, action: str, *, domain: str = DOMAIN, response: bool = False, **data: Any
) -> HomeAssistantError:
    """Call an action that has to raise the error with this translation key; return the error."""
    call = call_for_response(hass, action, **data) if response else call_action(hass, action, domain=domain, **data)
    with pytest.raises(HomeAssistantError) as raised:
        await call
    assert raised.value.translation_key == key
    assert isinstance(raised.value, ServiceValidationError) is (key not in GATEWAY_ERRORS)
    return raised.value


async def send(hass: HomeAssistant, *, channel: str = "sms", **data: Any) -> dict[str, Any]:
    """Send to Mum, or to what `data` says; return the response."""
    if not data.keys() & {"numbers", "entity_id"}:
        data["entity_id"] = "notify.mum_sms"
    return await call_for_response(hass, f"send_{channel}", **{"message": "Hello", **data})


async def post_report(
    hass: HomeAssistant, client: TestClient[Request, Application], msgid: int, status: int, webhook_id: str = WEBHOOK_ID
) -> None:
    """Post a delivery report to Home Assistant's HTTP server."""
    response = await client.post(f"/api/webhook/{webhook_id}", data={"msgid": msgid, "status": status})
    assert response.ok
    await hass.async_block_till_done()


async def post_to(
    hass: HomeAssistant, client: TestClient[Request, Application], url: str, msgid: int, status: int
) -> None:
    """Post a delivery report to the URL that the gateway was given."""
    response = await client.post(str(URL(url).relative()), data={"msgid": msgid, "status": status})
    assert response.ok
    await hass.async_block_till_done()


def statuses(events: list[Event]) -> list[tuple[int, str]]:
    """Return message and status of the report events."""
    return [(event.data["msgid"], event.data["status"]) for event in events]


async def totals(hass: HomeAssistant, account: str = "smsbox") -> list[int]:
    """Return how many messages were sent, were delivered and failed, once the sensors show it."""
    await advance_time(hass, 1)
    return [int(get_state(hass, f"sensor.{account}_messages_{name}").state) for name in ("sent", "delivered", "failed")]


async def wait_until_sent(hass: HomeAssistant, number: int) -> None:
    """Wait until the sensor shows that many sent messages, which it does once a second."""
    async with asyncio.timeout(10):
        while get_state(hass, "sensor.smsbox_messages_sent").state != str(number):
            async_fire_time_changed(hass, dt_util.utcnow() + timedelta(seconds=1))
            await asyncio.sleep(0.01)  # requests take real time


async def advance_time(
    hass: HomeAssistant, seconds: float = POLL, freezer: FrozenDateTimeFactory | None = None
) -> None:
    """Let time pass, by default until the balance is polled; only with `freezer` does the clock show it too."""
    if freezer:
        freezer.tick(seconds)
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(seconds=0 if freezer else seconds))
    await hass.async_block_till_done(wait_background_tasks=True)

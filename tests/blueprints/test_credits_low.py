"""The blueprint `credits_low`: credits low: remind me daily until topped up."""

from collections.abc import AsyncGenerator
from datetime import datetime, timedelta

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import CoreState, HomeAssistant, ServiceCall, State
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
    mock_restore_cache,
)

from tests.common import account_entry, advance_time, recipient_data
from tests.gateways import Gateway, set_response

from .conftest import MORNING, automate, tell


@pytest.fixture(autouse=True)
async def _morning(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> AsyncGenerator[None]:
    """Begin a minute before the reminder is due; end without a reminder that is still to come."""
    await hass.config.async_set_time_zone("UTC")
    freezer.move_to(MORNING)
    yield
    await hass.services.async_call("automation", "turn_off", {"entity_id": "all"}, blocking=True)


async def remind(hass: HomeAssistant) -> None:
    """Have the automation."""
    await automate(
        hass,
        "credits_low",
        low_credits="binary_sensor.smsbox_low_credits",
        credits="sensor.smsbox_credits",
        actions=tell(message="{{ credits }}"),
    )


async def balance(hass: HomeAssistant, gateway: Gateway, balance: str | None) -> None:
    """Have the balance polled; None is a gateway that is unreachable."""
    gateway.responses.pop("balance", None)
    if balance is None:
        set_response(gateway, "balance", 500)
    else:
        gateway.balance = balance
    await advance_time(hass)
    await advance_time(hass, 1)


async def at(hass: HomeAssistant, freezer: FrozenDateTimeFactory, moment: datetime) -> None:
    """Let it be that time."""
    freezer.move_to(moment)
    async_fire_time_changed(hass, moment)
    await hass.async_block_till_done(wait_background_tasks=True)


async def test_at_once_and_daily_until_topped_up(
    hass: HomeAssistant,
    gateway: Gateway,
    entry: MockConfigEntry,
    told: list[ServiceCall],
    freezer: FrozenDateTimeFactory,
) -> None:
    """It tells when the credits become low, every day at nine, and no more once there are enough."""
    await remind(hass)
    await at(hass, freezer, MORNING + timedelta(minutes=1))
    assert not told
    await balance(hass, gateway, "24.50")
    assert [call.data["message"] for call in told] == [24.5]
    for day in (1, 2):
        await at(hass, freezer, MORNING + timedelta(days=day))
        assert len(told) == day
        await at(hass, freezer, MORNING + timedelta(days=day, minutes=1))
        assert len(told) == day + 1
    await balance(hass, gateway, "1000")
    await at(hass, freezer, MORNING + timedelta(days=3, minutes=1))
    assert len(told) == 3
    await balance(hass, gateway, "10")
    assert len(told) == 4


async def test_outage_does_not_tell_twice(
    hass: HomeAssistant,
    gateway: Gateway,
    entry: MockConfigEntry,
    told: list[ServiceCall],
    freezer: FrozenDateTimeFactory,
) -> None:
    """Once the gateway is back it tells what became low meanwhile, and nothing that was told that day."""
    await remind(hass)
    await balance(hass, gateway, None)
    await balance(hass, gateway, "10")
    assert len(told) == 1
    await balance(hass, gateway, None)
    await balance(hass, gateway, "10")
    assert len(told) == 1


@pytest.mark.parametrize(
    ("last", "balance", "count"),
    [
        (None, "10", 1),
        (timedelta(hours=25), "10", 1),
        (timedelta(hours=2), "10", 0),
        (None, "1000", 0),
    ],
)
async def test_restart(
    hass: HomeAssistant,
    gateway: Gateway,
    told: list[ServiceCall],
    last: timedelta | None,
    balance: str,
    count: int,
) -> None:
    """A start tells what became low while Home Assistant was off, unless it was told less than a day ago."""
    triggered = {"last_triggered": (MORNING - last).isoformat()} if last else {}
    mock_restore_cache(hass, [State("automation.test", "on", triggered)])
    gateway.balance = balance
    hass.set_state(CoreState.not_running)
    entry = account_entry(recipient_data())
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    await remind(hass)
    assert not told
    await hass.async_start()
    await hass.async_block_till_done()
    assert len(told) == count

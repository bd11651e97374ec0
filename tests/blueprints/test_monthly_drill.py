"""The blueprint `monthly_drill`: a test alert each month, which somebody has to acknowledge."""

from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant, ServiceCall
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed

from tests.common import call_action, get_state
from tests.gateways import Gateway
from tests.plans import add_plan, alert_event, settle

from .conftest import automate, tell

FIRST = datetime(2026, 10, 1, 11, tzinfo=UTC)


@pytest.fixture(autouse=True)
async def _drill(
    hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> AsyncGenerator[None]:
    """Have the plan and the automation, the day before; end without a drill that is still to come."""
    await hass.config.async_set_time_zone("UTC")
    freezer.move_to(FIRST - timedelta(days=1))
    await add_plan(hass, entry)
    await automate(
        hass,
        "monthly_drill",
        button="button.cellar_send_test_alert",
        status="sensor.cellar_status",
        actions=tell(message="Nobody"),
    )
    yield
    await hass.services.async_call("automation", "turn_off", {"entity_id": "all"}, blocking=True)


async def drill(hass: HomeAssistant, freezer: FrozenDateTimeFactory, moment: datetime) -> None:
    """Let it be the time of a drill, and wait until somebody was told; the automation then waits."""
    async with alert_event(hass, "told"):
        freezer.move_to(moment)
        async_fire_time_changed(hass, moment)


async def at(hass: HomeAssistant, freezer: FrozenDateTimeFactory, moment: datetime) -> None:
    """Let it be that time."""
    freezer.move_to(moment)
    async_fire_time_changed(hass, moment)
    await hass.async_block_till_done()
    await settle(hass)


async def test_nobody_acknowledges(
    hass: HomeAssistant, told: list[ServiceCall], freezer: FrozenDateTimeFactory
) -> None:
    """It is told once the time is over."""
    await drill(hass, freezer, FIRST)
    assert not told
    await at(hass, freezer, FIRST + timedelta(minutes=31))
    assert [call.data["message"] for call in told] == ["Nobody"]


async def test_somebody_acknowledges(
    hass: HomeAssistant, told: list[ServiceCall], freezer: FrozenDateTimeFactory
) -> None:
    """Nothing is told then, and the next month it starts again."""
    for moment in FIRST, datetime(2026, 11, 1, 11, tzinfo=UTC):
        await drill(hass, freezer, moment)
        freezer.tick(60)
        await call_action(hass, "acknowledge_alert", by="Mum")
        await at(hass, freezer, moment + timedelta(minutes=31))
    assert not told


async def test_other_day(hass: HomeAssistant, told: list[ServiceCall], freezer: FrozenDateTimeFactory) -> None:
    """It is not every day."""
    await at(hass, freezer, FIRST + timedelta(days=1))
    assert get_state(hass, "sensor.cellar_status").state == "idle"


async def test_real_alert(hass: HomeAssistant, told: list[ServiceCall], freezer: FrozenDateTimeFactory) -> None:
    """While a real alert runs there is no drill."""
    await call_action(hass, "send_alert", entity_id="notify.cellar", message="Water")
    await at(hass, freezer, FIRST)
    await at(hass, freezer, FIRST + timedelta(minutes=31))
    assert [cause["message"] for cause in get_state(hass, "sensor.cellar_status").attributes["causes"]] == ["Water"]
    assert not told

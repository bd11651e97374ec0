"""The blueprint `alert_while_on`: an alert while a binary sensor is on."""

from homeassistant.core import CoreState, Event, HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events

from custom_components.smsbox.const import EVENT_ALERT
from tests.common import get_state
from tests.gateways import Gateway
from tests.plans import add_plan

from .conftest import automate

LEAK = {"friendly_name": "Cellar floor", "device_class": "moisture"}


@pytest.fixture
def alerts(hass: HomeAssistant) -> list[Event]:
    """Return the events of alerts, as they come."""
    return async_capture_events(hass, EVENT_ALERT)


async def watch(hass: HomeAssistant, **inputs: str) -> None:
    """Have the automation."""
    await automate(hass, "alert_while_on", sensor="binary_sensor.leak", plan="notify.cellar", **inputs)


async def turn(hass: HomeAssistant, state: str) -> None:
    """Let the sensor change."""
    hass.states.async_set("binary_sensor.leak", state, LEAK)
    await hass.async_block_till_done()


async def test_alert_while_on(
    hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry, alerts: list[Event]
) -> None:
    """It starts when the sensor turns on and is resolved when it is off, and only then."""
    await add_plan(hass, entry)
    await turn(hass, "off")
    await watch(hass)
    await turn(hass, "on")
    status = get_state(hass, "sensor.cellar_status")
    assert status.state in {"waiting", "notifying"}
    assert status.attributes["causes"] == [{"title": "Cellar floor", "message": "Wet"}]
    await turn(hass, "unavailable")
    await turn(hass, "on")
    assert get_state(hass, "sensor.cellar_status").state in {"waiting", "notifying"}
    await turn(hass, "off")
    assert get_state(hass, "sensor.cellar_status").state == "idle"
    assert [event.data["type"] for event in alerts if event.data["type"] != "told"] == ["started", "resolved"]


async def test_own_message(hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry) -> None:
    """It may be a template."""
    await add_plan(hass, entry)
    await watch(hass, message="{{ sensor }} is {{ states(sensor) }}.")
    await turn(hass, "on")
    [cause] = get_state(hass, "sensor.cellar_status").attributes["causes"]
    assert cause["message"] == "binary_sensor.leak is on."


@pytest.mark.parametrize(("before", "after"), [("off", "on"), ("on", "off")])
async def test_start(
    hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry, alerts: list[Event], before: str, after: str
) -> None:
    """A start catches up on what changed meanwhile."""
    await add_plan(hass, entry)
    await watch(hass)
    await turn(hass, before)
    await hass.services.async_call("automation", "turn_off", {"entity_id": "automation.test"}, blocking=True)
    await turn(hass, after)
    hass.set_state(CoreState.not_running)
    await hass.services.async_call("automation", "turn_on", {"entity_id": "automation.test"}, blocking=True)
    await hass.async_start()
    await hass.async_block_till_done()
    expected = {"on": "started", "off": "resolved"}[after]
    assert [event.data["type"] for event in alerts if event.data["type"] != "told"][-1] == expected

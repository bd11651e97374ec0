"""The logbook tells in words what happens to an alert."""

from typing import Any

from homeassistant.components.recorder import Recorder
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.components.recorder.common import async_wait_recording_done
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.smsbox.const import Channel

from .common import call_action
from .gateways import Gateway, set_response
from .plans import plan, set_up_plans, settle, start, step, target


@pytest.fixture(autouse=True)
def _environment(recorder_mock: Recorder, enable_custom_integrations: None, socket_enabled: None) -> None:
    """Record, which has to begin before all else."""


async def lines(hass: HomeAssistant, hass_ws_client: WebSocketGenerator, *events: dict[str, Any]) -> list[str]:
    """Fire events, and return what the logbook says of all alerts."""
    await async_setup_component(hass, "logbook", {})
    for event in events:
        hass.bus.async_fire("smsbox_alert", event)
    await async_wait_recording_done(hass)
    client = await hass_ws_client()
    since = dt_util.utcnow().replace(year=2020).isoformat()
    await client.send_json_auto_id({"type": "logbook/get_events", "start_time": since})
    response = await client.receive_json()
    assert response["success"]
    return [f"{event['name']}: {event['message']}" for event in response["result"] if event.get("domain") == "smsbox"]


async def test_life_of_an_alert(hass: HomeAssistant, gateway: Gateway, hass_ws_client: WebSocketGenerator) -> None:
    """It reads as a story."""
    await async_setup_component(hass, "logbook", {})
    set_response(gateway, "voice/send", {"code": 60, "message": "No credits"})
    await set_up_plans(hass, plan(step(target("Mum"), target("Dad")), step(target("Mum", "voice"))))
    await start(hass, title="Flood")
    await start(hass, "Smoke")
    await call_action(hass, "resolve_alert", entity_id="notify.cellar", title="Flood")
    await call_action(hass, "acknowledge_alert", by="Dad")
    await call_action(hass, "resolve_alert", entity_id="notify.cellar")
    await settle(hass)
    assert await lines(hass, hass_ws_client) == [
        "Cellar alert: started: Flood",
        "Cellar alert: Mum was told by SMS, Dad was told by SMS",
        "Cellar alert: has another cause",
        "Cellar alert: Mum was told by SMS, Dad was told by SMS",
        "Cellar alert: is over for one cause: Flood",
        "Cellar alert: acknowledged by Dad",
        "Cellar alert: is over",
    ]


async def test_every_kind(hass: HomeAssistant, gateway: Gateway, hass_ws_client: WebSocketGenerator) -> None:
    """Each type and channel has its words, and a reason that has none is an error."""
    await set_up_plans(hass)
    channels = [{"name": "Mum", "channel": channel} for channel in (*Channel, None)]
    events: list[dict[str, Any]] = [
        {"type": "told", "targets": channels},
        {"type": "not_told", "targets": channels[:1], "reason": "limit_hour"},
        {"type": "not_told", "targets": channels[3:], "reason": "offline"},
        {"type": "not_told", "targets": [], "step": 2, "reason": "nobody"},
        {"type": "acknowledged"},
        {"type": "unanswered"},
        {"type": "failed"},
    ]
    assert await lines(hass, hass_ws_client, *(event | {"plan": "Cellar"} for event in events)) == [
        "Cellar alert: Mum was told by SMS, Mum was told by phone call, Mum was told by phone call, Mum was told",
        "Cellar alert: Mum was not told by SMS: the limit per hour is reached",
        "Cellar alert: Mum was not told: an error occurred",
        "Cellar alert: nobody was told in step 2: nobody is left in this step",
        "Cellar alert: acknowledged",
        "Cellar alert: ended because nobody acknowledged",
        "Cellar alert: failed because nobody could be told",
    ]


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"type": None, "targets": [None, 3, {}], "plan": ["x"]},
        {"type": {"a": 1}, "targets": {"a": 1}, "title": 3, "by": {}},
        {"type": "started", "title": "{by} {0} {missing}", "plan": "{plan}"},
    ],
)
async def test_events_fired_by_hand(
    hass: HomeAssistant,
    gateway: Gateway,
    hass_ws_client: WebSocketGenerator,
    caplog: pytest.LogCaptureFixture,
    event: dict[str, Any],
) -> None:
    """Anybody can fire the event, with any data: the logbook does not stumble over it."""
    await set_up_plans(hass)
    assert len(await lines(hass, hass_ws_client, event)) == 1
    assert "Traceback" not in caplog.text

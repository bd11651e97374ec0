"""Long-term statistics of an account's sensors."""

from homeassistant.components.recorder import Recorder
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_wait_recording_done,
    do_adhoc_statistics,
)
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from .gateways import Gateway


@pytest.fixture(autouse=True)
def _environment(recorder_mock: Recorder, enable_custom_integrations: None, socket_enabled: None) -> None:
    """Record, which has to begin before all else."""


async def test_statistics_are_valid(
    hass: HomeAssistant,
    gateway: Gateway,
    entry: MockConfigEntry,
    hass_ws_client: WebSocketGenerator,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """What goes up and down has a mean, the totals have a sum, and Home Assistant finds no problem with them."""
    assert await async_setup_component(hass, "sensor", {})
    await async_wait_recording_done(hass)
    do_adhoc_statistics(hass, start=dt_util.utcnow().replace(minute=0, second=0, microsecond=0))
    await async_wait_recording_done(hass)
    client = await hass_ws_client()
    await client.send_json_auto_id({"type": "recorder/list_statistic_ids"})
    listed = (await client.receive_json())["result"]
    assert {
        (statistic["statistic_id"], statistic["statistics_unit_of_measurement"], statistic["has_sum"])
        for statistic in listed
    } == {
        ("sensor.smsbox_credits", "credits", False),
        ("sensor.smsbox_credits_spent", "credits", True),
        ("sensor.smsbox_messages_waiting", "messages", False),
        ("sensor.smsbox_messages_sent", "messages", True),
        ("sensor.smsbox_messages_delivered", "messages", True),
        ("sensor.smsbox_messages_failed", "messages", True),
    }
    await client.send_json_auto_id({"type": "recorder/validate_statistics"})
    assert (await client.receive_json())["result"] == {}

"""The logbook tells the status of a message in words."""

import json
from pathlib import Path

from homeassistant.components.recorder import Recorder
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.recorder.common import async_wait_recording_done
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator, WebSocketGenerator

from .common import account_entry, post_report, recipient_data
from .gateways import FIRST_MSGID, Gateway

DUTCH = json.loads(Path("custom_components/smsbox/translations/nl.json").read_text())["selector"]["delivery_report"][
    "options"
]
STATUSES = {
    10: "sent",
    11: "delivered",
    12: "buffered",
    13: "undelivered",
    14: "expired",
    15: "rejected",
    16: "unknown",
    20: "blacklisted",
    1: "error",
}


@pytest.fixture(autouse=True)
def _environment(recorder_mock: Recorder, enable_custom_integrations: None, socket_enabled: None) -> None:
    """Record, which has to begin before all else."""


@pytest.mark.parametrize(
    ("data", "name"),
    [
        ({"entity_id": "notify.mum_sms"}, "SMS to Mum"),
        ({"numbers": ["0471 23 45 67"]}, "SMS to ********567"),
    ],
)
async def test_report_names_recipient_and_cause(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    hass_client_no_auth: ClientSessionGenerator,
    hass_ws_client: WebSocketGenerator,
    data: dict[str, object],
    name: str,
) -> None:
    """A report names the recipient, or the masked number, and the automation that sent the message."""
    await async_setup_component(hass, "logbook", {})
    automation = {
        "alias": "Alarm",
        "triggers": {"trigger": "event", "event_type": "alarm"},
        "actions": {"action": "smsbox.send_sms", "data": {"message": "Hello", **data}},
    }
    assert await async_setup_component(hass, "automation", {"automation": automation})
    start = dt_util.utcnow()
    hass.bus.async_fire("alarm")
    await hass.async_block_till_done()
    await post_report(hass, await hass_client_no_auth(), FIRST_MSGID, 11)
    await async_wait_recording_done(hass)

    client = await hass_ws_client()
    await client.send_json_auto_id({"type": "logbook/get_events", "start_time": start.isoformat()})
    events = (await client.receive_json())["result"]
    described = [event for event in events if event.get("domain") == "smsbox"]
    assert [(event["name"], event["message"]) for event in described] == [(name, "was delivered")]
    assert described[0]["context_name"] == "Alarm"
    assert described[0]["icon"] == "mdi:message-reply-text"


async def test_every_status_in_dutch(
    hass: HomeAssistant,
    gateway: Gateway,
    hass_client_no_auth: ClientSessionGenerator,
    hass_ws_client: WebSocketGenerator,
) -> None:
    """Each status has its own words in Home Assistant's language, for text-to-speech too."""
    hass.config.language = "nl"
    await hass.config.async_update(external_url="https://example.org", country="BE")
    entry = account_entry(recipient_data(channels=["tts"]))
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await async_setup_component(hass, "logbook", {})
    await hass.async_block_till_done()
    start = dt_util.utcnow()
    client = await hass_client_no_auth()
    (entity_id,) = hass.states.async_entity_ids("notify")
    for msgid, code in enumerate(STATUSES, FIRST_MSGID):
        await hass.services.async_call(
            "notify", "send_message", {"message": "Hallo", "entity_id": entity_id}, blocking=True
        )
        await post_report(hass, client, msgid, code)
    await async_wait_recording_done(hass)

    ws_client = await hass_ws_client()
    await ws_client.send_json_auto_id({"type": "logbook/get_events", "start_time": start.isoformat()})
    events = (await ws_client.receive_json())["result"]
    described = [event for event in events if event.get("domain") == "smsbox"]
    assert {event["name"] for event in described} == {DUTCH["tts"].format(recipient="Mum")}
    assert [event["message"] for event in described] == [DUTCH[status] for status in STATUSES.values()]

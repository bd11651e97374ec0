"""An account is set up from what is stored, unloaded, disabled and removed."""

from http import HTTPStatus
from typing import Any

from homeassistant.config_entries import ConfigEntryDisabler, ConfigEntryState
from homeassistant.const import EVENT_HOMEASSISTANT_FINAL_WRITE, STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.smsbox.const import DOMAIN, EVENT_DELIVERY_REPORT
from custom_components.smsbox.tracker import TRACKERS

from .clock import later
from .conftest import WEBHOOK_ID, account_entry
from .gateway import API_KEY, Gateway
from .reports import report

FIRST_MSGID = 15547355

# What the first version wrote. Never adapt it to the code: whoever has it on disk must be able to update.
STORED_ENTRY = {
    "created_at": "2026-11-25T10:00:00.000000+00:00",
    "data": {"api_key": API_KEY, "webhook_id": WEBHOOK_ID},
    "disabled_by": None,
    "discovery_keys": {},
    "domain": "smsbox",
    "entry_id": "01KB0000000000000000000001",
    "minor_version": 1,
    "modified_at": "2026-11-25T10:00:00.000000+00:00",
    "options": {"low_credits": 2000.0, "delivery_reports": True, "unsupported_characters": "unicode"},
    "pref_disable_new_entities": False,
    "pref_disable_polling": False,
    "source": "user",
    "subentries": [
        {
            "data": {
                "numbers": ["32496123456", "33612345678"],
                "channels": ["sms", "tts", "voice"],
                "sender": "HOME",
                "language": "fr",
                "gender": "female",
            },
            "subentry_id": "01KB0000000000000000000002",
            "subentry_type": "recipient",
            "title": "Mum",
            "unique_id": "mum",
        },
        {
            "data": {"numbers": ["3211111111"], "channels": ["sms"], "language": "nl", "gender": "male"},
            "subentry_id": "01KB0000000000000000000003",
            "subentry_type": "recipient",
            "title": "Test",
            "unique_id": "test",
        },
    ],
    "title": "SMSBOX",
    "unique_id": None,
    "version": 1,
}


async def test_stored_by_the_first_version(
    hass: HomeAssistant,
    gateway: Gateway,
    hass_storage: dict[str, Any],
    hass_client_no_auth: ClientSessionGenerator,
) -> None:
    """An account as version 1.1 stored it loads, works and follows its messages through a restart."""
    hass_storage["core.config_entries"] = {
        "version": 1,
        "minor_version": 5,
        "key": "core.config_entries",
        "data": {"entries": [STORED_ENTRY]},
    }
    await hass.config.async_update(external_url="https://example.org", country="BE")
    await hass.config_entries.async_initialize()
    assert await async_setup_component(hass, DOMAIN, {})
    await hass.async_block_till_done()
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    assert entry.state is ConfigEntryState.LOADED

    expected = {
        "binary_sensor.smsbox_low_credits": "on",
        "notify.mum_sms": "unknown",
        "notify.mum_text_to_speech": "unknown",
        "notify.mum_voice_call": "unknown",
        "notify.test_sms": "unknown",
    }
    for entity_id, value in expected.items():
        state = hass.states.get(entity_id)
        assert state is not None
        assert state.state == value, entity_id

    await hass.services.async_call(
        "notify", "send_message", {"entity_id": "notify.mum_sms", "message": "Привет"}, blocking=True
    )
    sent = {key: gateway.sent[0][key] for key in ("numbers", "message", "from", "unicode")}
    assert sent == {"numbers": "32496123456,33612345678", "message": "Привет", "from": "HOME", "unicode": "1"}

    client = await hass_client_no_auth()
    await report(hass, client, FIRST_MSGID, 10)
    hass.bus.async_fire(EVENT_HOMEASSISTANT_FINAL_WRITE)
    await hass.async_block_till_done()
    assert await hass.config_entries.async_unload(entry.entry_id)
    hass.data[TRACKERS].clear()
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    events = async_capture_events(hass, EVENT_DELIVERY_REPORT)
    for code in (10, 11):
        await report(hass, client, FIRST_MSGID, code)
    assert [(event.data["recipient"], event.data["status"]) for event in events] == [("Mum", "delivered")]
    for total, value in {"sent": "2", "delivered": "1", "failed": "0"}.items():
        state = hass.states.get(f"sensor.smsbox_messages_{total}")
        assert state is not None
        assert state.state == value, total


async def test_newer_version_is_left_alone(hass: HomeAssistant, gateway: Gateway) -> None:
    """An account that a later major version has stored does not load, so that nothing of it is lost."""
    entry = account_entry(version=2)
    entry.add_to_hass(hass)
    assert not await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.MIGRATION_ERROR


async def webhook_is_ours(hass: HomeAssistant, hass_client_no_auth: ClientSessionGenerator) -> bool:
    """Return whether the integration answers at the address of the reports: core would let any method pass."""
    client = await hass_client_no_auth()
    response = await client.put(f"/api/webhook/{WEBHOOK_ID}")
    return response.status == HTTPStatus.METHOD_NOT_ALLOWED


async def test_unload_and_load(
    hass: HomeAssistant, entry: MockConfigEntry, hass_client_no_auth: ClientSessionGenerator
) -> None:
    """An account that is unloaded for a while takes its reports in all the same."""
    assert await hass.config_entries.async_unload(entry.entry_id)
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.NOT_LOADED
    state = hass.states.get("notify.mum_sms")
    assert state is not None
    assert state.state == STATE_UNAVAILABLE
    assert await webhook_is_ours(hass, hass_client_no_auth)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    state = hass.states.get("notify.mum_sms")
    assert state is not None
    assert state.state != STATE_UNAVAILABLE


async def test_disable_and_enable(
    hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry, hass_client_no_auth: ClientSessionGenerator
) -> None:
    """A disabled account takes in no reports and asks for nothing; enabled, it does again."""
    await hass.config_entries.async_set_disabled_by(entry.entry_id, ConfigEntryDisabler.USER)
    await hass.async_block_till_done()
    requests = len(gateway.requests)
    assert not await webhook_is_ours(hass, hass_client_no_auth)
    await later(hass)
    assert len(gateway.requests) == requests
    await hass.config_entries.async_set_disabled_by(entry.entry_id, None)
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED
    assert await webhook_is_ours(hass, hass_client_no_auth)


@pytest.mark.parametrize("loaded", [True, False])
async def test_remove(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    hass_client_no_auth: ClientSessionGenerator,
    hass_storage: dict[str, Any],
    *,
    loaded: bool,
) -> None:
    """A removed account leaves nothing behind: no device, entity, file, address or action."""
    await hass.services.async_call(
        "notify", "send_message", {"entity_id": "notify.mum_sms", "message": "Hello"}, blocking=True
    )
    await later(hass, 1)
    assert f"smsbox.{entry.entry_id}" in hass_storage
    if not loaded:
        assert await hass.config_entries.async_unload(entry.entry_id)
    await hass.config_entries.async_remove(entry.entry_id)
    await hass.async_block_till_done()
    await later(hass, 1)
    assert f"smsbox.{entry.entry_id}" not in hass_storage
    assert not er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    assert not dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    assert not hass.states.async_all()
    assert not hass.services.has_service("notify", "smsbox")
    assert not await webhook_is_ours(hass, hass_client_no_auth)


async def test_remove_one_of_two(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """As long as there is another account, the classic action stays."""
    other = account_entry(title="Second", data={"api_key": "second", "webhook_id": "second"})
    other.add_to_hass(hass)
    assert await hass.config_entries.async_setup(other.entry_id)
    await hass.config_entries.async_remove(entry.entry_id)
    await hass.async_block_till_done()
    assert hass.services.has_service("notify", "smsbox")
    await hass.config_entries.async_remove(other.entry_id)
    assert not hass.services.has_service("notify", "smsbox")


async def test_remove_a_disabled_account(hass: HomeAssistant, gateway: Gateway, hass_storage: dict[str, Any]) -> None:
    """An account that was never set up since the start takes its file along too."""
    assert await async_setup_component(hass, DOMAIN, {})
    entry = account_entry(disabled_by=ConfigEntryDisabler.USER)
    entry.add_to_hass(hass)
    hass_storage[f"smsbox.{entry.entry_id}"] = {"version": 1, "minor_version": 1, "data": {}}
    await hass.config_entries.async_remove(entry.entry_id)
    await hass.async_block_till_done()
    assert f"smsbox.{entry.entry_id}" not in hass_storage
    assert not gateway.requests


async def test_renamed_recipient_and_account(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """A new name goes to the device; entities keep their ids, and with them history and automations."""
    hass.config_entries.async_update_subentry(entry, next(iter(entry.subentries.values())), title="Mother")
    hass.config_entries.async_update_entry(entry, title="Gateway")
    await hass.async_block_till_done()
    devices = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    assert {device.name for device in devices} == {"Gateway", "Mother"}
    state = hass.states.get("notify.mum_sms")
    assert state is not None
    assert state.name == "Mother SMS"

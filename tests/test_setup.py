"""An account is set up from what is stored, reloaded, unloaded, disabled and removed."""

import asyncio
from http import HTTPStatus
from types import MappingProxyType
from typing import Any

from aiohttp import web
from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryDisabler, ConfigEntryState, ConfigSubentry
from homeassistant.const import (
    EVENT_SERVICE_REGISTERED,
    EVENT_SERVICE_REMOVED,
    EVENT_STATE_CHANGED,
    STATE_UNAVAILABLE,
)
from homeassistant.core import Event, HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.smsbox.const import DOMAIN

from .common import (
    WEBHOOK_ID,
    account_entry,
    advance_time,
    call_action,
    get_state,
    post_report,
    recipient_data,
    restart,
    send,
    set_up,
    statuses,
    totals,
    wait_until_sent,
)
from .conftest import Report
from .gateways import API_KEY, FIRST_MSGID, Gateway

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


async def test_account_of_the_first_version_works(
    hass: HomeAssistant,
    gateway: Gateway,
    events: list[Event],
    hass_storage: dict[str, Any],
    hass_client_no_auth: ClientSessionGenerator,
) -> None:
    """An account as version 1.1 stored it loads, sends and follows its messages through a restart."""
    hass_storage["core.config_entries"] = {
        "version": 1,
        "minor_version": 5,
        "key": "core.config_entries",
        "data": {"entries": [STORED_ENTRY]},
    }
    await hass.config.async_update(external_url="https://example.org", country="BE")
    await hass.config_entries.async_initialize()
    assert await async_setup_component(hass, DOMAIN, {})
    await hass.async_block_till_done(wait_background_tasks=True)
    expected = {
        "binary_sensor.smsbox_low_credits": "on",
        "notify.mum_sms": "unknown",
        "notify.mum_text_to_speech": "unknown",
        "notify.mum_voice_call": "unknown",
        "notify.test_sms": "unknown",
    }
    assert {entity_id: get_state(hass, entity_id).state for entity_id in expected} == expected

    await call_action(hass, "send_message", domain="notify", entity_id="notify.mum_sms", message="Привет")
    sent = {key: gateway.sent[0][key] for key in ("numbers", "message", "from", "unicode")}
    assert sent == {"numbers": "32496123456,33612345678", "message": "Привет", "from": "HOME", "unicode": "1"}

    client = await hass_client_no_auth()
    await post_report(hass, client, FIRST_MSGID, 10)
    await restart(hass)
    for code in (10, 11):
        await post_report(hass, client, FIRST_MSGID, code)
    assert [(event.data["recipient"], event.data["status"]) for event in events] == [
        ("Mum", "sent"),
        ("Mum", "delivered"),
    ]
    assert await totals(hass) == [2, 1, 0]


async def test_account_of_a_newer_version_is_left_alone(hass: HomeAssistant, gateway: Gateway) -> None:
    """An account that a later major version has stored does not load, so that nothing of it is lost."""
    entry = account_entry(version=2)
    entry.add_to_hass(hass)
    assert not await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.MIGRATION_ERROR


async def has_webhook(hass_client_no_auth: ClientSessionGenerator) -> bool:
    """Return whether the integration answers at the report URL: core would answer 200 to any method."""
    response = await (await hass_client_no_auth()).put(f"/api/webhook/{WEBHOOK_ID}")
    return response.status == HTTPStatus.METHOD_NOT_ALLOWED


async def test_unloaded_account_keeps_its_reports(
    hass: HomeAssistant, entry: MockConfigEntry, report: Report, events: list[Event], freezer: FrozenDateTimeFactory
) -> None:
    """Reports that come while an account is not loaded are kept for as long as that takes, and handled in order."""
    await send(hass)
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert get_state(hass, "notify.mum_sms").state == STATE_UNAVAILABLE
    for code in (10, 11, 13):
        await report(FIRST_MSGID, code)
    await advance_time(hass, 200, freezer)
    assert not events
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    assert get_state(hass, "notify.mum_sms").state != STATE_UNAVAILABLE
    assert statuses(events) == [(FIRST_MSGID, "sent"), (FIRST_MSGID, "delivered")]
    assert get_state(hass, "event.mum_delivery_report").attributes["event_type"] == "delivered"


async def test_reports_are_handled_while_the_gateway_is_unreachable(
    hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry, report: Report, events: list[Event]
) -> None:
    """An account that starts while the gateway is unreachable loads, and handles reports."""
    await send(hass)
    gateway.responses["balance"] = web.Response(status=HTTPStatus.INTERNAL_SERVER_ERROR)
    assert await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED
    await report(FIRST_MSGID, 11)
    assert statuses(events) == [(FIRST_MSGID, "delivered")]


async def test_recipient_is_added_while_messages_are_under_way(
    hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry, report: Report, events: list[Event]
) -> None:
    """Messages, waiting callers and the webhook are not disturbed by a new recipient."""
    await send(hass)
    call = asyncio.create_task(send(hass, wait_for_report={"minutes": 5}))
    await wait_until_sent(hass, 2)
    dad = recipient_data("Dad")
    hass.config_entries.async_add_subentry(entry, ConfigSubentry(**dad | {"data": MappingProxyType(dad["data"])}))
    for msgid in (FIRST_MSGID, FIRST_MSGID + 1):
        await report(msgid, 11)
    assert (await call)["delivered"]
    assert sorted(statuses(events)) == [(FIRST_MSGID, "delivered"), (FIRST_MSGID + 1, "delivered")]
    assert get_state(hass, "event.dad_delivery_report").state == "unknown"


async def test_account_is_reloaded_while_sending(
    hass: HomeAssistant, entry: MockConfigEntry, gateway: Gateway, report: Report, events: list[Event]
) -> None:
    """A message that is under way while its account is reloaded is accepted and followed."""
    gateway.hold()
    call = asyncio.create_task(send(hass))
    await gateway.wait_until_held()
    assert await hass.config_entries.async_reload(entry.entry_id)
    gateway.release()
    assert (await call)["messages"][0]["status"] == "accepted"
    await report(FIRST_MSGID, 11)
    assert [(event.data["recipient"], event.data["status"]) for event in events] == [("Mum", "delivered")]
    assert await totals(hass) == [1, 1, 0]


async def test_failure_during_a_reload_shows_on_the_entities(
    hass: HomeAssistant, entry: MockConfigEntry, gateway: Gateway, events: list[Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The event is fired at once, and the entities show it as soon as they are back."""
    gateway.responses["sendsms"] = {"code": 10, "message": "Not enough credits"}
    gateway.hold()
    call = asyncio.create_task(send(hass))
    await gateway.wait_until_held()
    forward = hass.config_entries.async_forward_entry_setups

    async def fail_and_forward(*args: Any) -> None:
        """Let the request fail while there are no entities."""
        gateway.release()
        with pytest.raises(HomeAssistantError):
            await call
        assert [event.data["status"] for event in events] == ["not_sent"]
        await forward(*args)

    monkeypatch.setattr(hass.config_entries, "async_forward_entry_setups", fail_and_forward)
    assert await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    for entity_id in ("event.smsbox_delivery_report", "event.mum_delivery_report"):
        state = get_state(hass, entity_id)
        assert (state.attributes["event_type"], state.attributes["error"]) == ("not_sent", "insufficient_credits")
        assert state.context is events[0].context
    assert len(events) == 1


async def test_disabled_account_ignores_reports(
    hass: HomeAssistant,
    gateway: Gateway,
    entry: MockConfigEntry,
    report: Report,
    events: list[Event],
    hass_client_no_auth: ClientSessionGenerator,
) -> None:
    """A disabled account handles no report and requests nothing; enabled again it still knows its messages."""
    await send(hass)
    await hass.config_entries.async_set_disabled_by(entry.entry_id, ConfigEntryDisabler.USER)
    await hass.async_block_till_done()
    requests = len(gateway.requests)
    assert not await has_webhook(hass_client_no_auth)
    await report(FIRST_MSGID, 10)
    await advance_time(hass)
    assert len(gateway.requests) == requests
    await hass.config_entries.async_set_disabled_by(entry.entry_id, None)
    await hass.async_block_till_done()
    assert await has_webhook(hass_client_no_auth)
    assert not events
    await report(FIRST_MSGID, 11)
    assert statuses(events) == [(FIRST_MSGID, "delivered")]


@pytest.mark.parametrize("loaded", [True, False])
async def test_removed_account_leaves_nothing(
    hass: HomeAssistant, entry: MockConfigEntry, hass_client_no_auth: ClientSessionGenerator, *, loaded: bool
) -> None:
    """With an account go its devices, entities, webhook and the classic action."""
    if not loaded:
        assert await hass.config_entries.async_unload(entry.entry_id)
    await hass.config_entries.async_remove(entry.entry_id)
    await hass.async_block_till_done()
    assert not er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    assert not dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    assert not hass.states.async_all()
    assert not hass.services.has_service("notify", "smsbox")
    assert not await has_webhook(hass_client_no_auth)


async def test_classic_action_stays_until_the_last_account_is_removed(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """As long as there is another account, the classic action is there."""
    other = await set_up(hass, account_entry(title="Second", data={"api_key": "second", "webhook_id": "second"}))
    await hass.config_entries.async_remove(entry.entry_id)
    assert hass.services.has_service("notify", "smsbox")
    await hass.config_entries.async_remove(other.entry_id)
    assert not hass.services.has_service("notify", "smsbox")


async def test_disabled_account_is_removed_with_its_file(
    hass: HomeAssistant, gateway: Gateway, hass_storage: dict[str, Any]
) -> None:
    """An account that was never set up since the start takes its file along too."""
    assert await async_setup_component(hass, DOMAIN, {})
    entry = account_entry(disabled_by=ConfigEntryDisabler.USER)
    entry.add_to_hass(hass)
    hass_storage[f"smsbox.{entry.entry_id}"] = {"version": 1, "minor_version": 1, "data": {}}
    await hass.config_entries.async_remove(entry.entry_id)
    await hass.async_block_till_done()
    assert f"smsbox.{entry.entry_id}" not in hass_storage
    assert not gateway.requests


async def test_renaming_keeps_entity_ids(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """A new name goes to the device; entities keep their ids, and with them history and automations."""
    hass.config_entries.async_update_subentry(entry, next(iter(entry.subentries.values())), title="Mother")
    hass.config_entries.async_update_entry(entry, title="Gateway")
    await hass.async_block_till_done()
    devices = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    assert {device.name for device in devices} == {"Gateway", "Mother"}
    assert get_state(hass, "notify.mum_sms").name == "Mother SMS"


async def test_entities_are_there_before_the_balance(
    hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry
) -> None:
    """While the gateway takes its time to tell the balance, messages go out, and only the balance is unavailable."""
    gateway.hold("balance")
    assert await hass.config_entries.async_reload(entry.entry_id)
    await gateway.wait_until_held()
    await call_action(hass, "send_message", domain="notify", entity_id="notify.mum_sms", message="Hello")
    await call_action(hass, "press", domain="button", entity_id="button.mum_send_test_message")
    assert len(gateway.sent) == 2
    for entity_id in ("sensor.smsbox_credits", "binary_sensor.smsbox_low_credits"):
        assert get_state(hass, entity_id).state == STATE_UNAVAILABLE
    gateway.release()
    await hass.async_block_till_done(wait_background_tasks=True)
    assert get_state(hass, "sensor.smsbox_credits").state == "1630.38"


async def test_change_of_one_recipient_touches_no_other(
    hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry
) -> None:
    """Adding, changing and removing a recipient leaves the entities of the others as they are."""
    requests = len(gateway.requests)
    changes = async_capture_events(hass, EVENT_STATE_CHANGED)
    dad = recipient_data("Dad")
    subentry = ConfigSubentry(**dad | {"data": MappingProxyType(dad["data"])})
    hass.config_entries.async_add_subentry(entry, subentry)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert get_state(hass, "notify.dad_sms").state == "unknown"
    hass.config_entries.async_update_subentry(
        entry, subentry, title="Father", data={**subentry.data, "channels": ["voice"]}
    )
    await hass.async_block_till_done(wait_background_tasks=True)
    assert hass.states.get("notify.dad_sms") is None
    assert get_state(hass, "notify.father_voice_call").name == "Father Voice call"
    hass.config_entries.async_remove_subentry(entry, subentry.subentry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    touched = {event.data["entity_id"] for event in changes}
    assert {entity_id.partition(".")[2].partition("_")[0] for entity_id in touched} == {"dad", "father"}
    assert len(gateway.requests) == requests


async def test_change_of_one_recipient_costs_the_same_beside_many(hass: HomeAssistant, gateway: Gateway) -> None:
    """The registries, the states and the actions change as often beside thirty others as beside one."""
    kinds = (
        EVENT_STATE_CHANGED,
        EVENT_SERVICE_REGISTERED,
        EVENT_SERVICE_REMOVED,
        er.EVENT_ENTITY_REGISTRY_UPDATED,
        dr.EVENT_DEVICE_REGISTRY_UPDATED,
    )
    changes = {kind: async_capture_events(hass, kind) for kind in kinds}
    counts = []
    for others in (1, 30):
        people = (recipient_data(f"Person {n}") for n in range(others))
        account = account_entry(*people, data={"api_key": API_KEY, "webhook_id": f"webhook-{others}"})
        await set_up(hass, account)
        for events in changes.values():
            events.clear()
        dad = recipient_data("Dad")
        subentry = ConfigSubentry(**dad | {"data": MappingProxyType(dad["data"])})
        hass.config_entries.async_add_subentry(account, subentry)
        await hass.async_block_till_done(wait_background_tasks=True)
        hass.config_entries.async_update_subentry(account, subentry, title="Father")
        await hass.async_block_till_done(wait_background_tasks=True)
        hass.config_entries.async_remove_subentry(account, subentry.subentry_id)
        await hass.async_block_till_done(wait_background_tasks=True)
        counts.append({kind: len(events) for kind, events in changes.items()})
    assert counts[0] == counts[1]
    assert all(counts[0].values())


async def test_cloudhook_url_reloads_nothing(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """What changes while running touches no entity."""
    changes = async_capture_events(hass, EVENT_STATE_CHANGED)
    data = {**entry.data, "cloudhook_url": "https://hooks.example.org/secret"}
    hass.config_entries.async_update_entry(entry, data=data)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert not changes


async def test_credits_spent_survive_restart_and_top_up(
    hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry
) -> None:
    """Decreases of the balance add up, through restarts; a top-up takes nothing away."""
    for balance in ("1600.38", "2600.38", "2590.13"):
        gateway.balance = balance
        await advance_time(hass)
    assert get_state(hass, "sensor.smsbox_credits_spent").state == "40.25"
    gateway.balance = "2580.13"
    await restart(hass)
    assert get_state(hass, "sensor.smsbox_credits_spent").state == "50.25"

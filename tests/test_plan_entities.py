"""The device and entities of a plan."""

from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import EntityCategory
from homeassistant.core import Context, HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser, async_capture_events

from .common import call_action, expect_error, get_state
from .gateways import Gateway
from .plans import MUM, AlertEvents, attribute, plan, set_up_plans, settle, start, status, subentry, to

ENTITIES = {
    "notify.cellar": ("cellar_alert", None),
    "sensor.cellar_status": ("cellar_status", None),
    "event.cellar_alert": ("cellar_alert", None),
    "button.cellar_acknowledge": ("cellar_acknowledge", None),
    "button.cellar_send_test_alert": ("cellar_send_test_alert", EntityCategory.CONFIG),
}


async def test_device_and_entities(hass: HomeAssistant, gateway: Gateway) -> None:
    """A plan has a device below the account, and five entities that belong to its subentry."""
    entry = await set_up_plans(hass)
    devices = dr.async_get(hass)
    device = devices.async_get_device_by_identifier(("smsbox", "cellar"), entry.entry_id)
    account = devices.async_get_device_by_identifier(("smsbox", entry.entry_id), entry.entry_id)
    assert device is not None
    assert account is not None
    assert (device.name, device.via_device_id, device.entry_type) == ("Cellar", account.id, dr.DeviceEntryType.SERVICE)
    entities = er.async_entries_for_device(er.async_get(hass), device.id)
    assert {found.entity_id: (found.unique_id, found.entity_category) for found in entities} == ENTITIES
    assert {found.config_subentry_id for found in entities} == {"cellar"}
    names = {entity_id: get_state(hass, entity_id).name for entity_id in ENTITIES}
    assert names == {
        "notify.cellar": "Cellar",
        "sensor.cellar_status": "Cellar Status",
        "event.cellar_alert": "Cellar Alert",
        "button.cellar_acknowledge": "Cellar Acknowledge",
        "button.cellar_send_test_alert": "Cellar Send test alert",
    }


async def test_status_tells_all_that_is_known(
    hass: HomeAssistant, gateway: Gateway, freezer: FrozenDateTimeFactory
) -> None:
    """The attributes follow the alert from its start to its end."""
    await set_up_plans(hass)
    nothing: dict[str, Any] = {
        "alert_id": None,
        "since": None,
        "causes": [],
        "step": None,
        "round": None,
        "told": [],
        "acknowledged_by": None,
        "acknowledged_via": None,
        "acknowledged_at": None,
        "reason": None,
    }

    def known() -> dict[str, Any]:
        return {key: attribute(hass, key) for key in nothing}

    assert (status(hass), known()) == ("idle", nothing)
    began = dt_util.utcnow().isoformat()
    await start(hass, title="Cellar")
    alert_id = attribute(hass, "alert_id")
    running = nothing | {
        "alert_id": alert_id,
        "since": began,
        "causes": [{"title": "Cellar", "message": "Water"}],
        "told": ["Mum"],
    }
    assert (status(hass), known()) == ("notifying", running | {"step": 1, "round": 1})
    freezer.tick(60)
    taken = dt_util.utcnow().isoformat()
    await call_action(hass, "acknowledge_alert", by="Dad")
    acknowledged = {"acknowledged_by": "Dad", "acknowledged_via": "action", "acknowledged_at": taken}
    assert (status(hass), known()) == ("acknowledged", running | acknowledged)
    await call_action(hass, "resolve_alert", entity_id="notify.cellar")
    await settle(hass)
    assert (status(hass), known()) == ("idle", nothing)
    assert get_state(hass, "sensor.cellar_status").attributes["options"] == [
        "idle",
        "waiting",
        "notifying",
        "acknowledged",
        "unanswered",
        "failed",
    ]


async def test_attributes_are_not_recorded(hass: HomeAssistant, gateway: Gateway) -> None:
    """The database keeps the status alone."""
    await set_up_plans(hass)
    state = get_state(hass, "sensor.cellar_status")
    assert state.state_info is not None
    kept = state.attributes.keys() - state.state_info["unrecorded_attributes"]
    assert kept == {"device_class", "friendly_name"}


async def test_acknowledge_button(hass: HomeAssistant, gateway: Gateway, hass_admin_user: MockUser) -> None:
    """It is available while there is something to acknowledge, and knows who pressed it."""
    await set_up_plans(hass)
    assert get_state(hass, "button.cellar_acknowledge").state == "unavailable"
    await start(hass)
    assert get_state(hass, "button.cellar_acknowledge").state == "unknown"
    hass.states.async_set("person.dad", "home", {"user_id": hass_admin_user.id, "friendly_name": "Dad"})
    await hass.services.async_call(
        "button",
        "press",
        {"entity_id": "button.cellar_acknowledge"},
        blocking=True,
        context=Context(user_id=hass_admin_user.id),
    )
    assert (status(hass), attribute(hass, "acknowledged_by"), attribute(hass, "acknowledged_via")) == (
        "acknowledged",
        "Dad",
        "button",
    )
    assert get_state(hass, "button.cellar_acknowledge").state == "unavailable"
    await settle(hass)


async def test_command_to_the_companion_app_starts_nothing(hass: HomeAssistant, gateway: Gateway) -> None:
    """What is meant for a phone's app is no alert."""
    await set_up_plans(hass)
    await start(hass, "clear_notification")
    assert (status(hass), gateway.sent) == ("idle", [])


async def test_plan_is_no_recipient(hass: HomeAssistant, gateway: Gateway) -> None:
    """The actions that send take no name of a plan."""
    await set_up_plans(hass)
    await expect_error(hass, "invalid_number", "send_sms", message="Hello", numbers=["Mum", "Cellar"])
    assert not gateway.sent


async def test_event_entity_shows_each_event(hass: HomeAssistant, gateway: Gateway) -> None:
    """It has the event's data as attributes, in the event's context."""
    alerts = AlertEvents(hass)
    await set_up_plans(hass)
    await start(hass, title="Cellar")
    state = get_state(hass, "event.cellar_alert")
    attributes = {key: value for key, value in state.attributes.items() if key in alerts.last or key == "event_type"}
    assert attributes == {"event_type": "told", **{key: value for key, value in alerts.last.items() if key != "type"}}
    assert state.context.id == alerts.events[-1].context.id
    assert set(state.attributes["event_types"]) == {
        "started",
        "added",
        "told",
        "not_told",
        "acknowledged",
        "resolved",
        "unanswered",
        "failed",
    }


@pytest.mark.parametrize("change", ["add", "rename", "change", "remove"])
async def test_change_touches_only_its_own_entities(hass: HomeAssistant, gateway: Gateway, change: str) -> None:
    """Neither the recipients' nor another plan's entities notice, also while an alert is running."""
    entry: MockConfigEntry = await set_up_plans(hass, plan(), plan(name="Attic"))
    await start(hass)
    await start(hass, plan="attic")
    changes = async_capture_events(hass, "state_changed")
    configuration = hass.config_entries
    attic = entry.subentries["attic"]
    if change == "add":
        configuration.async_add_subentry(entry, subentry(plan(name="Garden")))
    elif change == "rename":
        configuration.async_update_subentry(entry, attic, title="Roof")
    elif change == "change":
        configuration.async_update_subentry(entry, attic, data={**attic.data, "delay": 5})
    else:
        assert configuration.async_remove_subentry(entry, "attic")
    await settle(hass)
    entity_ids = {event.data["entity_id"] for event in changes}
    assert not {entity_id for entity_id in entity_ids if "attic" not in entity_id and "garden" not in entity_id}
    assert status(hass) == "notifying"
    if change == "add":
        assert status(hass, "garden") == "idle"
        await start(hass, plan="garden")
        assert to(gateway) == [MUM] * 3
    elif change == "remove":
        assert not [found for found in hass.states.async_entity_ids() if "attic" in found]
    else:
        assert status(hass, "attic") == "notifying"
    if change == "rename":
        assert get_state(hass, "sensor.attic_status").name == "Roof Status"
        await call_action(hass, "acknowledge_alert", entity_id="notify.attic")
        await settle(hass)
        assert gateway.sent[-1]["message"] == "Somebody takes care of it: Roof"

"""The conditions that the automation editor offers for plans."""

from collections.abc import AsyncGenerator
import json
from pathlib import Path
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.automation import DOMAIN as AUTOMATION_DOMAIN
from homeassistant.core import HomeAssistant
from homeassistant.helpers import area_registry as ar, condition, config_validation as cv, entity_registry as er
from homeassistant.setup import async_setup_component
from homeassistant.util.yaml import load_yaml_dict
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.smsbox.const import DOMAIN

from .common import call_action, get_state, shut_down
from .gateways import Gateway
from .plans import plan, set_up_plans

INTEGRATION = Path("custom_components/smsbox")
UNACKNOWLEDGED, ACKNOWLEDGED = "smsbox.alert_is_unacknowledged", "smsbox.alert_was_acknowledged"
STATUS = {"entity_id": "sensor.cellar_status"}


@pytest.fixture
async def entry(hass: HomeAssistant, gateway: Gateway) -> AsyncGenerator[MockConfigEntry]:
    """Set up an account with a second plan, Attic."""
    assert await async_setup_component(hass, AUTOMATION_DOMAIN, {})
    yield await set_up_plans(hass, plan(), plan(name="Attic", delay=60))
    await hass.async_block_till_done(wait_background_tasks=True)
    await shut_down(hass)


async def start(hass: HomeAssistant, plan: str = "cellar") -> None:
    """Start the alert of a plan."""
    await call_action(hass, "send_alert", entity_id=f"notify.{plan}", message="Water")
    await hass.async_block_till_done(wait_background_tasks=True)


async def checker(
    hass: HomeAssistant, name: str, target: dict[str, Any] = STATUS, **options: str
) -> condition.ConditionChecker:
    """Return a condition as an automation has it."""
    config = cv.CONDITION_SCHEMA({"condition": name, "target": target, "options": options})
    return await condition.async_from_config(hass, await condition.async_validate_condition_config(hass, config))


async def check(hass: HomeAssistant, name: str, target: dict[str, Any] = STATUS, **options: str) -> bool | None:
    """Return whether a condition passes."""
    checked = await checker(hass, name, target, **options)
    passes = checked.async_check()
    checked.async_unload()
    return passes


async def status_and_conditions(hass: HomeAssistant) -> tuple[str, bool | None, bool | None]:
    """Return the status of the plan, and whether its alert is unacknowledged and was acknowledged."""
    status = get_state(hass, "sensor.cellar_status").state
    return status, await check(hass, UNACKNOWLEDGED), await check(hass, ACKNOWLEDGED)


@pytest.mark.usefixtures("entry")
async def test_conditions_follow_an_alert_that_is_acknowledged(hass: HomeAssistant) -> None:
    """An alert is unacknowledged from its start until somebody takes it, and acknowledged until it is over."""
    assert await status_and_conditions(hass) == ("idle", False, False)
    await start(hass)
    assert await status_and_conditions(hass) == ("notifying", True, False)
    await call_action(hass, "acknowledge_alert", by="Dad")
    await hass.async_block_till_done()
    assert await status_and_conditions(hass) == ("acknowledged", False, True)
    await call_action(hass, "resolve_alert", entity_id="notify.cellar")
    await hass.async_block_till_done()
    assert await status_and_conditions(hass) == ("idle", False, False)


@pytest.mark.usefixtures("entry")
async def test_alert_that_waits_is_unacknowledged(hass: HomeAssistant) -> None:
    """An alert that has not told anybody yet is unacknowledged too."""
    await start(hass, "attic")
    assert get_state(hass, "sensor.attic_status").state == "waiting"
    assert await check(hass, UNACKNOWLEDGED, {"entity_id": "sensor.attic_status"})


@pytest.mark.usefixtures("entry")
@pytest.mark.parametrize("status", ["unanswered", "failed"])
async def test_alert_that_nobody_took_is_unacknowledged(hass: HomeAssistant, status: str) -> None:
    """An alert that nobody took, or that reached nobody, stays unacknowledged after its end."""
    hass.states.async_set("sensor.cellar_status", status, {"device_class": "enum"})
    assert await status_and_conditions(hass) == (status, True, False)


@pytest.mark.usefixtures("entry")
async def test_unavailable_plan_is_neither(hass: HomeAssistant) -> None:
    """While an account is not loaded, nothing is known of its alerts."""
    hass.states.async_set("sensor.cellar_status", "unavailable", {"device_class": "enum"})
    assert await status_and_conditions(hass) == ("unavailable", False, False)


@pytest.mark.usefixtures("entry")
async def test_any_or_all_plans(hass: HomeAssistant) -> None:
    """With several plans, any alert is enough unless all are asked for."""
    await start(hass)
    both = {"entity_id": ["sensor.cellar_status", "sensor.attic_status"]}
    assert await check(hass, UNACKNOWLEDGED, both)
    assert not await check(hass, UNACKNOWLEDGED, both, behavior="all")
    await start(hass, "attic")
    assert await check(hass, UNACKNOWLEDGED, both, behavior="all")


@pytest.mark.usefixtures("entry")
async def test_for_at_least(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> None:
    """A change from one unacknowledged status to another does not start the time again."""
    checked = await checker(hass, UNACKNOWLEDGED, STATUS, **{"for": "00:06:00"})
    hass.states.async_set("sensor.cellar_status", "notifying", {"device_class": "enum"})
    await hass.async_block_till_done()
    freezer.tick(301)
    hass.states.async_set("sensor.cellar_status", "unanswered", {"device_class": "enum"})
    await hass.async_block_till_done()
    assert not checked.async_check()
    freezer.tick(60)
    assert checked.async_check()
    checked.async_unload()


async def test_device_and_area_of_a_plan(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """The device or the area of a plan stands for its status; sensors of others there count for nothing."""
    registry = er.async_get(hass)
    area = ar.async_get(hass).async_create("Cellar")
    registry.async_update_entity("sensor.cellar_status", area_id=area.id)
    foreign = registry.async_get_or_create(
        "sensor", "other", "1", suggested_object_id="foreign", original_device_class="enum"
    )
    registry.async_update_entity(foreign.entity_id, area_id=area.id)
    hass.states.async_set(foreign.entity_id, "acknowledged", {"device_class": "enum"})
    status = registry.async_get("sensor.cellar_status")
    assert status is not None
    assert not await check(hass, ACKNOWLEDGED, {"area_id": area.id})
    await start(hass)
    await call_action(hass, "acknowledge_alert")
    assert await check(hass, ACKNOWLEDGED, {"area_id": area.id}, behavior="all")
    assert await check(hass, ACKNOWLEDGED, {"device_id": status.device_id})
    assert not await check(hass, ACKNOWLEDGED, {"entity_id": [foreign.entity_id, "sensor.smsbox_credits"]})


@pytest.mark.usefixtures("entry")
async def test_editor_offers_the_conditions(hass: HomeAssistant, hass_ws_client: WebSocketGenerator) -> None:
    """The editor describes both, with the status of plans as their target, and finds them for a plan only."""
    client = await hass_ws_client(hass)
    await client.send_json_auto_id({"type": "condition_platforms/subscribe"})
    assert (await client.receive_json())["success"]
    descriptions = (await client.receive_json())["event"]
    for name in (UNACKNOWLEDGED, ACKNOWLEDGED):
        [entity] = descriptions[name]["target"]["entity"]
        assert entity == {"integration": DOMAIN, "domain": ["sensor"], "device_class": ["enum"]}
        assert set(descriptions[name]["fields"]) == {"behavior", "for"}
    for entity_id, offered in (
        ("sensor.cellar_status", {UNACKNOWLEDGED, ACKNOWLEDGED}),
        ("sensor.smsbox_credits", set()),
    ):
        await client.send_json_auto_id({"type": "get_conditions_for_target", "target": {"entity_id": [entity_id]}})
        found = (await client.receive_json())["result"]
        assert {name for name in found if name.startswith(DOMAIN)} == offered


@pytest.mark.parametrize("word", ["sms", "alert", "smsbox"])
def test_conditions_are_found(word: str) -> None:
    """What people type into the editor's search is in the name of the integration or of the condition."""
    texts = json.loads((INTEGRATION / "translations/en.json").read_text())["conditions"]
    integration = json.loads((INTEGRATION / "manifest.json").read_text())["name"]
    assert texts
    for text in texts.values():
        assert word in f"{integration} {text['name']}".lower()


def test_conditions_have_texts_and_icons() -> None:
    """Each condition and field has its texts, and the condition an icon; no more."""
    conditions = {
        name: description
        for name, description in load_yaml_dict(str(INTEGRATION / "conditions.yaml")).items()
        if not name.startswith(".")
    }
    texts = json.loads((INTEGRATION / "translations/en.json").read_text())["conditions"]
    icons = json.loads((INTEGRATION / "icons.json").read_text())["conditions"]
    assert set(conditions) == set(texts) == set(icons)
    for name, text in texts.items():
        assert text["name"]
        assert text["description"].endswith(".")
        assert set(text["fields"]) == set(conditions[name]["fields"])

"""What alerts tell: events, triggers, repair issues, diagnostics and system health."""

from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.automation import DOMAIN as AUTOMATION_DOMAIN
from homeassistant.core import Context, HomeAssistant, ServiceCall
from homeassistant.helpers import device_registry as dr, issue_registry as ir, trigger as trigger_helper
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import async_mock_service, get_system_health_info
from pytest_homeassistant_custom_component.components.diagnostics import get_diagnostics_for_config_entry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from .common import call_action
from .gateways import Gateway, set_response
from .plans import AlertEvents, attribute, pass_minutes, plan, set_up_plans, settle, start, status, step, target

NO_CREDITS = {"code": 10, "message": "No credits"}


@pytest.fixture
def alerts(hass: HomeAssistant) -> AlertEvents:
    """Return the events of alerts, as they come."""
    return AlertEvents(hass)


async def test_event_has_all_keys(hass: HomeAssistant, gateway: Gateway, alerts: AlertEvents) -> None:
    """What does not apply is null; all events have the context of the call that started the alert."""
    entry = await set_up_plans(hass)
    device = dr.async_get(hass).async_get_device_by_identifier(("smsbox", "cellar"), entry.entry_id)
    assert device is not None
    context = Context()
    await hass.services.async_call(
        "notify",
        "send_message",
        {"entity_id": "notify.cellar", "message": "Water", "title": "Cellar"},
        blocking=True,
        context=context,
    )
    await settle(hass)
    nothing = {
        "config_entry_id": entry.entry_id,
        "device_id": device.id,
        "plan": "Cellar",
        "alert_id": attribute(hass, "alert_id"),
        "title": None,
        "step": None,
        "round": None,
        "targets": None,
        "reason": None,
        "by": None,
        "via": None,
    }
    await call_action(hass, "acknowledge_alert", by="Dad")
    await call_action(hass, "resolve_alert", entity_id="notify.cellar")
    await settle(hass)
    mum = [{"name": "Mum", "channel": "sms"}]
    assert [event.data for event in alerts.events] == [
        nothing | {"type": "started", "title": "Cellar"},
        nothing | {"type": "told", "title": "Cellar", "step": 1, "round": 1, "targets": mum},
        nothing | {"type": "acknowledged", "by": "Dad", "via": "action"},
        nothing | {"type": "resolved"},
    ]
    assert {event.context.id for event in alerts.events} == {context.id}


@pytest.fixture
async def calls(hass: HomeAssistant, gateway: Gateway) -> list[ServiceCall]:
    """Set up an automation for each trigger, with the plan's device as its target."""
    entry = await set_up_plans(hass, plan(step(target("Mum")), step(target("Dad"))))
    device = dr.async_get(hass).async_get_device_by_identifier(("smsbox", "cellar"), entry.entry_id)
    assert device is not None
    calls: list[ServiceCall] = async_mock_service(hass, "test", "called")
    automations = [
        {
            "alias": name,
            "triggers": [{"trigger": f"smsbox.alert_{name}", "target": {"device_id": device.id}}],
            "actions": [{"action": "test.called", "data": {"trigger": name}}],
        }
        for name in ("started", "acknowledged", "resolved", "unanswered")
    ]
    assert await async_setup_component(hass, AUTOMATION_DOMAIN, {AUTOMATION_DOMAIN: automations})
    await hass.async_block_till_done()
    return calls


def triggered(calls: list[ServiceCall]) -> list[str]:
    """Return which triggers fired since this was asked last."""
    names = [call.data["trigger"] for call in calls]
    calls.clear()
    return names


async def test_triggers(
    hass: HomeAssistant, gateway: Gateway, calls: list[ServiceCall], freezer: FrozenDateTimeFactory
) -> None:
    """Each fires for its event alone; `alert_resolved` only when all causes are resolved."""
    await start(hass)
    await start(hass, "Smoke")
    assert triggered(calls) == ["started"]
    await call_action(hass, "resolve_alert", entity_id="notify.cellar", title="Smoke")
    assert triggered(calls) == []
    await call_action(hass, "acknowledge_alert")
    await settle(hass)
    assert triggered(calls) == ["acknowledged"]
    await call_action(hass, "resolve_alert", entity_id="notify.cellar")
    await settle(hass)
    assert triggered(calls) == ["resolved"]
    await start(hass)
    for _ in range(2):
        await pass_minutes(hass, freezer, 5.5)
    assert triggered(calls) == ["started", "unanswered"]
    set_response(gateway, "sendsms", NO_CREDITS)
    await start(hass, "Smoke")
    assert (status(hass), triggered(calls)) == ("failed", ["started", "unanswered"])


async def test_editor_offers_the_triggers(hass: HomeAssistant, calls: list[ServiceCall]) -> None:
    """All are described, with our event entities as their target."""
    descriptions = await trigger_helper.async_get_all_descriptions(hass)
    for name in ("started", "acknowledged", "resolved", "unanswered"):
        description = descriptions[f"smsbox.alert_{name}"]
        assert description is not None
        assert description["target"]["entity"] == [{"domain": ["event"], "integration": "smsbox"}]


def issue(hass: HomeAssistant) -> ir.IssueEntry | None:
    """Return the issue of an alert that reached nobody."""
    return ir.async_get(hass).async_get_issue("smsbox", "alert_failed_cellar")


async def test_failed_alert_raises_an_issue(hass: HomeAssistant, gateway: Gateway) -> None:
    """It says whom the plan wanted and why that was not possible, in Home Assistant's language."""
    await set_up_plans(hass, plan(step(target("Mum"), {"notifier": "notify.gone"}), step(target("Dad"))))
    set_response(gateway, "sendsms", NO_CREDITS)
    await start(hass)
    found = issue(hass)
    assert found is not None
    assert (found.severity, found.translation_key, found.is_fixable) == (ir.IssueSeverity.ERROR, "alert_failed", False)
    assert found.translation_placeholders == {
        "plan": "Cellar",
        "targets": "gone, Mum, Dad",
        "reason": "not available, too few credits",
    }


async def test_issue_of_an_alert_that_nobody_is_left_for(
    hass: HomeAssistant, gateway: Gateway, freezer: FrozenDateTimeFactory
) -> None:
    """It names who is left and says that a step had nobody."""
    entry = await set_up_plans(hass, plan(delay=1))
    await start(hass)
    for subentry_id, targets, reason in (
        ("mum", "Dad", "nobody is left in this step, too few credits"),
        ("dad", "-", "nobody is left in this step"),
    ):
        hass.config_entries.async_remove_subentry(entry, subentry_id)
        set_response(gateway, "sendsms", NO_CREDITS)
        await pass_minutes(hass, freezer, 1)
        found = issue(hass)
        assert found is not None
        assert found.translation_placeholders == {"plan": "Cellar", "targets": targets, "reason": reason}
        await call_action(hass, "resolve_alert", entity_id="notify.cellar")
        if subentry_id == "mum":
            await start(hass)


@pytest.mark.parametrize("way", ["told", "acknowledged", "resolved", "added again", "removed"])
async def test_issue_is_withdrawn(hass: HomeAssistant, gateway: Gateway, way: str) -> None:
    """By the next alert that tells somebody, by an acknowledgement, by resolving, and with the plan."""
    entry = await set_up_plans(hass)
    set_response(gateway, "sendsms", NO_CREDITS)
    await start(hass)
    if way == "told":
        gateway.responses.clear()
        await start(hass)
    elif way == "added again":
        await start(hass)
    elif way == "acknowledged":
        await call_action(hass, "acknowledge_alert")
    elif way == "resolved":
        await call_action(hass, "resolve_alert", entity_id="notify.cellar")
    else:
        assert hass.config_entries.async_remove_subentry(entry, "cellar")
    await settle(hass)
    assert (issue(hass) is not None) is (way == "added again")


async def test_diagnostics_and_system_health(
    hass: HomeAssistant, gateway: Gateway, hass_client: ClientSessionGenerator
) -> None:
    """Both have counts and states, and no text, name or token."""
    assert await async_setup_component(hass, "diagnostics", {})
    assert await async_setup_component(hass, "system_health", {})
    entry = await set_up_plans(hass, plan(), plan(name="Attic", repeat=2))
    await start(hass, "Water", "Flood")
    diagnostics = await get_diagnostics_for_config_entry(hass, hass_client, entry)
    idle: dict[str, Any] = {"causes": 0, "told": 0, "step": None, "round": None, "reason": None}
    assert diagnostics["plans"] == [
        idle | {"steps": [1, 1], "repeat": 0, "status": "notifying", "causes": 1, "told": 1, "step": 1, "round": 1},
        idle | {"steps": [1, 1], "repeat": 2, "status": "idle"},
    ]
    token = gateway.sent[0]["message"].rpartition("/")[2]
    for secret in (token, "Water", "Flood", "Mum", "Cellar", attribute(hass, "alert_id")):
        assert secret not in str(diagnostics)
    info = await get_system_health_info(hass, "smsbox")
    info["can_reach_gateway"].close()
    assert info["alerts"] == 1

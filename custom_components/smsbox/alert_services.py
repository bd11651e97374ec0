"""The actions of alerts: start, acknowledge, resolve."""

import asyncio
from contextlib import suppress
from datetime import timedelta
from typing import Any

from homeassistant.components.notify import DOMAIN as NOTIFY_DOMAIN
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse
from homeassistant.exceptions import HomeAssistantError, Unauthorized
from homeassistant.helpers import config_validation as cv, entity_registry as er
from homeassistant.helpers.target import TargetSelection, async_extract_referenced_entity_ids
from homeassistant.helpers.typing import VolDictType
import voluptuous as vol

from .alerts.engine import ENGINES, async_get_runner
from .alerts.people import async_person_of
from .alerts.run import Status, Via
from .alerts.runner import AlertRunner
from .const import DOMAIN, SUBENTRY_PLAN
from .errors import validation_error
from .recipients import async_get_account
from .targets import Named, async_check_permission, async_resolve_target
from .validators import duration

ATTR_BY = "by"
ATTR_MESSAGE = "message"
ATTR_TITLE = "title"
ATTR_WAIT_FOR_ACKNOWLEDGEMENT = "wait_for_acknowledgement"

SEND_ALERT_FIELDS: VolDictType = {
    **cv.TARGET_SERVICE_FIELDS,
    vol.Required(ATTR_MESSAGE): cv.string,
    vol.Optional(ATTR_TITLE): cv.string,
    vol.Optional(ATTR_WAIT_FOR_ACKNOWLEDGEMENT): duration,
}
ACKNOWLEDGE_ALERT_FIELDS: VolDictType = {**cv.TARGET_SERVICE_FIELDS, vol.Optional(ATTR_BY): cv.string}
RESOLVE_ALERT_FIELDS: VolDictType = {
    **cv.TARGET_SERVICE_FIELDS,
    vol.Optional(ATTR_TITLE): cv.string,
    vol.Optional(ATTR_MESSAGE): cv.string,
}


async def async_send_alert(call: ServiceCall) -> ServiceResponse:
    """Start the alerts of plans; each is tried, and what one raises is raised in the end."""
    started: list[tuple[AlertRunner, dict[str, Any]]] = []
    error: HomeAssistantError | None = None
    for plan in await _async_targeted_plans(call):
        try:
            runner = _runner(call.hass, plan)
            result = await runner.async_start(call.data.get(ATTR_TITLE), call.data[ATTR_MESSAGE], call.context)
        except HomeAssistantError as raised:
            error = error or raised
        else:
            started.append((runner, {"plan": runner.name, "alert_id": runner.shown.alert_id, "result": result.value}))
    if error is not None:
        raise error
    wait: timedelta | None = call.data.get(ATTR_WAIT_FOR_ACKNOWLEDGEMENT)
    return {"alerts": list(await asyncio.gather(*(_async_describe(*alert, wait) for alert in started)))}


async def _async_describe(runner: AlertRunner, alert: dict[str, Any], wait: timedelta | None) -> dict[str, Any]:
    """Return what the response says of an alert that was started, after waiting if that is wanted."""
    if wait is None:
        return alert | {"status": runner.shown.status.value}
    shown = await runner.async_wait(alert["alert_id"], wait.total_seconds())
    taken = shown.alert_id == alert["alert_id"] and shown.status is Status.ACKNOWLEDGED
    return alert | {
        "status": shown.status.value,
        "acknowledged": taken,
        "by": shown.attributes["acknowledged_by"] if taken else None,
        "via": shown.attributes["acknowledged_via"].value if taken else None,
    }


async def async_acknowledge_alert(call: ServiceCall) -> ServiceResponse:
    """Acknowledge alerts; without a target, those of all plans that the caller may control."""
    # An empty target, which a template may return, is none of the plans.
    if any(key in call.data for key in cv.TARGET_SERVICE_FIELDS):
        runners = [_runner(call.hass, plan) for plan in await _async_targeted_plans(call)]
    else:
        runners = await _async_controllable_runners(call)
    by = call.data.get(ATTR_BY, "").strip() or await async_person_of(call.hass, call.context)
    return {"plans": [runner.name for runner in runners if await runner.async_acknowledge(by, Via.ACTION)]}


async def async_resolve_alert(call: ServiceCall) -> ServiceResponse:
    """End alerts, or one cause of them."""
    title, message = call.data.get(ATTR_TITLE), call.data.get(ATTR_MESSAGE)
    runners = [_runner(call.hass, plan) for plan in await _async_targeted_plans(call)]
    return {"plans": [runner.name for runner in runners if await runner.async_resolve(title, message)]}


async def _async_targeted_plans(call: ServiceCall) -> list[Named]:
    """Return the plans that a target leads to by any of their entities; raises ServiceValidationError `no_plan`."""
    target = TargetSelection(call.data)
    selected = async_extract_referenced_entity_ids(call.hass, target, expand_group=False)
    indirect = (_notify_entity_id(call.hass, entity_id) for entity_id in selected.indirectly_referenced)
    target.entity_ids = {_notify_entity_id(call.hass, entity_id) or entity_id for entity_id in target.entity_ids}
    target.entity_ids.update(filter(None, indirect))
    plans = await async_resolve_target(call.hass, target, call.context, SUBENTRY_PLAN)
    if not plans:
        raise validation_error("no_plan")
    return plans


def _notify_entity_id(hass: HomeAssistant, entity_id: str) -> str | None:
    """Return the notify entity of the plan that an entity belongs to."""
    registry = er.async_get(hass)
    entity = registry.async_get(entity_id)
    subentry_id = entity.config_subentry_id if entity and entity.platform == DOMAIN else None
    return registry.async_get_entity_id(NOTIFY_DOMAIN, DOMAIN, f"{subentry_id}_alert")


def _runner(hass: HomeAssistant, plan: Named) -> AlertRunner:
    """Return what runs the alert of a plan; raises ServiceValidationError if its account was never loaded."""
    if plan.entry.entry_id not in hass.data[ENGINES]:
        async_get_account(hass, plan.entry.entry_id)
    return async_get_runner(hass, plan.entry.entry_id, plan.subentry.subentry_id)


async def _async_controllable_runners(call: ServiceCall) -> list[AlertRunner]:
    """Return what runs the alerts of all plans that the caller may control."""
    registry = er.async_get(call.hass)
    runners = []
    for engine in call.hass.data[ENGINES].values():
        for runner in engine.runners.values():
            entity_id = registry.async_get_entity_id(NOTIFY_DOMAIN, DOMAIN, f"{runner.subentry_id}_alert")
            with suppress(Unauthorized):
                await async_check_permission(call.hass, call.context, [entity_id or f"{NOTIFY_DOMAIN}."])
                runners.append(runner)
    return runners

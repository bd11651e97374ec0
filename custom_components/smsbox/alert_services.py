"""The actions of alerts: start, acknowledge, resolve."""

import asyncio
from contextlib import suppress
from datetime import timedelta
from typing import Any

from homeassistant.components.notify import DOMAIN as NOTIFY_DOMAIN
from homeassistant.core import ServiceCall, ServiceResponse
from homeassistant.exceptions import HomeAssistantError, Unauthorized
from homeassistant.helpers import config_validation as cv, entity_registry as er
from homeassistant.helpers.target import TargetSelection
from homeassistant.helpers.typing import VolDictType
import voluptuous as vol

from .alerts.engine import ENGINES, async_get_runner
from .alerts.people import async_person_of
from .alerts.run import Status, Via
from .alerts.runner import AlertRunner
from .const import DOMAIN, SUBENTRY_PLAN
from .errors import validation_error
from .targets import async_check_permission, async_resolve_target
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
    runners = await _async_targeted_runners(call)
    started: list[dict[str, Any]] = []
    error: HomeAssistantError | None = None
    waited_for: list[AlertRunner] = []
    for runner in runners:
        try:
            result = await runner.async_start(call.data.get(ATTR_TITLE), call.data[ATTR_MESSAGE], call.context)
        except HomeAssistantError as raised:
            error = error or raised
            continue
        run = runner.alert.run
        started.append({"plan": runner.name, "alert_id": run.alert_id if run else None, "result": result.value})
        waited_for.append(runner)
    if error is not None:
        raise error
    wait: timedelta | None = call.data.get(ATTR_WAIT_FOR_ACKNOWLEDGEMENT)
    if wait is not None:
        await asyncio.gather(*(runner.async_wait(wait.total_seconds()) for runner in waited_for))
    for element, runner in zip(started, waited_for, strict=True):
        run = runner.alert.run
        element["status"] = runner.alert.status.value
        if wait is not None:
            taken = run.acknowledged if run and run.status is Status.ACKNOWLEDGED else None
            element |= {
                "acknowledged": taken is not None,
                "by": taken and taken.by,
                "via": taken and taken.via.value,
            }
    return {"alerts": list(started)}


async def async_acknowledge_alert(call: ServiceCall) -> ServiceResponse:
    """Take alerts; without a target, those of all plans that the caller may control."""
    if TargetSelection(call.data).has_any_target:
        runners = await _async_targeted_runners(call)
    else:
        runners = await _async_controllable_runners(call)
    by = call.data.get(ATTR_BY) or await async_person_of(call.hass, call.context)
    return {"plans": [runner.name for runner in runners if await runner.async_acknowledge(by, Via.ACTION)]}


async def async_resolve_alert(call: ServiceCall) -> ServiceResponse:
    """End alerts, or one cause of them."""
    title, message = call.data.get(ATTR_TITLE), call.data.get(ATTR_MESSAGE)
    runners = await _async_targeted_runners(call)
    return {"plans": [runner.name for runner in runners if await runner.async_resolve(title, message)]}


async def _async_targeted_runners(call: ServiceCall) -> list[AlertRunner]:
    """Return what runs the alerts of the plans that a target leads to; raises ServiceValidationError `no_plan`."""
    named = await async_resolve_target(call.hass, TargetSelection(call.data), call.context, SUBENTRY_PLAN)
    if not named:
        raise validation_error("no_plan")
    return [async_get_runner(call.hass, plan.entry.entry_id, plan.subentry.subentry_id) for plan in named]


async def _async_controllable_runners(call: ServiceCall) -> list[AlertRunner]:
    """Return what runs the alerts of all plans that the caller may control."""
    registry = er.async_get(call.hass)
    runners = []
    for engine in call.hass.data[ENGINES].values():
        for runner in engine.runners.values():
            entity_id = registry.async_get_entity_id(NOTIFY_DOMAIN, DOMAIN, f"{runner.subentry_id}_alert")
            with suppress(Unauthorized):
                await async_check_permission(call.hass, call.context, [entity_id] if entity_id else [])
                runners.append(runner)
    return runners

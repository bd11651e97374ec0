"""The actions of alerts: start, acknowledge, resolve."""

import asyncio
from collections.abc import Coroutine, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from homeassistant.components.notify import DOMAIN as NOTIFY_DOMAIN
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse
from homeassistant.exceptions import Unauthorized
from homeassistant.helpers import config_validation as cv, entity_registry as er
from homeassistant.helpers.target import TargetSelection, async_extract_referenced_entity_ids
from homeassistant.helpers.typing import VolDictType
from homeassistant.util.async_ import create_eager_task
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
    plans = await _async_targeted_plans(call)
    results = await asyncio.gather(*_begin(_async_start(call, plan) for plan in plans), return_exceptions=True)
    started: list[_Started] = []
    for result in results:
        if isinstance(result, BaseException):
            raise result
        started.append(result)
    wait: timedelta | None = call.data.get(ATTR_WAIT_FOR_ACKNOWLEDGEMENT)
    return {"alerts": list(await asyncio.gather(*(_async_describe(alert, wait) for alert in started)))}


@dataclass(frozen=True, slots=True)
class _Started:
    """An alert that was started, and what the response says of it so far."""

    runner: AlertRunner
    alert_id: str | None
    response: dict[str, Any]


async def _async_start(call: ServiceCall, plan: Named) -> _Started:
    """Start the alert of a plan."""
    runner = _runner(call.hass, plan)
    result = await runner.async_start(call.data.get(ATTR_TITLE), call.data[ATTR_MESSAGE], call.context)
    alert_id = runner.shown.alert_id
    return _Started(runner, alert_id, {"plan": runner.name, "alert_id": alert_id, "result": result.value})


def _begin[T](work: Iterable[Coroutine[Any, Any, T]]) -> list[asyncio.Task[T]]:
    """Begin all at once: if the caller is cancelled, each alert goes on by itself."""
    return [create_eager_task(one) for one in work]


async def _async_describe(started: _Started, wait: timedelta | None) -> dict[str, Any]:
    """Return what the response says of an alert that was started, after waiting if that is wanted."""
    if wait is None:
        return started.response | {"status": started.runner.shown.status.value}
    shown = await started.runner.async_wait(started.alert_id, wait.total_seconds())
    taken = shown.alert_id == started.alert_id and shown.status is Status.ACKNOWLEDGED
    return started.response | {
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
    taken = await asyncio.gather(*_begin(runner.async_acknowledge(by, Via.ACTION) for runner in runners))
    return {"plans": [runner.name for runner, had in zip(runners, taken, strict=True) if had]}


async def async_resolve_alert(call: ServiceCall) -> ServiceResponse:
    """End alerts, or one cause of them."""
    title, message = call.data.get(ATTR_TITLE), call.data.get(ATTR_MESSAGE)
    runners = [_runner(call.hass, plan) for plan in await _async_targeted_plans(call)]
    resolved = await asyncio.gather(*_begin(runner.async_resolve(title, message) for runner in runners))
    return {"plans": [runner.name for runner, had in zip(runners, resolved, strict=True) if had]}


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

"""Form of a plan, and how its fields are stored.

Stored are the fields of the form, those of the section beside the others, and none that is empty. In a step's `notify`,
a recipient's entity is {"config_entry_id": …, "recipient": subentry id, "channel": …}, and any other {"notifier": …}.
There, and in `only_while` and `hold_while`, an entity is its registry id, or its entity id if it has none.
"""

from collections.abc import Mapping
from typing import Any, override

from homeassistant.components.notify import DOMAIN as NOTIFY_DOMAIN
from homeassistant.const import CONF_NAME
from homeassistant.core import HomeAssistant, valid_entity_id
from homeassistant.data_entry_flow import section
from homeassistant.helpers import config_validation as cv, entity_registry as er
from homeassistant.helpers.selector import (
    BooleanSelector,
    EntitySelector,
    EntitySelectorConfig,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    ObjectSelector,
    ObjectSelectorConfig,
    TextSelector,
)
import voluptuous as vol

from .const import DOMAIN, NOTIFY_KEYS, Channel
from .report_url import link_base_url

CONF_STEPS = "steps"
CONF_NOTIFY = "notify"
CONF_WAIT = "wait"
CONF_ONLY_WHILE = "only_while"
CONF_REPEAT = "repeat"
SECTION_MORE = "more"
CONF_DELAY = "delay"
CONF_HOLD_WHILE = "hold_while"
CONF_QUIET_AFTER = "quiet_after"
CONF_GIVE_UP_AFTER = "give_up_after"
CONF_LINK = "link"
CONF_FOLLOW_UP = "follow_up"
MIN_WAIT, DEFAULT_WAIT, MAX_WAIT = 1, 5, 24 * 60  # minutes
ONE_WEEK = 7 * 24 * 60  # minutes
LINK_TOKEN_LENGTH = 16
MAX_SMS_PART = 160


def _minutes(minimum: int, maximum: int) -> NumberSelector:
    """Return a choice of minutes."""
    return NumberSelector(
        NumberSelectorConfig(min=minimum, max=maximum, mode=NumberSelectorMode.BOX, unit_of_measurement="min")
    )


class _ConditionSelector(EntitySelector):
    """Choice of a condition that may be cleared."""

    @override
    def __call__(self, data: Any) -> Any:
        """Accept an entity, or nothing."""
        return super().__call__(data) if data else None


_CONDITION = _ConditionSelector(
    EntitySelectorConfig(
        domain=["binary_sensor", "calendar", "device_tracker", "input_boolean", "person", "schedule", "switch"]
    )
)
_WAIT = vol.All(vol.Coerce(float), vol.Range(min=MIN_WAIT, max=MAX_WAIT), msg="invalid_wait")
_STEPS = vol.Length(min=1, msg="no_steps")
_MORE = vol.Schema(
    {
        vol.Required(CONF_DELAY, default=0): _minutes(0, MAX_WAIT),
        vol.Optional(CONF_HOLD_WHILE): _CONDITION,
        vol.Required(CONF_QUIET_AFTER, default=60): _minutes(0, ONE_WEEK),
        vol.Required(CONF_GIVE_UP_AFTER, default=360): _minutes(1, ONE_WEEK),
        vol.Required(CONF_LINK, default=True): BooleanSelector(),
        vol.Required(CONF_FOLLOW_UP, default=True): BooleanSelector(),
    }
)


class _StepsSelector(ObjectSelector):
    """Choice of steps that leaves the checks to the flow, because core refuses the form without saying why."""

    @override
    def __call__(self, data: Any) -> Any:
        """Accept what the form holds."""
        return data


SCHEMA = vol.Schema(
    {
        vol.Required(CONF_NAME): TextSelector(),
        vol.Required(CONF_STEPS, default=[]): _StepsSelector(
            ObjectSelectorConfig(
                fields={
                    CONF_NOTIFY: {
                        "selector": EntitySelector(EntitySelectorConfig(domain=NOTIFY_DOMAIN, multiple=True)),
                        "required": True,
                    },
                    CONF_WAIT: {"selector": _minutes(MIN_WAIT, MAX_WAIT)},
                    CONF_ONLY_WHILE: {"selector": _CONDITION},
                },
                multiple=True,
                label_field=CONF_NOTIFY,
                description_field=CONF_WAIT,
                translation_key=CONF_STEPS,
            )
        ),
        vol.Required(CONF_REPEAT, default=1): vol.All(
            NumberSelector(NumberSelectorConfig(min=0, max=9, mode=NumberSelectorMode.BOX)), vol.Coerce(int)
        ),
        vol.Optional(SECTION_MORE): section(_MORE, {"collapsed": True}),
    }
)


def to_store(hass: HomeAssistant, form: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the fields of a submitted form as they are stored, and the form's errors."""
    data = {**form, **_MORE(form.get(SECTION_MORE, {}))}
    data.pop(SECTION_MORE, None)
    if hold_while := data.pop(CONF_HOLD_WHILE, None):
        data[CONF_HOLD_WHILE] = _store_entity(hass, hold_while)
    try:
        data[CONF_STEPS] = _STEPS([_store_step(hass, step) for step in cv.ensure_list(form[CONF_STEPS])])
    except vol.Invalid as error:
        return data, {CONF_STEPS: error.error_message}
    return data, {}


def from_store(hass: HomeAssistant, stored: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the form shows of a stored plan, with the entity ids of today and without what is gone."""
    try:
        return {
            CONF_STEPS: [
                _with_entity_id(hass, step, CONF_ONLY_WHILE)
                | {CONF_NOTIFY: list(filter(None, (_target_entity_id(hass, target) for target in step[CONF_NOTIFY])))}
                for step in stored[CONF_STEPS]
            ],
            CONF_REPEAT: stored[CONF_REPEAT],
            SECTION_MORE: _with_entity_id(hass, stored, CONF_HOLD_WHILE),
        }
    except AttributeError, KeyError, TypeError, ValueError:
        # What cannot be read can only be entered again.
        return {}


def _store_step(hass: HomeAssistant, step: Any) -> dict[str, Any]:
    """Return a step as it is stored; raises vol.Invalid with the error of the form."""
    form = step if isinstance(step, dict) else {}
    entity_ids = cv.ensure_list(form.get(CONF_NOTIFY))
    if not entity_ids:
        raise vol.Invalid("nobody_in_step")
    wait = form.get(CONF_WAIT)
    stored = {
        CONF_NOTIFY: [_store_target(hass, str(entity_id)) for entity_id in entity_ids],
        CONF_WAIT: _WAIT(DEFAULT_WAIT if wait is None else wait),
    }
    if only_while := form.get(CONF_ONLY_WHILE):
        stored[CONF_ONLY_WHILE] = _store_entity(hass, str(only_while))
    return stored


def _store_target(hass: HomeAssistant, entity_id: str) -> dict[str, str | None]:
    """Return a notify entity as it is stored; raises vol.Invalid with the error of the form."""
    registered = er.async_get(hass).async_get(entity_id)
    if registered is None:
        known = hass.states.get(entity_id) is not None and entity_id.startswith(f"{NOTIFY_DOMAIN}.")
    else:
        for channel, key in NOTIFY_KEYS.items():
            if registered.platform == DOMAIN and registered.unique_id == f"{registered.config_subentry_id}_{key}":
                return {
                    "config_entry_id": registered.config_entry_id,
                    "recipient": registered.config_subentry_id,
                    "channel": channel.value,
                }
        known = registered.domain == NOTIFY_DOMAIN and registered.platform != DOMAIN
    if not known:
        raise vol.Invalid("unknown_notifier")
    return {"notifier": _store_entity(hass, entity_id)}


def _target_entity_id(hass: HomeAssistant, target: dict[str, str]) -> str | None:
    """Return the entity id of a stored target, None if it is gone."""
    if "recipient" not in target:
        return _entity_id(hass, target["notifier"])
    unique_id = f"{target['recipient']}_{NOTIFY_KEYS[Channel(target['channel'])]}"
    return er.async_get(hass).async_get_entity_id(NOTIFY_DOMAIN, DOMAIN, unique_id)


def _store_entity(hass: HomeAssistant, entity_id: str) -> str:
    """Return the registry id of an entity, so that it can be renamed, or its entity id if it has none."""
    registered = er.async_get(hass).async_get(entity_id)
    return registered.id if registered else entity_id


def _entity_id(hass: HomeAssistant, stored: str) -> str | None:
    """Return the entity id of a stored entity, None if it is gone."""
    registered = er.async_get(hass).async_get(stored)
    if registered is not None:
        return registered.entity_id
    return stored if valid_entity_id(stored) else None


def _with_entity_id(hass: HomeAssistant, stored: Mapping[str, Any], key: str) -> dict[str, Any]:
    """Return stored fields with the entity id of today under a key, without it if the entity is gone."""
    fields = dict(stored)
    if entity_id := _entity_id(hass, fields.pop(key, "")):
        fields[key] = entity_id
    return fields


def link_placeholders(hass: HomeAssistant) -> dict[str, str]:
    """Return how long a link is, and what remains for the text in an SMS of one part."""
    if (base := link_base_url(hass)) is None:
        return {"length": "-", "remaining": "-"}
    length = len(f"{base}/api/{DOMAIN}/") + LINK_TOKEN_LENGTH
    return {"length": str(length), "remaining": str(MAX_SMS_PART - length - len("\nOK? "))}

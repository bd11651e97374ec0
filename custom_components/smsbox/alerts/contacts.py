"""Who is behind the targets of a plan now, and what its conditions say."""

from collections.abc import Iterator

from homeassistant.components.notify import DOMAIN as NOTIFY_DOMAIN
from homeassistant.config_entries import ConfigEntryState, ConfigSubentry
from homeassistant.const import ATTR_ENTITY_ID, STATE_HOME, STATE_ON, STATE_OPEN, STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er

from ..const import CONF_CHANNELS, CONF_NUMBERS, DOMAIN, LOGGER, NOTIFY_KEYS, SUBENTRY_RECIPIENT, Channel
from ..recipients import async_accounts
from .plan import Conditions, Contact, Plan, Step, StepConditions, Target

_ACTIVE = {STATE_ON, STATE_HOME, STATE_OPEN}
_UNCLEAR = {STATE_UNAVAILABLE, STATE_UNKNOWN}


def conditions(hass: HomeAssistant, plan: Plan) -> Conditions:
    """Return what a look at a plan's alert has to know."""
    return Conditions(
        hold=_is_active(hass, plan.hold_while, unclear=False),
        steps=[
            StepConditions(_is_active(hass, step.only_while, unclear=True), contacts(hass, step)) for step in plan.steps
        ],
    )


def read_plan(subentry: ConfigSubentry) -> Plan:
    """Return a plan as it is stored; one that cannot be read has no steps."""
    try:
        return Plan.from_data(subentry.title, subentry.data)
    except (AttributeError, KeyError, OverflowError, TypeError, ValueError) as error:
        LOGGER.warning("The plan %s cannot be read (%s); open it and submit it again", subentry.title, error)
        return Plan(subentry.title, ())


def contacts(hass: HomeAssistant, step: Step, *, warn: bool = False) -> tuple[Contact, ...]:
    """Return who is left in a step; `warn` of plans in groups, which are left out."""
    found: dict[tuple[str, Channel | None], Contact] = {}
    for target in step.targets:
        for contact in _recipient(hass, target) if target.channel else _notifier(hass, target.id, set(), warn=warn):
            found.setdefault((contact.id, contact.channel), contact)
    return tuple(found.values())


def entity_id_of(hass: HomeAssistant, stored: str) -> str | None:
    """Return the entity id of a stored entity, which is its registry id if it has one; None if it is gone."""
    if "." in stored:
        return stored
    registered = er.async_get(hass).async_get(stored)
    return registered.entity_id if registered else None


def _is_active(hass: HomeAssistant, stored: str | None, *, unclear: bool) -> bool:
    """Return whether the entity of a condition is active; `unclear` is what counts if nobody knows."""
    if stored is None:
        return unclear
    entity_id = entity_id_of(hass, stored)
    state = hass.states.get(entity_id) if entity_id else None
    if state is None or state.state in _UNCLEAR:
        return unclear
    return state.state in _ACTIVE


def _recipient(hass: HomeAssistant, target: Target) -> Iterator[Contact]:
    """Yield a recipient of any account, if they are still there and have the channel."""
    for entry in async_accounts(hass, include_disabled=True):
        subentry = entry.subentries.get(target.id)
        if subentry is None or subentry.subentry_type != SUBENTRY_RECIPIENT:
            continue
        if target.channel in subentry.data[CONF_CHANNELS]:
            yield Contact(
                target.id,
                target.channel,
                subentry.title,
                entry.entry_id,
                tuple(subentry.data[CONF_NUMBERS]),
                available=entry.state is ConfigEntryState.LOADED,
            )


def _notifier(hass: HomeAssistant, stored: str, groups: set[str], *, warn: bool) -> Iterator[Contact]:
    """Yield another integration's notifier, or the members of a group; one that is not there is unavailable."""
    entity_id = entity_id_of(hass, stored)
    if entity_id is None or entity_id in groups:
        return
    registered = er.async_get(hass).async_get(entity_id)
    if registered is not None and registered.platform == DOMAIN:
        yield from _own(hass, registered, warn=warn)
        return
    state = hass.states.get(entity_id)
    members = state.attributes.get(ATTR_ENTITY_ID) if state else None
    if isinstance(members, list | tuple):
        for member in members:
            yield from _notifier(hass, member, groups | {entity_id}, warn=warn)
        return
    yield Contact(
        registered.id if registered else entity_id,
        None,
        state.name if state else entity_id.removeprefix(f"{NOTIFY_DOMAIN}."),
        available=state is not None and state.state != STATE_UNAVAILABLE,
    )


def _own(hass: HomeAssistant, registered: er.RegistryEntry, *, warn: bool) -> Iterator[Contact]:
    """Yield the recipient whose notify entity is in a group; a plan in one is left out."""
    key = registered.unique_id.removeprefix(f"{registered.config_subentry_id}_")
    channel = next((channel for channel, suffix in NOTIFY_KEYS.items() if suffix == key), None)
    if channel is not None:
        yield from _recipient(hass, Target(registered.config_subentry_id or "", channel))
    elif warn:
        LOGGER.warning("%s is left out of a step: a plan cannot be told", registered.entity_id)

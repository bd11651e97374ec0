"""Who is meant: recipients and plans found by name, by entity, device, area or label; and bare numbers."""

from ast import literal_eval
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
import re
from typing import Any

from homeassistant.auth.permissions.const import POLICY_CONTROL
from homeassistant.components.notify import DOMAIN as NOTIFY_DOMAIN
from homeassistant.config_entries import ConfigEntryState, ConfigSubentry
from homeassistant.const import ATTR_ENTITY_ID
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import ServiceValidationError, Unauthorized, UnknownUser
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.group import ENTITY_PREFIX as GROUP_PREFIX
from homeassistant.helpers.target import TargetSelection, async_extract_referenced_entity_ids
from homeassistant.util.json import json_loads

from . import phone
from .account import SmsboxConfigEntry
from .api import mask_numbers
from .const import DOMAIN, LOGGER, SUBENTRY_RECIPIENT
from .errors import validation_error
from .recipients import Recipient, async_accounts, async_get_account, normalize_number
from .slices import async_map_in_slices
from .text import name_key

_GROUPS = (GROUP_PREFIX, f"{NOTIFY_DOMAIN}.")
_SEPARATORS = re.compile(r"[,;]|(?:^|\n)(?:\s*- )?")
_QUOTES = " \t\"'[]"
_name_key = lru_cache(maxsize=10_000)(name_key)


@dataclass(frozen=True, slots=True)
class Named:
    """A recipient or a plan that was found: a subentry of an account."""

    entry: SmsboxConfigEntry
    subentry: ConfigSubentry


@dataclass(slots=True)
class Targets:
    """Who is meant by a call, and what was wrong with what.

    Recipients and plans are by their subentries, errors by what they are about.
    """

    recipients: dict[str, Recipient] = field(default_factory=dict)
    plans: dict[str, Named] = field(default_factory=dict)
    numbers: dict[str, None] = field(default_factory=dict)
    errors: dict[str, ServiceValidationError] = field(default_factory=dict)

    @property
    def labels(self) -> list[str]:
        """Return what errors and logs may say of those who were found."""
        return [
            *(mask_numbers(recipient.name) for recipient in self.recipients.values()),
            *(phone.mask(number) for number in self.numbers),
        ]

    @property
    def error(self) -> ServiceValidationError | None:
        """Return one error for all that was wrong."""
        unknown = [what for what, error in self.errors.items() if error.translation_key == "invalid_number"]
        others = (error for error in self.errors.values() if error.translation_key != "invalid_number")
        return next(others, None) or (
            validation_error("invalid_number", number=mask_numbers(", ".join(unknown))) if unknown else None
        )


async def async_find_targets(hass: HomeAssistant, given: Any, config_entry_id: str | None) -> Targets:
    """Return who is meant by what was given, in any shape; what is wrong does not silence the others."""
    targets = Targets()

    def add(found: tuple[Any, list[Named]]) -> None:
        """Add whom a name or a number means, or what is wrong with it."""
        what, matches = found
        try:
            if matches:
                _add_named(hass, targets, _only(what, matches, config_entry_id))
            else:
                targets.numbers[normalize_number(hass, what)] = None
        except ServiceValidationError as error:
            targets.errors[phone.mask_given(what)] = error

    await async_map_in_slices(add, NameTable(hass, config_entry_id).parse(given))
    if config_entry_id is not None:
        try:
            async_get_account(hass, config_entry_id)
        except ServiceValidationError as error:
            targets.errors[phone.mask_given(config_entry_id)] = error
            targets.numbers.clear()
    return targets


def _add_named(hass: HomeAssistant, targets: Targets, named: Named) -> None:
    """Add a recipient or a plan whose account is loaded."""
    async_get_account(hass, named.entry.entry_id)
    if named.subentry.subentry_type == SUBENTRY_RECIPIENT:
        targets.recipients[named.subentry.subentry_id] = Recipient(named.entry, named.subentry)
    else:
        targets.plans[named.subentry.subentry_id] = named


def _only(name: str, matches: list[Named], config_entry_id: str | None) -> Named:
    """Return the one who has a name; raises ServiceValidationError `several_accounts` or `ambiguous_recipient`."""
    if len(matches) == 1:
        return matches[0]
    if config_entry_id is None and len({named.entry.entry_id for named in matches}) > 1:
        raise validation_error("several_accounts")
    raise validation_error("ambiguous_recipient", name=phone.mask_given(name))


async def async_resolve_target(
    hass: HomeAssistant, target: TargetSelection, context: Context, subentry_type: str
) -> list[Named]:
    """Return whose notify entities a target leads to; what leads to nobody is left out with a log line.

    Raises Unauthorized if the caller may not control one of the entities.
    """
    # Core follows groups that contain each other without end.
    selected = async_extract_referenced_entity_ids(hass, target, expand_group=False)
    indirect = selected.indirectly_referenced - selected.referenced
    entity_ids = _expand_groups(hass, [*sorted(selected.referenced), *sorted(indirect)])
    await async_check_permission(hass, context, entity_ids)
    registry = er.async_get(hass)
    found: dict[str, Named] = {}
    ignored: set[str] = set()
    for entity_id in entity_ids:
        named = entity_subentry(hass, registry, entity_id)
        if named is not None and named.subentry.subentry_type == subentry_type:
            found[named.subentry.subentry_id] = named
        elif entity_id not in indirect:
            ignored.add(entity_id)
    selected.log_missing(ignored, LOGGER)
    return list(found.values())


def entity_subentry(hass: HomeAssistant, registry: er.EntityRegistry, entity_id: str) -> Named | None:
    """Return whom a notify entity of this integration belongs to, unless it is disabled."""
    entity = registry.async_get(entity_id)
    if entity is None or (entity.domain, entity.platform, entity.disabled) != (NOTIFY_DOMAIN, DOMAIN, False):
        return None
    entry = hass.config_entries.async_get_entry(entity.config_entry_id or "")
    if entry is None or (subentry := entry.subentries.get(entity.config_subentry_id or "")) is None:
        return None
    return Named(entry, subentry)


def _expand_groups(hass: HomeAssistant, entity_ids: Iterable[str]) -> list[str]:
    """Return entities, each once, with the members of groups in place of these."""
    expanded: dict[str, bool] = {}
    pending = list(entity_ids)[::-1]
    while pending:
        if (entity_id := pending.pop()) in expanded:
            continue
        state = hass.states.get(entity_id) if entity_id.startswith(_GROUPS) else None
        members = state.attributes.get(ATTR_ENTITY_ID) if state else None
        expanded[entity_id] = False
        if isinstance(members, list | tuple):
            expanded[entity_id] = True
            pending += members[::-1]
    return [entity_id for entity_id, is_group in expanded.items() if not is_group]


async def async_check_permission(hass: HomeAssistant, context: Context, entity_ids: Iterable[str]) -> None:
    """Raise Unauthorized if the caller may not control a notify entity, as core's own notify action does."""
    if not context.user_id:
        return
    if (user := await hass.auth.async_get_user(context.user_id)) is None:
        raise UnknownUser(context=context)
    if user.is_admin:
        return
    for entity_id in entity_ids:
        if entity_id.startswith(f"{NOTIFY_DOMAIN}.") and not user.permissions.check_entity(entity_id, POLICY_CONTROL):
            raise Unauthorized(context=context, entity_id=entity_id, permission=POLICY_CONTROL)


class NameTable:
    """The recipients and plans of all accounts by their names, made once for a call."""

    def __init__(self, hass: HomeAssistant, config_entry_id: str | None) -> None:
        self._hass = hass
        self._config_entry_id = config_entry_id

    @cached_property
    def _names(self) -> dict[str, list[Named]]:
        """Return who has each name now, or had it if nobody has it now."""
        current: dict[str, list[Named]] = {}
        former: dict[str, list[Named]] = {}
        for entry in async_accounts(self._hass):
            stored = entry.runtime_data.store.names if entry.state is ConfigEntryState.LOADED else {}
            for subentry_id, subentry in entry.subentries.items():
                named = Named(entry, subentry)
                current.setdefault(_name_key(subentry.title), []).append(named)
                if subentry_id in stored and len(names := stored[subentry_id].names) > 1:
                    for key in {_name_key(name) for name in names}:
                        former.setdefault(key, []).append(named)
        return former | current

    def parse(self, value: Any) -> Iterator[tuple[Any, list[Named]]]:
        """Yield each name and number in what was given, and whom it names: nobody, one, or several."""
        pending = [value]
        while pending:
            match pending.pop():
                case None:
                    pass
                case str() as text:
                    if found := self._find(text):
                        yield text, found
                    elif members := self._find_entities(text):
                        yield from ((text, [named]) for named in members)
                    elif (parts := _split(text)) == [text]:
                        yield text, []
                    else:
                        pending += parts[::-1]
                case Named() as named:
                    yield named.subentry.title, [named]
                case Mapping() as mapping:
                    pending += list(mapping.values())[::-1]
                case Iterable() as elements:
                    pending += list(elements)[::-1]
                case other:
                    yield other, []

    def _find(self, name: str) -> list[Named]:
        """Return who has a name: of several those in the account that the call names, if there are any."""
        matches = self._names.get(_name_key(name), [])
        if len(matches) > 1:
            return [named for named in matches if named.entry.entry_id == self._config_entry_id] or matches
        return matches

    def _find_entities(self, text: str) -> list[Named]:
        """Return whom a notify entity or a group's members belong to; others are left out with a log line."""
        entity_id = text.strip().lower()
        if not entity_id.startswith(_GROUPS):
            return []
        registry = er.async_get(self._hass)
        members = {
            member: entity_subentry(self._hass, registry, member) for member in _expand_groups(self._hass, [entity_id])
        }
        found = [named for named in members.values() if named is not None]
        if found and len(found) < len(members):
            others = ", ".join(member for member, named in members.items() if named is None)
            LOGGER.warning("Left out of %s, because they are not recipients: %s", entity_id, others)
        return found


def _split(text: str) -> list[Any]:
    """Return what a text lists: as JSON, as templates or YAML write a list, or with commas in between."""
    text = text.strip()
    if text.startswith(("[", "{", "(")):
        for parse in json_loads, literal_eval:
            try:
                return [parse(text)]
            except MemoryError, RecursionError, SyntaxError, TypeError, ValueError:
                continue
    parts = [part.strip(_QUOTES) for part in _SEPARATORS.split(text.strip(_QUOTES))]
    return [part for part in parts if part]

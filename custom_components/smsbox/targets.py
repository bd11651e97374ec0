"""Who is meant: recipients and plans found by name, by entity, device, area or label."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
import re
from typing import Any

from homeassistant.auth.permissions.const import POLICY_CONTROL
from homeassistant.components.notify import DOMAIN as NOTIFY_DOMAIN
from homeassistant.config_entries import ConfigEntryState, ConfigSubentry
from homeassistant.const import ATTR_ENTITY_ID
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import ServiceValidationError, Unauthorized, UnknownUser
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.target import TargetSelection, async_extract_referenced_entity_ids

from .account import SmsboxConfigEntry
from .const import DOMAIN, LOGGER
from .errors import validation_error
from .recipients import async_accounts
from .text import name_key

_SEPARATORS = re.compile(r"[,;\n]")
_QUOTES = " \t\"'[]"


@dataclass(frozen=True, slots=True)
class Named:
    """A recipient or a plan that was found: a subentry of an account."""

    entry: SmsboxConfigEntry
    subentry: ConfigSubentry


async def async_resolve_target(
    hass: HomeAssistant, target: TargetSelection, context: Context, subentry_type: str
) -> list[Named]:
    """Return whose notify entities a target leads to; what leads to nobody is left out with a log line.

    Raises Unauthorized if the caller may not control one of the entities.
    """
    selected = async_extract_referenced_entity_ids(hass, target)
    registry = er.async_get(hass)
    entity_ids = _expand_notify_groups(
        hass, [*sorted(selected.referenced), *sorted(selected.indirectly_referenced - selected.referenced)]
    )
    await async_check_permission(hass, context, entity_ids)
    found: dict[str, Named] = {}
    ignored = selected.referenced | (set(entity_ids) - selected.indirectly_referenced)
    for entity_id in entity_ids:
        named = entity_subentry(hass, registry, entity_id)
        if named is not None and named.subentry.subentry_type == subentry_type:
            found[named.subentry.subentry_id] = named
            ignored.discard(entity_id)
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


def _expand_notify_groups(hass: HomeAssistant, entity_ids: Iterable[str]) -> list[str]:
    """Return entities with the members of notify groups in place of these, each once."""
    expanded: dict[str, None] = {}
    pending = list(entity_ids)
    groups: set[str] = set()
    while pending:
        entity_id = pending.pop(0)
        state = hass.states.get(entity_id) if entity_id.startswith(f"{NOTIFY_DOMAIN}.") else None
        members = state.attributes.get(ATTR_ENTITY_ID) if state else None
        if isinstance(members, list | tuple) and entity_id not in groups:
            groups.add(entity_id)
            pending.extend(members)
        elif entity_id not in groups:
            expanded[entity_id] = None
    return list(expanded)


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
    """The recipients and plans of all accounts by their names, made for one call."""

    def __init__(self, hass: HomeAssistant) -> None:
        self._hass = hass
        self._named: dict[str, list[Named]] = {}
        former: dict[str, list[Named]] = {}
        for entry in async_accounts(hass):
            names = entry.runtime_data.store.names if entry.state is ConfigEntryState.LOADED else {}
            for subentry in entry.subentries.values():
                self._named.setdefault(name_key(subentry.title), []).append(Named(entry, subentry))
                for name in names[subentry.subentry_id].names if subentry.subentry_id in names else ():
                    former.setdefault(name_key(name), []).append(Named(entry, subentry))
        # A name that somebody has now is his alone.
        self._named = former | self._named

    def _find(self, name: str, config_entry_id: str | None) -> Named | None:
        """Return who has a name, by preference in the given account.

        Raises ServiceValidationError `several_accounts` or `ambiguous_recipient` if it could be several.
        """
        matches = self._named.get(name_key(name), [])
        if len(matches) > 1 and config_entry_id is not None:
            matches = [named for named in matches if named.entry.entry_id == config_entry_id]
        elif len({named.entry.entry_id for named in matches}) > 1:
            raise validation_error("several_accounts")
        if len(matches) > 1:
            raise validation_error("ambiguous_recipient", name=name)
        return next(iter(matches), None)

    def parse(self, value: Any, config_entry_id: str | None) -> Iterator[Named | str | float | ServiceValidationError]:
        """Yield whom a value names, as it is what names nobody, and the error of what names several.

        A list may come as text.
        """
        match value:
            case None | "":
                return
            case Mapping():
                yield from self.parse(value.get(ATTR_ENTITY_ID), config_entry_id)
            case str():
                yield from self._parse_text(value, config_entry_id)
            case int() | float():
                yield value
            case Iterable():
                for element in value:
                    yield from self.parse(element, config_entry_id)
            case _:
                yield str(value)

    def _parse_text(self, text: str, config_entry_id: str | None) -> Iterator[Named | str | ServiceValidationError]:
        """Yield whom a text names: a name, an entity, or several of them with commas in between."""
        try:
            named = self._find(text, config_entry_id) or self._find_entity(text)
        except ServiceValidationError as error:
            yield error
            return
        if named is not None:
            yield named
        elif len(parts := [part for part in _SEPARATORS.split(text.strip(_QUOTES)) if part.strip(_QUOTES)]) > 1:
            for part in parts:
                yield from self._parse_text(part.strip(_QUOTES), config_entry_id)
        else:
            yield text.strip(_QUOTES)

    def _find_entity(self, entity_id: str) -> Named | None:
        """Return whom a notify entity belongs to."""
        return entity_subentry(self._hass, er.async_get(self._hass), entity_id.strip())

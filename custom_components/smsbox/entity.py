"""What the entities of accounts, recipients and plans have in common."""

import asyncio
from collections.abc import Callable, Collection, Iterable
from typing import override

from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.device_registry import DeviceEntryType, DeviceInfo
from homeassistant.helpers.dispatcher import async_dispatcher_connect, async_dispatcher_send
from homeassistant.helpers.entity import Entity
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.update_coordinator import CoordinatorEntity
from homeassistant.util.signal_type import SignalType

from .account import Account, SmsboxConfigEntry
from .alerts.engine import async_get_runner
from .alerts.events import status_signal
from .alerts.runner import AlertRunner
from .const import DOMAIN
from .coordinator import SmsboxCoordinator
from .recipients import Recipient

MANUFACTURER = "SMSBOX"


def subentry_signal(entry_id: str) -> SignalType[ConfigSubentry]:
    """Return the signal that a subentry was added or changed."""
    return SignalType(f"{DOMAIN}_subentry_{entry_id}")


def account_device_info(entry: SmsboxConfigEntry) -> DeviceInfo:
    """Return the device of an account."""
    return DeviceInfo(
        entry_type=DeviceEntryType.SERVICE,
        identifiers={(DOMAIN, entry.entry_id)},
        manufacturer=MANUFACTURER,
        name=entry.title,
    )


class AccountEntity(Entity):
    """An entity of an account."""

    _attr_has_entity_name = True
    _attr_should_poll = False

    def __init__(self, entry: SmsboxConfigEntry, key: str) -> None:
        self._entry = entry
        self.account: Account = entry.runtime_data
        self._attr_translation_key = key
        self._attr_unique_id = f"{entry.entry_id}_{key}"
        self._attr_device_info = account_device_info(entry)


class BalanceEntity(AccountEntity, CoordinatorEntity[SmsboxCoordinator]):
    """An entity that shows the balance of an account, once it is known."""

    def __init__(self, entry: SmsboxConfigEntry, key: str) -> None:
        CoordinatorEntity.__init__(self, entry.runtime_data.coordinator)
        AccountEntity.__init__(self, entry, key)

    @property
    @override
    def available(self) -> bool:
        """Return whether the balance is known."""
        return super().available and self.coordinator.data is not None


class SubentryEntity(Entity):
    """An entity of a recipient or of a plan."""

    _attr_has_entity_name = True
    _attr_should_poll = False

    def __init__(self, entry: SmsboxConfigEntry, subentry: ConfigSubentry, key: str) -> None:
        self._entry = entry
        self._subentry_id = subentry.subentry_id
        self.account: Account = entry.runtime_data
        self._attr_translation_key = key
        self._attr_unique_id = f"{subentry.subentry_id}_{key}"
        self._attr_device_info = DeviceInfo(
            entry_type=DeviceEntryType.SERVICE,
            identifiers={(DOMAIN, subentry.subentry_id)},
            manufacturer=MANUFACTURER,
            name=subentry.title,
            via_device_id=entry.runtime_data.device_id,
        )


class RecipientEntity(SubentryEntity):
    """An entity of a recipient."""

    @property
    def recipient(self) -> Recipient:
        """Return the recipient as it is stored now."""
        return Recipient(self._entry, self._entry.subentries[self._subentry_id])


@callback
def async_update_subentries(hass: HomeAssistant, entry: SmsboxConfigEntry, changed: Iterable[str]) -> None:
    """Have the entities show the account's name and the recipients and plans that changed."""
    registry = dr.async_get(hass)
    registry.async_update_device(entry.runtime_data.device_id, name=entry.title)
    for subentry_id in changed:
        if (subentry := entry.subentries.get(subentry_id)) is None:
            continue
        device = registry.async_get_device_by_identifier((DOMAIN, subentry_id), entry.entry_id)
        if device is not None:
            registry.async_update_device(device.id, name=subentry.title)
        async_dispatcher_send(hass, subentry_signal(entry.entry_id), subentry)


class PlanEntity(SubentryEntity):
    """An entity of a plan."""

    @property
    def runner(self) -> AlertRunner:
        """Return what runs the plan's alert."""
        return async_get_runner(self.hass, self._entry.entry_id, self._subentry_id)

    @override
    async def async_added_to_hass(self) -> None:
        """Show each change of the alert's status."""
        signal = status_signal(self._subentry_id)
        self.async_on_remove(async_dispatcher_connect(self.hass, signal, self.async_write_ha_state))


async def async_add_subentry_entities(
    hass: HomeAssistant,
    entry: SmsboxConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
    create: Callable[[ConfigSubentry], Iterable[SubentryEntity]],
    *,
    subentry_type: str,
    domain: str,
) -> None:
    """Add the entities of each subentry of a type, and keep to what changes: new ones come, lost ones go."""
    added: dict[str, set[str | None]] = {}

    @callback
    def update(subentry: ConfigSubentry) -> None:
        """Add what is not there yet, and remove what a subentry has no longer."""
        if subentry.subentry_type != subentry_type:
            return
        entities = {entity.unique_id: entity for entity in create(subentry)}
        there = added.get(subentry.subentry_id, set())
        async_add_entities(
            [entity for unique_id, entity in entities.items() if unique_id not in there],
            config_subentry_id=subentry.subentry_id,
        )
        added[subentry.subentry_id] = set(entities)
        _remove_others(hass, entry, subentry, domain, entities.keys())

    entry.async_on_unload(async_dispatcher_connect(hass, subentry_signal(entry.entry_id), update))
    for subentry in entry.get_subentries_of_type(subentry_type):
        update(subentry)
        # Very many recipients must not hold up everybody else.
        await asyncio.sleep(0)


def _remove_others(
    hass: HomeAssistant,
    entry: SmsboxConfigEntry,
    subentry: ConfigSubentry,
    domain: str,
    unique_ids: Collection[str | None],
) -> None:
    """Remove the entities of a domain that a subentry has no longer."""
    device = dr.async_get(hass).async_get_device_by_identifier((DOMAIN, subentry.subentry_id), entry.entry_id)
    registry = er.async_get(hass)
    for entity in er.async_entries_for_device(registry, device.id, include_disabled_entities=True) if device else ():
        if (entity.platform, entity.domain) == (DOMAIN, domain) and entity.unique_id not in unique_ids:
            registry.async_remove(entity.entity_id)

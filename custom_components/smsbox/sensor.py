"""Sensors of an account: its balance, how many messages it sent, and how many are waiting."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import override

from homeassistant.components.sensor import SensorEntity, SensorEntityDescription, SensorStateClass
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.update_coordinator import CoordinatorEntity
from homeassistant.util.signal_type import SignalType

from .account import Account, SmsboxConfigEntry, queue_signal
from .coordinator import SmsboxCoordinator
from .entity import AccountEntity
from .tracker import totals_signal

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class AccountSensorDescription(SensorEntityDescription):
    """A sensor whose value an account holds, and the signal of its changes."""

    value: Callable[[Account], float]
    changed: Callable[[str], SignalType[()]] = totals_signal
    entity_category: EntityCategory | None = EntityCategory.DIAGNOSTIC
    state_class: SensorStateClass | None = SensorStateClass.TOTAL_INCREASING


SENSORS = (
    AccountSensorDescription(
        key="credits_spent",
        suggested_display_precision=2,
        value=lambda account: account.store.totals.credits_spent,
    ),
    AccountSensorDescription(key="messages_sent", value=lambda account: account.store.totals.sent),
    AccountSensorDescription(key="messages_delivered", value=lambda account: account.store.totals.delivered),
    AccountSensorDescription(key="messages_failed", value=lambda account: account.store.totals.failed),
    AccountSensorDescription(
        key="messages_waiting",
        state_class=SensorStateClass.MEASUREMENT,
        value=lambda account: len(account.outbox.queue),
        changed=queue_signal,
    ),
)


async def async_setup_entry(
    hass: HomeAssistant, entry: SmsboxConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Set up the sensors of an account."""
    async_add_entities([CreditsSensor(entry), *(AccountSensor(entry, description) for description in SENSORS)])


class CreditsSensor(AccountEntity, CoordinatorEntity[SmsboxCoordinator], SensorEntity):
    """The balance of an account."""

    _attr_state_class = SensorStateClass.MEASUREMENT
    _attr_suggested_display_precision = 2

    def __init__(self, entry: SmsboxConfigEntry) -> None:
        CoordinatorEntity.__init__(self, entry.runtime_data.coordinator)
        AccountEntity.__init__(self, entry, "credits")

    @property
    @override
    def available(self) -> bool:
        """Return whether the balance is known."""
        return super().available and self.coordinator.data is not None

    @property
    @override
    def native_value(self) -> float | None:
        """Return the balance in credits."""
        return self.coordinator.data


class AccountSensor(AccountEntity, SensorEntity):
    """A figure that an account holds."""

    entity_description: AccountSensorDescription

    def __init__(self, entry: SmsboxConfigEntry, description: AccountSensorDescription) -> None:
        super().__init__(entry, description.key)
        self.entity_description = description

    @property
    @override
    def native_value(self) -> float:
        """Return the figure."""
        return self.entity_description.value(self.account)

    @override
    async def async_added_to_hass(self) -> None:
        """Show each change."""
        signal = self.entity_description.changed(self._entry.entry_id)
        self.async_on_remove(async_dispatcher_connect(self.hass, signal, self.async_write_ha_state))

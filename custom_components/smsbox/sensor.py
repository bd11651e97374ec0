"""Sensors of an account: its balance, how many messages it sent, and how many are waiting."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, override

from homeassistant.components.sensor import (
    DOMAIN as SENSOR_DOMAIN,
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.config_entries import ConfigSubentry
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.util import dt as dt_util
from homeassistant.util.signal_type import SignalType

from .account import Account, SmsboxConfigEntry, queue_signal
from .alerts.run import Status
from .const import SUBENTRY_PLAN
from .entity import AccountEntity, BalanceEntity, PlanEntity, async_add_subentry_entities
from .tracker import totals_signal

PARALLEL_UPDATES = 0

# Of the status of an alert.
ATTRIBUTES = (
    "alert_id",
    "since",
    "causes",
    "step",
    "round",
    "told",
    "acknowledged_by",
    "acknowledged_via",
    "acknowledged_at",
    "reason",
)


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

    def entities(subentry: ConfigSubentry) -> list[StatusSensor]:
        """Return the status sensor of a plan."""
        return [StatusSensor(entry, subentry)]

    await async_add_subentry_entities(
        hass, entry, async_add_entities, entities, subentry_type=SUBENTRY_PLAN, domain=SENSOR_DOMAIN
    )


class CreditsSensor(BalanceEntity, SensorEntity):
    """The balance of an account."""

    _attr_state_class = SensorStateClass.MEASUREMENT
    _attr_suggested_display_precision = 2

    def __init__(self, entry: SmsboxConfigEntry) -> None:
        super().__init__(entry, "credits")

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


class StatusSensor(PlanEntity, SensorEntity):
    """Where the alert of a plan stands."""

    _attr_device_class = SensorDeviceClass.ENUM
    _attr_options = list(Status)
    _unrecorded_attributes = frozenset(ATTRIBUTES)

    def __init__(self, entry: SmsboxConfigEntry, subentry: ConfigSubentry) -> None:
        super().__init__(entry, subentry, "status")

    @property
    @override
    def native_value(self) -> str:
        """Return the status."""
        return self.runner.shown.status

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any]:
        """Return what is known of the alert."""
        nothing: dict[str, Any] = dict.fromkeys(ATTRIBUTES)
        attributes = nothing | {"causes": [], "told": []} | dict(self.runner.shown.attributes)
        for moment in ("since", "acknowledged_at"):
            if attributes[moment] is not None:
                attributes[moment] = dt_util.utc_from_timestamp(attributes[moment]).isoformat()
        return attributes

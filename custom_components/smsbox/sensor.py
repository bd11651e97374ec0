"""Sensors of an account: its balance and how many messages it sent."""

from typing import override

from homeassistant.components.sensor import SensorEntity, SensorStateClass
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.update_coordinator import CoordinatorEntity

from .coordinator import SmsboxConfigEntry, SmsboxCoordinator
from .entity import SmsboxEntity
from .tracker import TRACKERS, totals_signal

PARALLEL_UPDATES = 0


async def async_setup_entry(
    hass: HomeAssistant, entry: SmsboxConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Set up the sensors of an account."""
    async_add_entities(
        [
            CreditsSensor(entry),
            *(TotalSensor(entry, key) for key in ("sent", "delivered", "failed")),
        ]
    )


class CreditsSensor(SmsboxEntity, CoordinatorEntity[SmsboxCoordinator], SensorEntity):
    """The balance of an account."""

    _attr_state_class = SensorStateClass.MEASUREMENT
    _attr_suggested_display_precision = 2

    def __init__(self, entry: SmsboxConfigEntry) -> None:
        CoordinatorEntity.__init__(self, entry.runtime_data.coordinator)
        SmsboxEntity.__init__(self, entry, "credits")

    @property
    @override
    def native_value(self) -> float | None:
        """Return the balance in credits."""
        return self.coordinator.data


class TotalSensor(SmsboxEntity, SensorEntity):
    """How many messages of an account were sent, were delivered or failed, ever since it was added."""

    _attr_entity_category = EntityCategory.DIAGNOSTIC
    _attr_state_class = SensorStateClass.TOTAL_INCREASING

    def __init__(self, entry: SmsboxConfigEntry, total: str) -> None:
        super().__init__(entry, f"messages_{total}")
        self._total = total

    @property
    @override
    def native_value(self) -> int:
        """Return the total."""
        value: int = getattr(self.hass.data[TRACKERS][self._entry.entry_id].totals, self._total)
        return value

    @override
    async def async_added_to_hass(self) -> None:
        """Show each change of the totals."""
        self.async_on_remove(
            async_dispatcher_connect(self.hass, totals_signal(self._entry.entry_id), self.async_write_ha_state)
        )

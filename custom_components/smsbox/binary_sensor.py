"""Binary sensor of an account: its credits are low."""

from typing import override

from homeassistant.components.binary_sensor import BinarySensorDeviceClass, BinarySensorEntity
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.update_coordinator import CoordinatorEntity

from .account import SmsboxConfigEntry
from .coordinator import SmsboxCoordinator
from .entity import AccountEntity

PARALLEL_UPDATES = 0


async def async_setup_entry(
    hass: HomeAssistant, entry: SmsboxConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Set up the low credits warning of an account."""
    async_add_entities([LowCreditsBinarySensor(entry)])


class LowCreditsBinarySensor(AccountEntity, CoordinatorEntity[SmsboxCoordinator], BinarySensorEntity):
    """On while the balance is at or below the option's threshold."""

    _attr_device_class = BinarySensorDeviceClass.PROBLEM

    def __init__(self, entry: SmsboxConfigEntry) -> None:
        CoordinatorEntity.__init__(self, entry.runtime_data.coordinator)
        AccountEntity.__init__(self, entry, "low_credits")

    @property
    @override
    def available(self) -> bool:
        """Return whether the balance is known."""
        return super().available and self.coordinator.data is not None

    @property
    @override
    def is_on(self) -> bool | None:
        """Return whether the credits are low."""
        return self.coordinator.low_credits

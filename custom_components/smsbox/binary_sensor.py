"""Binary sensor of an account: its credits are low."""

from typing import override

from homeassistant.components.binary_sensor import BinarySensorDeviceClass, BinarySensorEntity
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .account import SmsboxConfigEntry
from .entity import BalanceEntity

PARALLEL_UPDATES = 0


async def async_setup_entry(
    hass: HomeAssistant, entry: SmsboxConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Set up the low credits warning of an account."""
    async_add_entities([LowCreditsBinarySensor(entry)])


class LowCreditsBinarySensor(BalanceEntity, BinarySensorEntity):
    """On while the balance is at or below the option's threshold."""

    _attr_device_class = BinarySensorDeviceClass.PROBLEM

    def __init__(self, entry: SmsboxConfigEntry) -> None:
        super().__init__(entry, "low_credits")

    @property
    @override
    def is_on(self) -> bool | None:
        """Return whether the credits are low."""
        return self.coordinator.low_credits

"""What the entities of accounts and of recipients have in common."""

from homeassistant.config_entries import ConfigSubentry
from homeassistant.helpers.device_registry import DeviceEntryType, DeviceInfo
from homeassistant.helpers.entity import Entity

from .const import DOMAIN
from .coordinator import SmsboxConfigEntry

MANUFACTURER = "SMSBOX"


def account_device_info(entry: SmsboxConfigEntry) -> DeviceInfo:
    """Return the device of an account."""
    return DeviceInfo(
        entry_type=DeviceEntryType.SERVICE,
        identifiers={(DOMAIN, entry.entry_id)},
        manufacturer=MANUFACTURER,
        name=entry.title,
    )


class SmsboxEntity(Entity):
    """An entity of an account, or of one of its recipients where a subentry is given."""

    _attr_has_entity_name = True
    _attr_should_poll = False

    def __init__(self, entry: SmsboxConfigEntry, key: str, subentry: ConfigSubentry | None = None) -> None:
        self._entry = entry
        self._subentry = subentry
        self._attr_translation_key = key
        self._attr_unique_id = f"{subentry.subentry_id if subentry else entry.entry_id}_{key}"
        if subentry is None:
            self._attr_device_info = account_device_info(entry)
        else:
            self._attr_device_info = DeviceInfo(
                entry_type=DeviceEntryType.SERVICE,
                identifiers={(DOMAIN, subentry.subentry_id)},
                manufacturer=MANUFACTURER,
                name=subentry.title,
                via_device_id=entry.runtime_data.device_id,
            )

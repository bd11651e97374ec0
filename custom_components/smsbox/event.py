"""Event entities: the delivery reports of an account and of each of its recipients."""

from typing import override

from homeassistant.components.event import EventEntity
from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import Context, HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .api import DeliveryStatus
from .const import SUBENTRY_RECIPIENT
from .coordinator import SmsboxConfigEntry
from .entity import SmsboxEntity
from .tracker import Delivery, delivery_signal

PARALLEL_UPDATES = 0


async def async_setup_entry(
    hass: HomeAssistant, entry: SmsboxConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Set up the event entities of an account and of its recipients."""
    async_add_entities([DeliveryReportEvent(entry)])
    for subentry in entry.get_subentries_of_type(SUBENTRY_RECIPIENT):
        async_add_entities([DeliveryReportEvent(entry, subentry)], config_subentry_id=subentry.subentry_id)


class DeliveryReportEvent(SmsboxEntity, EventEntity):
    """The delivery reports of an account, or of one recipient."""

    _attr_event_types = list(DeliveryStatus)

    def __init__(self, entry: SmsboxConfigEntry, subentry: ConfigSubentry | None = None) -> None:
        super().__init__(entry, "delivery_report", subentry)

    @override
    async def async_added_to_hass(self) -> None:
        """Show each report."""
        signal = delivery_signal(self._entry.entry_id, self._subentry.subentry_id if self._subentry else None)
        self.async_on_remove(async_dispatcher_connect(self.hass, signal, self._async_show))

    @callback
    def _async_show(self, delivery: Delivery, context: Context) -> None:
        """Fire a report of this account, or of this recipient."""
        self._trigger_event(
            delivery["status"],
            {
                "msgid": delivery["msgid"],
                "number": delivery["number"],
                "recipient": delivery["recipient"],
                "channel": delivery["channel"],
                "status_code": delivery["status_code"],
                "final": delivery["final"],
                "sent_at": delivery["sent_at"],
            },
        )
        self.async_set_context(context)
        self.async_write_ha_state()

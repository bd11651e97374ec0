"""Event entities: the delivery reports of an account and of each of its recipients."""

from typing import override

from homeassistant.components.event import EventEntity
from homeassistant.components.event.const import DOMAIN as EVENT_DOMAIN
from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import Context, HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .account import SmsboxConfigEntry
from .alerts.effects import EventType
from .alerts.events import AlertEventData, alert_signal
from .const import SUBENTRY_PLAN, SUBENTRY_RECIPIENT
from .delivery_event import EVENT_TYPES, DeliveryReportEventData, delivery_signal
from .entity import AccountEntity, RecipientEntity, SubentryEntity, async_add_subentry_entities

PARALLEL_UPDATES = 0

KEY = "delivery_report"
ATTRIBUTES = frozenset({"msgid", "number", "recipient", "channel", "status_code", "final", "sent_at", "error"})


async def async_setup_entry(
    hass: HomeAssistant, entry: SmsboxConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Set up the event entities of an account and of its recipients."""
    async_add_entities([AccountDeliveryReport(entry)])

    def entities(subentry: ConfigSubentry) -> list[RecipientDeliveryReport]:
        """Return the event entity of a recipient."""
        return [RecipientDeliveryReport(entry, subentry)]

    await async_add_subentry_entities(
        hass, entry, async_add_entities, entities, subentry_type=SUBENTRY_RECIPIENT, domain=EVENT_DOMAIN
    )

    def plan_entities(subentry: ConfigSubentry) -> list[AlertEvent]:
        """Return the event entity of a plan."""
        return [AlertEvent(entry, subentry)]

    await async_add_subentry_entities(
        hass, entry, async_add_entities, plan_entities, subentry_type=SUBENTRY_PLAN, domain=EVENT_DOMAIN
    )


class _DeliveryReport(EventEntity):
    """An event entity that shows delivery reports."""

    _attr_event_types = EVENT_TYPES

    @callback
    def _async_show(self, report: DeliveryReportEventData, context: Context) -> None:
        """Show a report."""
        self._trigger_event(report["status"], {key: value for key, value in report.items() if key in ATTRIBUTES})
        self.async_set_context(context)
        self.async_write_ha_state()


class AccountDeliveryReport(AccountEntity, _DeliveryReport):
    """The delivery reports of an account."""

    def __init__(self, entry: SmsboxConfigEntry) -> None:
        super().__init__(entry, KEY)

    @override
    async def async_added_to_hass(self) -> None:
        """Show each report."""
        signal = delivery_signal(self._entry.entry_id)
        self.async_on_remove(async_dispatcher_connect(self.hass, signal, self._async_show))


class RecipientDeliveryReport(RecipientEntity, _DeliveryReport):
    """The delivery reports of a recipient."""

    def __init__(self, entry: SmsboxConfigEntry, subentry: ConfigSubentry) -> None:
        super().__init__(entry, subentry, KEY)

    @override
    async def async_added_to_hass(self) -> None:
        """Show each report."""
        signal = delivery_signal(self._entry.entry_id, self._subentry_id)
        self.async_on_remove(async_dispatcher_connect(self.hass, signal, self._async_show))


class AlertEvent(SubentryEntity, EventEntity):
    """What happens to the alert of a plan."""

    _attr_event_types = list(EventType)

    def __init__(self, entry: SmsboxConfigEntry, subentry: ConfigSubentry) -> None:
        super().__init__(entry, subentry, "alert")

    @override
    async def async_added_to_hass(self) -> None:
        """Show each event."""
        self.async_on_remove(async_dispatcher_connect(self.hass, alert_signal(self._subentry_id), self._async_show))

    @callback
    def _async_show(self, event: AlertEventData, context: Context) -> None:
        """Show an event."""
        self._trigger_event(event["type"], {key: value for key, value in event.items() if key != "type"})
        self.async_set_context(context)
        self.async_write_ha_state()

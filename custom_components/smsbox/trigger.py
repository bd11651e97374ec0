"""Triggers of automations: what happens to a message, and to an alert."""

from typing import override

from homeassistant.components.event import DOMAIN as EVENT_DOMAIN, EventEntityStateAttribute
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.automation import DomainSpec
from homeassistant.helpers.trigger import (
    ENTITY_STATE_TRIGGER_SCHEMA,
    NotTriggeredReasonReporter,
    StatelessEntityTriggerBase,
    Trigger,
)

from .alerts.effects import EventType
from .api import DeliveryStatus
from .const import DOMAIN
from .delivery_event import NOT_SENT


class _EventTrigger(StatelessEntityTriggerBase):
    """Triggers when an event entity of this integration gets one of some event types."""

    _domain_specs = {EVENT_DOMAIN: DomainSpec()}
    _schema = ENTITY_STATE_TRIGGER_SCHEMA
    _event_types: frozenset[str]

    @override
    def entity_filter(self, entities: set[str]) -> set[str]:
        """Keep the event entities of this integration; an area may hold others."""
        registry = er.async_get(self._hass)
        return {
            entity_id
            for entity_id in super().entity_filter(entities)
            if (entity := registry.async_get(entity_id)) is not None and entity.platform == DOMAIN
        }

    @override
    def is_valid_state(self, state: State, report_not_triggered: NotTriggeredReasonReporter) -> bool:
        """Return whether the event is of one of the types."""
        return state.attributes.get(EventEntityStateAttribute.EVENT_TYPE) in self._event_types


class MessageDeliveredTrigger(_EventTrigger):
    """Triggers when a message was delivered."""

    _event_types = frozenset({DeliveryStatus.DELIVERED})


class MessageFailedTrigger(_EventTrigger):
    """Triggers when a message was not sent, or will not be delivered any more."""

    _event_types = frozenset(
        {status for status in DeliveryStatus if status.final and status is not DeliveryStatus.DELIVERED} | {NOT_SENT}
    )


class AlertStartedTrigger(_EventTrigger):
    """Triggers when an alert starts."""

    _event_types = frozenset({EventType.STARTED})


class AlertAcknowledgedTrigger(_EventTrigger):
    """Triggers when somebody acknowledges an alert."""

    _event_types = frozenset({EventType.ACKNOWLEDGED})


class AlertResolvedTrigger(_EventTrigger):
    """Triggers when an alert is over, with all its causes."""

    _event_types = frozenset({EventType.RESOLVED})

    @override
    def is_valid_state(self, state: State, report_not_triggered: NotTriggeredReasonReporter) -> bool:
        """Return whether the whole alert is over: else the event names the cause."""
        return super().is_valid_state(state, report_not_triggered) and state.attributes.get("title") is None


class AlertUnansweredTrigger(_EventTrigger):
    """Triggers when an alert ends without an acknowledgement."""

    _event_types = frozenset({EventType.UNANSWERED, EventType.FAILED})


async def async_get_triggers(hass: HomeAssistant) -> dict[str, type[Trigger]]:
    """Return the triggers by their names."""
    return {
        "message_delivered": MessageDeliveredTrigger,
        "message_failed": MessageFailedTrigger,
        "alert_started": AlertStartedTrigger,
        "alert_acknowledged": AlertAcknowledgedTrigger,
        "alert_resolved": AlertResolvedTrigger,
        "alert_unanswered": AlertUnansweredTrigger,
    }

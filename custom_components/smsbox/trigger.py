"""Triggers of automations: a message was delivered, or failed for good."""

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

from .api import DeliveryStatus
from .const import DOMAIN
from .delivery_event import NOT_SENT


class _DeliveryTrigger(StatelessEntityTriggerBase):
    """Triggers when a delivery report entity gets one of some statuses."""

    _domain_specs = {EVENT_DOMAIN: DomainSpec()}
    _schema = ENTITY_STATE_TRIGGER_SCHEMA
    _statuses: frozenset[str]

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
        """Return whether the report is one of the statuses."""
        return state.attributes.get(EventEntityStateAttribute.EVENT_TYPE) in self._statuses


class MessageDeliveredTrigger(_DeliveryTrigger):
    """Triggers when a message was delivered."""

    _statuses = frozenset({DeliveryStatus.DELIVERED})


class MessageFailedTrigger(_DeliveryTrigger):
    """Triggers when a message was not sent, or will not be delivered any more."""

    _statuses = frozenset(
        {status for status in DeliveryStatus if status.final and status is not DeliveryStatus.DELIVERED} | {NOT_SENT}
    )


async def async_get_triggers(hass: HomeAssistant) -> dict[str, type[Trigger]]:
    """Return the triggers by their names."""
    return {"message_delivered": MessageDeliveredTrigger, "message_failed": MessageFailedTrigger}

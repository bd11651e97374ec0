"""Conditions of automations: an alert is unacknowledged, or was acknowledged."""

from typing import override

from homeassistant.components.sensor import DOMAIN as SENSOR_DOMAIN, SensorDeviceClass
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.automation import DomainSpec
from homeassistant.helpers.condition import Condition, EntityStateConditionBase

from .alerts.run import Status
from .const import DOMAIN


class _AlertCondition(EntityStateConditionBase):
    """Tests whether the alerts of plans have one of some statuses."""

    _domain_specs = {SENSOR_DOMAIN: DomainSpec(device_class=SensorDeviceClass.ENUM)}

    @override
    def entity_filter(self, entities: set[str]) -> set[str]:
        """Keep the status sensors of plans; an area may hold others."""
        registry = er.async_get(self._hass)
        return {
            entity_id
            for entity_id in super().entity_filter(entities)
            if (entity := registry.async_get(entity_id)) is not None and entity.platform == DOMAIN
        }


class AlertIsUnacknowledgedCondition(_AlertCondition):
    """Tests whether an alert goes on, or ended, without anybody taking care of it."""

    _states = {Status.WAITING, Status.NOTIFYING, Status.UNANSWERED, Status.FAILED}


class AlertWasAcknowledgedCondition(_AlertCondition):
    """Tests whether somebody takes care of an alert."""

    _states = {Status.ACKNOWLEDGED}


async def async_get_conditions(hass: HomeAssistant) -> dict[str, type[Condition]]:
    """Return the conditions by their names."""
    return {
        "alert_is_unacknowledged": AlertIsUnacknowledgedCondition,
        "alert_was_acknowledged": AlertWasAcknowledgedCondition,
    }

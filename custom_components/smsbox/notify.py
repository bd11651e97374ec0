"""Notify entities: one for each channel of a recipient."""

from collections.abc import Iterable
from typing import override

from homeassistant.components.notify import (
    DATA_COMPONENT,
    DOMAIN as NOTIFY_DOMAIN,
    NotifyEntity,
    NotifyEntityFeature,
)
from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import Context, HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .account import SmsboxConfigEntry
from .companion_app import message_for_people
from .const import CONF_CHANNELS, DOMAIN, NOTIFY_KEYS, SUBENTRY_PLAN, SUBENTRY_RECIPIENT, Channel
from .entity import PlanEntity, RecipientEntity, async_add_subentry_entities
from .messenger import SendRequest, SendResponse, async_send
from .recipients import recipient_destinations
from .text import join_title

PARALLEL_UPDATES = 0


async def async_setup_entry(
    hass: HomeAssistant, entry: SmsboxConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Set up a notify entity for each channel of each recipient."""

    def entities(subentry: ConfigSubentry) -> Iterable[RecipientNotifyEntity]:
        """Return the notify entities of a recipient."""
        return [RecipientNotifyEntity(entry, subentry, Channel(channel)) for channel in subentry.data[CONF_CHANNELS]]

    await async_add_subentry_entities(
        hass, entry, async_add_entities, entities, subentry_type=SUBENTRY_RECIPIENT, domain=NOTIFY_DOMAIN
    )

    def plan_entities(subentry: ConfigSubentry) -> Iterable[PlanNotifyEntity]:
        """Return the notify entity of a plan."""
        return [PlanNotifyEntity(entry, subentry)]

    await async_add_subentry_entities(
        hass, entry, async_add_entities, plan_entities, subentry_type=SUBENTRY_PLAN, domain=NOTIFY_DOMAIN
    )


class RecipientNotifyEntity(RecipientEntity, NotifyEntity):
    """One channel of a recipient."""

    _attr_supported_features = NotifyEntityFeature.TITLE

    def __init__(self, entry: SmsboxConfigEntry, subentry: ConfigSubentry, channel: Channel) -> None:
        super().__init__(entry, subentry, NOTIFY_KEYS[channel])
        self._channel = channel

    @override
    async def async_send_message(self, message: str, title: str | None = None) -> None:
        """Send to all numbers of the recipient, except what is meant for a phone's app."""
        if (text := message_for_people(message)) is None:
            return
        await async_send(
            self.hass,
            SendRequest(self._channel, join_title(title, text), cut=True),
            recipient_destinations(self.recipient, self.account),
            self._context or Context(),
            partial_success=False,
        )

    @callback
    def async_record_notification(self) -> None:
        """Show that an action has sent to this entity."""
        self._async_record_notification()


class PlanNotifyEntity(PlanEntity, NotifyEntity):
    """Starts the alert of a plan."""

    _attr_name = None
    _attr_supported_features = NotifyEntityFeature.TITLE

    def __init__(self, entry: SmsboxConfigEntry, subentry: ConfigSubentry) -> None:
        super().__init__(entry, subentry, "alert")

    @override
    async def async_send_message(self, message: str, title: str | None = None) -> None:
        """Start the alert, unless the message is meant for a phone's app."""
        if (text := message_for_people(message)) is not None:
            await self.runner.async_start(title, text, self._context or Context())


@callback
def async_record_notifications(hass: HomeAssistant, channel: Channel, response: SendResponse) -> None:
    """Show on the notify entities what an action sent to their recipients, as core does for its own action."""
    registry = er.async_get(hass)
    for recipient_id in response.accepted_recipient_ids:
        entity_id = registry.async_get_entity_id(NOTIFY_DOMAIN, DOMAIN, f"{recipient_id}_{NOTIFY_KEYS[channel]}")
        entity = hass.data[DATA_COMPONENT].get_entity(entity_id) if entity_id else None
        if isinstance(entity, RecipientNotifyEntity):
            entity.async_record_notification()

"""Notify entities: one for each channel of a recipient."""

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

from .const import DOMAIN, SUBENTRY_RECIPIENT, Channel
from .coordinator import SmsboxConfigEntry
from .entity import SmsboxEntity
from .messenger import Addressee, Answer, Order, Recipient, async_send, with_title

PARALLEL_UPDATES = 0

ENTITY_KEYS = {Channel.SMS: "sms", Channel.TTS: "text_to_speech", Channel.VOICE: "voice_call"}


async def async_setup_entry(
    hass: HomeAssistant, entry: SmsboxConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Set up a notify entity for each channel of each recipient, and remove those of lost channels."""
    wanted: set[str | None] = set()
    for subentry in entry.get_subentries_of_type(SUBENTRY_RECIPIENT):
        entities = [
            RecipientNotifyEntity(entry, subentry, channel) for channel in Recipient.from_subentry(subentry).channels
        ]
        wanted |= {entity.unique_id for entity in entities}
        async_add_entities(entities, config_subentry_id=subentry.subentry_id)
    registry = er.async_get(hass)
    for registered in er.async_entries_for_config_entry(registry, entry.entry_id):
        if registered.domain == NOTIFY_DOMAIN and registered.unique_id not in wanted:
            registry.async_remove(registered.entity_id)


class RecipientNotifyEntity(SmsboxEntity, NotifyEntity):
    """One channel of a recipient."""

    _attr_supported_features = NotifyEntityFeature.TITLE

    def __init__(self, entry: SmsboxConfigEntry, subentry: ConfigSubentry, channel: Channel) -> None:
        super().__init__(entry, ENTITY_KEYS[channel], subentry)
        self._recipient = Recipient.from_subentry(subentry)
        self._channel = channel

    @override
    async def async_send_message(self, message: str, title: str | None = None) -> None:
        """Send to all numbers of the recipient."""
        await async_send(
            self.hass,
            Order(self._channel, with_title(message, title)),
            [Addressee(self._entry, number, self._recipient) for number in self._recipient.numbers],
            self._context or Context(),
            partial_success=False,
        )

    @callback
    def async_record_notification(self) -> None:
        """Show that an action has sent to this entity."""
        self._async_record_notification()


@callback
def async_record_notifications(hass: HomeAssistant, channel: Channel, answer: Answer) -> None:
    """Show on the notify entities what an action sent to their recipients, as core does for its own action."""
    registry = er.async_get(hass)
    for subentry_id in answer.reached:
        entity_id = registry.async_get_entity_id(NOTIFY_DOMAIN, DOMAIN, f"{subentry_id}_{ENTITY_KEYS[channel]}")
        entity = hass.data[DATA_COMPONENT].get_entity(entity_id) if entity_id else None
        if isinstance(entity, RecipientNotifyEntity):
            entity.async_record_notification()

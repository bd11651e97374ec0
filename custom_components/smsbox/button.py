"""Button of a recipient: send a test message."""

from typing import override

from homeassistant.components.button import ButtonEntity
from homeassistant.config_entries import ConfigSubentry
from homeassistant.const import EntityCategory
from homeassistant.core import Context, HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.translation import async_get_translations

from .const import DOMAIN, SUBENTRY_RECIPIENT
from .coordinator import SmsboxConfigEntry
from .entity import SmsboxEntity
from .messenger import Addressee, Order, Recipient, async_send

PARALLEL_UPDATES = 0


async def async_setup_entry(
    hass: HomeAssistant, entry: SmsboxConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Set up a test button for each recipient."""
    for subentry in entry.get_subentries_of_type(SUBENTRY_RECIPIENT):
        async_add_entities([TestMessageButton(entry, subentry)], config_subentry_id=subentry.subentry_id)


class TestMessageButton(SmsboxEntity, ButtonEntity):
    """Sends a short text by the recipient's first channel."""

    _attr_entity_category = EntityCategory.CONFIG

    def __init__(self, entry: SmsboxConfigEntry, subentry: ConfigSubentry) -> None:
        super().__init__(entry, "send_test_message", subentry)
        self._recipient = Recipient.from_subentry(subentry)

    @override
    async def async_press(self) -> None:
        """Send the test message, in Home Assistant's language."""
        texts = await async_get_translations(self.hass, self.hass.config.language, "selector", {DOMAIN})
        await async_send(
            self.hass,
            Order(self._recipient.channels[0], texts[f"component.{DOMAIN}.selector.test_message.options.text"]),
            [Addressee(self._entry, number, self._recipient) for number in self._recipient.numbers],
            self._context or Context(),
            partial_success=False,
        )

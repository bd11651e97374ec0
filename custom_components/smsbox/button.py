"""Button of a recipient: send a test message."""

from typing import override

from homeassistant.components.button import DOMAIN as BUTTON_DOMAIN, ButtonEntity
from homeassistant.config_entries import ConfigSubentry
from homeassistant.const import EntityCategory
from homeassistant.core import Context, HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.translation import async_get_translations

from .account import SmsboxConfigEntry
from .const import DOMAIN, SUBENTRY_RECIPIENT
from .entity import RecipientEntity, async_add_subentry_entities
from .messenger import SendRequest, async_send
from .recipients import recipient_destinations

PARALLEL_UPDATES = 0


async def async_setup_entry(
    hass: HomeAssistant, entry: SmsboxConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Set up a test button for each recipient."""

    def entities(subentry: ConfigSubentry) -> list[TestMessageButton]:
        """Return the test button of a recipient."""
        return [TestMessageButton(entry, subentry)]

    await async_add_subentry_entities(
        hass, entry, async_add_entities, entities, subentry_type=SUBENTRY_RECIPIENT, domain=BUTTON_DOMAIN
    )


class TestMessageButton(RecipientEntity, ButtonEntity):
    """Sends a short text by the recipient's first channel."""

    _attr_entity_category = EntityCategory.CONFIG

    def __init__(self, entry: SmsboxConfigEntry, subentry: ConfigSubentry) -> None:
        super().__init__(entry, subentry, "send_test_message")

    @override
    async def async_press(self) -> None:
        """Send the test message, in Home Assistant's language."""
        texts = await async_get_translations(self.hass, self.hass.config.language, "selector", {DOMAIN})
        recipient = self.recipient
        await async_send(
            self.hass,
            SendRequest(recipient.channels[0], texts[f"component.{DOMAIN}.selector.test_message.options.text"]),
            recipient_destinations(recipient, self.account),
            self._context or Context(),
            partial_success=False,
        )

"""Buttons: send a test message, acknowledge an alert, send a test alert."""

from typing import override

from homeassistant.components.button import DOMAIN as BUTTON_DOMAIN, ButtonEntity
from homeassistant.config_entries import ConfigSubentry
from homeassistant.const import EntityCategory
from homeassistant.core import Context, HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.translation import async_get_translations

from .account import SmsboxConfigEntry
from .alerts.people import async_person_of
from .alerts.run import Via
from .const import DOMAIN, SUBENTRY_PLAN, SUBENTRY_RECIPIENT
from .entity import PlanEntity, RecipientEntity, async_add_subentry_entities
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

    def plan_entities(subentry: ConfigSubentry) -> list[PlanEntity]:
        """Return the buttons of a plan."""
        return [AcknowledgeButton(entry, subentry), TestAlertButton(entry, subentry)]

    await async_add_subentry_entities(
        hass, entry, async_add_entities, plan_entities, subentry_type=SUBENTRY_PLAN, domain=BUTTON_DOMAIN
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
            SendRequest(recipient.first_channel, texts[f"component.{DOMAIN}.selector.test_message.options.text"]),
            recipient_destinations(recipient, self.account),
            self._context or Context(),
            partial_success=False,
        )


class AcknowledgeButton(PlanEntity, ButtonEntity):
    """Acknowledges the alert of a plan, in the name of whoever presses it."""

    def __init__(self, entry: SmsboxConfigEntry, subentry: ConfigSubentry) -> None:
        super().__init__(entry, subentry, "acknowledge")

    @property
    @override
    def available(self) -> bool:
        """Return whether there is anything to acknowledge."""
        return self.runner.shown.can_be_acknowledged

    @override
    async def async_press(self) -> None:
        """Acknowledge the alert."""
        await self.runner.async_acknowledge(await async_person_of(self.hass, self._context), Via.BUTTON)


class TestAlertButton(PlanEntity, ButtonEntity):
    """Sends a real alert that says that it is a test."""

    _attr_entity_category = EntityCategory.CONFIG

    def __init__(self, entry: SmsboxConfigEntry, subentry: ConfigSubentry) -> None:
        super().__init__(entry, subentry, "send_test_alert")

    @override
    async def async_press(self) -> None:
        """Start the alert, with a text in Home Assistant's language."""
        texts = await async_get_translations(self.hass, self.hass.config.language, "selector", {DOMAIN})
        prefix = f"component.{DOMAIN}.selector.alert_texts.options"
        await self.runner.async_start(
            texts[f"{prefix}.test_title"], texts[f"{prefix}.test_message"], self._context or Context(), test=True
        )

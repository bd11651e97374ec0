"""The logbook tells in words what became of a message."""

from collections.abc import Callable

from homeassistant.components.logbook import LOGBOOK_ENTRY_ICON, LOGBOOK_ENTRY_MESSAGE, LOGBOOK_ENTRY_NAME
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers.translation import async_get_cached_translations

from . import phone
from .const import DOMAIN, EVENT_DELIVERY_REPORT


@callback
def async_describe_events(
    hass: HomeAssistant,
    async_describe_event: Callable[[str, str, Callable[[Event], dict[str, str]]], None],
) -> None:
    """Describe the delivery reports."""

    @callback
    def describe(event: Event) -> dict[str, str]:
        """Say it as in: SMS to Mum / was delivered."""
        texts = async_get_cached_translations(hass, hass.config.language, "selector", DOMAIN)
        key = f"component.{DOMAIN}.selector.delivery_report.options"
        data = event.data
        recipient = data["recipient"] or phone.mask(data["number"])
        return {
            # Without one, the frontend leaves the place of the icon empty.
            LOGBOOK_ENTRY_ICON: "mdi:message-reply-text",
            LOGBOOK_ENTRY_NAME: texts[f"{key}.{data['channel']}"].format(recipient=recipient),
            LOGBOOK_ENTRY_MESSAGE: texts[f"{key}.{data['status']}"],
        }

    async_describe_event(DOMAIN, EVENT_DELIVERY_REPORT, describe)

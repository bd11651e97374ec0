"""The logbook tells in words what happened to a message."""

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
        """Say it as in: SMS to Mum / was delivered. Anybody can fire the event, with any data."""
        texts = async_get_cached_translations(hass, hass.config.language, "selector", DOMAIN)
        data = event.data

        def text(group: str, option: object, **placeholders: str) -> str:
            """Return a text, or nothing if there is no such option."""
            return texts.get(f"component.{DOMAIN}.selector.{group}.options.{option}", "").format(**placeholders)

        error = data.get("error")
        status = "outcome_unknown" if error == "outcome_unknown" else data.get("status")
        recipient = data.get("recipient") or phone.mask(str(data.get("number", "")))
        return {
            # Without one, the frontend leaves the place of the icon empty.
            LOGBOOK_ENTRY_ICON: "mdi:message-reply-text",
            LOGBOOK_ENTRY_NAME: text("delivery_report", data.get("channel"), recipient=str(recipient)),
            LOGBOOK_ENTRY_MESSAGE: text("delivery_report", status, reason=text("reason", error)),
        }

    async_describe_event(DOMAIN, EVENT_DELIVERY_REPORT, describe)

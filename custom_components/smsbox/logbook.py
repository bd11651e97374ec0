"""The logbook tells in words what happened to a message and to an alert."""

from collections.abc import Callable, Mapping
from functools import partial

from homeassistant.components.logbook import LOGBOOK_ENTRY_ICON, LOGBOOK_ENTRY_MESSAGE, LOGBOOK_ENTRY_NAME
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers.translation import async_get_cached_translations

from . import phone
from .const import DOMAIN, EVENT_ALERT, EVENT_DELIVERY_REPORT


@callback
def async_describe_events(
    hass: HomeAssistant,
    async_describe_event: Callable[[str, str, Callable[[Event], dict[str, str]]], None],
) -> None:
    """Describe the delivery reports and what happens to alerts."""

    @callback
    def describe(event: Event) -> dict[str, str]:
        """Say it as in: SMS to Mum / was delivered. Anybody can fire the event, with any data."""
        texts = async_get_cached_translations(hass, hass.config.language, "selector", DOMAIN)
        data = event.data

        def text(group: str, option: object) -> str:
            """Return a text, or nothing if there is no such option."""
            return texts.get(f"component.{DOMAIN}.selector.{group}.options.{option}", "")

        error = data.get("error")
        status = "outcome_unknown" if error == "outcome_unknown" else data.get("status")
        recipient = data.get("recipient") or phone.mask(str(data.get("number", "")))
        placeholders = {"recipient": recipient, "reason": text("reason", error)}
        return {
            # Without one, the frontend leaves the place of the icon empty.
            LOGBOOK_ENTRY_ICON: "mdi:message-reply-text",
            LOGBOOK_ENTRY_NAME: text("delivery_report", data.get("channel")).format_map(placeholders),
            LOGBOOK_ENTRY_MESSAGE: text("delivery_report", status).format_map(placeholders),
        }

    async_describe_event(DOMAIN, EVENT_DELIVERY_REPORT, describe)
    async_describe_event(DOMAIN, EVENT_ALERT, partial(_describe_alert, hass))


@callback
def _describe_alert(hass: HomeAssistant, event: Event) -> dict[str, str]:
    """Say it as in: Cellar alert / Mum was told by SMS. Anybody can fire the event, with any data."""
    texts = async_get_cached_translations(hass, hass.config.language, "selector", DOMAIN)
    options = f"component.{DOMAIN}.selector"
    data = {key: "?" if value is None else str(value) for key, value in event.data.items()}
    reason = texts.get(f"{options}.reason.options.{data.get('reason')}") or texts.get(f"{options}.reason.options.other")
    known = dict.fromkeys(("plan", "title", "step", "by"), "?") | data | {"reason": reason}

    def text(option: str, name: str = "") -> str:
        """Return a text, or nothing if there is no such option."""
        return texts.get(f"{options}.alert.options.{option}", "").format(**known | {"name": name})

    kind = data.get("type", "")
    targets = event.data.get("targets")
    if isinstance(targets, list) and targets:
        told = [target for target in targets if isinstance(target, Mapping)]
        message = ", ".join(
            text(f"{kind}_{target.get('channel') or 'other'}", str(target.get("name"))) for target in told
        )
    else:
        more = next((key for key in ("title", "by") if event.data.get(key) is not None), None)
        message = (text(f"{kind}_{more}") if more else "") or text(kind)
    return {
        LOGBOOK_ENTRY_ICON: "mdi:bell-ring",
        LOGBOOK_ENTRY_NAME: text("name"),
        LOGBOOK_ENTRY_MESSAGE: message,
    }

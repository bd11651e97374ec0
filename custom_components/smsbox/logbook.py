"""The logbook tells in words what happened to a message, and to an alert."""

from collections.abc import Callable, Mapping
from typing import Any

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
    """Describe the delivery reports and the alerts. Anybody can fire the events, with any data."""

    @callback
    def describe_report(event: Event) -> dict[str, str]:
        """Say it as in: SMS to Mum / was delivered."""
        text = _Texts(hass)
        data = event.data
        error = data.get("error")
        status = "outcome_unknown" if error == "outcome_unknown" else data.get("status")
        recipient = data.get("recipient") or phone.mask(str(data.get("number", "")))
        return {
            # Without one, the frontend leaves the place of the icon empty.
            LOGBOOK_ENTRY_ICON: "mdi:message-reply-text",
            LOGBOOK_ENTRY_NAME: text("delivery_report", data.get("channel"), recipient=str(recipient)),
            LOGBOOK_ENTRY_MESSAGE: text("delivery_report", status, reason=text("reason", error)),
        }

    @callback
    def describe_alert(event: Event) -> dict[str, str]:
        """Say it as in: Cellar alert / Mum was told by SMS."""
        text = _Texts(hass)
        return {
            LOGBOOK_ENTRY_ICON: "mdi:bell-alert",
            LOGBOOK_ENTRY_NAME: text("alert", "name", plan=event.data.get("plan")),
            LOGBOOK_ENTRY_MESSAGE: _alert_message(text, event.data),
        }

    async_describe_event(DOMAIN, EVENT_DELIVERY_REPORT, describe_report)
    async_describe_event(DOMAIN, EVENT_ALERT, describe_alert)


class _Texts:
    """The integration's own texts in Home Assistant's language."""

    def __init__(self, hass: HomeAssistant) -> None:
        self._texts = async_get_cached_translations(hass, hass.config.language, "selector", DOMAIN)

    def __call__(self, group: str, option: object, **placeholders: object) -> str:
        """Return a text, or nothing if there is no such option."""
        return self._texts.get(f"component.{DOMAIN}.selector.{group}.options.{option}", "").format(**placeholders)


def _alert_message(text: _Texts, data: Mapping[str, Any]) -> str:
    """Return what happened to an alert, for each target where it was told."""
    kind, title, by = data.get("type"), data.get("title"), data.get("by")
    reason = text("reason", data.get("reason")) or text("reason", "other")
    if targets := data.get("targets"):
        return ", ".join(
            text("alert", f"{kind}_{target.get('channel') or 'other'}", name=target.get("name"), reason=reason)
            for target in targets
        )
    if title and (message := text("alert", f"{kind}_title", title=title)):
        return message
    if by and kind == "acknowledged":
        return text("alert", "acknowledged_by", by=by)
    return text("alert", kind, step=data.get("step"), reason=reason)

"""Diagnostics: counts and statuses only, nothing about people, texts or keys."""

from collections import Counter
from dataclasses import asdict
from typing import Any

from homeassistant.core import HomeAssistant

from .const import (
    CONF_CHANNELS,
    CONF_CLOUDHOOK_URL,
    CONF_DELIVERY_REPORTS,
    CONF_LOW_CREDITS,
    CONF_NUMBERS,
    CONF_UNSUPPORTED_CHARACTERS,
    SUBENTRY_RECIPIENT,
)
from .coordinator import SmsboxConfigEntry
from .tracker import TRACKERS
from .webhook import report_url

OPTIONS = (CONF_DELIVERY_REPORTS, CONF_LOW_CREDITS, CONF_UNSUPPORTED_CHARACTERS)


async def async_get_config_entry_diagnostics(hass: HomeAssistant, entry: SmsboxConfigEntry) -> dict[str, Any]:
    """Return the diagnostics of an account."""
    coordinator = entry.runtime_data.coordinator
    tracker = hass.data[TRACKERS][entry.entry_id]
    subentries = list(entry.get_subentries_of_type(SUBENTRY_RECIPIENT))
    url = report_url(hass, entry)
    return {
        "options": {key: value for key, value in entry.options.items() if key in OPTIONS},
        "balance": coordinator.data,
        "last_update_success": coordinator.last_update_success,
        "last_error": getattr(coordinator.last_exception, "translation_key", None),
        "recipients": {
            "count": len(subentries),
            "numbers": sum(len(subentry.data[CONF_NUMBERS]) for subentry in subentries),
            "channels": Counter(channel for subentry in subentries for channel in subentry.data[CONF_CHANNELS]),
        },
        "delivery_reports": {
            "address": url is not None,
            "https": url is not None and url.startswith("https:"),
            "cloudhook": CONF_CLOUDHOOK_URL in entry.data,
            "following": tracker.following,
        },
        "totals": asdict(tracker.totals),
    }

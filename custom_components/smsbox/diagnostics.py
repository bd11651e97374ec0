"""Diagnostics: counts and statuses only, nothing about people, texts or keys."""

from collections import Counter
from dataclasses import asdict
from typing import Any

from homeassistant.core import HomeAssistant

from .account import SmsboxConfigEntry
from .alerts.engine import ENGINES
from .const import (
    CONF_CHANNELS,
    CONF_CLOUDHOOK_URL,
    CONF_DELIVERY_REPORTS,
    CONF_LIMIT_DAY,
    CONF_LIMIT_HOUR,
    CONF_LOW_CREDITS,
    CONF_NUMBERS,
    CONF_UNSUPPORTED_CHARACTERS,
    SUBENTRY_RECIPIENT,
)
from .report_url import report_url

OPTIONS = (CONF_DELIVERY_REPORTS, CONF_LIMIT_DAY, CONF_LIMIT_HOUR, CONF_LOW_CREDITS, CONF_UNSUPPORTED_CHARACTERS)


async def async_get_config_entry_diagnostics(hass: HomeAssistant, entry: SmsboxConfigEntry) -> dict[str, Any]:
    """Return the diagnostics of an account."""
    account = entry.runtime_data
    coordinator = account.coordinator
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
            "url": url is not None,
            "https": url is not None and url.startswith("https:"),
            "cloudhook": CONF_CLOUDHOOK_URL in entry.data,
            "pending": account.tracker.pending,
            "unknown_outcomes": len(account.store.references),
        },
        "plans": hass.data[ENGINES][entry.entry_id].as_diagnostics(),
        "queue": len(account.outbox.queue),
        "totals": asdict(account.store.totals),
    }

"""System health: whether the gateway can be reached and reports can arrive."""

from typing import Any

from homeassistant.components import system_health
from homeassistant.core import HomeAssistant, callback

from .account import SmsboxConfigEntry
from .alerts.engine import ENGINES
from .const import CONF_CLOUDHOOK_URL, DOMAIN
from .gateway import gateway_url
from .report_url import report_url


@callback
def async_register(hass: HomeAssistant, register: system_health.SystemHealthRegistration) -> None:
    """Register the system health of the integration."""
    register.async_register_info(system_health_info)


async def system_health_info(hass: HomeAssistant) -> dict[str, Any]:
    """Return what the page shows."""
    entries: list[SmsboxConfigEntry] = hass.config_entries.async_loaded_entries(DOMAIN)
    urls = [(report_url(hass, entry), entry.data.get(CONF_CLOUDHOOK_URL)) for entry in entries]
    return {
        "can_reach_gateway": system_health.async_check_can_reach_url(hass, gateway_url()),
        "accounts": len(entries),
        "reports": ", ".join("-" if url is None else "cloud" if url == cloudhook else "url" for url, cloudhook in urls),
        "pending": sum(entry.runtime_data.tracker.pending for entry in entries),
        "waiting": sum(len(entry.runtime_data.outbox.queue) for entry in entries),
        "alerts": sum(engine.running for engine in hass.data[ENGINES].values()),
    }

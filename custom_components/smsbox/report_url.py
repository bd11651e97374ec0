"""The URL at which the gateway reaches us from outside: external URL or cloudhook."""

from functools import lru_cache
from ipaddress import IPv6Address, ip_address
import re
from types import ModuleType
from typing import Any

from homeassistant.components import webhook
from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_WEBHOOK_ID
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.network import NoURLAvailableError, get_url
from yarl import URL

from .const import CONF_CLOUDHOOK_URL, CONF_DELIVERY_REPORTS

# Labels with dots between them; the last one starts with a letter, as else it would be an IPv4 address in disguise.
_HOST_NAME = re.compile(r"([a-z0-9_-]{1,63}\.)+[a-z][a-z0-9-]{0,62}")
_LOCAL = (".local", ".lan", ".home", ".internal", ".localdomain", ".home.arpa")


@callback
def report_url(hass: HomeAssistant, entry: ConfigEntry[Any]) -> str | None:
    """Return where the gateway can send delivery reports, None if nowhere or if they are switched off."""
    if not entry.options.get(CONF_DELIVERY_REPORTS, True):
        return None
    if (cloudhook_url := entry.data.get(CONF_CLOUDHOOK_URL)) and cloud_active(hass):
        return str(cloudhook_url)
    return _webhook_url(hass, hass.config.external_url, entry.data[CONF_WEBHOOK_ID])


@lru_cache(maxsize=32)  # core parses the external URL each time, which slows every message down
def _webhook_url(hass: HomeAssistant, external_url: str | None, webhook_id: str) -> str | None:
    """Return the URL of a webhook at the external URL, None if it cannot be reached from outside."""
    if external_url is None:
        return None
    try:
        url = webhook.async_generate_url(hass, webhook_id, allow_internal=False)
    except NoURLAvailableError, ValueError:  # ValueError: the external URL is malformed
        return None
    return url if is_public_url(url) else None


@callback
def link_base_url(hass: HomeAssistant) -> str | None:
    """Return the base of links for people who are not at home, None if there is none."""
    try:
        url = get_url(hass, allow_internal=False, prefer_external=True)
    except NoURLAvailableError, ValueError:
        return None
    return url if is_public_url(url) else None


def is_public_url(url: str) -> bool:
    """Return whether a URL can be reached from outside, as far as its host tells."""
    try:
        host = (URL(url).raw_host or "").removesuffix(".").lower()
    except ValueError:
        return False
    try:
        address = ip_address(host)
    except ValueError:
        return _HOST_NAME.fullmatch(host) is not None and not host.endswith(_LOCAL)
    if isinstance(address, IPv6Address) and address.is_site_local:
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved


@callback
def cloud_active(hass: HomeAssistant) -> bool:
    """Return whether Home Assistant Cloud is set up and has an active subscription."""
    cloud = get_cloud(hass)
    return cloud is not None and bool(cloud.async_active_subscription(hass))


@callback
def get_cloud(hass: HomeAssistant) -> ModuleType | None:
    """Return the integration of Home Assistant Cloud if it is set up."""
    if "cloud" not in hass.config.components:
        return None
    from homeassistant.components import cloud  # noqa: PLC0415 - heavy, and cannot be imported everywhere

    return cloud

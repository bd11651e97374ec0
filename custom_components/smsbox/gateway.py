"""Where the gateway is, and clients of it."""

from collections.abc import Callable
import os

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.aiohttp_client import async_get_clientsession

from .api import DEFAULT_URL, SmsboxClient


def gateway_url() -> str:
    """Return the base URL of the gateway's API; the environment can name another one for development."""
    return os.environ.get("SMSBOX_API_URL", DEFAULT_URL)


@callback
def create_client(hass: HomeAssistant, api_key: str, on_response: Callable[[], None] | None = None) -> SmsboxClient:
    """Return a client of the gateway."""
    return SmsboxClient(async_get_clientsession(hass), api_key, gateway_url(), on_response=on_response)

"""Reach people by SMS and phone call through the SMSBOX gateway."""

import os

from homeassistant.components.notify import DOMAIN as NOTIFY_DOMAIN
from homeassistant.const import CONF_API_KEY, Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import config_validation as cv, device_registry as dr
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.typing import ConfigType

from . import webhook
from .api import DEFAULT_URL, SmsboxClient
from .const import DOMAIN
from .coordinator import SmsboxConfigEntry, SmsboxCoordinator, SmsboxData
from .entity import account_device_info
from .repairs import async_delete_issues, async_watch_issues
from .services import async_setup_classic_notify, async_setup_services
from .tracker import TRACKERS, Tracker

CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)
PLATFORMS = [Platform.BINARY_SENSOR, Platform.BUTTON, Platform.EVENT, Platform.NOTIFY, Platform.SENSOR]


def gateway_url() -> str:
    """Return the base of the gateway's API, or of the one that the environment names for development."""
    return os.environ.get("SMSBOX_API_URL", DEFAULT_URL)


def create_client(hass: HomeAssistant, api_key: str) -> SmsboxClient:
    """Return a client of the gateway."""
    return SmsboxClient(async_get_clientsession(hass), api_key, gateway_url())


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Set up the actions."""
    hass.data[TRACKERS] = {}
    async_setup_services(hass)
    return True


async def async_setup_entry(hass: HomeAssistant, entry: SmsboxConfigEntry) -> bool:
    """Set up an account, whether or not the gateway can be reached: its notify entities have to be there."""
    async_setup_classic_notify(hass)
    tracker = await _async_tracker(hass, entry)
    client = create_client(hass, entry.data[CONF_API_KEY])
    coordinator = SmsboxCoordinator(hass, entry, client)
    device = dr.async_get(hass).async_get_or_create(config_entry_id=entry.entry_id, **account_device_info(entry))
    entry.runtime_data = SmsboxData(client, coordinator, device.id)
    await webhook.async_set_up_cloudhook(hass, entry)
    await coordinator.async_refresh()
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    tracker.resume()
    async_watch_issues(hass, entry)
    entry.async_on_unload(entry.add_update_listener(_async_update_listener))
    return True


async def _async_tracker(hass: HomeAssistant, entry: SmsboxConfigEntry) -> Tracker:
    """Return the tracker of an account, which outlives reloads and takes in reports from now on."""
    known = hass.data[TRACKERS].get(entry.entry_id)
    tracker = known or Tracker(hass, entry)
    webhook.async_register(hass, entry, tracker)
    if known is None:
        await tracker.async_load()
        hass.data[TRACKERS][entry.entry_id] = tracker
    return tracker


async def _async_update_listener(hass: HomeAssistant, entry: SmsboxConfigEntry) -> None:
    """Reload an account that was changed."""
    await hass.config_entries.async_reload(entry.entry_id)


async def async_unload_entry(hass: HomeAssistant, entry: SmsboxConfigEntry) -> bool:
    """Unload an account; its reports are kept until it is back, unless it was disabled."""
    hass.data[TRACKERS][entry.entry_id].pause()
    if entry.disabled_by is not None:
        webhook.async_unregister(hass, entry)
        async_delete_issues(hass, entry)
    return await hass.config_entries.async_unload_platforms(entry, PLATFORMS)


async def async_remove_entry(hass: HomeAssistant, entry: SmsboxConfigEntry) -> None:
    """Forget a removed account."""
    webhook.async_unregister(hass, entry)
    async_delete_issues(hass, entry)
    tracker = hass.data.get(TRACKERS, {}).pop(entry.entry_id, None) or Tracker(hass, entry)
    await tracker.async_remove()
    await webhook.async_remove_cloudhook(hass, entry)
    if not hass.config_entries.async_entries(DOMAIN):
        hass.services.async_remove(NOTIFY_DOMAIN, DOMAIN)

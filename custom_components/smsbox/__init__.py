"""Reach people by SMS and phone call through the SMSBOX gateway."""

from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import config_validation as cv, device_registry as dr
from homeassistant.helpers.start import async_at_started
from homeassistant.helpers.typing import ConfigType
from homeassistant.util.hass_dict import HassKey

from . import webhook
from .account import Account, SmsboxConfigEntry
from .alerts.acknowledge import AcknowledgeView
from .alerts.engine import ENGINES, AlertEngine
from .classic_notify import async_remove_actions, async_update_actions
from .const import DOMAIN
from .entity import account_device_info, async_update_subentries
from .repairs import async_delete_issues, async_watch_issues
from .services import async_setup_services

CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)
PLATFORMS = [Platform.BINARY_SENSOR, Platform.BUTTON, Platform.EVENT, Platform.NOTIFY, Platform.SENSOR]

# Accounts by their entries: what outlives a reload.
_ACCOUNTS: HassKey[dict[str, Account]] = HassKey(DOMAIN)


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Set up the actions."""
    hass.data[_ACCOUNTS] = {}
    hass.data[ENGINES] = {}
    hass.http.register_view(AcknowledgeView(hass))
    async_setup_services(hass)
    return True


async def async_setup_entry(hass: HomeAssistant, entry: SmsboxConfigEntry) -> bool:
    """Set up an account, whether or not the gateway can be reached: its notify entities have to be there."""
    account = entry.runtime_data = await _async_account(hass, entry)
    account.set_up()
    device = dr.async_get(hass).async_get_or_create(config_entry_id=entry.entry_id, **account_device_info(entry))
    account.device_id = device.id
    entry.async_on_unload(entry.add_update_listener(_async_update_listener))
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    account.tracker.resume()
    hass.data[ENGINES][entry.entry_id].resume()
    # Not before automations can hear of what was not sent.
    entry.async_on_unload(async_at_started(hass, account.resume_queue))
    async_update_actions(hass, entry, [*account.store.names, *entry.subentries])
    async_watch_issues(hass, entry)
    webhook.async_set_up_cloudhook(hass, entry)
    account.coordinator.async_refresh_in_background()
    return True


async def _async_account(hass: HomeAssistant, entry: SmsboxConfigEntry) -> Account:
    """Return the account, which outlives reloads and receives reports from now on."""
    known = hass.data[_ACCOUNTS].get(entry.entry_id)
    account = known or Account(hass, entry)
    webhook.async_register(hass, entry, account.tracker.receive)
    if known is None:
        engine = AlertEngine(hass, entry)
        await account.async_load()
        await engine.async_load()
        hass.data[_ACCOUNTS][entry.entry_id] = account
        hass.data[ENGINES][entry.entry_id] = engine
    hass.data[ENGINES][entry.entry_id].update_plans()
    return account


async def _async_update_listener(hass: HomeAssistant, entry: SmsboxConfigEntry) -> None:
    """Reload an account whose key or options changed; else touch only the recipients and plans that changed."""
    account = entry.runtime_data
    if account.outdated:
        await hass.config_entries.async_reload(entry.entry_id)
        return
    hass.data[ENGINES][entry.entry_id].update_plans()
    changed = account.take_changed_subentries()
    async_update_subentries(hass, entry, changed)
    async_update_actions(hass, entry, changed)


async def async_unload_entry(hass: HomeAssistant, entry: SmsboxConfigEntry) -> bool:
    """Unload an account; its reports are kept until it is back, unless it was disabled."""
    account = entry.runtime_data
    account.pause()
    hass.data[ENGINES][entry.entry_id].pause()
    if entry.disabled_by is not None:
        webhook.async_unregister(hass, entry)
        async_delete_issues(hass, entry)
        async_remove_actions(hass, entry, account)
    return await hass.config_entries.async_unload_platforms(entry, PLATFORMS)


async def async_remove_entry(hass: HomeAssistant, entry: SmsboxConfigEntry) -> None:
    """Forget a removed account."""
    webhook.async_unregister(hass, entry)
    async_delete_issues(hass, entry)
    account = hass.data.get(_ACCOUNTS, {}).pop(entry.entry_id, None) or Account(hass, entry)
    async_remove_actions(hass, entry, account)
    engine = hass.data.get(ENGINES, {}).pop(entry.entry_id, None) or AlertEngine(hass, entry)
    await engine.async_remove()
    await account.async_remove()
    await webhook.async_remove_cloudhook(hass, entry)

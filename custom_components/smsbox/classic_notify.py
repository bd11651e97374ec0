"""`notify.smsbox` and `notify.smsbox_<name>`: for alerts, notify groups, login codes, and whatever wants an action."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from homeassistant.components.notify import (
    ATTR_DATA,
    ATTR_MESSAGE,
    ATTR_TARGET,
    ATTR_TITLE,
    DOMAIN as NOTIFY_DOMAIN,
)
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import ATTR_CONFIG_ENTRY_ID
from homeassistant.core import HomeAssistant, ServiceCall, callback
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers.service import async_set_service_schema
from homeassistant.util import slugify
import voluptuous as vol

from .account import Account, SmsboxConfigEntry
from .companion_app import message_for_people
from .const import CONF_NUMBERS, DOMAIN, LOGGER, SUBENTRY_RECIPIENT, Channel
from .messenger import async_send
from .notify import async_record_notifications
from .recipients import (
    Destination,
    Recipient,
    async_accounts,
    async_get_account,
    normalize_number,
    resolve_destinations,
)
from .services import SEND_FIELDS, send_request
from .targets import Named, NameTable
from .text import join_title

ATTR_CHANNEL = "channel"
SETUP_TIMEOUT = 10


@dataclass(slots=True)
class Targets:
    """Who is meant by a call, and the first error about it."""

    recipients: list[Recipient] = field(default_factory=list)
    plans: list[Named] = field(default_factory=list)
    numbers: list[str] = field(default_factory=list)
    error: HomeAssistantError | None = None


async def _notify(call: ServiceCall) -> None:
    """Send to the numbers and names in the target, as the classic notify actions do."""
    data = _data(call)
    await _async_wait_for_accounts(call.hass)
    config_entry_id = data.get(ATTR_CONFIG_ENTRY_ID)
    targets = _find(
        call.hass, [call.data.get(ATTR_TARGET), data.get(CONF_NUMBERS), data.get(ATTR_TARGET)], config_entry_id
    )
    await _async_send(call, data, targets, Channel.SMS)


async def _notify_one(entry: SmsboxConfigEntry, subentry_id: str, call: ServiceCall) -> None:
    """Send to one recipient, by the first of its channels."""
    await _async_wait_for_accounts(call.hass)
    recipient = Recipient.from_subentry(entry, entry.subentries[subentry_id])
    await _async_send(call, _data(call), Targets([recipient]), recipient.channels[0])


def _data(call: ServiceCall) -> Mapping[str, Any]:
    """Return the data of a call; what is no mapping is ignored."""
    data = call.data.get(ATTR_DATA)
    return data if isinstance(data, Mapping) else {}


async def _async_wait_for_accounts(hass: HomeAssistant) -> None:
    """Wait until no account is being set up again."""
    with suppress(TimeoutError):
        async with asyncio.timeout(SETUP_TIMEOUT):
            for entry in async_accounts(hass):
                async with entry.setup_lock:
                    pass


def _find(hass: HomeAssistant, target: Any, config_entry_id: str | None) -> Targets:
    """Return who is meant; what cannot be understood does not silence the others."""
    targets = Targets()
    for found in NameTable(hass).parse(target, config_entry_id):
        try:
            if isinstance(found, ServiceValidationError):
                raise found
            if not isinstance(found, Named):
                targets.numbers.append(f"+{normalize_number(hass, found)}")
            elif found.subentry.subentry_type == SUBENTRY_RECIPIENT:
                async_get_account(hass, found.entry.entry_id)
                targets.recipients.append(Recipient.from_subentry(found.entry, found.subentry))
            else:
                async_get_account(hass, found.entry.entry_id)
                targets.plans.append(found)
        except ServiceValidationError as error:
            targets.error = targets.error or error
    return targets


async def _async_send(call: ServiceCall, data: Mapping[str, Any], targets: Targets, channel: Channel) -> None:
    """Send what is meant for people; whatever fails is logged too, because many callers drop the error."""
    message = message_for_people(_text(call.data.get(ATTR_MESSAGE)), data)
    if message is None:
        return
    destinations: list[Destination] = []
    try:
        channel = _channel(data, channel)
        request = send_request(
            channel, join_title(_text(call.data.get(ATTR_TITLE)), message), _options(channel, data), cut=True
        )
        if targets.error is None or targets.recipients or targets.numbers:
            account_id = data.get(ATTR_CONFIG_ENTRY_ID) or _account_id(call.hass, targets)
            destinations = resolve_destinations(call.hass, targets.recipients, targets.numbers, account_id)
            response = await async_send(call.hass, request, destinations, call.context, partial_success=False)
            async_record_notifications(call.hass, channel, response)
        if targets.error is not None:
            raise targets.error
    except HomeAssistantError as error:
        whom = ", ".join(dict.fromkeys(destination.label for destination in destinations)) or "nobody"
        LOGGER.error("notify.%s to %s failed: %s", call.service, whom, error)
        raise


def _text(value: object) -> str:
    """Return a message or a title as text; a missing one is empty."""
    return "" if value is None else str(value)


def _channel(data: Mapping[str, Any], default: Channel) -> Channel:
    """Return the channel that a call asks for; one of somebody else's is ignored."""
    channel = data.get(ATTR_CHANNEL)
    if channel is None:
        return default
    if isinstance(channel, str) and channel in Channel:
        return Channel(channel)
    LOGGER.warning("A channel that is none of %s is ignored, and %s used", ", ".join(Channel), default)
    return default


def _options(channel: Channel, data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options of a channel's action; what others made of the data is ignored."""
    options = {}
    for option, validate in SEND_FIELDS[channel].items():
        value = data.get(str(option))
        if value is None:
            continue
        try:
            options[str(option)] = vol.Schema(validate)(value)
        except vol.Invalid:
            LOGGER.warning("The value of %s cannot be used and is ignored", option)
    return options


def _account_id(hass: HomeAssistant, targets: Targets) -> str | None:
    """Return the account for bare numbers: that of the recipients beside them, else the one that was added first."""
    if not targets.numbers:
        return None
    entries = [recipient.entry for recipient in targets.recipients] or async_accounts(hass)
    loaded = [entry for entry in entries if entry.state is ConfigEntryState.LOADED]
    return next((entry.entry_id for entry in loaded or entries), None)


@callback
def async_update_actions(hass: HomeAssistant, entry: SmsboxConfigEntry) -> None:
    """Offer `notify.smsbox`, and an action for each recipient that keeps its name as long as the recipient is there."""
    account = entry.runtime_data
    if not hass.services.has_service(NOTIFY_DOMAIN, DOMAIN):
        _register(hass, DOMAIN, _notify)
    account.store.update_names(entry.subentries)
    for subentry_id, names in account.store.names.items():
        if subentry_id in account.notify_actions:
            continue
        action = names.action or f"{DOMAIN}_{slugify(names.names[-1])}"
        if hass.services.has_service(NOTIFY_DOMAIN, action):
            LOGGER.warning("notify.%s is taken already, so %s gets no action of that name", action, names.names[-1])
            continue
        names.action = account.notify_actions[subentry_id] = action
        _register(hass, action, partial(_notify_one, entry, subentry_id))
    for subentry_id in account.notify_actions.keys() - account.store.names.keys():
        hass.services.async_remove(NOTIFY_DOMAIN, account.notify_actions.pop(subentry_id))


@callback
def async_remove_actions(hass: HomeAssistant, entry: SmsboxConfigEntry, account: Account) -> None:
    """Offer the actions of an account no longer, and `notify.smsbox` neither if it was the last account."""
    while account.notify_actions:
        hass.services.async_remove(NOTIFY_DOMAIN, account.notify_actions.popitem()[1])
    if not any(other.entry_id != entry.entry_id for other in async_accounts(hass)):
        hass.services.async_remove(NOTIFY_DOMAIN, DOMAIN)


def _register(hass: HomeAssistant, action: str, handler: Callable[[ServiceCall], Coroutine[Any, Any, None]]) -> None:
    """Register an action that takes a call of any shape."""
    hass.services.async_register(NOTIFY_DOMAIN, action, handler)
    fields: dict[str, Any] = {
        ATTR_MESSAGE: {"required": True, "selector": {"text": {"multiline": True}}},
        ATTR_TITLE: {"selector": {"text": {}}},
        ATTR_DATA: {"selector": {"object": {}}},
    }
    if action == DOMAIN:
        fields[ATTR_TARGET] = {"selector": {"text": {"multiple": True}}}
    description = {
        "name": f"Send a notification with {action}",
        "description": "Sends a message by SMS or call to phone numbers or to recipients by their names.",
        "fields": fields,
    }
    async_set_service_schema(hass, NOTIFY_DOMAIN, action, description)

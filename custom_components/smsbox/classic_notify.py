"""`notify.smsbox` and `notify.smsbox_<name>`: for alerts, notify groups, login codes, and whatever wants an action."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Mapping
from contextlib import suppress
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
from homeassistant.const import ATTR_CONFIG_ENTRY_ID, ATTR_ENTITY_ID
from homeassistant.core import HomeAssistant, ServiceCall, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.service import async_set_service_schema
from homeassistant.util import slugify
from homeassistant.util.async_ import create_eager_task
import voluptuous as vol

from .account import Account, SmsboxConfigEntry
from .alerts.engine import async_get_runner
from .api import mask_numbers
from .companion_app import message_for_people
from .const import CONF_NUMBERS, DOMAIN, LOGGER, Channel
from .messenger import async_send
from .notify import async_record_notifications
from .recipients import Recipient, async_accounts, async_resolve_destinations
from .services import SEND_FIELDS, send_request
from .targets import Named, Targets, async_find_targets
from .text import join_title

ATTR_CHANNEL = "channel"
SETUP_TIMEOUT = 10


async def _notify(call: ServiceCall) -> None:
    """Send to the numbers and names in the target, as the classic notify actions do."""
    data = _data(call)
    # A target beside the action comes as entity_id; in data that would be somebody else's.
    given = [call.data.get(key) for key in (ATTR_TARGET, CONF_NUMBERS, ATTR_ENTITY_ID)]
    given += [data.get(key) for key in (CONF_NUMBERS, ATTR_TARGET)]
    data = {**call.data, **data}
    await _async_wait_for_accounts(call.hass)
    await _async_send(call, data, await async_find_targets(call.hass, given, _account_id(data)), Channel.SMS)


async def _notify_one(entry: SmsboxConfigEntry, subentry_id: str, call: ServiceCall) -> None:
    """Send to one recipient, by the first of its channels."""
    await _async_wait_for_accounts(call.hass)
    subentry = entry.subentries.get(subentry_id)
    targets = await async_find_targets(call.hass, Named(entry, subentry) if subentry else None, None)
    channels = (recipient.first_channel for recipient in targets.recipients.values())
    await _async_send(call, {**call.data, **_data(call)}, targets, next(channels, Channel.SMS))


def _data(call: ServiceCall) -> Mapping[str, Any]:
    """Return the data of a call; anything but a mapping is ignored."""
    data = call.data.get(ATTR_DATA)
    return data if isinstance(data, Mapping) else {}


def _account_id(data: Mapping[str, Any]) -> str | None:
    """Return the account that a call asks for, if it asks for one."""
    account_id = data.get(ATTR_CONFIG_ENTRY_ID)
    return account_id if account_id and isinstance(account_id, str) else None


async def _async_wait_for_accounts(hass: HomeAssistant) -> None:
    """Wait until no account is being set up again, but not for long."""
    with suppress(TimeoutError):
        async with asyncio.timeout(SETUP_TIMEOUT):
            for entry in async_accounts(hass):
                async with entry.setup_lock:
                    pass


async def _async_send(call: ServiceCall, data: Mapping[str, Any], targets: Targets, channel: Channel) -> None:
    """Send what is meant for people; whatever fails is logged too, because many callers drop the error."""
    message = message_for_people(_text(call.data.get(ATTR_MESSAGE)), data)
    if message is None:
        return
    wrong = targets.error
    title = _text(call.data.get(ATTR_TITLE))
    attempts = [
        ([mask_numbers(plan.subentry.title)], _async_start_alert(call, plan, title, message))
        for plan in targets.plans.values()
    ]
    if targets.recipients or targets.numbers or not (targets.plans or wrong):
        attempts.append(
            (targets.labels, _async_send_to_found(call, data, targets, channel, join_title(title, message)))
        )
    # All at once: none waits for another, and all have begun if the caller is cancelled.
    failures = await asyncio.gather(*(create_eager_task(_failure_of(attempt)) for _, attempt in attempts))
    whom: list[str] = []
    errors: list[HomeAssistantError] = []
    for (labels, _), error in zip(attempts, failures, strict=True):
        if error is not None:
            whom += labels
            errors.append(error)
    if wrong is not None:
        whom += targets.errors
        errors.append(wrong)
    if errors:
        reasons = " ".join(str(error) for error in errors)
        LOGGER.error("notify.%s to %s failed: %s", call.service, mask_numbers(", ".join(whom)) or "nobody", reasons)
        raise errors[0]


async def _failure_of(attempt: Coroutine[Any, Any, None]) -> HomeAssistantError | None:
    """Return the error that an attempt ends with, None if it succeeds."""
    try:
        await attempt
    except HomeAssistantError as error:
        return error
    return None


async def _async_start_alert(call: ServiceCall, plan: Named, title: str, message: str) -> None:
    """Start the alert of a plan; raises HomeAssistantError if nobody can be told."""
    runner = async_get_runner(call.hass, plan.entry.entry_id, plan.subentry.subentry_id)
    await runner.async_start(title, message, call.context)


async def _async_send_to_found(
    call: ServiceCall, data: Mapping[str, Any], targets: Targets, channel: Channel, message: str
) -> None:
    """Send to those who were found; raises HomeAssistantError if it does not go out to all of them."""
    channel = _channel(data, channel)
    request = send_request(channel, message, _options(channel, data), cut=True)
    recipients = list(targets.recipients.values())
    account_id = _account_id(data) or _account_for_numbers(call.hass, recipients)
    destinations = await async_resolve_destinations(call.hass, recipients, targets.numbers, account_id)
    response = await async_send(call.hass, request, destinations, call.context, partial_success=False)
    async_record_notifications(call.hass, channel, response)


def _text(value: object) -> str:
    """Return a message or a title as text: a missing one is empty, and a list has commas in between."""
    match value:
        case None:
            return ""
        case list() | tuple() | set():
            return ", ".join(text for item in value if (text := _text(item)))
        case _:
            return str(value)


def _channel(data: Mapping[str, Any], default: Channel) -> Channel:
    """Return the channel that a call asks for; a channel of another integration is ignored."""
    channel = data.get(ATTR_CHANNEL)
    if channel is None:
        return default
    if isinstance(channel, str) and (known := channel.strip().lower()) in Channel:
        return Channel(known)
    LOGGER.warning("A channel that is none of %s is ignored, and %s used", ", ".join(Channel), default)
    return default


def _options(channel: Channel, data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options of a channel's action; data meant for other integrations is ignored."""
    options = {}
    for option, validate in SEND_FIELDS[channel].items():
        value = data.get(option)
        if value is None or value == "":
            continue
        try:
            options[option] = validate(value)
        except vol.Invalid:
            LOGGER.warning("The value of %s cannot be used and is ignored", option)
    return options


def _account_for_numbers(hass: HomeAssistant, recipients: Iterable[Recipient]) -> str | None:
    """Return the account for bare numbers: that of the recipients beside them, else the one that was added first."""
    entries = [recipient.entry for recipient in recipients] or async_accounts(hass)
    loaded = (entry for entry in entries if entry.state is ConfigEntryState.LOADED)
    return next((entry.entry_id for entry in (*loaded, *entries)), None)


@callback
def async_update_actions(hass: HomeAssistant, entry: SmsboxConfigEntry, changed: Iterable[str]) -> None:
    """Offer `notify.smsbox`, and an action for each recipient that keeps its name as long as the recipient is there.

    `changed` are the recipients and plans that may have been added, renamed or removed.
    """
    account = entry.runtime_data
    if not hass.services.has_service(NOTIFY_DOMAIN, DOMAIN):
        _register(hass, DOMAIN, _notify)
    account.store.update_names(entry.subentries, changed)
    # First of all, because their names may be wanted.
    for subentry_id in account.notify_actions.keys() - account.store.names.keys():
        hass.services.async_remove(NOTIFY_DOMAIN, account.notify_actions.pop(subentry_id))
    for subentry_id in [known for known in account.store.names if known not in account.notify_actions]:
        names = account.store.names[subentry_id]
        action = names.action or f"{DOMAIN}_{slugify(names.names[-1])}"
        if hass.services.has_service(NOTIFY_DOMAIN, action):
            LOGGER.warning(
                "notify.%s is taken, so %s gets no such action", *map(mask_numbers, (action, names.names[-1]))
            )
            continue
        account.notify_actions[subentry_id] = action
        if names.action is None:
            names.action = action
            account.store.async_schedule_save()
        _register(hass, action, partial(_notify_one, entry, subentry_id))


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

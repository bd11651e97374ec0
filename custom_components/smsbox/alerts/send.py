"""Sends what an alert has to say: by the messenger to recipients, by their own action to other notifiers."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import cast

from homeassistant.components.notify import (
    ATTR_MESSAGE,
    ATTR_TITLE,
    DOMAIN as NOTIFY_DOMAIN,
    SERVICE_SEND_MESSAGE,
    NotifyEntityFeature,
)
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import ATTR_ENTITY_ID, ATTR_SUPPORTED_FEATURES, STATE_UNAVAILABLE
from homeassistant.core import Context, HomeAssistant, callback
from homeassistant.helpers.translation import async_get_translations

from ..account import Account, SmsboxConfigEntry
from ..api import SmsboxTryAgainLaterError
from ..const import DOMAIN, LOGGER, Channel, SendStatus
from ..message import Message
from ..message_queue import UNREACHABLE
from ..messenger import SendRequest, async_send_single
from ..recipients import Recipient, recipient_destinations
from ..report_url import link_base_url
from .contacts import entity_id_of
from .effects import RETRY_AFTER, Answer, FollowUp, Sending
from .plan import Contact
from .run import Message as AlertMessage, MessageState
from .telling import UNAVAILABLE
from .texts import Text, compose_call, compose_notification, compose_sms, follow_up_key

# Another integration's notifier that has not answered by then counts as told.
NOTIFIER_TIMEOUT = 30
FOLLOW_UP_VALID_FOR = timedelta(hours=1)


async def async_send(
    hass: HomeAssistant, sending: Sending, context: Context, still_wanted: Callable[[], bool]
) -> Answer:
    """Send one message of an alert, and return what happened to it; it does not raise."""
    base = link_base_url(hass) if sending.token else None
    link = f"{base}/api/{DOMAIN}/{sending.token}" if base else None
    contact = sending.contact
    if contact.channel is None:
        return await _async_notify(hass, contact, sending, link, context)
    text = compose_sms(sending.causes, link) if contact.channel is Channel.SMS else compose_call(sending.causes)
    request = SendRequest(
        contact.channel,
        text.body,
        cut=True,
        last_line=text.last_line or "",
        alert=True,
        still_wanted=still_wanted,
    )
    try:
        message = await _async_send_to(hass, contact, sending.number, request, context, reference=sending.reference)
    except Exception as error:  # noqa: BLE001 - whatever is wrong with one message, the alert goes on
        LOGGER.error("A message of an alert was not sent: %s", type(error).__name__)
        return Answer(MessageState.REFUSED, _reason(error))
    if message is None:
        return Answer(MessageState.REFUSED, UNAVAILABLE)
    if message.send_status in (SendStatus.ACCEPTED, SendStatus.OUTCOME_UNKNOWN):
        return Answer(MessageState.TOLD)
    if isinstance(message.error, UNREACHABLE):
        retry_after = message.error.retry_after if isinstance(message.error, SmsboxTryAgainLaterError) else None
        return Answer(MessageState.WAITING, message.error_key, retry_after or RETRY_AFTER)
    return Answer(MessageState.REFUSED, message.error_key)


@callback
def expect_report(hass: HomeAssistant, contact: Contact, found: AlertMessage, context: Context) -> bool:
    """Let a report tell what happened to a message that was being sent when Home Assistant crashed.

    Return whether that is settled: its account may not be there yet.
    """
    if found.number is None or contact.channel in (None, Channel.VOICE):
        return True
    entry = hass.config_entries.async_get_entry(contact.gateway or "")
    account: Account | None = getattr(entry, "runtime_data", None)
    if account is None:
        return False
    store = account.store
    if found.reference in {*store.references, *(message.ref for message in store.messages.values())}:
        return True
    message = Message(found.number, contact.id, contact.channel, found.at, context, ref=found.reference)
    account.tracker.expect(message)
    account.tracker.lose(message)
    return True


def _reason(error: Exception) -> str:
    """Return the key of an error, or that there is none."""
    return getattr(error, "translation_key", None) or "other"


def _loaded_entry(hass: HomeAssistant, contact: Contact) -> SmsboxConfigEntry | None:
    """Return the account of a recipient if it is loaded."""
    entry = cast("SmsboxConfigEntry | None", hass.config_entries.async_get_entry(contact.gateway or ""))
    return entry if entry and entry.state is ConfigEntryState.LOADED else None


async def _async_send_to(
    hass: HomeAssistant,
    contact: Contact,
    number: str | None,
    request: SendRequest,
    context: Context,
    *,
    reference: str | None = None,
) -> Message | None:
    """Send to one number of a recipient by their own account; None if it is not loaded, or they are gone."""
    entry = _loaded_entry(hass, contact)
    if entry is None:
        return None
    subentry = entry.subentries.get(contact.id)
    recipient = subentry and Recipient(entry, subentry)
    for destination in recipient_destinations(recipient, entry.runtime_data) if recipient else ():
        if destination.number == number:
            return await async_send_single(request, destination, context, reference)
    return None


async def _async_notify(
    hass: HomeAssistant, contact: Contact, sending: Sending, link: str | None, context: Context
) -> Answer:
    """Hand a message to another integration's notifier."""
    entity_id = entity_id_of(hass, contact.id)
    state = hass.states.get(entity_id) if entity_id else None
    # Core leaves out what is unavailable, and says nothing.
    if entity_id is None or state is None or state.state == STATE_UNAVAILABLE:
        return Answer(MessageState.REFUSED, UNAVAILABLE)
    features = state.attributes.get(ATTR_SUPPORTED_FEATURES, 0)
    text = compose_notification(sending.causes, link, title_supported=bool(features & NotifyEntityFeature.TITLE))
    call = hass.async_create_background_task(_async_call(hass, entity_id, text, context), f"{DOMAIN} {entity_id}")
    await asyncio.wait({call}, timeout=NOTIFIER_TIMEOUT)
    return call.result() if call.done() and not call.cancelled() else Answer(MessageState.TOLD)


async def _async_call(hass: HomeAssistant, entity_id: str, text: Text, context: Context) -> Answer:
    """Call the action of a notify entity, and return what happened; it does not raise."""
    data = {ATTR_ENTITY_ID: entity_id, ATTR_MESSAGE: "\n".join(part for part in (text.body, text.last_line) if part)}
    if text.title is not None:
        data[ATTR_TITLE] = text.title
    try:
        # Whoever may start an alert need not have the right to all that the plan tells.
        of_nobody = Context(parent_id=context.id)
        await hass.services.async_call(NOTIFY_DOMAIN, SERVICE_SEND_MESSAGE, data, blocking=True, context=of_nobody)
    except Exception as error:  # noqa: BLE001 - whatever another integration raises, the alert goes on
        LOGGER.warning("%s did not take a message of an alert: %s", entity_id, type(error).__name__)
        return Answer(MessageState.REFUSED, _reason(error))
    return Answer(MessageState.TOLD)


async def async_follow_up(hass: HomeAssistant, follow_up: FollowUp, plan: str) -> None:
    """Tell those who were told what happened to the alert; this is queued while the gateway is unreachable."""
    texts = await async_get_translations(hass, hass.config.language, "selector", {DOMAIN})
    key = follow_up_key(follow_up)
    body = (
        follow_up.text or ""
        if key is None
        else texts[f"component.{DOMAIN}.selector.alert_texts.options.{key}"].format(by=follow_up.by, plan=plan)
    )
    request = SendRequest(Channel.SMS, body, cut=True, alert=True, valid_for=FOLLOW_UP_VALID_FOR)
    await asyncio.gather(*(_async_follow_up_to(hass, contact, request) for contact in follow_up.contacts))


async def _async_follow_up_to(hass: HomeAssistant, contact: Contact, request: SendRequest) -> None:
    """Send a follow-up to one contact; it does not raise."""
    context = Context()
    if contact.channel is None:
        if entity_id := entity_id_of(hass, contact.id):
            await _async_call(hass, entity_id, Text(None, request.message, None), context)
        return
    if entry := hass.config_entries.async_get_entry(contact.gateway or ""):
        async with entry.setup_lock:  # the account may be reloading
            pass
    for number in contact.numbers:
        try:
            message = await _async_send_to(hass, contact, number, request, context)
        except Exception as error:  # noqa: BLE001 - whatever is wrong with one message, the others go out
            reason: str | None = _reason(error)
        else:
            reason = message.error_key if message else UNAVAILABLE
            if message and message.send_status is not SendStatus.NOT_ACCEPTED:
                continue
        LOGGER.error("A follow-up of an alert to %s was not sent: %s", contact.name, reason)

"""Composes what goes out, hands it to the outbox, and returns what happened."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import batched
import time
from typing import Any

from homeassistant.core import Context, HomeAssistant
from homeassistant.util.async_ import create_eager_task

from . import phone, text
from .account import Account
from .api import MAX_NUMBERS, MAX_TTS, MAX_TTS_PART, MAX_VOICE, SENDER, DeliveryStatus, Gender, Language
from .const import LOGGER, Channel, SendStatus, UnsupportedCharacters
from .errors import action_error, to_action_error, validation_error
from .guard import Limit
from .message import Batch, Message
from .recipients import Destination
from .slices import async_map_in_slices


@dataclass(frozen=True, slots=True)
class SendRequest:
    """What is to be sent; None leaves the choice to the recipient or to the account's options.

    With `cut`, a text that is too long is cut; else it is refused. `last_line` is never cut, and never replaced.
    The messages of an `alert` have events of their own, and go out only if they are `still_wanted` then.
    """

    channel: Channel
    message: str
    sender: str | None = None
    long_sms: bool = True
    unsupported_characters: UnsupportedCharacters | None = None
    language: Language | None = None
    gender: Gender | None = None
    send_at: datetime | None = None
    wait_for_report: timedelta | None = None
    valid_for: timedelta | None = None
    cut: bool = False
    last_line: str = ""
    alert: bool = False
    still_wanted: Callable[[], bool] | None = None


@dataclass(frozen=True, slots=True)
class SendResult:
    """What happened to one number."""

    destination: Destination
    message: Message

    @property
    def failed(self) -> bool:
        """Return whether the message was not sent, or may not have been."""
        return self.message.send_status in (SendStatus.NOT_ACCEPTED, SendStatus.OUTCOME_UNKNOWN)

    @property
    def final(self) -> bool:
        """Return whether no report can change the status any more."""
        message = self.message
        return message.final or not (message.followed or message.send_status is SendStatus.QUEUED)

    def as_dict(self, *, waited: bool) -> dict[str, Any]:
        """Return the element of the action's response."""
        message = self.message
        return {
            "number": self.destination.number,
            "recipient": self.destination.name,
            "msgid": message.msgid,
            "status": message.status if waited and message.status else message.send_status,
            "final": self.final,
            "error": message.error_key,
        }


@dataclass(frozen=True, slots=True)
class SendResponse:
    """What happened to a request; `sms` is the text that went out by SMS."""

    results: list[SendResult]
    sms: text.SmsText | None
    waited: bool

    @property
    def accepted_recipient_ids(self) -> set[str]:
        """Return the subentries of the recipients with a message that was accepted or queued."""
        return {
            result.destination.recipient_id
            for result in self.results
            if result.destination.recipient_id and not result.failed
        }

    async def async_as_dict(self) -> dict[str, Any]:
        """Return the action's response."""
        messages = await async_map_in_slices(partial(SendResult.as_dict, waited=self.waited), self.results)
        response: dict[str, Any] = {"messages": messages}
        if self.sms is not None:
            response |= {
                "text": self.sms.text,
                "encoding": self.sms.encoding.value,
                "parts": self.sms.parts,
                "replaced": list(self.sms.replaced),
            }
        if self.waited:
            response["delivered"] = all(message["status"] == DeliveryStatus.DELIVERED for message in messages)
        return response


@dataclass(frozen=True, slots=True)
class _Content:
    """A text as it goes out, and how it was composed if it goes out by SMS."""

    body: str
    long_sms: bool
    unicode: bool = False
    sms: text.SmsText | None = None


@dataclass(frozen=True, slots=True)
class _Shipment:
    """A batch, the account that sends it, and how its text was composed if it goes out by SMS."""

    account: Account
    batch: Batch
    sms: text.SmsText | None


def compose_sms(
    message: str,
    unsupported: UnsupportedCharacters,
    *,
    long_sms: bool = True,
    last_line: str = "",
    cut: bool = False,
) -> text.SmsText:
    """Return the text as it goes out by SMS; raises ServiceValidationError."""
    unicode = unsupported is UnsupportedCharacters.UNICODE
    return _compose(
        partial(text.compose_sms, message, long_sms=long_sms, unicode=unicode, last_line=last_line), cut=cut
    )


def _compose[T](compose: Callable[..., T], *, cut: bool) -> T:
    """Return what is composed of a message; raises ServiceValidationError for what cannot go out."""
    try:
        try:
            return compose()
        except text.MessageTooLongError as error:
            if not cut:
                raise validation_error("message_too_long", length=str(error.length), limit=str(error.limit)) from error
            LOGGER.warning("A message is cut: it has %s characters, and %s are allowed", error.length, error.limit)
            return compose(cut=True)
    except text.EmptyMessageError as error:
        raise validation_error("empty_message") from error


async def async_send(
    hass: HomeAssistant,
    request: SendRequest,
    destinations: Sequence[Destination],
    context: Context,
    *,
    partial_success: bool,
) -> SendResponse:
    """Send to every destination.

    Raises ServiceValidationError if the request is wrong, and HomeAssistantError if nothing was accepted and, without
    `partial_success`, if not everything was.
    """
    if request.sender is not None and not SENDER.fullmatch(request.sender):
        raise validation_error("invalid_sender", sender=phone.mask_given(request.sender))
    now = time.time()
    results = await async_map_in_slices(
        lambda to: SendResult(to, Message(to.number, to.recipient_id, request.channel, now, context)), destinations
    )
    shipments = _prepare(request, results)
    if request.wait_for_report is not None and not all(shipment.account.can_report for shipment in shipments):
        raise validation_error("no_report_url")
    # One alone, which is the rule, needs no task of its own.
    if len(shipments) == 1:
        await shipments[0].account.outbox.async_send(shipments[0].batch)
    else:
        # Even if the caller is cancelled, so that all go out once one has.
        await asyncio.shield(hass.async_create_task(_async_send_all(shipments)))
    _raise_failures(results, partial_success=partial_success)
    if request.wait_for_report is not None:
        await _wait_for_reports(results, request.wait_for_report)
    return SendResponse(results, shipments[-1].sms, waited=request.wait_for_report is not None)


async def _async_send_all(shipments: Iterable[_Shipment]) -> None:
    """Send all at once."""

    def send(shipment: _Shipment) -> asyncio.Task[None]:
        """Begin to send one."""
        return create_eager_task(shipment.account.outbox.async_send(shipment.batch))

    await asyncio.gather(*await async_map_in_slices(send, shipments, 1))


async def async_send_single(
    request: SendRequest, destination: Destination, context: Context, reference: str | None = None
) -> Message:
    """Send to one destination, and return the message with what happened to it.

    `reference` is the one that its reports carry. Raises ServiceValidationError if the request is wrong.
    """
    message = Message(
        destination.number, destination.recipient_id, request.channel, time.time(), context, ref=reference
    )
    for shipment in _prepare(request, [SendResult(destination, message)]):
        await shipment.account.outbox.async_send(shipment.batch)
    return message


def _prepare(request: SendRequest, results: Iterable[SendResult]) -> list[_Shipment]:
    """Return the batches that make up a request, with the text as each account sends it."""
    valid_for = None if request.valid_for is None else request.valid_for.total_seconds()
    contents: dict[Account, _Content] = {}
    shipments = []
    for members in _group(request, results):
        to = members[0].destination
        if (content := contents.get(to.account)) is None:
            content = contents[to.account] = _compose_content(request, to.account)
        batch = Batch(
            request.channel,
            content.body,
            tuple(result.message for result in members),
            sender=request.sender or to.sender,
            long_sms=content.long_sms,
            unicode=content.unicode,
            language=request.language or to.language,
            gender=request.gender or to.gender,
            send_at=request.send_at,
            valid_for=valid_for,
            alert=request.alert,
            still_wanted=request.still_wanted,
        )
        shipments.append(_Shipment(to.account, batch, content.sms))
    return shipments


def _group(request: SendRequest, results: Iterable[SendResult]) -> list[Sequence[SendResult]]:
    """Return the numbers that can share a request to the gateway."""
    size = 1 if request.channel is Channel.VOICE else MAX_NUMBERS
    groups: dict[tuple[Account, str | None], list[SendResult]] = {}
    for result in results:
        to = result.destination
        key = request.sender or to.sender if request.channel is Channel.SMS else request.language or to.language
        groups.setdefault((to.account, key), []).append(result)
    return [members for group in groups.values() for members in batched(group, size, strict=False)]


def _compose_content(request: SendRequest, account: Account) -> _Content:
    """Return a request's text as an account sends it; raises ServiceValidationError."""
    if request.channel is not Channel.SMS:
        speech = _compose_speech(request)
        return _Content(speech, long_sms=len(speech) > MAX_TTS_PART)
    unsupported = request.unsupported_characters or account.unsupported_characters
    sms = compose_sms(
        request.message, unsupported, long_sms=request.long_sms, last_line=request.last_line, cut=request.cut
    )
    return _Content(sms.text, long_sms=sms.parts > 1, unicode=sms.encoding is text.Encoding.UNICODE, sms=sms)


def _compose_speech(request: SendRequest) -> str:
    """Return the text as it is read aloud; raises ServiceValidationError."""
    limit = MAX_TTS if request.channel is Channel.TTS else MAX_VOICE
    return _compose(partial(text.compose_speech, request.message, limit=limit), cut=request.cut)


def _raise_failures(results: Sequence[SendResult], *, partial_success: bool) -> None:
    """Raise if any message failed, unless the caller sees it in the response."""
    failed = [result for result in results if result.failed]
    if not failed or (partial_success and len(failed) < len(results)):
        return
    labels = ", ".join(dict.fromkeys(result.destination.label for result in failed))
    if any(result.message.send_status is SendStatus.OUTCOME_UNKNOWN for result in failed):
        raise action_error("outcome_unknown", numbers=labels)
    reason = failed[0].message.error
    if len(failed) < len(results) or reason is None:
        raise action_error("not_accepted", numbers=labels)
    if isinstance(reason, Limit):
        raise action_error(reason.value, numbers=labels)
    raise to_action_error(reason) from reason


async def _wait_for_reports(results: Iterable[SendResult], duration: timedelta) -> None:
    """Wait until all messages have their final status, or the time is over."""
    messages: dict[Account, list[Message]] = {}
    for result in results:
        if not result.final:
            messages.setdefault(result.destination.account, []).append(result.message)
    await asyncio.gather(
        *(account.tracker.wait_until_final(group, duration.total_seconds()) for account, group in messages.items())
    )

"""Sends: composes what goes out, calls the gateway, tracks what it took over, answers."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import batched
import re
from typing import Any, Self

from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.service import async_get_config_entry

from . import phone, text
from .api import MAX_NUMBERS, AcceptedMessage, DeliveryStatus, Gender, Language, SmsboxClient
from .const import (
    CONF_CHANNELS,
    CONF_GENDER,
    CONF_LANGUAGE,
    CONF_NUMBERS,
    CONF_SENDER,
    CONF_UNSUPPORTED_CHARACTERS,
    DOMAIN,
    SUBENTRY_RECIPIENT,
    Channel,
    UnsupportedCharacters,
)
from .coordinator import SmsboxConfigEntry
from .errors import failure, translate_errors, validation_error
from .tracker import TRACKERS, Message
from .webhook import report_url

DEFAULT_COUNTRY = "BE"

MAX_TTS = 918
MAX_TTS_PART = 160
MAX_VOICE = 5000
MAX_VOICE_CALLS = 5

SENDER = re.compile(r"[0-9]{1,16}|[A-Za-z0-9]{1,11}")


@dataclass(frozen=True, slots=True)
class Recipient:
    """A person to reach: a subentry of an account."""

    subentry_id: str
    name: str
    numbers: tuple[str, ...]
    channels: tuple[Channel, ...]
    sender: str | None
    language: Language
    gender: Gender

    @classmethod
    def from_subentry(cls, subentry: ConfigSubentry) -> Self:
        """Return the recipient that a subentry stores."""
        data = subentry.data
        return cls(
            subentry_id=subentry.subentry_id,
            name=subentry.title,
            numbers=tuple(data[CONF_NUMBERS]),
            channels=tuple(Channel(channel) for channel in data[CONF_CHANNELS]),
            sender=data.get(CONF_SENDER),
            language=Language(data[CONF_LANGUAGE]),
            gender=Gender(data[CONF_GENDER]),
        )


def recipients(entry: SmsboxConfigEntry) -> list[Recipient]:
    """Return the recipients of an account."""
    return [Recipient.from_subentry(subentry) for subentry in entry.get_subentries_of_type(SUBENTRY_RECIPIENT)]


@dataclass(frozen=True, slots=True)
class Addressee:
    """A number to send to, by an account, for a recipient or for itself."""

    entry: SmsboxConfigEntry
    number: str
    recipient: Recipient | None = None

    @property
    def label(self) -> str:
        """Return what a log may say: the name, or the number without most of its digits."""
        return self.recipient.name if self.recipient else phone.mask(self.number)


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be sent; None leaves the choice to the recipient or to the account's options."""

    channel: Channel
    message: str
    sender: str | None = None
    long_sms: bool = True
    unsupported_characters: UnsupportedCharacters | None = None
    language: Language | None = None
    gender: Gender | None = None
    send_at: datetime | None = None
    wait_for_report: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one number; `tracked` is there only while reports of it can come."""

    addressee: Addressee
    msgid: int | None = None
    tracked: Message | None = None
    failure: HomeAssistantError | None = None

    def as_dict(self, *, waited: bool) -> dict[str, Any]:
        """Return the element of the action's answer."""
        status, final = "accepted", True
        if self.failure is not None:
            status = "outcome_unknown" if self.failure.translation_key == "outcome_unknown" else "not_accepted"
        elif self.tracked is not None:
            final = self.tracked.final
            if waited and self.tracked.status is not None:
                status = self.tracked.status.value
        return {
            "number": self.addressee.number,
            "recipient": self.addressee.recipient.name if self.addressee.recipient else None,
            "msgid": self.msgid,
            "status": status,
            "final": final,
            "error": self.failure.translation_key if self.failure else None,
        }


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of an order; `text` is what went out by SMS."""

    outcomes: list[Outcome]
    text: text.Text | None
    waited: bool

    @property
    def reached(self) -> set[str]:
        """Return the subentries of the recipients with an accepted message."""
        return {
            outcome.addressee.recipient.subentry_id
            for outcome in self.outcomes
            if outcome.addressee.recipient and not outcome.failure
        }

    def as_dict(self) -> dict[str, Any]:
        """Return the action's answer."""
        messages = [outcome.as_dict(waited=self.waited) for outcome in self.outcomes]
        answer: dict[str, Any] = {"messages": messages}
        if self.text is not None:
            answer |= {
                "text": self.text.text,
                "encoding": self.text.encoding.value,
                "parts": self.text.parts,
                "replaced": list(self.text.replaced),
            }
        if self.waited:
            answer["delivered"] = all(message["status"] == DeliveryStatus.DELIVERED for message in messages)
        return answer


@dataclass(frozen=True, slots=True)
class _Request:
    """One request to the gateway, for addressees of one account."""

    addressees: Sequence[Addressee]
    send: Callable[[], Awaitable[list[AcceptedMessage]]]
    reports: bool

    @property
    def entry(self) -> SmsboxConfigEntry:
        """Return the account that sends."""
        return self.addressees[0].entry


type _Prepared = tuple[list[_Request], text.Text | None]


def default_language(hass: HomeAssistant) -> Language:
    """Return Home Assistant's language where the gateway speaks it, else Dutch."""
    language = hass.config.language.partition("-")[0]
    return Language(language) if language in Language else Language.NL


def normalize_number(hass: HomeAssistant, number: str | int) -> str:
    """Return a number as the gateway wants it; raise the error of the action where it is none."""
    try:
        return phone.normalize(number, hass.config.country or DEFAULT_COUNTRY)
    except phone.InvalidNumberError as error:
        raise validation_error("invalid_number", number=str(number)) from error


def account(
    hass: HomeAssistant, config_entry_id: str | None, candidates: Iterable[SmsboxConfigEntry] = ()
) -> SmsboxConfigEntry:
    """Return the account with that id, else the only candidate, else the only account."""
    if config_entry_id is None:
        entries = {entry.entry_id for entry in candidates} or {
            entry.entry_id
            for entry in hass.config_entries.async_entries(DOMAIN, include_ignore=False, include_disabled=False)
        }
        if len(entries) > 1:
            raise validation_error("several_accounts")
        config_entry_id = next(iter(entries), None)
    return async_get_config_entry(hass, DOMAIN, config_entry_id)


def address(
    hass: HomeAssistant,
    recipients: Iterable[tuple[SmsboxConfigEntry, Recipient]],
    numbers: Iterable[str | int],
    config_entry_id: str | None,
) -> list[Addressee]:
    """Return whom to send to: every number once, those of recipients by their own account."""
    recipients = list(recipients)
    addressees: dict[str, Addressee] = {}
    for entry, recipient in recipients:
        account(hass, entry.entry_id)
        for number in recipient.numbers:
            addressees.setdefault(number, Addressee(entry, number, recipient))
    bare_numbers = [normalize_number(hass, number) for number in numbers]
    if bare_numbers or config_entry_id is not None:
        entry = account(hass, config_entry_id, [entry for entry, _ in recipients])
        for number in bare_numbers:
            addressees.setdefault(number, Addressee(entry, number))
    if not addressees:
        raise validation_error("no_recipients")
    return list(addressees.values())


def with_title(message: str, title: str | None) -> str:
    """Return a message with its title as the first line."""
    return "\n".join(part for part in (title, message) if part)


def unsupported_characters(entry: SmsboxConfigEntry) -> UnsupportedCharacters:
    """Return what an account does with characters outside the SMS alphabet."""
    return UnsupportedCharacters(entry.options.get(CONF_UNSUPPORTED_CHARACTERS, UnsupportedCharacters.REPLACE))


def compose_sms(message: str, unsupported: UnsupportedCharacters, *, long_sms: bool) -> text.Text:
    """Return the text as it goes out by SMS; raise the error of the action where it cannot."""
    with _translate_text_errors():
        return text.compose_sms(message, long_sms=long_sms, unicode=unsupported is UnsupportedCharacters.UNICODE)


@contextmanager
def _translate_text_errors() -> Iterator[None]:
    """Raise the errors of the actions for a text that cannot go out."""
    try:
        yield
    except text.EmptyMessageError as error:
        raise validation_error("empty_message") from error
    except text.MessageTooLongError as error:
        raise validation_error("message_too_long", length=str(error.length), limit=str(error.limit)) from error


async def async_send(
    hass: HomeAssistant, order: Order, addressees: Sequence[Addressee], context: Context, *, partial_success: bool
) -> Answer:
    """Send to every addressee.

    Raises the error where nothing was accepted and, without `partial_success`, where not everything was.
    """
    if order.sender is not None and not SENDER.fullmatch(order.sender):
        raise validation_error("invalid_sender", sender=order.sender)
    requests, sms = _REQUESTS[order.channel](hass, order, addressees)
    if order.wait_for_report is not None and not all(request.reports for request in requests):
        raise validation_error("no_report_url")
    sends = [_carry_out(hass, request, order.channel, context) for request in requests]
    # One alone, which is the rule, needs no task of its own.
    carried_out = [await sends[0]] if len(sends) == 1 else await asyncio.gather(*sends)
    by_number = {outcome.addressee.number: outcome for outcomes in carried_out for outcome in outcomes}
    outcomes = [by_number[addressee.number] for addressee in addressees]
    _raise_failures(outcomes, partial_success=partial_success)
    if order.wait_for_report is not None:
        await _wait_for_reports(hass, outcomes, order.wait_for_report)
    return Answer(outcomes, sms, waited=order.wait_for_report is not None)


def _sms_requests(hass: HomeAssistant, order: Order, addressees: Iterable[Addressee]) -> _Prepared:
    """Return the requests for an SMS: one for each account, sender and 500 numbers."""
    requests: list[_Request] = []
    sms: text.Text | None = None
    for (entry, sender), group in _grouped(
        addressees, lambda to: order.sender or (to.recipient.sender if to.recipient else None)
    ):
        sms = compose_sms(
            order.message, order.unsupported_characters or unsupported_characters(entry), long_sms=order.long_sms
        )
        url = report_url(hass, entry)
        requests += [
            _Request(
                batch,
                partial(
                    entry.runtime_data.client.send_sms,
                    [addressee.number for addressee in batch],
                    sms.text,
                    sender=sender,
                    long_sms=sms.parts > 1,
                    unicode=sms.encoding is text.Encoding.UNICODE,
                    report_url=url,
                ),
                reports=url is not None,
            )
            for batch in batched(group, MAX_NUMBERS, strict=False)
        ]
    return requests, sms


def _tts_requests(hass: HomeAssistant, order: Order, addressees: Iterable[Addressee]) -> _Prepared:
    """Return the requests for a text to be read aloud: one for each account, language and 500 numbers."""
    with _translate_text_errors():
        message = text.compose_speech(order.message, limit=MAX_TTS)
    requests = []
    for (entry, language), group in _grouped(addressees, partial(_language, hass, order)):
        url = report_url(hass, entry)
        requests += [
            _Request(
                batch,
                partial(
                    entry.runtime_data.client.send_tts,
                    [addressee.number for addressee in batch],
                    message,
                    language=language,
                    long_sms=len(message) > MAX_TTS_PART,
                    report_url=url,
                ),
                reports=url is not None,
            )
            for batch in batched(group, MAX_NUMBERS, strict=False)
        ]
    return requests, None


def _voice_requests(hass: HomeAssistant, order: Order, addressees: Iterable[Addressee]) -> _Prepared:
    """Return the requests for calls: one for each number, a few at a time."""
    with _translate_text_errors():
        message = text.compose_speech(order.message, limit=MAX_VOICE)
    calls = asyncio.Semaphore(MAX_VOICE_CALLS)

    async def call(client: SmsboxClient, addressee: Addressee) -> list[AcceptedMessage]:
        """Call one number."""
        async with calls:
            await client.send_voice(
                addressee.number,
                message,
                language=_language(hass, order, addressee),
                gender=order.gender or (addressee.recipient.gender if addressee.recipient else Gender.MALE),
                send_at=order.send_at,
            )
        return [AcceptedMessage(addressee.number, None)]

    return [
        _Request((addressee,), partial(call, addressee.entry.runtime_data.client, addressee), reports=False)
        for addressee in addressees
    ], None


_REQUESTS = {Channel.SMS: _sms_requests, Channel.TTS: _tts_requests, Channel.VOICE: _voice_requests}


def _language(hass: HomeAssistant, order: Order, addressee: Addressee) -> Language:
    """Return the language to speak to an addressee."""
    if order.language is not None:
        return order.language
    return addressee.recipient.language if addressee.recipient else default_language(hass)


def _grouped[T](
    addressees: Iterable[Addressee], key: Callable[[Addressee], T]
) -> list[tuple[tuple[SmsboxConfigEntry, T], list[Addressee]]]:
    """Return the addressees that can share a request: of one account and one key."""
    groups: dict[tuple[str, T], list[Addressee]] = {}
    for addressee in addressees:
        groups.setdefault((addressee.entry.entry_id, key(addressee)), []).append(addressee)
    return [((group[0].entry, value), group) for (_, value), group in groups.items()]


async def _carry_out(hass: HomeAssistant, request: _Request, channel: Channel, context: Context) -> list[Outcome]:
    """Send one request and track what was accepted; what fails is an outcome too."""
    # Taken now: the account may be reloaded or removed before the gateway answers.
    coordinator, tracker = request.entry.runtime_data.coordinator, hass.data[TRACKERS][request.entry.entry_id]
    try:
        with translate_errors(hass, request.entry, (addressee.label for addressee in request.addressees)):
            accepted = {message.number: message for message in await request.send()}
    except HomeAssistantError as error:
        return [Outcome(addressee, failure=error) for addressee in request.addressees]
    coordinator.async_schedule_refresh()
    outcomes = []
    for addressee in request.addressees:
        if (message := accepted.get(addressee.number)) is None:
            outcomes.append(Outcome(addressee, failure=failure("not_accepted", numbers=addressee.label)))
        else:
            subentry_id = addressee.recipient.subentry_id if addressee.recipient else None
            tracked = tracker.track(message, subentry_id, channel, context, reports=request.reports)
            outcomes.append(Outcome(addressee, message.msgid, tracked))
    return outcomes


def _raise_failures(outcomes: Sequence[Outcome], *, partial_success: bool) -> None:
    """Raise what the caller would not learn from the answer."""
    failed = [(outcome.addressee, outcome.failure) for outcome in outcomes if outcome.failure]
    if not failed or (partial_success and len(failed) < len(outcomes)):
        return
    labels = ", ".join(dict.fromkeys(addressee.label for addressee, _ in failed))
    unknown = next((error for _, error in failed if error.translation_key == "outcome_unknown"), None)
    first = failed[0][1]
    if unknown:
        raise failure("outcome_unknown", numbers=labels) from unknown
    if len(failed) < len(outcomes) or first.translation_key == "not_accepted":
        raise failure("not_accepted", numbers=labels) from first
    raise first


async def _wait_for_reports(hass: HomeAssistant, outcomes: Iterable[Outcome], time: timedelta) -> None:
    """Wait until all that was accepted has its final status, or the time is over."""
    tracked: dict[str, list[Message]] = {}
    for outcome in outcomes:
        if outcome.tracked:
            tracked.setdefault(outcome.addressee.entry.entry_id, []).append(outcome.tracked)
    await asyncio.gather(
        *(
            tracker.wait_until_final(messages, time.total_seconds())
            for entry_id, messages in tracked.items()
            if (tracker := hass.data[TRACKERS].get(entry_id))
        )
    )

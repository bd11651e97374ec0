"""What is known and stored of an alert; moments are in seconds since the epoch."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from hmac import compare_digest
from typing import Self

from ..const import Channel
from .plan import Contact


class Status(StrEnum):
    """Where an alert stands."""

    IDLE = "idle"
    WAITING = "waiting"
    NOTIFYING = "notifying"
    ACKNOWLEDGED = "acknowledged"
    UNANSWERED = "unanswered"
    FAILED = "failed"


class MessageState(StrEnum):
    """Where a message of the step under way stands."""

    SENDING = "sending"
    WAITING = "waiting"
    TOLD = "told"
    REFUSED = "refused"


class Via(StrEnum):
    """How an alert was acknowledged."""

    LINK = "link"
    BUTTON = "button"
    ACTION = "action"


@dataclass(slots=True)
class Cause:
    """What set an alert off."""

    title: str | None
    message: str
    test: bool = False
    acknowledged: bool = False

    @property
    def key(self) -> str:
        """Return what the cause is known by."""
        return self.title or self.message


@dataclass(slots=True)
class Message:
    """What goes to one number, or to one notifier of another integration."""

    reference: str
    contact: int  # position among the step's contacts
    number: str | None
    causes: list[str]
    at: float
    state: MessageState = MessageState.SENDING
    reason: str | None = None
    joined: bool = False  # tells causes that came after the step's own message
    delivered: bool | None = None  # None until the final report


@dataclass(slots=True)
class Outage:
    """A gateway that cannot be reached or is busy, from the first failed try after its last answer."""

    since: float
    tried: float
    retry_after: float
    reason: str


@dataclass(slots=True)
class Progress:
    """The step under way; no step of round 0 ever began."""

    began: float
    round: int = 0
    step: int = -1
    wait: float = 0
    told_at: float | None = None
    contacts: list[Contact] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    unreachable: list[int] = field(default_factory=list)  # contacts of whom that was said
    left: bool = False  # early: all were refused, or nothing was delivered
    all_active: bool = False  # this round is run as if every `only_while` were active
    all_left: bool = True  # each earlier step of this round was left early
    detour: bool = False  # a step of this round was left because of an outage
    uncounted: int = 0  # rounds that do not count against `repeat`
    outages: dict[str, Outage] = field(default_factory=dict)
    failing: dict[str, float] = field(default_factory=dict)  # gateways: since when they took no message

    def messages_to(self, contact: Contact) -> list[Message]:
        """Return the messages that reach a contact; some may carry the link of another."""
        if contact.channel is None:
            return [message for message in self.messages if self.contacts[message.contact] == contact]
        return [
            message
            for message in self.messages
            if message.number in contact.numbers and self.contacts[message.contact].channel is contact.channel
        ]

    def state(self, contact: Contact) -> MessageState:
        """Return where the telling of a contact stands."""
        states = {message.state for message in self.messages_to(contact)}
        for state in MessageState.TOLD, MessageState.SENDING, MessageState.WAITING:
            if state in states:
                return state
        return MessageState.REFUSED

    @property
    def over_at(self) -> float:
        """Return when the step's wait is over."""
        return (self.began if self.told_at is None else self.told_at) + self.wait

    @property
    def sending(self) -> list[Message]:
        """Return the messages that are marked as sending."""
        return [message for message in self.messages if message.state is MessageState.SENDING]

    @property
    def lost(self) -> bool:
        """Return whether everybody was refused, or has a final report that does not say delivered."""
        sent = [message for message in self.messages if message.state is not MessageState.REFUSED]
        return not sent or (
            all(contact.channel is not None for contact in self.contacts)
            and all(message.state is MessageState.TOLD and message.delivered is False for message in sent)
        )


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """Who acknowledged an alert."""

    by: str | None
    via: Via
    at: float


@dataclass(frozen=True, slots=True)
class Failure:
    """Who could not be told, and why."""

    name: str  # empty if a step had nobody
    channel: Channel | None
    reason: str


@dataclass(frozen=True, slots=True)
class Token:
    """The secret part of somebody's link."""

    token: str
    name: str


@dataclass(slots=True)
class Run:
    """An alert that is not idle."""

    alert_id: str
    since: float
    context: dict[str, str | None]
    causes: list[Cause]
    progress: Progress
    status: Status = Status.WAITING
    held: bool = False
    acknowledged: Acknowledgement | None = None  # the last one, also when a new cause came after it
    told: list[Contact] = field(default_factory=list)
    told_before: list[Contact] = field(default_factory=list)  # before the alert started again
    failures: list[Failure] = field(default_factory=list)
    issue: list[Failure] | None = None  # what the repair issue says
    tokens: dict[str, Token] = field(default_factory=dict)  # by the id of a contact

    def __post_init__(self) -> None:
        """Raise ValueError if this can be no alert."""
        if (
            not self.causes
            or self.status is Status.IDLE
            or (self.status is Status.ACKNOWLEDGED and self.acknowledged is None)
            or (self.status is Status.NOTIFYING and not self.progress.contacts)
            or any(not 0 <= message.contact < len(self.progress.contacts) for message in self.progress.messages)
        ):
            raise ValueError("Not an alert")

    @property
    def open_causes(self) -> list[Cause]:
        """Return the causes that nobody acknowledged yet."""
        return [cause for cause in self.causes if not cause.acknowledged]

    def start_anew(self, alert_id: str, now: float, context: Mapping[str, str | None], *, test: bool) -> Self:
        """Return a new start of an alert that nobody answered: all its causes and the same links."""
        for cause in self.causes:
            cause.acknowledged = cause.acknowledged and test
        return type(self)(
            alert_id,
            now,
            dict(context),
            self.causes,
            Progress(now),
            acknowledged=self.acknowledged,
            told_before=self.told_before + self.told,
            issue=self.issue,
            tokens=self.tokens,
        )

    def wait_again(self, now: float) -> None:
        """Begin from the first step, for what came after the acknowledgement."""
        self.status, self.held, self.progress = Status.WAITING, False, Progress(now)
        self.told_before, self.told, self.failures = self.told_before + self.told, [], []

    def not_later_than(self, now: float) -> None:
        """Let everything that began in the future, because the clock was set back, begin now."""
        progress = self.progress
        progress.began = min(progress.began, now)
        if progress.told_at is not None:
            progress.told_at = min(progress.told_at, now)
        for outage in progress.outages.values():
            outage.since, outage.tried = min(outage.since, now), min(outage.tried, now)
        progress.failing = {gateway: min(since, now) for gateway, since in progress.failing.items()}
        if self.acknowledged is not None and self.acknowledged.at > now:
            self.acknowledged = Acknowledgement(self.acknowledged.by, self.acknowledged.via, now)


@dataclass(slots=True)
class Past:
    """What the links of an alert show for an hour after it."""

    ended: float
    since: float
    causes: list[Cause]
    acknowledged: Acknowledgement | None
    tokens: dict[str, Token]


@dataclass(frozen=True, slots=True)
class Link:
    """What somebody's link leads to; `ended` is None while the alert is not idle."""

    person: str
    name: str
    since: float
    causes: tuple[Cause, ...]
    acknowledged: Acknowledgement | None
    ended: float | None


@dataclass(slots=True)
class State:
    """All that is stored of the alert of one plan."""

    run: Run | None = None
    past: list[Past] = field(default_factory=list)

    def link(self, token: str) -> Link | None:
        """Return what a link leads to; all tokens are compared, so that the time that this takes reveals nothing."""
        wanted = token.encode(errors="replace")  # it may hold what no token ever does
        sources: list[Run | Past] = [*self.past] if self.run is None else [self.run, *self.past]
        found = [
            (source, person, known.name)
            for source in sources
            for person, known in source.tokens.items()
            if compare_digest(known.token.encode(), wanted)
        ]
        if not found:
            return None
        source, person, name = found[0]
        taken, ended = source.acknowledged, None
        if isinstance(source, Past):
            ended = source.ended
        elif source.status is not Status.ACKNOWLEDGED:
            taken = None
        return Link(person, name, source.since, tuple(source.causes), taken, ended)

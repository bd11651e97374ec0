"""What has to be done when something happened to an alert, in the order of the list that holds it."""

from dataclasses import dataclass
from enum import StrEnum

from ..const import Channel
from .plan import Contact
from .run import Cause, Failure, MessageState

RETRY_AFTER = 60


class EventType(StrEnum):
    """What an event says."""

    STARTED = "started"
    ADDED = "added"
    TOLD = "told"
    NOT_TOLD = "not_told"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"
    UNANSWERED = "unanswered"
    FAILED = "failed"


class FollowUpKind(StrEnum):
    """What a follow-up says."""

    TAKEN = "taken"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class Save:
    """Write the state to disk before doing what comes after this."""


@dataclass(frozen=True, slots=True)
class Fire:
    """Fire an event; step and round count from 1, the targets are pairs of name and channel."""

    type: EventType
    alert_id: str
    context: dict[str, str | None]
    title: str | None = None
    step: int | None = None
    round: int | None = None
    targets: tuple[tuple[str, Channel | None], ...] | None = None
    reason: str | None = None
    by: str | None = None
    via: str | None = None


@dataclass(frozen=True, slots=True)
class Tell:
    """Send these messages at the same time, each if `Alert.to_send` says so."""

    references: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FollowUp:
    """Queue a follow-up for each contact: to their `numbers`, or by their notifier."""

    kind: FollowUpKind
    contacts: tuple[Contact, ...]
    by: str | None = None
    text: str | None = None


@dataclass(frozen=True, slots=True)
class RaiseIssue:
    """Raise the repair issue `alert_failed`."""

    failures: tuple[Failure, ...]


@dataclass(frozen=True, slots=True)
class WithdrawIssue:
    """Withdraw the repair issue `alert_failed`."""


type Effect = Save | Fire | Tell | FollowUp | RaiseIssue | WithdrawIssue


@dataclass(frozen=True, slots=True)
class Answer:
    """What happened to a message: told (or it may have been), refused, or waiting for an unreachable gateway."""

    state: MessageState
    reason: str | None = None
    retry_after: float = RETRY_AFTER


@dataclass(frozen=True, slots=True)
class Sending:
    """A message that goes out now."""

    reference: str
    contact: Contact
    number: str | None
    causes: tuple[Cause, ...]
    token: str | None

"""A message on its way, and the request that carries it, as data."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
import secrets
from typing import Any, Self

from homeassistant.core import Context
from homeassistant.helpers.json import json_bytes, json_fragment
from homeassistant.util import dt as dt_util

from .api import DeliveryStatus, Gender, Language, SmsboxError
from .const import Channel, SendStatus
from .errors import error_key
from .guard import Limit

type Row = dict[str, Any]


def parse_text(value: object) -> str:
    """Return a stored text; raise TypeError for anything else."""
    if not isinstance(value, str):
        raise TypeError("not a text")
    return value


def parse_list(value: object) -> list[Any]:
    """Return a stored list; raise TypeError for anything else."""
    if not isinstance(value, list):
        raise TypeError("not a list")
    return value


def parse_moment(value: object) -> float:
    """Return a stored moment in seconds since the epoch; raise ValueError or TypeError for anything else."""
    if not isinstance(value, int | float):
        raise TypeError("not a moment")
    dt_util.utc_from_timestamp(value)
    return float(value)


def context_to_store(context: Context) -> Row:
    """Return a context as it is stored."""
    stored = {"id": context.id, "parent_id": context.parent_id, "user_id": context.user_id}
    return {key: value for key, value in stored.items() if value is not None}


def context_from_store(row: Row) -> Context:
    """Return a stored context; raise AttributeError or TypeError for anything else."""
    optional = {key: parse_text(row[key]) for key in ("parent_id", "user_id") if row.get(key) is not None}
    return Context(id=parse_text(row.get("id")), **optional)


@dataclass(slots=True, eq=False)
class Message:
    """A message on its way: followed by its `msgid`, or by its `ref` while the gateway has not told that.

    `sent_at` is in seconds since the epoch, `followed_since` the same unless the clock was set. What happened when it
    was sent is in `send_status`, `error` and `followed` (whether reports of it can come), which are not stored.
    """

    number: str
    recipient_id: str | None
    channel: Channel
    sent_at: float
    context: Context
    msgid: int | None = None
    ref: str | None = None
    statuses: tuple[DeliveryStatus, ...] = ()
    followed_since: float = 0
    send_status: SendStatus | None = None
    error: SmsboxError | Limit | None = None
    followed: bool = False
    # Rendered once for each version, so that saving very many messages is quick.
    _version: int = 0
    _rendered: json_fragment | None = None
    _rendered_version: int = 0

    def __post_init__(self) -> None:
        self.followed_since = self.followed_since or self.sent_at

    @classmethod
    def from_store(cls, row: Row) -> Self:
        """Return a stored message."""
        msgid, recipient_id, ref = row.get("msgid"), row.get("recipient_id"), row.get("ref")
        if type(msgid) is not int and (msgid is not None or ref is None):
            raise TypeError("neither a message ID nor a reference")
        return cls(
            number=parse_text(row["number"]),
            recipient_id=None if recipient_id is None else parse_text(recipient_id),
            channel=Channel(row["channel"]),
            sent_at=parse_moment(row["sent_at"]),
            context=context_from_store(row["context"]),
            msgid=msgid,
            ref=None if ref is None else parse_text(ref),
            statuses=tuple(DeliveryStatus(status) for status in parse_list(row.get("statuses", []))),
            followed_since=parse_moment(row.get("followed_since", row["sent_at"])),
        )

    @property
    def status(self) -> DeliveryStatus | None:
        """Return the last status, None before the first report."""
        return self.statuses[-1] if self.statuses else None

    @property
    def final(self) -> bool:
        """Return whether no report can change the status any more."""
        return self.status is not None and self.status.final

    @property
    def error_key(self) -> str | None:
        """Return the translation key of why the message was not sent, or may not have been."""
        match self.error:
            case Limit():
                return self.error.value
            case SmsboxError():
                return error_key(self.error)
        return None if self.send_status in (None, SendStatus.ACCEPTED) else self.send_status.value

    def changed(self) -> None:
        """Have the row rendered again."""
        self._version += 1

    @property
    def row(self) -> json_fragment:
        """Return the message as it is stored, without what is empty; called in a thread, while it may change."""
        version = self._version
        if self._rendered is None or self._rendered_version != version:
            row = {
                "number": self.number,
                "recipient_id": self.recipient_id,
                "channel": self.channel,
                "sent_at": self.sent_at,
                "context": context_to_store(self.context),
                "msgid": self.msgid,
                "ref": self.ref,
                "statuses": self.statuses,
                "followed_since": None if self.followed_since == self.sent_at else self.followed_since,
            }
            content = json_bytes({key: value for key, value in row.items() if value not in (None, ())})
            # A copy of the right size: orjson leaves much room behind what it renders.
            self._rendered, self._rendered_version = json_fragment(b"".join((content, b""))), version
        return self._rendered


@dataclass(frozen=True, slots=True)
class Batch:
    """One request to the gateway: what is sent to whom, and how.

    `valid_for` tells for how many seconds the messages are kept if the gateway cannot be reached. `still_wanted`, which
    is not stored, is asked right before each attempt.
    """

    channel: Channel
    text: str
    messages: tuple[Message, ...]
    sender: str | None = None
    long_sms: bool = False
    unicode: bool = False
    language: Language = Language.NL
    gender: Gender = Gender.MALE
    send_at: datetime | None = None
    valid_for: float | None = None
    alert: bool = False
    still_wanted: Callable[[], bool] | None = None

    @classmethod
    def from_store(cls, row: Row) -> Self:
        """Return a stored request."""
        send_at, sender = row.get("send_at"), row.get("sender")
        return cls(
            channel=Channel(row["channel"]),
            text=parse_text(row["text"]),
            messages=(Message.from_store(row["message"]),),
            sender=None if sender is None else parse_text(sender),
            long_sms=bool(row["long_sms"]),
            unicode=bool(row["unicode"]),
            language=Language(row["language"]),
            gender=Gender(row["gender"]),
            send_at=None if send_at is None else dt_util.utc_from_timestamp(parse_moment(send_at)),
            valid_for=parse_moment(row["valid_for"]),
        )

    def to_store(self) -> Row:
        """Return a request for one number as it is stored."""
        return {
            "channel": self.channel,
            "text": self.text,
            "message": self.messages[0].row,
            "sender": self.sender,
            "long_sms": self.long_sms,
            "unicode": self.unicode,
            "language": self.language,
            "gender": self.gender,
            "send_at": self.send_at and self.send_at.timestamp(),
            "valid_for": self.valid_for,
        }


def new_reference() -> str:
    """Return a random reference, which the reports of a message will carry."""
    return secrets.token_hex(8)

"""The state of the gateway: keys, balance, messages, phones, one-time passwords, faults and counters."""

import asyncio
from collections import Counter
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from itertools import count
import math
from typing import Any

from .faults import Fault

DEFAULT_SENDER = "SMSBOX"


def amount(value: str | float) -> Decimal:
    """Read an amount of credits; raise ValueError if it is not one."""
    number = float(value)
    if not math.isfinite(number):
        raise ValueError("credits are a finite number")
    return Decimal(str(number))


class Service(StrEnum):
    """A service of the gateway, as faults and counters name it."""

    AUTH = "auth"
    BALANCE = "balance"
    SENDSMS = "sendsms"
    TTS = "tts"
    VOICE = "voice"
    OTP_SEND = "otp_send"
    OTP_VERIFY = "otp_verify"
    HLR = "hlr"


class Kind(StrEnum):
    """How a message reaches a phone."""

    SMS = "sms"
    TTS = "tts"
    VOICE = "voice"
    OTP = "otp"


class PhoneMode(StrEnum):
    """What a phone does with what is sent to it."""

    ON = "on"
    OFF = "off"  # an SMS waits until it is on again; it cannot be called
    NO_ANSWER = "no_answer"  # nobody answers a call
    FULL = "full"  # there is no room for an SMS


@dataclass(slots=True, kw_only=True)
class Message:
    """A message on a phone.

    `status` is that of the last delivery report for SMS and TTS; `scheduled`, `called` or `not answered` for a voice
    call.
    """

    kind: Kind
    number: str
    text: str
    parts: int
    status: str
    msgid: int | None = None
    sender: str | None = None
    language: str | None = None
    gender: str | None = None
    unicode: bool = False
    otp: str | None = None
    noti: str | None = None
    send_at: datetime | None = None
    received_at: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def shown_sender(self) -> str:
        """Return the sender that the phone shows: phones in Belgium never show a custom one."""
        return DEFAULT_SENDER if self.sender is None or self.number.startswith("32") else self.sender

    def as_json(self) -> dict[str, Any]:
        """Return the message for `/messages` and the page."""
        return asdict(self) | {
            "shown_sender": self.shown_sender,
            "received_at": self.received_at.isoformat(),
            "send_at": self.send_at and self.send_at.isoformat(),
        }


@dataclass
class Gateway:
    """One gateway with one account; `report_delay` and `retry_pauses` are in seconds."""

    keys: set[str] = field(default_factory=lambda: {"demo"})
    balance: Decimal = Decimal(1000)
    report_delay: float = 3
    retry_pauses: tuple[float, ...] = (1, 4, 15)
    messages: list[Message] = field(default_factory=list)
    phones: dict[str, PhoneMode] = field(default_factory=dict)
    otps: dict[str, str] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    requests: Counter[Service] = field(default_factory=Counter)
    msgids: count[int] = field(default_factory=lambda: count(15547355))
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    closing: asyncio.Event = field(default_factory=asyncio.Event)

    def notify(self) -> None:
        """Wake the pages that are open."""
        self.changed.set()
        self.changed = asyncio.Event()

    def next_fault(self, service: Service) -> Fault | None:
        """Return the fault that was requested for a request of a service, and count it."""
        for fault in self.faults:
            if fault.service in (service, "*"):
                if fault.count is not None:
                    fault.count -= 1
                    if not fault.count:
                        self.faults.remove(fault)
                return fault
        return None

    def as_json(self) -> dict[str, Any]:
        """Return what the page shows."""
        return {
            "balance": f"{self.balance:.2f}",
            "messages": [message.as_json() for message in self.messages],
            "phones": self.phones,
            "faults": [fault.as_json() for fault in self.faults],
        }

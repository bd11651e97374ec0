"""What the gateway takes and answers.

Each `from_response` takes what the gateway's JSON holds and raises KeyError, TypeError or ValueError where its shape
makes no sense.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self


def integer(value: object) -> int:
    """Return an integer of up to 64 bits, given as a number or as digits; raise ValueError for anything else."""
    if isinstance(value, str) and value.isascii() and value.isdigit():
        value = int(value)
    if type(value) is not int or abs(value) >= 2**63:
        raise ValueError("not an integer")
    return value


def phone_number(value: object) -> str:
    """Return a number's digits, given as a string or as a number; raise ValueError for anything else."""
    return str(integer(value.removeprefix("+") if isinstance(value, str) else value))


class Language(StrEnum):
    """A language that the gateway speaks."""

    NL = "nl"
    EN = "en"
    FR = "fr"

    @property
    def ttslng(self) -> str:
        """Return the language as `sendsms` wants it."""
        return str(list(Language).index(self))


class Gender(StrEnum):
    """The voice of a call."""

    MALE = "male"
    FEMALE = "female"


class DeliveryStatus(StrEnum):
    """What became of a message, by the last delivery report."""

    SENT = "sent"
    DELIVERED = "delivered"
    BUFFERED = "buffered"
    UNDELIVERED = "undelivered"
    EXPIRED = "expired"
    REJECTED = "rejected"
    UNKNOWN = "unknown"
    BLACKLISTED = "blacklisted"
    ERROR = "error"

    @classmethod
    def from_code(cls, code: int) -> Self:
        """Return the status of a report's code; a code that is not documented counts as unknown."""
        return cls(_STATUS_BY_CODE.get(code, "unknown"))

    @property
    def final(self) -> bool:
        """Return whether no other report is to be expected."""
        return self not in _PENDING


_PENDING = frozenset(
    {DeliveryStatus.SENT, DeliveryStatus.BUFFERED, DeliveryStatus.UNKNOWN},
)
_STATUS_BY_CODE = {
    10: "sent",
    11: "delivered",
    12: "buffered",
    13: "undelivered",
    14: "expired",
    15: "rejected",
    16: "unknown",
    20: "blacklisted",
    1: "error",
}


@dataclass(frozen=True, slots=True)
class DeliveryReport:
    """A status that the gateway reports for a message."""

    msgid: int
    status_code: int
    status: DeliveryStatus

    @classmethod
    def from_response(cls, msgid: object, status: object) -> Self:
        """Return the report of the two fields that the gateway posts."""
        code = integer(status)
        return cls(integer(msgid), code, DeliveryStatus.from_code(code))


@dataclass(frozen=True, slots=True)
class AcceptedMessage:
    """A message that the gateway took over; `msgid` is what its delivery reports carry, None if it has none."""

    number: str
    msgid: int | None

    @classmethod
    def from_response(cls, element: dict[str, Any]) -> Self:
        """Return one element of the answer of `sendsms`."""
        msgid = element.get("msgid")
        return cls(phone_number(element["number"]), None if msgid is None else integer(msgid))


@dataclass(frozen=True, slots=True)
class OtpVerification:
    """Whether a one-time password was right, for which number, and the gateway's code for it."""

    verified: bool
    number: str | None
    code: int


@dataclass(frozen=True, slots=True)
class Network:
    """A mobile network."""

    name: str | None
    country_code: int | None
    location: str | None
    timezone: str | None
    verified: bool | None

    @classmethod
    def from_response(cls, info: dict[str, Any] | None) -> Self:
        """Return a network of the answer of `hlr`, where all may be missing."""
        info = info or {}
        return cls(
            name=info.get("network_name"),
            country_code=info.get("country_code"),
            location=info.get("location"),
            timezone=info.get("timezone"),
            verified=info.get("verified"),
        )


@dataclass(frozen=True, slots=True)
class NumberLookup:
    """What the home location register (HLR) knows of a number."""

    number: str
    reachable: bool
    status: str | None
    error_code: int
    error_text: str | None
    type: str | None
    mccmnc: str | None
    ported: bool | None
    roaming: bool | None
    issuing_network: Network
    home_network: Network

    @classmethod
    def from_response(cls, message: dict[str, Any]) -> Self:
        """Return the `message` of the answer of `hlr`."""
        error_code = integer(message["error_code"])
        return cls(
            number=phone_number(message["msisdn"]),
            reachable=error_code == 0,
            status=message.get("status"),
            error_code=error_code,
            error_text=message.get("error_text"),
            type=message.get("type"),
            mccmnc=message.get("mccmnc"),
            ported=message.get("is_ported"),
            roaming=message.get("is_roaming"),
            # spelled that way by the gateway
            issuing_network=Network.from_response(message.get("issueing_info")),
            home_network=Network.from_response(message.get("home_info")),
        )

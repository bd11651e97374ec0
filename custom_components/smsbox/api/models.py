"""What the gateway accepts and returns.

A response that is malformed raises SmsboxOutcomeUnknownError, as the request that it belongs to may have been carried
out. Texts in it lose control characters and surrogates.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import wraps
import math
import re
from typing import Any, Final, Self

from .cleaning import clean_text
from .errors import SmsboxOutcomeUnknownError

MAX_NUMBERS: Final = 500
MAX_SMS: Final = 160
MAX_LONG_SMS: Final = 918
MAX_UNICODE_SMS: Final = 70
MAX_LONG_UNICODE_SMS: Final = 402
MAX_TTS: Final = 918
MAX_TTS_PART: Final = 160
MAX_VOICE: Final = 5000

SENDER: Final = re.compile(r"[0-9]{1,16}|[A-Za-z0-9]{1,11}")
OTP_PLACEHOLDER: Final = "{OTP}"

OTP_VERIFIED: Final = 11
OTP_FAILED: Final = frozenset({40, 51})

type Response = dict[str, Any]


class Language(StrEnum):
    """A language that the gateway speaks."""

    NL = "nl"
    EN = "en"
    FR = "fr"

    @property
    def tts_code(self) -> str:
        """Return the language's code for text-to-speech."""
        return {Language.NL: "0", Language.EN: "1", Language.FR: "2"}[self]

    @property
    def voice_code(self) -> str:
        """Return the language's code for voice calls."""
        return {Language.NL: "NL", Language.EN: "EN", Language.FR: "FR"}[self]


class Gender(StrEnum):
    """The voice of a call."""

    MALE = "male"
    FEMALE = "female"

    @property
    def code(self) -> str:
        """Return the gender's code for voice calls."""
        return {Gender.MALE: "M", Gender.FEMALE: "F"}[self]


class DeliveryStatus(StrEnum):
    """The status of a message, by its last delivery report."""

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
    def from_code(cls, code: int) -> DeliveryStatus:
        """Return the status for a report's code; a code that is not documented counts as unknown."""
        return _STATUSES.get(code, cls.UNKNOWN)

    @property
    def final(self) -> bool:
        """Return whether no further report is expected."""
        return self not in {DeliveryStatus.SENT, DeliveryStatus.BUFFERED, DeliveryStatus.UNKNOWN}


_STATUSES = {
    1: DeliveryStatus.ERROR,
    10: DeliveryStatus.SENT,
    11: DeliveryStatus.DELIVERED,
    12: DeliveryStatus.BUFFERED,
    13: DeliveryStatus.UNDELIVERED,
    14: DeliveryStatus.EXPIRED,
    15: DeliveryStatus.REJECTED,
    16: DeliveryStatus.UNKNOWN,
    20: DeliveryStatus.BLACKLISTED,
}


def integer(value: object) -> int:
    """Return an integer of up to 64 bits, given as a number or as digits; raise ValueError for anything else."""
    if isinstance(value, str) and value.isascii() and value.isdigit():
        value = int(value)
    if type(value) is not int or abs(value) >= 2**63:
        raise ValueError("not an integer")
    return value


def _malformed_is_unknown[**P, T](parse: Callable[P, T]) -> Callable[P, T]:
    """Make what parses a response raise SmsboxOutcomeUnknownError if the response is malformed."""

    @wraps(parse)
    def parse_or_raise(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return parse(*args, **kwargs)
        except AttributeError, KeyError, TypeError, ValueError:
            # The response may hold numbers and passwords: it is not carried along.
            raise SmsboxOutcomeUnknownError("malformed response") from None

    return parse_or_raise


@_malformed_is_unknown
def parse_balance(response: Response) -> float:
    """Return the balance in credits."""
    balance = float(str(response["message"]))
    if not math.isfinite(balance):
        raise ValueError("not a balance")
    return balance


@_malformed_is_unknown
def parse_number(response: Response) -> str:
    """Return the phone number that a response is about."""
    return _phone_number(response["number"])


@dataclass(frozen=True, slots=True)
class AcceptedMessage:
    """A message that the gateway accepted; `msgid` is what its delivery reports carry, if any come."""

    number: str
    msgid: int | None

    @classmethod
    @_malformed_is_unknown
    def list_from_response(cls, response: Response) -> list[Self]:
        """Return the accepted messages in the order of the response."""
        if not isinstance(response["message"], list):
            raise TypeError("not a list")
        return [
            cls(_phone_number(element["number"]), None if (msgid := element.get("msgid")) is None else integer(msgid))
            for element in response["message"]
        ]


@dataclass(frozen=True, slots=True)
class DeliveryReport:
    """A status that the gateway reports for a message, and the reference in the URL that it was sent to."""

    msgid: int
    status_code: int
    status: DeliveryStatus
    ref: str | None = None

    @classmethod
    def from_fields(cls, msgid: object, status: object, ref: str | None = None) -> Self:
        """Return the report that two posted fields give; raise ValueError if one is malformed."""
        code = integer(status)
        return cls(integer(msgid), code, DeliveryStatus.from_code(code), ref)


@dataclass(frozen=True, slots=True)
class OtpVerification:
    """Whether a one-time password was right, for which number, and the gateway's code for it."""

    verified: bool
    number: str | None
    code: int

    @classmethod
    @_malformed_is_unknown
    def from_response(cls, response: Response) -> Self:
        """Return what the gateway says of a password."""
        code, number = integer(response["code"]), response.get("number")
        return cls(verified=code == OTP_VERIFIED, number=_phone_number(number) if number else None, code=code)


@dataclass(frozen=True, slots=True)
class Network:
    """A mobile network."""

    name: str | None = None
    country_code: int | None = None
    location: str | None = None
    timezone: str | None = None
    verified: bool | None = None

    @classmethod
    def from_response(cls, network: dict[str, Any] | None) -> Self:
        """Return a network, of which anything may be missing."""
        network = network or {}
        return cls(
            name=_optional_text(network.get("network_name")),
            country_code=_optional_integer(network.get("country_code")),
            location=_optional_text(network.get("location")),
            timezone=_optional_text(network.get("timezone")),
            verified=_optional_boolean(network.get("verified")),
        )


@dataclass(frozen=True, slots=True)
class NumberLookup:
    """What the home location register (HLR) knows about a number."""

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
    @_malformed_is_unknown
    def from_response(cls, response: Response) -> Self:
        """Return a lookup, of which anything but number and error code may be missing."""
        lookup = response["message"]
        error_code = integer(lookup["error_code"])
        return cls(
            number=_phone_number(lookup["msisdn"]),
            reachable=error_code == 0,
            status=_optional_text(lookup.get("status")),
            error_code=error_code,
            error_text=_optional_text(lookup.get("error_text")),
            type=_optional_text(lookup.get("type")),
            mccmnc=_optional_text(lookup.get("mccmnc")),
            ported=_optional_boolean(lookup.get("is_ported")),
            roaming=_optional_boolean(lookup.get("is_roaming")),
            # The gateway spells it that way.
            issuing_network=Network.from_response(lookup.get("issueing_info")),
            home_network=Network.from_response(lookup.get("home_info")),
        )


def _phone_number(value: object) -> str:
    """Return a number's digits, given as a string or as a number; raise ValueError for anything else."""
    return str(integer(value.removeprefix("+") if isinstance(value, str) else value))


def _optional_text(value: object) -> str | None:
    """Return a text, also if it is given as a number."""
    return clean_text(str(value)) if isinstance(value, str | int) else None


def _optional_integer(value: object) -> int | None:
    """Return an integer if there is one."""
    try:
        return integer(value)
    except ValueError:
        return None


def _optional_boolean(value: object) -> bool | None:
    """Return a boolean, also if it is given as 0 or 1."""
    return bool(value) if value in (0, 1) else None

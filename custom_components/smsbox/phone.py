"""Phone numbers: from any usual spelling to the digits that the gateway wants, and masked for logs and errors."""

from functools import lru_cache
import re

import phonenumbers
from phonenumbers import NumberParseException, PhoneMetadata, PhoneNumber, PhoneNumberFormat

from .api.cleaning import clean_text, mask_numbers
from .text import INVISIBLE

TEST_NUMBER = "3211111111"

# A copied number often has typographic spaces and hyphens.
_PLAIN = str.maketrans(
    {
        **dict.fromkeys(
            "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000", " "
        ),
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2043\u2212\ufe58\ufe63\uff0d", "-"),
    }
)
_SPELLING = re.compile(r"\(?(\+?)([0-9 .\-/()]+)")
# What a spreadsheet, an input_number or a template that rounds makes of a number.
_DECIMAL = re.compile(r"\.[^0-9]*[0-9][^0-9]*$|^[^.]*\.00$")
_NOT_DIGITS = re.compile("[^0-9]")
_LONGEST_SPELLING = 100
# From here on, digits without + are more likely an international number than a national one without its 0.
_INTERNATIONAL = 11

_LONGEST_READ, _LONGEST_SHOWN = 1_000, 40

# phonenumbers reads a region from disk at its first use, and the event loop must never wait for that.
PhoneMetadata.load_all()


class InvalidNumberError(ValueError):
    """What was given is no phone number, or could be two; quote: it should have stood in quotes."""

    def __init__(self, given: str, *, quote: bool = False) -> None:
        super().__init__("not a phone number")
        self.given = given
        self.quote = quote


def normalize(number: str | float, country: str) -> str:
    """Return a number, as it is written in `country`, as digits with the country code.

    Digits without + that can be a national and an international number are taken for the likelier one. Raises
    InvalidNumberError for what is no valid number, and where both are as likely: a guess could reach a stranger.
    """
    return _normalize(number, country) if isinstance(number, str) else _normalize_integer(number)


def mask(number: str) -> str:
    """Hide all but the last three digits of a number, for logs and errors."""
    return number[-3:].rjust(len(number), "*")


def mask_given(given: object) -> str:
    """Return what somebody gave as a number or sender in a form that errors may show: one short line, masked."""
    return mask_numbers(clean_text(str(given)[:_LONGEST_READ]))[:_LONGEST_SHOWN]


@lru_cache(maxsize=10_000)
def _normalize(number: str, country: str) -> str:
    """Return a spelling as digits with the country code; raises InvalidNumberError."""
    plain = INVISIBLE.sub("", number[: _LONGEST_SPELLING + 1]).translate(_PLAIN).strip()
    spelling = _SPELLING.fullmatch(plain)
    if not spelling or _DECIMAL.search(plain) or len(number) > _LONGEST_SPELLING:
        raise InvalidNumberError(number)
    plus, digits = spelling[1], _NOT_DIGITS.sub("", spelling[2])
    if digits == TEST_NUMBER:
        return TEST_NUMBER
    found = _parse("+" + digits) if plus else _disambiguate(digits, country)
    if not found:
        raise InvalidNumberError(number)
    return _format_digits(found, PhoneNumberFormat.E164)


def _normalize_integer(number: float) -> str:
    """Return an integer as digits if it can be nothing but an international number; raises InvalidNumberError."""
    digits = str(number)
    if digits == TEST_NUMBER:
        return digits
    # A boolean, a fraction and what is negative have letters, a dot or a sign.
    found = _parse(f"+{digits}") if digits.isdecimal() and len(digits) >= _INTERNATIONAL else None
    if not found:
        raise InvalidNumberError(digits, quote=True)
    return _format_digits(found, PhoneNumberFormat.E164)


def _disambiguate(digits: str, country: str) -> PhoneNumber | None:
    """Read digits without + as a national or as an international number, or as none if either is as likely."""
    abroad = _parse("+" + digits.removeprefix("00"))
    if abroad and digits.startswith("00"):
        return abroad
    home = _parse(digits, country)
    if not (home and abroad) or home == abroad:
        return home or abroad
    likely_home = _format_digits(home, PhoneNumberFormat.NATIONAL) == digits
    likely_abroad = len(digits) >= _INTERNATIONAL
    if likely_home == likely_abroad:
        return None
    return home if likely_home else abroad


def _parse(number: str, country: str | None = None) -> PhoneNumber | None:
    """Return what the library makes of a number, or none where there is no such number."""
    try:
        found = phonenumbers.parse(number, country)
    except NumberParseException:
        return None
    return found if phonenumbers.is_valid_number(found) else None


def _format_digits(number: PhoneNumber, spelling: int) -> str:
    """Return the digits of a number in a spelling of the library."""
    return _NOT_DIGITS.sub("", phonenumbers.format_number(number, spelling))

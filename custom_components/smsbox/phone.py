"""Phone numbers: from any usual spelling to the digits that the gateway wants."""

import re

import phonenumbers
from phonenumbers import NumberParseException, PhoneMetadata, PhoneNumber, PhoneNumberFormat, ValidationResult

TEST_NUMBER = "3211111111"

# A copied number often has spaces that do not break.
_SPELLING = re.compile(r"\(?(\+?)([0-9 \u00a0\u202f.\-/()]+)")
_NOT_DIGITS = re.compile("[^0-9]")
# An international number ends at 15 digits (ITU-T E.164); one of less than 8 is an emergency or service number.
_SHORTEST, _LONGEST = 8, 15
# From here on, digits without + are more likely an international number than a national one without its 0.
_INTERNATIONAL = 11

# phonenumbers reads a region from disk at its first use, and the event loop must never wait for that.
PhoneMetadata.load_all()


class InvalidNumberError(ValueError):
    """What was given is no phone number, or could be two; quote: it should have stood in quotes."""

    def __init__(self, given: str, *, quote: bool = False) -> None:
        super().__init__("not a phone number")
        self.given = given
        self.quote = quote


def normalize(number: str | int, country: str) -> str:
    """Return a number, as it is written in `country`, as digits with the country code.

    Digits without + that can be a national and an international number are taken for the likelier one. Raises
    InvalidNumberError for what is no number, and where both are as likely: a guess could reach a stranger.
    """
    if not isinstance(number, str):
        return _normalize_integer(number)
    spelling = _SPELLING.fullmatch(number.strip())
    if not spelling:
        raise InvalidNumberError(number)
    plus, digits = spelling[1], _NOT_DIGITS.sub("", spelling[2])
    if digits == TEST_NUMBER:
        return TEST_NUMBER
    found = _read("+" + digits) if plus else _choose(digits, country)
    result = _digits(found, PhoneNumberFormat.E164) if found else ""
    if not _SHORTEST <= len(result) <= _LONGEST:
        raise InvalidNumberError(number)
    return result


def mask(number: str) -> str:
    """Hide all but the last three digits of a number, for logs and errors."""
    return number[-3:].rjust(len(number), "*")


def _normalize_integer(number: int) -> str:
    """Return an integer as digits if it can be nothing but an international number; raises InvalidNumberError."""
    digits = str(number)
    if digits == TEST_NUMBER:
        return digits
    # A boolean and what is negative have letters or a sign.
    found = _read(f"+{digits}") if digits.isdecimal() and len(digits) >= _INTERNATIONAL else None
    if not found or not phonenumbers.is_valid_number(found):
        raise InvalidNumberError(digits, quote=True)
    return _digits(found, PhoneNumberFormat.E164)


def _choose(digits: str, country: str) -> PhoneNumber | None:
    """Read digits without + as a national or as an international number, or as none if either is as likely."""
    abroad = _read("+" + digits.removeprefix("00"))
    if abroad and digits.startswith("00"):
        return abroad
    home = _read(digits, country)
    if not (home and abroad) or home == abroad:
        return home or abroad
    home_exists, abroad_exists = phonenumbers.is_valid_number(home), phonenumbers.is_valid_number(abroad)
    likely_home = home_exists and _digits(home, PhoneNumberFormat.NATIONAL) == digits
    likely_abroad = abroad_exists and (len(digits) >= _INTERNATIONAL or not home_exists)
    if likely_home == likely_abroad:
        return None
    return home if likely_home else abroad


def _read(number: str, country: str | None = None) -> PhoneNumber | None:
    """Return what the library makes of a number, or none where there can be no such number."""
    try:
        found = phonenumbers.parse(number, country)
    except NumberParseException:
        return None
    # is_possible_number would also take a number that lacks its area code, which nobody can call from elsewhere.
    if phonenumbers.is_possible_number_with_reason(found) != ValidationResult.IS_POSSIBLE:
        return None
    # Where a number is too short without its 0, the library keeps it; only a few countries' numbers do have one.
    return found if not found.italian_leading_zero or phonenumbers.is_valid_number(found) else None


def _digits(number: PhoneNumber, spelling: int) -> str:
    """Return the digits of a number in a spelling of the library."""
    return _NOT_DIGITS.sub("", phonenumbers.format_number(number, spelling))

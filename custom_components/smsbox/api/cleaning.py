"""Make text from outside fit to be shown and logged."""

from collections.abc import Iterable
import re
import unicodedata
from urllib.parse import unquote

# Longer texts are not read to the end: the rest would be cut anyway, and cleaning has to be quick.
_MAX_READ = 2000
_MAX_MESSAGE = 200
_MAX_ENCODED = 3
# So many characters of a secret in a row count as the secret.
_MAX_SHOWN = 8

# Control characters, invisible ones and halves of surrogate pairs.
_INVISIBLE = frozenset({"Cc", "Cf", "Cs"})

# Four digits or more, whatever separates them; what a comma or semicolon separates are two numbers, unless it stands
# within one: then some of the groups are too short for a number, but together they are long enough.
_NUMBER = re.compile(r"\+?\d(?:(?:[^\w*,;]|_)*\d){3,}")
_NUMBERS = re.compile(r"\+?\d(?:(?:[^\w*]|_)*\d){3,}")
_COMMA = re.compile("[,;]")
_SHORTEST_GROUP, _SHORTEST_NUMBER = 4, 8


def clean_text(text: str) -> str:
    """Return a text on one line, without control characters and surrogates."""
    visible = (
        character for character in text if character.isspace() or unicodedata.category(character) not in _INVISIBLE
    )
    return " ".join("".join(visible).split())


def mask_numbers(text: str) -> str:
    """Return a text that shows only the last three digits of each number in it."""
    return _NUMBERS.sub(_mask_each, text)


def clean_message(message: str, secrets: Iterable[str]) -> str:
    """Return an error message of the gateway without numbers and secrets, percent-encoded or in part too."""
    text = clean_text(_decode(message[:_MAX_READ]))
    for secret in secrets:
        text = _without(text, _decode(secret).lower())
    return mask_numbers(text)[:_MAX_MESSAGE]


def _mask_each(numbers: re.Match[str]) -> str:
    """Return numbers that commas may separate, each masked."""
    groups = [len(_digits(group)) for group in _COMMA.split(numbers[0])]
    if min(groups) < _SHORTEST_GROUP and sum(groups) >= _SHORTEST_NUMBER:
        return _mask(numbers)
    return _NUMBER.sub(_mask, numbers[0])


def _mask(number: re.Match[str]) -> str:
    """Return the mask of a number."""
    return f"***{_digits(number[0])[-3:]}"


def _digits(text: str) -> str:
    """Return the digits of a text."""
    return "".join(character for character in text if character.isdecimal())


def _decode(text: str) -> str:
    """Return a text without percent-encoding, even if it was encoded several times."""
    for _ in range(_MAX_ENCODED):
        text = unquote(text)
    return text


def _without(text: str, secret: str) -> str:
    """Return a text with `***` for each part of it that shows the secret, which is in lower case."""
    shown = min(_MAX_SHOWN, len(secret)) or len(text) + 1
    result, start = "", 0
    while start < len(text):
        end = start + shown
        if len(text) < end or text[start:end].lower() not in secret:
            result += text[start]
            start += 1
            continue
        while end < len(text) and text[start : end + 1].lower() in secret:
            end += 1
        result += "***"
        start = end
    return result

"""The text of a message: clean it, make it an SMS or speech, count it, and cut it to fit."""

from dataclasses import dataclass
from enum import StrEnum
import re
from unicodedata import decimal, normalize

from .gsm7 import EXTENSION, is_gsm7, to_gsm7

_LINE_END = re.compile("\r\n|[\r\v\f\x85\u2028\u2029]")
_CONTROL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_INVISIBLE = (
    "\u00ad\u034f\u061c\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e0fff"
)
INVISIBLE = re.compile(f"[{_INVISIBLE}]")
_NOTHING = re.compile(rf"[\s{_INVISIBLE}]*")
_IN_CODES = re.compile(rf"[\s{_INVISIBLE}\-\u2010-\u2015\u2212\ufe58\ufe63\uff0d]")

# A text this long is refused (or cut) before it is replaced, or a hostile one would hold up the event loop. Replacing
# can shorten a text, but none that fits in the end has five times the limit.
_LONGEST = 5_000
_ELLIPSIS = "..."


class Encoding(StrEnum):
    """How the characters of a message travel."""

    GSM7 = "gsm7"
    UNICODE = "unicode"


# What fits into a single part, into each of several, and into a long message; in septets and in UTF-16 units.
_SIZES = {Encoding.GSM7: (160, 153, 918), Encoding.UNICODE: (70, 67, 402)}
_BEYOND_UTF16 = re.compile("[\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class SmsText:
    """A message as it goes out: length and remaining in septets or UTF-16 units."""

    text: str
    encoding: Encoding
    length: int
    parts: int
    remaining: int
    replaced: tuple[str, ...]


class EmptyMessageError(ValueError):
    """There is nothing to send."""


class MessageTooLongError(ValueError):
    """The message is longer than the gateway takes."""

    def __init__(self, length: int, limit: int) -> None:
        super().__init__(f"{length} of at most {limit}")
        self.length = length
        self.limit = limit


def clean(message: str) -> str:
    r"""Write line ends as \n and tabs as spaces, drop control characters and lone surrogates, and compose (NFC)."""
    return normalize("NFC", _CONTROL.sub("", _LINE_END.sub("\n", message).replace("\t", " ")))


def strip_invisible(text: str) -> str:
    """Return a pasted key without the invisible characters in it and the blanks around it."""
    return INVISIBLE.sub("", clean(text)).strip()


def normalize_otp(code: str) -> str:
    """Return a one-time password as the gateway sent it: no blanks, no dashes, and ASCII digits."""
    return "".join(str(decimal(char, char)) for char in _IN_CODES.sub("", clean(code)))


def name_key(name: str) -> str:
    """Return what two spellings of one name have in common."""
    return normalize("NFC", normalize("NFC", name).casefold()).strip()


def join_title(title: str | None, message: str) -> str:
    """Return a message with its title as the first line; either may be blank."""
    return "\n".join([part for part in (title, message) if part and not _NOTHING.fullmatch(part)])


def compose_sms(
    message: str, *, long_sms: bool = True, unicode: bool = False, cut: bool = False, last_line: str = ""
) -> SmsText:
    """Make an SMS of a message: replace what is outside GSM-7, or keep it where `unicode` allows.

    What is too long is refused, or with `cut` shortened. The last line is added as it is: never replaced, never cut.
    Raises EmptyMessageError and MessageTooLongError (whose length is the raw one from 5,000 characters on).
    """
    body, cropped = message[:_LONGEST], len(message) > _LONGEST
    inside = is_gsm7(body + last_line)
    if not inside:
        body = clean(body)
        inside = is_gsm7(body + last_line)
    replace = not inside and not unicode and is_gsm7(last_line)
    encoding = Encoding.GSM7 if inside or replace else Encoding.UNICODE
    limit = _limit(encoding, long_sms=long_sms)
    if cropped and not cut:
        raise MessageTooLongError(len(message), limit)
    body, replaced = to_gsm7(body) if replace else (body, ())
    text = join_title(body, last_line) if last_line else body
    if _NOTHING.fullmatch(text):
        raise EmptyMessageError
    units = _units(text, encoding)
    if cut and (cropped or len(units) > limit):
        room = limit - len(_units(last_line and f"\n{last_line}", encoding))
        text = join_title(_cut_to_units(body.lstrip(), room, encoding), last_line)
        if is_gsm7(text):  # what is outside has been cut off
            encoding = Encoding.GSM7
            limit = _limit(encoding, long_sms=long_sms)
        units = _units(text, encoding)
    if len(units) > limit:
        raise MessageTooLongError(len(units), limit)
    parts, remaining = _count_parts(units, encoding)
    return SmsText(text, encoding, len(units), parts, remaining, replaced)


def compose_speech(message: str, *, limit: int, cut: bool = False) -> str:
    """Make a text to be read aloud of a message, of at most `limit` characters.

    What is too long is refused, or with `cut` shortened. Raises EmptyMessageError and MessageTooLongError (whose
    length is the raw one from three times the limit on).
    """
    text, cropped = clean(message[: 3 * limit]), len(message) > 3 * limit
    length = len(message) if cropped else len(text)
    if length > limit and not cut:
        raise MessageTooLongError(length, limit)
    if _NOTHING.fullmatch(text):
        raise EmptyMessageError
    return text if length <= limit else _cut(text.lstrip(), limit - len(_ELLIPSIS))


def _limit(encoding: Encoding, *, long_sms: bool) -> int:
    """Return how much a message may hold, in septets or UTF-16 units."""
    single, _, several = _SIZES[encoding]
    return several if long_sms else single


def _units(text: str, encoding: Encoding) -> str:
    """Return a text with two characters for each that counts for two: any will do, if only the first can be told."""
    if encoding is Encoding.UNICODE:
        return _BEYOND_UTF16.sub("\x1b.", text)
    for char in EXTENSION:
        text = text.replace(char, "\x1b.")
    return text


def _count_parts(units: str, encoding: Encoding) -> tuple[int, int]:
    """Return how many parts the units need and what still fits into the last, keeping pairs together."""
    single, several, _ = _SIZES[encoding]
    if len(units) <= single:
        return 1, single - len(units)
    parts, end = 1, several
    while end < len(units):
        end += several - (units[end - 1] == "\x1b")
        parts += 1
    return parts, end - len(units)


def _cut_to_units(text: str, room: int, encoding: Encoding) -> str:
    """Return the beginning of a text that fits into so many units, or nothing where there is no room."""
    room -= len(_ELLIPSIS)
    if room <= 0:
        return ""
    end = min(room, len(text))
    while (excess := len(_units(text[:end], encoding)) - room) > 0:
        end -= (excess + 1) // 2
    return _cut(text, end)


def _cut(text: str, end: int) -> str:
    """Return a text up to `end` at most: up to the end of a line, else of a word, unless too little would be left."""
    for separator in "\n", " ":
        if (found := text.rfind(separator, end // 4, end + 1)) > 0:
            end = found
            break
    return text[:end].rstrip() + _ELLIPSIS

"""The alphabet of SMS (GSM-7, 3GPP TS 23.038): clean, replace, count and split the text of a message."""

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
import re
from unicodedata import combining, normalize

from anyascii import anyascii

_BASIC = (
    "@£$¥èéùìòÇ\nØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENSION = r"[\]^{|}~€"
_INSIDE = re.compile(f"[{re.escape(_BASIC + _EXTENSION)}]*")  # twice as fast as searching for what is outside
_OUTSIDE = re.compile(f"[^{re.escape(_BASIC + _EXTENSION)}]")

_CONTROL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff]")

# Only what the general rules (bare letter, then anyascii) would get wrong or clumsy.
_OWN = str.maketrans(
    {
        **dict(zip("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ABEZHIKMNOPTYX", strict=True)),  # noqa: RUF001 - Greek on the left
        **dict.fromkeys("`´‘’‚‛‹›ʹʼ", "'"),  # noqa: RUF001 - the look-alikes are the point
        **dict.fromkeys("“”„‟«»", '"'),
        **dict.fromkeys("→➡", "->"),
        **dict.fromkeys("←⬅", "<-"),
        **dict.fromkeys("✅👍", "OK"),
        **dict.fromkeys("✔☑", "v"),
        **dict.fromkeys("❌✖×", "x"),  # noqa: RUF001 - likewise
        **dict.fromkeys("⚠❗", "!"),
        **dict.fromkeys("❤♥", "<3"),
        **dict.fromkeys("🙂😊☺", ":)"),
        **dict.fromkeys("😀😃😄😁😂", ":D"),
        **dict.fromkeys("🙁😞☹", ":("),
        "🚨": "!!",
        "❓": "?",
        "≠": "!=",
        "\N{FRACTION SLASH}": "/",
        "°": "",  # 21 °C reads well as 21 C, and 21 degC does not
        "µ": "u",
        "•": "-",
        "Œ": "OE",
    }
)
# Home Assistant writes the micro of its units with the Greek letter; as an m it would be a thousand times as much.
_MICRO = re.compile("μ(?=[A-Za-z])")
_MIXED_FRACTION = re.compile("(?<=[0-9])(?=[¼½¾])")
_EMOJI = re.compile(r":\w+:")

# A text this long is refused before it is replaced, or a hostile one would hold up the event loop. Replacing can
# shorten a text, but none that fits in the end has five times the limit.
_LONGEST = 5_000

# anyascii reads a block of its tables from disk at first use, and the event loop must never wait for that.
# There is no writing beyond the fourth plane.
_PLANES = 0x40000
anyascii("".join(map(chr, range(0x80, _PLANES, 0x100))))


class Encoding(StrEnum):
    """How the characters of a message travel."""

    GSM7 = "gsm7"
    UNICODE = "unicode"


# What fits into a single part, into each of several, and into a long message; in septets and in UTF-16 units.
_SIZES = {Encoding.GSM7: (160, 153, 918), Encoding.UNICODE: (70, 67, 402)}
_BEYOND_UTF16 = re.compile("[\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Text:
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
    r"""Write line ends as \n and tabs as spaces, and leave out control characters and lone surrogates."""
    for line_end in "\r\n", "\r", "\u2028", "\u2029":
        message = message.replace(line_end, "\n")
    return _CONTROL.sub("", message.replace("\t", " "))


def compose_sms(message: str, *, long_sms: bool = True, unicode: bool = False) -> Text:
    """Make an SMS of a message: replace what is outside GSM-7, or keep it where `unicode` allows.

    Raises EmptyMessageError and MessageTooLongError (whose length is the raw one from 5,000 characters on).
    """
    text = message[:_LONGEST]
    inside = _INSIDE.fullmatch(text)
    if not inside:
        text = clean(text)
        inside = _INSIDE.fullmatch(text)
    encoding = Encoding.UNICODE if unicode and not inside else Encoding.GSM7
    single, several, limit = _SIZES[encoding]
    if not long_sms:
        limit = single
    if len(message) > _LONGEST:
        raise MessageTooLongError(len(message), limit)
    text, replaced = (text, ()) if inside or unicode else _replace(text)
    if not text.strip():
        raise EmptyMessageError
    units = _units(text, encoding)
    if len(units) > limit:
        raise MessageTooLongError(len(units), limit)
    parts, remaining = _split(units, single, several)
    return Text(text, encoding, len(units), parts, remaining, replaced)


def compose_speech(message: str, *, limit: int) -> str:
    """Make a text to be read aloud of a message, of at most `limit` characters.

    Raises EmptyMessageError and MessageTooLongError (whose length is the raw one from twice the limit on).
    """
    text = clean(message[: 2 * limit])
    length = len(text) if len(message) <= 2 * limit else len(message)
    if length > limit:
        raise MessageTooLongError(length, limit)
    if not text.strip():
        raise EmptyMessageError
    return text


def _units(text: str, encoding: Encoding) -> str:
    """Return a text with two characters for each that counts for two: any will do, if only the first can be told."""
    if encoding is Encoding.UNICODE:
        return _BEYOND_UTF16.sub("\x1b.", text)
    for char in _EXTENSION:
        text = text.replace(char, "\x1b.")
    return text


def _split(units: str, single: int, several: int) -> tuple[int, int]:
    """Return how many parts the units need and what still fits into the last, keeping pairs together."""
    if len(units) <= single:
        return 1, single - len(units)
    parts, end = 1, several
    while end < len(units):
        end += several - (units[end - 1] == "\x1b")
        parts += 1
    return parts, end - len(units)


def _replace(text: str) -> tuple[str, tuple[str, ...]]:
    """Return a text in GSM-7 and the characters that had to be exchanged for it."""
    text = normalize("NFC", text)
    replaced = tuple(dict.fromkeys(_OUTSIDE.findall(text)))
    text = _MIXED_FRACTION.sub(" ", _MICRO.sub("u", text))
    return _OUTSIDE.sub(lambda match: _substitute(match[0]), text), replaced


@lru_cache(maxsize=1024)
def _substitute(char: str) -> str:
    """Return what stands for a character outside GSM-7: our own sign, its bare letter, its sound or nothing."""
    if (own := _OWN.get(ord(char))) is not None:
        return own
    bare = "".join(part for part in normalize("NFKD", char) if not combining(part)).translate(_OWN)
    if bare and _INSIDE.fullmatch(bare):
        return bare
    sound = anyascii(char) if ord(char) < _PLANES else ""
    return "" if _EMOJI.fullmatch(sound) else sound.translate(_OWN)

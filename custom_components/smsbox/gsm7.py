"""The alphabet of SMS (GSM-7, 3GPP TS 23.038), and what is written instead of a character outside it."""

from functools import lru_cache
import re
from unicodedata import category, combining, normalize

from anyascii import anyascii

_BASIC = (
    "@£$¥èéùìòÇ\nØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENSION = r"[\]^{|}~€"
_GSM7 = re.compile(f"[{re.escape(_BASIC + EXTENSION)}]*")  # twice as fast as searching for what is outside

# Two marks that are resolved once everything is replaced. Neither can be in a text that is clean.
_HOLE = "\x00"  # something visible was left out here
_EDGE = "\x01"  # a figure begins or ends here, and must not grow together with its neighbour
_OUTSIDE = re.compile(f"[^{re.escape(_BASIC + EXTENSION)}{_HOLE}{_EDGE}]")

# Only what the general rules (bare letter, then anyascii) would get wrong or clumsy.
_REPLACEMENTS = str.maketrans(
    {
        **dict(zip("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ABEZHIKMNOPTYX", strict=True)),  # noqa: RUF001 - Greek on the left
        **dict.fromkeys("`´‘’‚‛‹›ʹʼ", "'"),  # noqa: RUF001 - the look-alikes are the point
        **dict.fromkeys("“”„‟«»", '"'),
        **dict.fromkeys("→➡", "->"),
        **dict.fromkeys("←⬅", "<-"),
        **dict.fromkeys("✅👍", "OK"),
        **dict.fromkeys("✔☑", "v"),
        **dict.fromkeys("❌✖✕×", "x"),  # noqa: RUF001 - likewise
        **dict.fromkeys("⚠❗", "!"),
        **dict.fromkeys("❤♥", "<3"),
        **dict.fromkeys("🙂😊☺", ":)"),
        **dict.fromkeys("😀😃😄😁😂", ":D"),
        **dict.fromkeys("🙁😞☹", ":("),
        **dict.fromkeys("➖⁒", "-"),  # noqa: RUF001 - likewise
        **dict.fromkeys("∅⌀", "Ø"),
        "➕": "+",  # noqa: RUF001 - likewise
        "➗": "/",
        "🟰": "=",
        "🔟": "10",
        "💯": "100",
        "🚨": "!!",
        "❓": "?",
        "≠": "!=",
        "≮": "!<",
        "≯": "!>",
        "\N{FRACTION SLASH}": "/",
        "°": "",  # 21 °C reads well as 21 C, and 21 degC does not
        "µ": "u",
        "•": "-",
        "Œ": "OE",
    }
)
# Home Assistant writes the micro of its units with the Greek letter; as an m it would be a thousand times as much.
_MICRO = re.compile("μ(?=[A-Za-z])")
_EMOJI = re.compile(r":\w+:")
_DIGIT = re.compile("[0-9]")
_JOINER = re.compile("[\u200b-\u200f\u2060-\u2064\ufe00-\ufe0f\ufeff]")
_CHANGES_ANOTHER = frozenset({"Cf", "Mc", "Me", "Mn"})  # categories of joiners, marks, selectors, enclosing keycaps

_SUPER_DIGITS, _SUB_DIGITS = "⁰¹²³⁴⁵⁶⁷⁸⁹", "₀₁₂₃₄₅₆₇₈₉"
_SUPER, _SUB = f"{_SUPER_DIGITS}⁺⁻⁼⁽⁾", f"{_SUB_DIGITS}₊₋₌₍₎"
_ON_THE_LINE = str.maketrans(_SUPER + _SUB, 2 * "0123456789+-=()")
# What stands for one of these depends on its neighbours.
_WITH_NEIGHBOURS = frozenset(f"{_SUPER}{_SUB}°º˚ᵒ∘·‰‱")
_DEGREE = re.compile(  # often typed as something else that is small and round
    rf"(?<![{_SUPER}])[⁰º˚ᵒ∘](?= ?(?:[CF]|Celsius|Fahrenheit)\b)|(?<=\d)[°º˚ᵒ∘]", re.IGNORECASE
)
_TIMES = re.compile(r"(?:(?<=\d)|(?<=\d ))·|·(?= ?\d)")
_SMALL_FRACTION = re.compile(rf"[{_SUPER_DIGITS}]+(?:[/⁄∕][{_SUB_DIGITS}]+|⁄\d+)")  # noqa: RUF001 - three slashes
_POWER = re.compile(rf"(?<=[\d)\]{_SUB}])[{_SUPER}]*[{_SUPER_DIGITS}][{_SUPER}]*|(?<=[^\W_])[⁺⁻][{_SUPER_DIGITS}]+")
_INDEX = re.compile(rf"(?<=\d)[{_SUB}]*[{_SUB_DIGITS}][{_SUB}]*")
_SMALL = re.compile(rf"[{_SUPER}]+|[{_SUB}]+")

_BETWEEN_FIGURES = re.compile(rf"[{_HOLE}{_EDGE}](?:(?<=[0-9].)|(?<=[0-9][.,].))[{_HOLE}{_EDGE}]*(?=[0-9])")
_BLANK_BEFORE_HOLE = re.compile(rf" {_HOLE}+(?=[\"')\]}}.,:;!?]*(?: |$))")
_BLANK_AFTER_HOLE = re.compile(rf"((?:^|(?<= ))[\"'(\[{{]*){_HOLE}+ ")

# anyascii reads a block of its tables from disk at first use, and the event loop must never wait for that.
# There is no writing beyond the fourth plane.
_PLANES = 0x40000
anyascii("".join(map(chr, range(0x80, _PLANES, 0x100))))


def is_gsm7(text: str) -> bool:
    """Return whether every character of a text is in the alphabet."""
    return _GSM7.fullmatch(text) is not None


def to_gsm7(text: str) -> tuple[str, tuple[str, ...]]:
    """Return a clean text in GSM-7, and the characters that were exchanged for it."""
    replaced = tuple(dict.fromkeys(_OUTSIDE.findall(text)))
    if not _WITH_NEIGHBOURS.isdisjoint(replaced):
        text = _replace_with_neighbours(text)
    text = _OUTSIDE.sub(lambda match: _substitute(match[0]), _MICRO.sub("u", text))
    if _HOLE in text or _EDGE in text:
        text = _close_holes(_BETWEEN_FIGURES.sub(" ", text).replace(_EDGE, ""))
    return text, replaced


def _replace_with_neighbours(text: str) -> str:
    """Replace what is small or raised so that every figure keeps its value."""
    text = _DEGREE.sub(_EDGE, _JOINER.sub("", text))
    text = _TIMES.sub("*", text)
    text = text.replace(" ‰", "‰").replace(" ‱", "‱").replace("‰", " per mille").replace("‱", " per ten thousand")
    text = _SMALL_FRACTION.sub(lambda match: f"{_EDGE}{match[0].translate(_ON_THE_LINE)}{_EDGE}", text)
    text = _POWER.sub(lambda match: f"^{match[0].translate(_ON_THE_LINE)}{_EDGE}", text)
    text = _INDEX.sub(lambda match: f"_{match[0].translate(_ON_THE_LINE)}{_EDGE}", text)
    return _SMALL.sub(lambda match: f"{match[0].translate(_ON_THE_LINE)}{_EDGE}", text)


@lru_cache(maxsize=1024)
def _substitute(char: str) -> str:
    """Return what stands for a character outside GSM-7: our own sign, its bare letter, its sound, or a hole."""
    if (substitute := _REPLACEMENTS.get(ord(char))) is None:
        substitute = "".join(part for part in normalize("NFKD", char) if not combining(part)).translate(_REPLACEMENTS)
        if not (substitute and is_gsm7(substitute)):
            sound = anyascii(char) if ord(char) < _PLANES else ""
            substitute = "" if _EMOJI.fullmatch(sound) else sound.translate(_REPLACEMENTS)
        if not substitute and category(char) not in _CHANGES_ANOTHER:
            return _HOLE
    # A figure of more than a digit's value (① or ½) stands by itself; digits of other scripts make up one number.
    return f"{_EDGE}{substitute}{_EDGE}" if _DIGIT.search(substitute) and not char.isdecimal() else substitute


def _close_holes(text: str) -> str:
    """Take one blank away with everything that was left out, and every line that is empty now."""
    lines = []
    for line in text.split("\n"):
        closed = _BLANK_AFTER_HOLE.sub(r"\1", _BLANK_BEFORE_HOLE.sub("", line)).replace(_HOLE, "")
        if closed.strip() or _HOLE not in line:
            lines.append(closed)
    return "\n".join(lines)

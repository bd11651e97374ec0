"""Test what becomes of a message: cleaned, counted, refused."""

from importlib import import_module
from typing import Any
import unicodedata

from hypothesis import example, given, strategies as st
import pytest

from custom_components.smsbox.text import (
    EmptyMessageError,
    Encoding,
    MessageTooLongError,
    SmsText,
    clean,
    compose_sms,
    compose_speech,
)

# The oracle; it has no types. It counts form feed and carriage return too, which never get that far here.
smsutil: Any = import_module("smsutil")
GSM7 = "".join(sorted({*import_module("smsutil.codecs").GSM_CHARSET} - {"\r", "\f", "\x1b"}))
EXTENSION = "[\\]^{|}~€"

ANYTHING = st.text(st.characters(), min_size=1)
GSM7_TEXTS = st.text(st.sampled_from(GSM7 + 10 * EXTENSION), min_size=1)
TIMES = st.integers(1, 100)


def brief(value: object) -> str:
    """Return a test id that fits on the screen."""
    return repr(value)[:12]


def test_alphabet() -> None:
    """Know all 126 basic and 9 extension characters, which leaves out carriage return, form feed and escape."""
    assert len(GSM7) == 126 + 9
    for char in GSM7.replace("\n", "").replace(" ", ""):
        sms = compose_sms(char)
        assert sms == SmsText(char, Encoding.GSM7, 1 + (char in EXTENSION), 1, 159 - (char in EXTENSION), ())


@given(ANYTHING)
def test_result_is_gsm7(message: str) -> None:
    """Make of any text one that is all GSM-7, and name every character that was not."""
    try:
        sms = compose_sms(message)
    except ValueError:
        return
    assert {*sms.text} <= {*GSM7}
    assert sms.encoding is Encoding.GSM7
    assert sms.replaced == tuple(dict.fromkeys(char for char in clean(message) if char not in GSM7))


@given(GSM7_TEXTS)
def test_gsm7_stays(message: str) -> None:
    """Leave a text alone that is GSM-7 already, whatever the option says."""
    try:
        sms = compose_sms(message)
    except ValueError:
        return
    assert sms.text == message
    assert sms.replaced == ()
    assert compose_sms(message, unicode=True) == sms


@given(GSM7_TEXTS, TIMES)
@example("€", 100)
def test_parts_gsm7(chunk: str, times: int) -> None:
    """Count as the oracle does, or refuse what it finds to be too long."""
    message = f"x{chunk * times}"
    oracle = smsutil.split(message)
    if oracle.total_bytes > 918:
        with pytest.raises(MessageTooLongError) as error:
            compose_sms(message)
        assert (error.value.length, error.value.limit) == (max(oracle.total_bytes, len(message)), 918)
        return
    sms = compose_sms(message)
    assert (sms.length, sms.parts) == (oracle.total_bytes, len(oracle.parts))
    assert sms.remaining == (160 if sms.parts == 1 else 153) - oracle.parts[-1].bytes


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1), TIMES)
@example("😀", 34)
def test_parts_unicode(chunk: str, times: int) -> None:
    """Keep a text as it is where unicode allows it, and count as the oracle does."""
    message = unicodedata.normalize("NFC", f"œ{chunk * times}".replace("\u2028", "").replace("\u2029", ""))
    oracle = smsutil.split(message)
    length = oracle.total_bytes // 2
    if length > 402:
        with pytest.raises(MessageTooLongError) as error:
            compose_sms(message, unicode=True)
        assert error.value.limit == 402
        return
    sms = compose_sms(message, unicode=True)
    assert (sms.text, sms.encoding, sms.replaced) == (message, Encoding.UNICODE, ())
    assert (sms.length, sms.parts) == (length, len(oracle.parts))
    assert sms.remaining == (70 if sms.parts == 1 else 67) - oracle.parts[-1].bytes // 2


@pytest.mark.parametrize(
    ("message", "length", "parts", "remaining"),
    [
        ("a", 1, 1, 159),
        ("a" * 159, 159, 1, 1),
        ("a" * 160, 160, 1, 0),
        ("a" * 161, 161, 2, 145),
        ("a" * 306, 306, 2, 0),
        ("a" * 307, 307, 3, 152),
        ("a" * 765, 765, 5, 0),
        ("a" * 766, 766, 6, 152),
        ("a" * 918, 918, 6, 0),
        ("€", 2, 1, 158),
        ("€" * 80, 160, 1, 0),
        ("a" * 159 + "€", 161, 2, 145),
        ("a" * 151 + "€" + "a" * 8, 161, 2, 145),
        ("a" * 152 + "€" + "a" * 7, 161, 2, 144),
        ("a" * 152 + "€" + "a" * 151, 305, 2, 0),
        ("a" * 152 + "€" + "a" * 152, 306, 3, 152),
        ("€" * 459, 918, 7, 147),
        ("a\r\nb", 3, 1, 157),
        ("a\rb", 3, 1, 157),
    ],
    ids=brief,
)
def test_borders_gsm7(message: str, length: int, parts: int, remaining: int) -> None:
    """Split at 160 and 153 septets, and keep an extension character whole, whatever the option says."""
    for unicode in (False, True):
        sms = compose_sms(message, unicode=unicode)
        assert (sms.encoding, sms.length, sms.parts, sms.remaining) == (Encoding.GSM7, length, parts, remaining)


@pytest.mark.parametrize(
    ("message", "length", "parts", "remaining"),
    [
        ("œ" * 70, 70, 1, 0),
        ("œ" * 71, 71, 2, 63),
        ("œ" * 134, 134, 2, 0),
        ("œ" * 135, 135, 3, 66),
        ("œ" * 402, 402, 6, 0),
        ("€" * 69 + "œ", 70, 1, 0),
        ("😀" * 35, 70, 1, 0),
        ("œ" * 66 + "😀" + "œ" * 3, 71, 2, 62),
        ("😀" * 201, 402, 7, 61),
        ("œ\r\nœ", 3, 1, 67),
        ("e\u0301" * 30 + "a" * 39 + "œ", 70, 1, 0),
    ],
    ids=brief,
)
def test_borders_unicode(message: str, length: int, parts: int, remaining: int) -> None:
    """Split at 70 and 67 units, and keep a surrogate pair whole."""
    sms = compose_sms(message, unicode=True)
    assert (sms.encoding, sms.length, sms.parts, sms.remaining) == (Encoding.UNICODE, length, parts, remaining)


@pytest.mark.parametrize(
    ("message", "long_sms", "unicode", "length", "limit"),
    [
        ("a" * 919, True, False, 919, 918),
        ("€" * 459 + "a", True, False, 919, 918),
        ("a" * 161, False, False, 161, 160),
        ("€" * 81, False, False, 162, 160),
        ("…" * 307, True, False, 921, 918),
        ("a" * 919, True, True, 919, 918),
        ("œ" * 403, True, True, 403, 402),
        ("😀" * 202, True, True, 404, 402),
        ("œ" * 71, False, True, 71, 70),
        ("a" * 1_000_000, True, False, 1_000_000, 918),
        ("a" * 1_000_000, False, True, 1_000_000, 160),
        ("😀" * 250_000, True, False, 250_000, 918),
        ("😀" * 250_000, True, True, 250_000, 402),
        ("a\u0301\u0323" * 300_000, False, False, 900_000, 160),
        ("\r\n" * 500_000, True, False, 1_000_000, 918),
    ],
    ids=brief,
)
def test_too_long(message: str, long_sms: bool, unicode: bool, length: int, limit: int) -> None:  # noqa: FBT001
    """Refuse what is over the limit, with both figures."""
    with pytest.raises(MessageTooLongError, match=f"^{length} of at most {limit}$") as error:
        compose_sms(message, long_sms=long_sms, unicode=unicode)
    assert (error.value.length, error.value.limit) == (length, limit)


def test_one_part() -> None:
    """Take 160 septets or 70 units where the message must not be a long one."""
    assert compose_sms("a" * 160, long_sms=False).parts == 1
    assert compose_sms("œ" * 70, long_sms=False, unicode=True).parts == 1


def test_shortened() -> None:
    """Count after replacing, up to the length at which a text is refused unread."""
    assert compose_sms("a" + "\u200d" * 4_999).length == 1
    with pytest.raises(MessageTooLongError) as error:
        compose_sms("a" + "\u200d" * 5_000)
    assert error.value.length == 5_001


@pytest.mark.parametrize("message", ["", " ", "\r\n\t", "\x00\x1b", "\u00a0\u2003", "🔥", " 🔥 ", "\ud800"])
def test_empty(message: str) -> None:
    """Refuse a message of which nothing but white space is left."""
    with pytest.raises(EmptyMessageError):
        compose_sms(message)


@pytest.mark.parametrize("message", ["", " ", "\r\n\t", "\x00\x1b", "\u00a0\u2003", "\ud800", "\u200b \ufeff"])
def test_empty_as_written(message: str) -> None:
    """Refuse an empty message where nothing is replaced, too."""
    with pytest.raises(EmptyMessageError):
        compose_sms(message, unicode=True)
    with pytest.raises(EmptyMessageError):
        compose_speech(message, limit=918)


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("a\r\nb\rc\nd\u2028e\u2029f", "a\nb\nc\nd\ne\nf"),
        ("a\r\r\n\n\rb", "a\n\n\n\nb"),
        ("\ta\tb", " a b"),
        ("a\x0bb\x0cc\x85d\r\x85e", "a\nb\nc\nd\n\ne"),
        ("a\x00\x07\x08\x0e\x1b\x1c\x1f\x7f\x84\x86\x9fb", "ab"),
        ("e\u0301 A\u030a \u212b e\x00\u0308 \u1100\u1161", "é Å Å ë 가"),
        ("a\ud83d\ude00\udfffb", "ab"),
        ("\u200b\u00a0œ😀", "\u200b\u00a0œ😀"),
    ],
)
def test_clean(message: str, expected: str) -> None:
    """Unify line ends and spaces, leave out control characters, compose letters, keep all else."""
    assert clean(message) == expected
    assert compose_speech(f"{message}.", limit=20) == f"{expected}."
    assert compose_sms(f"{message}œ", unicode=True).text == f"{expected}œ"


@given(ANYTHING)
def test_clean_anything(message: str) -> None:
    """Leave line ends as the only control characters, and nothing that UTF-8 cannot carry."""
    result = clean(message)
    assert {unicodedata.category(char) for char in result if char != "\n"}.isdisjoint({"Cc", "Cs"})
    assert clean(result) == result


@pytest.mark.parametrize(
    ("message", "length"),
    [
        ("a" * 919, 919),
        ("😀" * 919, 919),
        ("a\r\n" * 460, 920),
        ("ab" + "\r\n" * 917, 919),
        ("\r\n" * 919, 919),
        ("\r\n" * 1378, 2756),
        ("a" * 10**6, 10**6),
    ],
    ids=brief,
)
def test_speech_too_long(message: str, length: int) -> None:
    """Refuse speech of more characters than the limit."""
    with pytest.raises(MessageTooLongError) as error:
        compose_speech(message, limit=918)
    assert (error.value.length, error.value.limit) == (length, 918)


@pytest.mark.parametrize("message", ["a" * 918, "😀" * 918, "a\r\n" * 459, "e\u0301" * 918], ids=brief)
def test_speech(message: str) -> None:
    """Take speech of as many characters as the limit, as it is written."""
    assert compose_speech(message, limit=918) == clean(message)

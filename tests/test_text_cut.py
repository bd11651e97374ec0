"""Test how a message that is too long is cut."""

from hypothesis import given, strategies as st
import pytest

from custom_components.smsbox.text import (
    EmptyMessageError,
    Encoding,
    MessageTooLongError,
    SmsText,
    compose_sms,
    compose_speech,
)

LINK = "OK? https://home.example.org/api/smsbox/0123456789abcDEF"
LIMITS = {(True, Encoding.GSM7): 918, (False, Encoding.GSM7): 160, (True, Encoding.UNICODE): 402}
LIMITS[False, Encoding.UNICODE] = 70


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("a" * 160, "a" * 160),
        ("a" * 161, "a" * 157 + "..."),
        ("one two " * 30, "one two " * 19 + "one..."),
        ("word " * 31 + "xy end here", "word " * 31 + "xy..."),
        ("word " * 31 + "xyz end here", "word " * 30 + "word..."),
        (f"{'a' * 100}\n{'b c ' * 50}", f"{'a' * 100}..."),
        (f"{'a' * 157}\nb c", f"{'a' * 157}..."),
        (f"{'a' * 158}\nb c", f"{'a' * 157}..."),
        (f"{'a' * 157} b c", f"{'a' * 157}..."),
        ("line\n" * 40, "\n".join(["line"] * 31) + "..."),
        (f"Title\n{'b c ' * 50}", f"Title\n{'b c ' * 37}b c..."),
        (f"Title {'a' * 300}", f"Title {'a' * 151}..."),
        (f"line one \n\n{'a' * 200}", f"line one \n\n{'a' * 146}..."),
        (f"{'a' * 100} \n \n{'b' * 100}", f"{'a' * 100}..."),
        ("€" * 100, "€" * 78 + "..."),
        ("a" + "€" * 100, "a" + "€" * 78 + "..."),
        ("a€" * 100, "a€" * 52 + "a..."),
        ("\n \n" * 100 + "Water", "Water..."),
        (" " * 160 + "Water " * 100, "Water " * 25 + "Water..."),
    ],
    ids=range(19),
)
def test_one_part(message: str, expected: str) -> None:
    """Cut at the end of a line, else of a word, else where it is full, unless too little would be left."""
    assert compose_sms(message, long_sms=False, cut=True).text == expected


def test_list_of_batteries() -> None:
    """Cut a long list at a line, counting what was replaced."""
    lines = [f"• Battery {number:02d} → {number} %" for number in range(99)]
    sms = compose_sms("\n".join(["Batteries", *lines]), cut=True)
    assert 880 < sms.length <= 918
    head, battery = sms.text.removesuffix("...").rsplit("\n", 1)
    assert head.startswith("Batteries\n- Battery 00 -> 0 %\n- Battery 01")
    assert battery == f"- Battery {battery[10:12]} -> {battery[10:12]} %"
    assert sms.replaced == ("•", "→")


@pytest.mark.parametrize("message", ["Water", "a" * 918, "€" * 459, "🔔 Wäter…"])
def test_unchanged(message: str) -> None:
    """Leave alone what fits."""
    assert compose_sms(message, cut=True) == compose_sms(message)
    assert compose_speech(message, limit=918, cut=True) == compose_speech(message, limit=918)


def test_unicode() -> None:
    """Count in UTF-16 units where characters are kept, and in septets once they are all cut off."""
    assert compose_sms("œ" * 500, unicode=True, cut=True).text == "œ" * 399 + "..."
    assert compose_sms("😀" * 300, unicode=True, cut=True).text == "😀" * 199 + "..."
    assert compose_sms("€" * 500 + "œ", unicode=True, cut=True) == SmsText(
        "€" * 399 + "...", Encoding.GSM7, 801, 6, 112, ()
    )


@given(
    st.text(st.sampled_from("ab €œ😀🔔½\n\u0301\u200b"), min_size=1, max_size=60),
    st.integers(1, 120),
    st.booleans(),
    st.booleans(),
    st.sampled_from(["", LINK]),
)
def test_always_fits(chunk: str, times: int, long_sms: bool, unicode: bool, last_line: str) -> None:  # noqa: FBT001
    """Make any message fit, with its last line whole."""
    try:
        sms = compose_sms(f"x{chunk * times}", long_sms=long_sms, unicode=unicode, cut=True, last_line=last_line)
    except MessageTooLongError:
        # One part of 70 units holds hardly more than the link.
        assert (long_sms, unicode, last_line) == (False, True, LINK)
        return
    assert sms.length <= LIMITS[long_sms, sms.encoding]
    assert sms.text.endswith(last_line)


@pytest.mark.parametrize(
    "chunk", ["a", "word ", "line\n", "€", "🔔", "e\u0301", "a\u0301\u0323", "\u200b", "\r\n", "½"]
)
@pytest.mark.parametrize("unicode", [False, True])
def test_hostile(chunk: str, unicode: bool) -> None:  # noqa: FBT001
    """Read only the beginning of a message without end."""
    message = f"Alarm {chunk * 1_000_000}"
    assert compose_sms(message, unicode=unicode, cut=True).text.startswith("Alarm")
    assert compose_sms(message, unicode=unicode, cut=True).text.endswith("...")
    speech = compose_speech(message, limit=918, cut=True)
    assert len(speech) <= 918
    assert speech.startswith("Alarm")
    assert speech.endswith("...")


def test_last_line() -> None:
    """Add the last line to what fits, and count it."""
    sms = compose_sms("Wäter — cellar", last_line=LINK)
    assert sms.text == f"Wäter - cellar\n{LINK}"
    assert (sms.length, sms.replaced) == (15 + len(LINK), ("—",))


@pytest.mark.parametrize("message", ["window, " * 200, "a" * 2000, "🔔 Ring\n" * 300, "€ " * 900])
@pytest.mark.parametrize("unicode", [False, True])
def test_last_line_is_never_cut(message: str, unicode: bool) -> None:  # noqa: FBT001
    """Cut what comes before the last line."""
    sms = compose_sms(message, unicode=unicode, cut=True, last_line=LINK)
    assert sms.text.endswith(f"...\n{LINK}")
    assert sms.length <= LIMITS[True, sms.encoding]


def test_last_line_is_never_replaced() -> None:
    """Send as Unicode what has a last line outside the alphabet, whatever the option says."""
    link = "OK? https://œuvre.example.org/~x/[1]"
    sms = compose_sms("Wâter", last_line=link)
    assert (sms.text, sms.encoding, sms.replaced) == (f"Wâter\n{link}", Encoding.UNICODE, ())
    assert compose_sms("Water", last_line="OK? ~[x]").length == 6 + 11


def test_last_line_alone() -> None:
    """Send the last line where nothing else is left, or there is no room for more."""
    assert compose_sms("🔔", last_line=LINK).text == LINK
    assert compose_sms("a" * 300, long_sms=False, cut=True, last_line="b" * 157).text == "b" * 157
    assert compose_sms("abc def", long_sms=False, cut=True, last_line="b" * 155).text == f"a...\n{'b' * 155}"


def test_refused() -> None:
    """Refuse what is too long without leave to cut it, and a last line that is too long by itself."""
    for kwargs in ({"last_line": LINK}, {"long_sms": False, "cut": True, "last_line": "b" * 161}):
        with pytest.raises(MessageTooLongError) as error:
            compose_sms("a" * 918, **kwargs)
        assert error.value.length > error.value.limit
    with pytest.raises(EmptyMessageError):
        compose_sms("🔔", cut=True)
    with pytest.raises(EmptyMessageError):
        compose_speech(" ", limit=918, cut=True)


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("a" * 21, "a" * 17 + "..."),
        ("one two three four five six", "one two three..."),
        ("one two\nthree four five six", "one two..."),
        ("😀 " * 20, "😀 " * 8 + "😀..."),
        ("\n" * 30 + "one two", "one two..."),
        ("fits well 🔔 as it is", "fits well 🔔 as it is"),
    ],
)
def test_speech(message: str, expected: str) -> None:
    """Cut speech in the same way, and replace nothing in it."""
    limit = max(20, len(expected))
    assert compose_speech(message, limit=limit, cut=True) == expected

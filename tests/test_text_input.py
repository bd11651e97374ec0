"""Test how titles, one-time passwords, keys and names are taken as people give them."""
# ruff: noqa: RUF001 - look-alike characters are what is tested here

import pytest

from custom_components.smsbox.text import join_title, name_key, normalize_otp, strip_invisible


@pytest.mark.parametrize(
    ("title", "message", "expected"),
    [
        ("Cellar", "Water", "Cellar\nWater"),
        (None, "Water", "Water"),
        ("", "Water", "Water"),
        (" \n", "Water", "Water"),
        ("\u200b \ufe0f", "Water", "Water"),
        ("Cellar", "", "Cellar"),
        ("Cellar", " ", "Cellar"),
        (None, "", ""),
    ],
)
def test_join_title(title: str | None, message: str, expected: str) -> None:
    """Put the title on a line of its own, and leave out what is blank."""
    assert join_title(title, message) == expected


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("123456", "123456"),
        (" 123 456\n", "123456"),
        ("123-456", "123456"),
        ("123\u2011456", "123456"),
        ("12–34—56−78", "12345678"),
        ("１２３４５６", "123456"),
        ("٠٤٩६৭", "04967"),
        ("\u200e123\u00a0456\u2069", "123456"),
        ("\u202a1\u00ad2\ufeff3\u202c\x00", "123"),
        ("ab 12", "ab12"),
        ("", ""),
    ],
)
def test_otp(typed: str, code: str) -> None:
    """Read a one-time password as people type and copy it."""
    assert normalize_otp(typed) == code


@pytest.mark.parametrize(
    "key", ["key", " key\n", "\u200bkey\ufeff", "\u200e key\u00a0\u202c", "k\u00ade\u2060y", "\x00key\x1b", "key\r\n"]
)
def test_pasted_key(key: str) -> None:
    """Take a key without what came along when it was copied."""
    assert strip_invisible(key) == "key"


@pytest.mark.parametrize(
    ("one", "other"),
    [("Zoë", "Zoe\u0308"), ("MUM", "mum "), ("Straße", "STRASSE"), ("ÉLÉONORE", "e\u0301le\u0301onore")],
)
def test_name_key(one: str, other: str) -> None:
    """Find a name however it is written."""
    assert name_key(one) == name_key(other)
    assert name_key(one) != name_key(f"{other}x")

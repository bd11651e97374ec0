"""Test how phone numbers are read."""

from pathlib import Path
import subprocess
import sys

from hypothesis import given, strategies as st
import phonenumbers
from phonenumbers import PhoneNumberFormat, PhoneNumberType
import pytest

from custom_components.smsbox import phone
from custom_components.smsbox.phone import (
    TEST_NUMBER,
    InvalidNumberError,
    mask,
    mask_given,
    normalize,
)

COUNTRIES = sorted(phonenumbers.SUPPORTED_REGIONS)
NUMBERS = st.integers(0, 10**16).map(str) | st.from_regex(r"\(?\+?[0-9 ./()\-]{0,20}", fullmatch=True)


@pytest.mark.parametrize(
    "number",
    [
        "0496123456",
        "0496 12 34 56",
        "0496/12.34.56",
        "0496-12-34-56",
        "(0496) 12 34 56",
        "0496\u00a012\u202f34 56",
        " 0496123456\n",
        "+32496123456",
        "+32 496/12.34.56",
        "+32 (0)496 12 34 56",
        "(+32) 496 12 34 56",
        "0032496123456",
        "0032 (0)496 12 34 56",
        "32496123456",
        32496123456,
        "\u202a+32 496 12 34 56\u202c",
        "\u200e0496123456",
        "\u2068(0496)\u2069\u00ad 12\u200b34\ufeff56\u2060\n",
        "0496\u200712\u200934\u300056",
        "0496\u201112\u201034\u201356",
        "+32\u2212496\u2014123\uff0d456",
        "0496.12.34.56.",
        "0496-123-45-6",
    ],
)
def test_belgian_mobile(number: str | int) -> None:
    """Read every usual spelling of a Belgian mobile number."""
    assert normalize(number, "BE") == "32496123456"


@pytest.mark.parametrize(
    ("number", "country", "expected"),
    [
        ("02 555 12 12", "BE", "3225551212"),
        ("3225551212", "BE", "3225551212"),
        ("471234567", "BE", "32471234567"),
        ("33612345678", "BE", "33612345678"),
        ("352621123456", "BE", "352621123456"),
        ("4520123456", "BE", "4520123456"),
        ("+683 4000", "BE", "6834000"),
        ("011 32 496 12 34 56", "US", "32496123456"),
        ("0011 32 496 12 34 56", "AU", "32496123456"),
        ("00 372 5123 4567", "JP", "37251234567"),
        ("06 12345678", "NL", "31612345678"),
        ("32496123456", "NL", "32496123456"),
        ("4740123456", "NL", "4740123456"),
        ("06 12 34 56 78", "FR", "33612345678"),
        ("32496123456", "FR", "32496123456"),
        ("0151 23456789", "DE", "4915123456789"),
        ("+49 1512 3456789", "BE", "4915123456789"),
        ("32496123456", "DE", "32496123456"),
        ("621 123 456", "LU", "352621123456"),
        ("612 345 678", "ES", "34612345678"),
        ("333 123 4567", "IT", "393331234567"),
        ("06 1234 5678", "IT", "390612345678"),
        ("(202) 555-0123", "US", "12025550123"),
        ("2025550123", "US", "12025550123"),
        ("12025550123", "US", "12025550123"),
        ("32496123456", "US", "32496123456"),
        ("07911 123456", "GB", "447911123456"),
        ("+32496123456", "AQ", "32496123456"),
        ("32496123456", "AQ", "32496123456"),
    ],
)
def test_countries(number: str, country: str, expected: str) -> None:
    """Read numbers as they are written in Home Assistant's country."""
    assert normalize(number, country) == expected


def test_every_country() -> None:
    """Read a mobile number of every country in its national and its international spelling."""
    # Not China, whose example could be in Chicago, nor an island without mobile numbers.
    for country in {*COUNTRIES} - {"CN", "TA"}:
        example = phonenumbers.example_number_for_type(country, PhoneNumberType.MOBILE)
        assert example
        expected = phonenumbers.format_number(example, PhoneNumberFormat.E164)[1:]
        international = phonenumbers.format_number(example, PhoneNumberFormat.INTERNATIONAL)
        national = phonenumbers.format_number(example, PhoneNumberFormat.NATIONAL)
        assert {normalize(spelling, country) for spelling in (international, f"00{expected}", national)} == {expected}


@pytest.mark.parametrize(
    ("number", "country"),
    [
        ("496123456", "BE"),  # a Belgian mobile number without its 0, or a German one
        ("13012345678", "CN"),  # a Chinese mobile number, or one in Maryland
        ("32496123456", "LU"),  # a Belgian mobile number, or a long one in Luxembourg
    ],
)
def test_ambiguous(number: str, country: str) -> None:
    """Refuse what is as likely a national as an international number."""
    with pytest.raises(InvalidNumberError):
        normalize(number, country)


@pytest.mark.parametrize(
    "number",
    [
        "",
        " ",
        "+",
        "()",
        "-",
        "112",
        "+49 110",
        "0496 12 34",
        "0496 12 34 5",
        "+32 496 12 34 5",
        "0032496 12 34 567",
        "+32 999 12 34 56",
        "474123456.0",
        "496123456.0",
        "496123456.00",
        "0496 12 34 56.00",
        "+49 171 1234567.0",
        "32496123456.0",
        "3211111111.0",
        "0496 12 34 5.6",
        "0496 12 34 5 . 6 ",
        "0496 12 34 5.(6)",
        "0496 12 34 56" + " " * 100,
        "0496 12 34 56 78",
        "+32 496 12 34 56 78",
        "+999 496 12 34 56",
        "+1 253 0000",
        "+49 151 23456789012",
        "0496 12 34 56 ext 7",
        "0496 12 34 56 #7",
        "0496 12 34 56;ext=7",
        "0496 12 34 56,7",
        "0800 FLOWERS",
        "tel:0496123456",
        "0496+123456",
        "++32496123456",
        "٠٤٩٦١٢٣٤٥٦",
        "０４９６１２３４５６",  # noqa: RUF001 - full-width digits
        "0496\t123456",
        "0496\n123456",
    ],
)
def test_no_number(number: str) -> None:
    """Refuse what cannot be a number, and tell what was given, but not to a log."""
    with pytest.raises(InvalidNumberError, match=r"^not a phone number$") as error:
        normalize(number, "BE")
    assert error.value.given == number
    assert error.value.quote is False


@pytest.mark.parametrize(
    "number",
    [82193015, 496123456, 3225551212, 99999999999, -32496123456, 0, True, 10**15, 32496123456.0, 3211111111.0, 1e300],
)
def test_integer(number: float) -> None:
    """Refuse an integer that is no long and valid international number, and any fraction, and advise quotes."""
    with pytest.raises(InvalidNumberError) as error:
        normalize(number, "BE")
    assert error.value.given == str(number)
    assert error.value.quote is True


@pytest.mark.parametrize("number", [3211111111, "3211111111", "+32 11 11 11 11", "0032 11 11 11 11"])
@pytest.mark.parametrize("country", ["BE", "NL", "LU", "DE", "US"])
def test_test_number(number: str | int, country: str) -> None:
    """Take the gateway's test number in every country, as an integer too."""
    assert normalize(number, country) == TEST_NUMBER


@given(st.text() | st.integers() | st.booleans() | NUMBERS, st.sampled_from(COUNTRIES))
def test_whatever_comes(number: str | int, country: str) -> None:
    """Return the digits of a valid number that stays the same, or refuse."""
    try:
        result = normalize(number, country)
    except InvalidNumberError:
        return
    assert result.isascii()
    assert result.isdecimal()
    assert result == TEST_NUMBER or phonenumbers.is_valid_number(phonenumbers.parse(f"+{result}"))
    assert normalize(f"+{result}", country) == result


@given(NUMBERS)
def test_again(number: str) -> None:
    """Read a Belgian user's number that was read before as the same number, or refuse it."""
    try:
        result = normalize(number, "BE")
        again = normalize(result, "BE")
    except InvalidNumberError:
        return
    assert again == result


@pytest.mark.parametrize(
    ("number", "masked"), [("32496123456", "********456"), ("3211111111", "*******111"), ("12", "12"), ("", "")]
)
def test_mask(number: str, masked: str) -> None:
    """Show the last three digits only."""
    assert mask(number) == masked


@pytest.mark.parametrize(
    ("given_value", "shown"),
    [
        ("0496 12 34 5", "***345"),
        (496123456, "***456"),
        (-496123456.5, "-***565"),
        (None, "None"),
        ("  Mum\r\nERROR forged\x1b\ud800 ", "Mum ERROR forged"),
        ("x" * 50, "x" * 40),
        ("Mum " * 20 + "0496123456", ("Mum " * 20)[:40]),
        ("1" * 1_000_000, "***111"),
    ],
)
def test_mask_given(given_value: object, shown: str) -> None:
    """Show what was given in one short line, masked."""
    assert mask_given(given_value) == shown


def test_reads_no_file() -> None:
    """Read no file once imported, and no Home Assistant ever: the event loop must never wait for a file."""
    script = f"""
import sys
from types import ModuleType
package = sys.modules["smsbox"] = ModuleType("smsbox")
package.__path__ = {[str(Path(phone.__file__).parent)]}
from smsbox.phone import normalize
assert "homeassistant" not in sys.modules
sys.addaudithook(lambda event, args: sys.exit(f"{{event}} {{args}}") if event in ("open", "import") else None)
for country in {COUNTRIES}:
    normalize("+32496123456", country)
    for number in "0496123456", "88299123456", "80012345678", "12345678":
        try:
            normalize(number, country)
        except ValueError:
            pass
"""
    subprocess.run([sys.executable, "-c", script], check=True)  # noqa: S603 - our own words only

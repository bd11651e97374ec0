"""Test what is made of the gateway's JSON."""

from typing import Any

import pytest

from custom_components.smsbox.api import (
    OTP_PLACEHOLDER,
    SENDER,
    DeliveryReport,
    DeliveryStatus,
    Network,
    NumberLookup,
    SmsboxOutcomeUnknownError,
    mask_numbers,
)

NUMBER = {"msisdn": 32498765432, "error_code": "01"}


def lookup(**found: Any) -> NumberLookup:
    """Return what is known about a number, nothing by default."""
    unknown: dict[str, Any] = dict.fromkeys(("status", "error_text", "type", "mccmnc", "ported", "roaming"))
    networks = {"issuing_network": Network(), "home_network": Network()}
    return NumberLookup(number="32498765432", reachable=False, error_code=1, **unknown | networks | found)


@pytest.mark.parametrize(
    ("code", "status", "final"),
    [
        (10, "sent", False),
        (11, "delivered", True),
        (12, "buffered", False),
        (13, "undelivered", True),
        (14, "expired", True),
        (15, "rejected", True),
        (16, "unknown", False),
        (20, "blacklisted", True),
        (1, "error", True),
        (77, "unknown", False),
    ],
)
def test_delivery_report(code: int, status: str, *, final: bool) -> None:
    """Every status has its code, given as a number or as digits, and is final or not."""
    report = DeliveryReport(msgid=15547355, status_code=code, status=DeliveryStatus(status))
    assert DeliveryReport.from_fields(15547355, code) == report
    assert DeliveryReport.from_fields("15547355", f"{code:02}") == report
    assert report.status.final is final
    assert DeliveryStatus.from_code(code) is report.status


@pytest.mark.parametrize(("msgid", "status"), [(None, 11), ("one", 11), (2**63, 11), (1, None), (1, "1.5"), (True, 11)])
def test_malformed_delivery_report(msgid: object, status: object) -> None:
    """What is not a number is not a report."""
    with pytest.raises(ValueError, match=r"^not an integer$"):
        DeliveryReport.from_fields(msgid, status)


@pytest.mark.parametrize(
    "missing", [{}, {"issueing_info": None, "home_info": {}}, {"issueing_info": [], "home_info": []}]
)
def test_lookup_with_missing_parts(missing: dict[str, Any]) -> None:
    """Everything but the number and the error code of a lookup may be missing."""
    assert NumberLookup.from_response({"message": NUMBER | missing}) == lookup()


def test_lookup_of_other_types() -> None:
    """What is usually text may be a number, a flag may be 0 or 1, and what is neither is left out."""
    network = {"network_name": 7, "country_code": "32", "location": ["Belgium"], "timezone": None, "verified": 1}
    found = {"mccmnc": 20601, "status": {"a": 1}, "is_ported": 0, "is_roaming": "maybe", "home_info": network}
    assert NumberLookup.from_response({"message": NUMBER | found}) == lookup(
        mccmnc="20601", ported=False, home_network=Network("7", 32, None, None, verified=True)
    )
    assert Network.from_response({"country_code": "BE"}) == Network()


def test_lookup_is_cleaned() -> None:
    """Texts lose control characters and surrogates."""
    found = {"status": "Deli\ud800vered\n", "home_info": {"network_name": "\u202eOrange\x00 \r\n NV"}}
    assert NumberLookup.from_response({"message": NUMBER | found}) == lookup(
        status="Delivered", home_network=Network("Orange NV")
    )


@pytest.mark.parametrize("response", [{}, {"message": None}, {"message": []}, {"message": {"msisdn": 1}}])
def test_malformed_lookup(response: dict[str, Any]) -> None:
    """A lookup without a number and an error code leaves its outcome unknown."""
    with pytest.raises(SmsboxOutcomeUnknownError):
        NumberLookup.from_response(response)


@pytest.mark.parametrize(
    ("sender", "valid"),
    [
        ("Home", True),
        ("A1b2C3d4E5f", True),
        ("A1b2C3d4E5f6", False),
        ("1" * 16, True),
        ("1" * 17, False),
        ("", False),
        ("Thuis!", False),
        ("Zoë", False),
        ("٣٣", False),
        ("Home\n", False),
    ],
)
def test_sender(sender: str, *, valid: bool) -> None:
    """A sender has at most 11 letters and digits, or at most 16 digits."""
    assert (SENDER.fullmatch(sender) is not None) is valid


def test_otp_placeholder() -> None:
    """The gateway puts the password in this place."""
    assert OTP_PLACEHOLDER == "{OTP}"


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("32496123456", "***456"),
        ("+32 (0)496/12.34.56", "***456"),
        ("0496 12 34 5", "***345"),
        ("call 0496\u00a012\u201134\u200e56 now", "call ***456 now"),
        ("0496123456 Mum, +32471234567", "***456 Mum, ***567"),
        ("0496123456,0471234567;0472", "***456,***567;***472"),
        ("0496,123,456", "***456"),
        ("32, 496, 12, 34, 56", "***456"),
        ("Mum, 32;496;12;34;56.", "Mum, ***456."),
        ("12,50 of 1,000 credits, 3 messages", "12,50 of 1,000 credits, 3 messages"),
        ("0496_12:34|56", "***456"),
        ("0496\n12\n34\n56", "***456"),
        ("٠٤٩٦١٢٣٤٥٦", "***٤٥٦"),
        ("０４９６１２３４５６", "***４５６"),  # noqa: RUF001 - full-width digits
        ("474123456.0", "***560"),
        ("1234", "***234"),
        ("a1234b5678", "a***234b***678"),
        ("123", "123"),
        ("at most 11 of 160", "at most 11 of 160"),
        ("***456", "***456"),
        ("Mum", "Mum"),
        ("1 2-3", "1 2-3"),
        ("0496\u200e12\u00a034\u221256", "***456"),
        ("x" * 50_000 + " 1" * 10, "x" * 50_000 + " ***111"),
        ("", ""),
    ],
)
def test_mask_numbers(text: str, masked: str) -> None:
    """Mask every number in a text, however it is written, once and for all."""
    assert mask_numbers(text) == masked
    assert mask_numbers(masked) == masked

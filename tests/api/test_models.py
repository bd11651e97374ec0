"""Test what is made of the gateway's JSON."""

from typing import Any

import pytest

from custom_components.smsbox.api import DeliveryReport, DeliveryStatus, Network, NumberLookup

UNKNOWN_NETWORK = Network(None, None, None, None, None)


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
    assert DeliveryReport.from_response(15547355, code) == report
    assert DeliveryReport.from_response("15547355", f"{code:02}") == report
    assert report.status.final is final


@pytest.mark.parametrize(("msgid", "status"), [(None, 11), ("one", 11), (2**63, 11), (1, None), (1, "1.5"), (True, 11)])
def test_malformed_delivery_report(msgid: object, status: object) -> None:
    """What is no number is no report."""
    with pytest.raises(ValueError, match=r"^not an integer$"):
        DeliveryReport.from_response(msgid, status)


@pytest.mark.parametrize(
    "missing", [{}, {"issueing_info": None, "home_info": {}}, {"issueing_info": [], "home_info": []}]
)
def test_lookup_with_missing_parts(missing: dict[str, Any]) -> None:
    """All but the number and the error code of a lookup may be missing."""
    assert NumberLookup.from_response({"msisdn": 32498765432, "error_code": "01", **missing}) == NumberLookup(
        number="32498765432",
        reachable=False,
        status=None,
        error_code=1,
        error_text=None,
        type=None,
        mccmnc=None,
        ported=None,
        roaming=None,
        issuing_network=UNKNOWN_NETWORK,
        home_network=UNKNOWN_NETWORK,
    )


def test_network_with_missing_parts() -> None:
    """All of a network may be missing."""
    assert Network.from_response({"network_name": "Orange"}) == Network("Orange", None, None, None, None)

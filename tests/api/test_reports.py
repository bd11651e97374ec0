"""Test what is read from the requests that bring delivery reports."""

from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.smsbox.api import DeliveryReport, DeliveryStatus, parse_reports

FORM = "application/x-www-form-urlencoded"
DELIVERED = DeliveryReport(1, 11, DeliveryStatus.DELIVERED)


def parse(body: str = "", query: str = "", content_type: str = FORM) -> list[tuple[int, int]]:
    """Return msgid and status code of each report."""
    return [(report.msgid, report.status_code) for report in parse_reports(content_type, body.encode(), query)]


@pytest.mark.parametrize(
    "request_",
    [
        {"body": "msgid=1&status=11"},
        {"body": "status=11&msgid=1"},
        {"body": "msgid=%201%0D%0A&more=x&status=11"},
        {"body": "msgid=1&status=11", "content_type": ""},
        {"body": "msgid=1&status=11", "content_type": "application/json"},
        {"query": "msgid=1&status=11"},
        {"body": '{"msgid": 1, "status": 11}'},
        {"body": '\n {"msgid": "1", "status": "11", "more": [{}]}', "content_type": "application/json"},
        {"body": '[{"msgid": 1, "status": 11}]'},
        # beside what is malformed
        {"body": "msgid=x&status=10&msgid=1&status=11"},
        {"body": "msgid=&status=10&msgid=1&status=11"},
        {"body": "msgid=1&status=11&msgid=2"},
        {"body": '[null, 1, "x", [], {}, {"msgid": 2}, {"msgid": 1, "status": 11}]'},
        {"body": f'[{{"msgid": {"9" * 5000}, "status": 11}}, {{"msgid": 1, "status": 11}}]'},
        {"body": '{"msgid": 2}', "query": "msgid=1&status=11"},
        {"body": "{", "query": "msgid=1&status=11"},
        {"body": "[" * 16_000, "query": "msgid=1&status=11"},
        {"body": "msgid=1&status=11", "query": "msgid=2"},
        {"body": "msgid=1&status=11", "query": "msgid=2&msgid=2&status=13"},
        {"body": "msgid=2&status=13", "query": "msgid=1&status=11", "content_type": "Multipart/Form-Data; boundary=x"},
    ],
)
def test_report(request_: dict[str, Any]) -> None:
    """A report is found in any usual form, beside anything."""
    assert parse(**request_) == [(1, 11)]


@pytest.mark.parametrize(
    "request_",
    [
        {"body": "msgid=1&status=10&msgid=2&status=13"},
        {"body": "status=10&msgid=1&status=13&msgid=2"},
        {"body": "msgid=1&msgid=2&status=10&status=13"},
        {"body": "msgid=1&status=10", "query": "msgid=2&status=13"},
        {"body": '[{"msgid": 1, "status": 10}, {"msgid": 2, "status": 13}]'},
    ],
)
def test_several_reports(request_: dict[str, Any]) -> None:
    """Several reports come in one request."""
    assert parse(**request_) == [(1, 10), (2, 13)]


@pytest.mark.parametrize(
    "request_",
    [
        {},
        {"body": "Hello"},
        {"body": "msgid=1"},
        {"body": "status=11"},
        {"body": "msgid=1&status="},
        {"body": "msgid=1&status=delivered"},
        {"body": "msgid=1&status=-11"},
        {"body": "msgid=1&status=11.0"},
        {"body": "msgid=1&status=1_1"},
        {"body": "msgid=1&status=¹¹"},
        {"body": f"msgid={2**63}&status=11"},
        {"body": f"msgid={'9' * 5000}&status=11"},
        {"body": "MSGID=1&Status=11"},
        {"body": "msgid=1&status=11&status=13"},
        {"body": "msgid=1&msgid=2&status=11"},
        {"body": "{"},
        {"body": "[]"},
        {"body": "[" * 16_000},
        {"body": '[[{"msgid": 1, "status": 11}]]'},
        {"body": '{"msgid": 1, "status": true}'},
        {"body": '{"msgid": 1.0, "status": 11.0}'},
        {"body": '{"msgid": [1], "status": {"11": 11}}'},
        {"body": '{"msgid": -1, "status": 11}'},
        {"body": '{"msgid": NaN, "status": Infinity}'},
        {"body": "msgid=1&status=11", "content_type": "multipart/form-data; boundary=x"},
        {"query": "ref=abc"},
    ],
)
def test_no_report(request_: dict[str, Any]) -> None:
    """A request without a well-formed report is refused."""
    with pytest.raises(ValueError, match=r"^no delivery report$"):
        parse(**request_)


@pytest.mark.parametrize(
    ("query", "ref"),
    [("", None), ("ref=", None), ("ref", None), ("ref=abc", "abc"), ("x=1&ref=a%26b&ref=c", "a&b"), ("REF=abc", None)],
)
def test_reference(query: str, ref: str | None) -> None:
    """The reference in the URL comes with each report."""
    body = b"msgid=1&status=11&msgid=2&status=11&ref=in-the-body"
    reports = parse_reports(FORM, body, query)
    assert [(report.msgid, report.ref) for report in reports] == [(1, ref), (2, ref)]


@given(
    content_type=st.sampled_from(
        [FORM, "application/json; charset=utf-7", "multipart/form-data; boundary=x", "\udcff"]
    ),
    body=st.binary(max_size=200)
    | st.sampled_from([b"\xff\xfe{", b"\0" * 99, b"[" * 9000, b'{"a":' * 9000, b"&=" * 999]),
    query=st.text(max_size=50),
)
def test_anything(content_type: str, body: bytes, query: str) -> None:
    """Whatever comes, it either holds reports or is refused."""
    try:
        assert parse_reports(content_type, body, query)
    except ValueError as error:
        assert str(error) == "no delivery report"  # noqa: PT017 - hypothesis and pytest.raises say less together

"""Delivery reports come in by the webhook, whatever else comes there."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from http import HTTPStatus
import json
import logging
from typing import Any
from urllib.parse import quote, urlencode

from aiohttp import FormData
from aiohttp.test_utils import TestClient
from aiohttp.web import Application, Request
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from hypothesis import HealthCheck, given, settings, strategies as st
import pytest
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator, WebSocketGenerator

from custom_components.smsbox import webhook as webhook_module
from custom_components.smsbox.api import DeliveryReport, DeliveryStatus

from .common import WEBHOOK_ID, account_entry

URL = f"/api/webhook/{WEBHOOK_ID}"
MAX_BODY = 16 * 1024
A, B = 15547355, 15547356
GOOD = f"msgid={A}&status=11"
DELIVERED = DeliveryReport(A, 11, DeliveryStatus.DELIVERED)
FORM = {"Content-Type": "application/x-www-form-urlencoded"}

type Client = TestClient[Request, Application]


@pytest.fixture
async def received(hass: HomeAssistant) -> list[DeliveryReport]:
    """Return the reports of an account, as they come."""
    for component in ("webhook", "websocket_api"):
        assert await async_setup_component(hass, component, {})
    received: list[DeliveryReport] = []
    webhook_module.async_register(hass, account_entry(), received.append)
    return received


@pytest.fixture
async def client(received: list[DeliveryReport], hass_client_no_auth: ClientSessionGenerator) -> Client:
    """Return a client of Home Assistant's HTTP server."""
    client: Client = await hass_client_no_auth()
    return client


def logged(caplog: pytest.LogCaptureFixture) -> list[int]:
    """Return the levels of what the integration logged; nobody else may say more than usual."""
    loud = [record for record in caplog.records if record.levelno > logging.INFO]
    # aiohttp itself logs broken HTTP, whatever the URL
    assert not [
        record
        for record in loud
        if not record.name.startswith(("aiohttp.server", "custom_components.smsbox"))
        or WEBHOOK_ID in record.getMessage()
    ]
    ours = [record for record in caplog.records if record.name.startswith("custom_components.smsbox")]
    assert not [record for record in ours if WEBHOOK_ID in record.getMessage() or record.exc_info]
    return [record.levelno for record in ours]


async def chunks(body: bytes, size: int = 1000) -> AsyncIterator[bytes]:
    """Yield a body in pieces, which makes aiohttp send it without a length; let each be read before the next."""
    for start in range(0, len(body), size):
        yield body[start : start + size]
        for _ in range(5):
            await asyncio.sleep(0)


def multipart(*fields: tuple[str, str]) -> FormData:
    """Return a multipart form."""
    form = FormData(default_to_multipart=True)
    for name, value in fields:
        form.add_field(name, value)
    return form


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT"])
async def test_other_methods_are_refused(
    client: Client, received: list[DeliveryReport], caplog: pytest.LogCaptureFixture, method: str
) -> None:
    """Only POST is accepted, and core does not get to log the secret id."""
    caplog.clear()
    response = await client.request(method, f"{URL}?{GOOD}")
    assert response.status == HTTPStatus.METHOD_NOT_ALLOWED
    assert response.headers["Allow"] == "POST"
    assert logged(caplog) == [logging.DEBUG]
    assert not received


@pytest.mark.parametrize("method", ["DELETE", "PATCH", "TRACE"])
async def test_methods_of_no_webhook(
    client: Client, received: list[DeliveryReport], caplog: pytest.LogCaptureFixture, method: str
) -> None:
    """Other methods are refused by the HTTP server."""
    caplog.clear()
    response = await client.request(method, f"{URL}?{GOOD}")
    assert response.status == HTTPStatus.METHOD_NOT_ALLOWED
    assert logged(caplog) == []
    assert not received


@pytest.mark.parametrize(
    "request_",
    [
        pytest.param({"data": {"msgid": A, "status": 11}}, id="form"),
        pytest.param({"data": {"status": "11", "msgid": f" {A}\r\n", "more": "x"}}, id="form with more"),
        pytest.param({"data": GOOD, "headers": {"Content-Type": "text/plain"}}, id="form of another type"),
        pytest.param({"data": GOOD, "skip_auto_headers": ["Content-Type"]}, id="form of no type"),
        pytest.param({"json": {"msgid": A, "status": 11}}, id="JSON"),
        pytest.param({"json": [{"msgid": str(A), "status": "11"}]}, id="JSON list"),
        pytest.param({"data": f'\n {{"msgid": {A}, "status": 11}}', "headers": FORM}, id="JSON of another type"),
        pytest.param({"params": {"msgid": A, "status": 11}}, id="query"),
        pytest.param({"data": chunks(GOOD.encode(), 3), "headers": FORM}, id="chunked"),
        pytest.param({"data": f"{GOOD}&more={'x' * (MAX_BODY - len(GOOD) - 6)}"}, id="16 KiB"),
        pytest.param({"data": chunks(f"{GOOD}&more={'x' * (MAX_BODY - len(GOOD) - 6)}".encode())}, id="16 KiB chunked"),
        pytest.param({"data": GOOD.encode() + b"&msgid=\xff&status=\xff"}, id="form beside bytes"),
        pytest.param({"params": {"msgid": A, "status": 11}, "data": "[" * MAX_BODY}, id="query beside deep JSON"),
        pytest.param(
            {"params": {"msgid": A, "status": 11}, "data": multipart(("msgid", str(B)), ("status", "13"))},
            id="query beside multipart",
        ),
    ],
)
async def test_report(
    client: Client, received: list[DeliveryReport], caplog: pytest.LogCaptureFixture, request_: dict[str, Any]
) -> None:
    """A report is received in any usual form, without a word."""
    caplog.clear()
    response = await client.post(URL, **request_)
    assert response.status == HTTPStatus.OK
    assert received == [DELIVERED]
    assert logged(caplog) == []


async def test_several_reports_with_a_reference(client: Client, received: list[DeliveryReport]) -> None:
    """Several reports come in one request, each with the reference in the URL."""
    response = await client.post(f"{URL}?ref=a-b_c", data=f"msgid={A}&status=10&msgid={B}&status=77")
    assert response.status == HTTPStatus.OK
    assert received == [
        DeliveryReport(A, 10, DeliveryStatus.SENT, "a-b_c"),
        DeliveryReport(B, 77, DeliveryStatus.UNKNOWN, "a-b_c"),
    ]


@pytest.mark.parametrize(
    "request_",
    [
        pytest.param({}, id="nothing"),
        pytest.param({"data": "Hello"}, id="text"),
        pytest.param({"data": f"msgid={A}&status=delivered"}, id="words"),
        pytest.param({"data": f"msgid={A}&status=11&status=13"}, id="two statuses"),
        pytest.param({"data": "[" * MAX_BODY}, id="deep JSON"),
        pytest.param({"data": '{"msgid": 1, "status": 11}'.encode("utf-16")}, id="JSON in UTF-16"),
        pytest.param({"data": multipart(("msgid", str(A)), ("status", "11"))}, id="multipart"),
        pytest.param({"data": GOOD, "headers": {"Content-Type": "multipart/form-data"}}, id="multipart, no boundary"),
        pytest.param(
            {"data": GOOD, "headers": {"Content-Type": "multipart/form-data; boundary=\udcff"}}, id="multipart, bytes"
        ),
        pytest.param({"data": f"{GOOD}&more={'x' * MAX_BODY}"}, id="over 16 KiB"),
        pytest.param({"data": chunks(f"{GOOD}&more={'x' * MAX_BODY}".encode())}, id="over 16 KiB, chunked"),
        pytest.param({"data": GOOD, "headers": {"Content-Encoding": "gzip"}}, id="not compressed"),
        pytest.param({"data": b" " * MAX_BODY * 50, "compress": "gzip"}, id="compressed"),
    ],
)
async def test_malformed_report_is_refused(
    client: Client, received: list[DeliveryReport], caplog: pytest.LogCaptureFixture, request_: dict[str, Any]
) -> None:
    """A malformed request is refused, with one debug line."""
    caplog.clear()
    response = await client.post(URL, **request_)
    assert response.status == HTTPStatus.BAD_REQUEST
    assert logged(caplog) == [logging.DEBUG]
    assert not received


async def talk(client: Client, content: bytes) -> bytes:
    """Send bytes as they are, and return what comes back."""
    assert client.port is not None
    reader, writer = await asyncio.open_connection("127.0.0.1", client.port)
    writer.write(content)
    answer = await reader.read(1000)
    writer.close()
    return answer


@pytest.mark.parametrize(
    ("head", "body"),
    [
        pytest.param(b"Content-Length: 5", b"msgid=1", id="shorter than it is"),
        pytest.param(b"Content-Length: 9999", GOOD.encode(), id="longer than it is"),
        pytest.param(b"Transfer-Encoding: chunked", b"9999\r\n" + GOOD.encode(), id="chunk not complete"),
        pytest.param(b"Transfer-Encoding: chunked", b"xyz\r\n", id="chunk without length"),
    ],
)
async def test_lying_length(
    client: Client,
    received: list[DeliveryReport],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    head: bytes,
    body: bytes,
) -> None:
    """A body that is not as long as it says is refused, at the latest when its time is over."""
    monkeypatch.setattr(webhook_module, "READ_TIMEOUT", 0.05)
    caplog.clear()
    response = await talk(client, b"POST %b HTTP/1.1\r\nHost: x\r\n%b\r\n\r\n%b" % (URL.encode(), head, body))
    assert response.startswith((b"HTTP/1.1 400 ", b"HTTP/1.0 400 "))
    assert not received
    logged(caplog)


async def test_report_by_websocket(
    hass: HomeAssistant, received: list[DeliveryReport], hass_ws_client: WebSocketGenerator
) -> None:
    """Reports that come through Home Assistant itself, as those of a cloudhook do, are received like others."""
    websocket = await hass_ws_client(hass)
    for method, body, status in (("POST", GOOD, 200), ("POST", "x", 400), ("GET", "", 405)):
        await websocket.send_json_auto_id(
            {"type": "webhook/handle", "webhook_id": WEBHOOK_ID, "method": method, "headers": FORM, "body": body}
        )
        assert (await websocket.receive_json())["result"]["status"] == status
    assert received == [DELIVERED]


async def test_error_while_a_report_is_processed(
    hass: HomeAssistant, client: Client, received: list[DeliveryReport], caplog: pytest.LogCaptureFixture
) -> None:
    """A report that cannot be processed keeps the others from nothing, and core from logging the secret id."""

    def receive(report: DeliveryReport) -> None:
        """Receive reports, but for one."""
        if report.msgid == A:
            raise ValueError(f"0496123456 {URL}")
        received.append(report)

    webhook_module.async_register(hass, account_entry(), receive)
    caplog.clear()
    response = await client.post(URL, data=f"{GOOD}&msgid={B}&status=11")
    assert response.status == HTTPStatus.OK
    assert [report.msgid for report in received] == [B]
    assert logged(caplog) == [logging.ERROR]
    assert "0496123456" not in caplog.text


async def test_webhook_is_given_up(
    hass: HomeAssistant, client: Client, received: list[DeliveryReport], hass_ws_client: WebSocketGenerator
) -> None:
    """The webhook bears the account's name, can be registered again, and receives nothing once it is given up."""
    entry = account_entry()
    again: list[DeliveryReport] = []
    websocket = await hass_ws_client(hass)

    async def registered() -> list[tuple[str, str, str]]:
        """Return the webhooks that Home Assistant knows."""
        await websocket.send_json_auto_id({"type": "webhook/list"})
        webhooks = (await websocket.receive_json())["result"]
        return [(one["webhook_id"], one["domain"], one["name"]) for one in webhooks]

    webhook_module.async_register(hass, entry, again.append)
    assert await registered() == [(WEBHOOK_ID, "smsbox", "SMSBOX")]
    await client.post(URL, data=GOOD)
    for _ in range(2):
        webhook_module.async_unregister(hass, entry)
    assert await registered() == []
    await client.post(URL, data=GOOD)
    assert (received, again) == ([], [DELIVERED])


# Values that are, or nearly are, what is looked for.
VALUE = st.one_of(
    st.integers(),
    st.sampled_from(["", "11", "01", "-1", "1e3", "0x11", "¹¹", "\0", "9" * 5000, str(A), "null", "{}", "[]"]),
    st.text(max_size=20),
    st.none(),
    st.booleans(),
    st.floats(),
)
NAME = st.sampled_from(["msgid", "status", "ref", "msgid[]", "MSGID", "status\0", ""]) | st.text(max_size=8)
PAIRS = st.lists(st.tuples(NAME, VALUE), max_size=6)
HOSTILE = st.one_of(
    PAIRS.map(lambda pairs: urlencode([(name, str(value)) for name, value in pairs], errors="replace").encode()),
    PAIRS.map(lambda pairs: json.dumps(dict(pairs)).encode()),
    st.lists(st.fixed_dictionaries({"msgid": VALUE | PAIRS, "status": VALUE}), max_size=4).map(
        lambda elements: json.dumps(elements).encode()
    ),
    st.binary(max_size=200),
    st.sampled_from([b"[", b'{"a":', b"msgid=1&", b"\xff\xfe", b"--x\r\n", b"\0"]).map(lambda part: part * 3000),
)
KINDS = st.sampled_from(
    [
        "application/x-www-form-urlencoded",
        "application/json; charset=utf-7",
        "multipart/form-data; boundary=x",
        "message/rfc822",
        "",
    ]
)
REQUESTS = st.lists(st.tuples(HOSTILE, KINDS, HOSTILE, st.sampled_from(["GET", "PUT", "HEAD"])), min_size=9, max_size=9)


def test_hostile_requests(
    hass: HomeAssistant,
    received: list[DeliveryReport],
    hass_client_no_auth: ClientSessionGenerator,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Thousands of requests by somebody who knows the URL cause no trouble, and bring nothing but reports."""
    caplog.set_level(logging.WARNING)
    loop = hass.loop
    client = loop.run_until_complete(hass_client_no_auth())
    statuses: Counter[int] = Counter()

    async def request(method: str, *, query: bytes = b"", body: bytes = b"", kind: str = "") -> None:
        """Send one request."""
        url = f"{URL}?{quote(query[:2000], safe='=&+%')}"
        async with client.request(method, url, data=body, headers={"Content-Type": kind}) as response:
            statuses[response.status] += 1

    @settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
    @given(requests=REQUESTS)
    def attack(requests: list[tuple[bytes, str, bytes, str]]) -> None:
        """Send some requests at once."""

        async def send_all() -> None:
            for body, kind, query, method in requests:
                await asyncio.gather(
                    request("POST", body=body, kind=kind),
                    request("POST", query=query),
                    request("POST", body=body, query=query, kind=kind),
                    request("POST", body=body + b"&" + query),
                    request(method, query=query),
                )

        loop.run_until_complete(send_all())

    attack()
    assert statuses.total() >= 4_000
    assert set(statuses) <= {HTTPStatus.OK, HTTPStatus.BAD_REQUEST, HTTPStatus.METHOD_NOT_ALLOWED}
    assert all(0 <= report.msgid < 2**63 and report.status in DeliveryStatus for report in received)
    # Home Assistant itself refuses and logs some queries, before any webhook sees them.
    assert {record.name for record in caplog.records} <= {"homeassistant.components.http.security_filter"}

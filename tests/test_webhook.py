"""Delivery reports come in by the webhook, whatever else comes there; and the gateway learns its address."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from http import HTTPStatus
from itertools import count
import json
import logging
import secrets
import sys
from types import ModuleType
from typing import Any
from urllib.parse import quote, urlencode

from aiohttp import FormData
from aiohttp.test_utils import TestClient
from aiohttp.web import Application, Request
from homeassistant.config_entries import ConfigEntryDisabler
from homeassistant.core import Event, HomeAssistant
from homeassistant.helpers import issue_registry as ir
from hypothesis import HealthCheck, given, settings, strategies as st
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator, WebSocketGenerator

from custom_components.smsbox import tracker as tracker_module, webhook as webhook_module
from custom_components.smsbox.const import DOMAIN, EVENT_DELIVERY_REPORT

from .common import WEBHOOK_ID, account_entry, recipient_data, send
from .gateways import API_KEY, FIRST_MSGID, Gateway

URL = f"/api/webhook/{WEBHOOK_ID}"
MAX_BODY = 16 * 1024
# Two messages are sent before each request.
A, B = FIRST_MSGID, FIRST_MSGID + 1
GOOD = f"msgid={A}&status=11"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
TWO_NUMBERS = ["0471 23 45 67", "0472 23 45 67"]
CLOUDHOOK = "https://hooks.nabu.casa/a-secret"

type Client = TestClient[Request, Application]


@pytest.fixture
async def client(hass: HomeAssistant, entry: MockConfigEntry, hass_client_no_auth: ClientSessionGenerator) -> Client:
    """Return a client of Home Assistant's HTTP server, once two messages were sent."""
    await send(hass, numbers=TWO_NUMBERS)
    client: Client = await hass_client_no_auth()
    return client


@pytest.fixture
def events(hass: HomeAssistant) -> list[Event]:
    """Return the reports on the bus, as they come."""
    return async_capture_events(hass, EVENT_DELIVERY_REPORT)


def seen(events: list[Event]) -> list[tuple[int, str]]:
    """Return message and status of reports."""
    return [(event.data["msgid"], event.data["status"]) for event in events]


def lines(caplog: pytest.LogCaptureFixture) -> list[int]:
    """Return the levels of what the integration logged; nobody else may say more than usual."""
    loud = [record for record in caplog.records if record.levelno > logging.INFO]
    # aiohttp tells of HTTP that is broken itself, whatever the address
    assert not [record for record in loud if record.name != "aiohttp.server" or WEBHOOK_ID in record.getMessage()]
    ours = [record for record in caplog.records if record.name.startswith("custom_components.smsbox")]
    assert not [record for record in ours if WEBHOOK_ID in record.getMessage()]
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
async def test_other_methods(
    client: Client, events: list[Event], caplog: pytest.LogCaptureFixture, method: str
) -> None:
    """Only POST is taken; core does not get to log the secret id."""
    caplog.clear()
    response = await client.request(method, f"{URL}?{GOOD}")
    assert response.status == HTTPStatus.METHOD_NOT_ALLOWED
    assert response.headers["Allow"] == "POST"
    assert lines(caplog) == [logging.DEBUG]
    assert not events


@pytest.mark.parametrize("method", ["DELETE", "PATCH", "TRACE"])
async def test_methods_that_no_webhook_takes(
    client: Client, events: list[Event], caplog: pytest.LogCaptureFixture, method: str
) -> None:
    """Other methods are refused by the HTTP server."""
    caplog.clear()
    response = await client.request(method, f"{URL}?{GOOD}")
    assert response.status == HTTPStatus.METHOD_NOT_ALLOWED
    assert lines(caplog) == []
    assert not events


@pytest.mark.parametrize(
    "request_",
    [
        pytest.param({"data": {"msgid": A, "status": 11}}, id="form"),
        pytest.param({"data": {"status": "11", "msgid": f" {A}\r\n", "more": "x"}}, id="form with more"),
        pytest.param({"data": GOOD, "headers": {"Content-Type": "text/plain"}}, id="form of another type"),
        pytest.param({"data": GOOD, "skip_auto_headers": ["Content-Type"]}, id="form of no type"),
        pytest.param({"data": multipart(("msgid", str(A)), ("status", "11"), ("more", "x"))}, id="multipart"),
        pytest.param({"json": {"msgid": A, "status": 11}}, id="JSON"),
        pytest.param({"json": {"msgid": str(A), "status": "11", "more": [{}]}}, id="JSON strings"),
        pytest.param({"json": [{"msgid": A, "status": 11}]}, id="JSON list"),
        pytest.param({"data": f'\n {{"msgid": {A}, "status": 11}}', "headers": FORM}, id="JSON of another type"),
        pytest.param({"params": {"msgid": A, "status": 11}}, id="query"),
        pytest.param({"data": chunks(GOOD.encode(), 3), "headers": FORM}, id="chunked"),
        pytest.param({"data": f"{GOOD}&more={'x' * (MAX_BODY - len(GOOD) - 6)}"}, id="16 KiB"),
        pytest.param({"data": chunks(f"{GOOD}&more={'x' * (MAX_BODY - len(GOOD) - 6)}".encode())}, id="16 KiB chunked"),
        # a well-formed pair beside malformed ones
        pytest.param({"data": f"msgid=x&status=10&{GOOD}"}, id="form beside nonsense"),
        pytest.param({"data": f"msgid=&status=10&{GOOD}"}, id="form beside nothing"),
        pytest.param({"data": f"{GOOD}&msgid={B}"}, id="form beside half a pair"),
        pytest.param({"data": GOOD.encode() + b"&msgid=\xff&status=\xff"}, id="form beside bytes"),
        pytest.param({"json": [None, 1, "x", [], {}, {"msgid": B}, {"msgid": A, "status": 11}]}, id="JSON beside all"),
        pytest.param(
            {"data": f'[{{"msgid": {"9" * 5000}, "status": 11}}, {{"msgid": {A}, "status": 11}}]'},
            id="JSON beside a giant",
        ),
        pytest.param(
            {"data": multipart(("msgid", "\0"), ("status", "10"), ("msgid", str(A)), ("status", "11"))},
            id="multipart beside nonsense",
        ),
        pytest.param({"params": {"msgid": A, "status": 11}, "json": {"msgid": B}}, id="query beside JSON"),
        pytest.param({"params": {"msgid": A, "status": 11}, "data": "{"}, id="query beside no JSON"),
        pytest.param({"params": {"msgid": A, "status": 11}, "data": "[" * MAX_BODY}, id="query beside deep JSON"),
        pytest.param(
            {
                "data": b'--x\r\nContent-Disposition: form-data; name="msgid"\r\n\r\n%d\r\n'
                b'--x\r\nContent-Disposition: form-data; name="more"\r\n\r\n\xff\r\n'
                b'--x\r\nContent-Disposition: form-data; name="status"\r\n\r\n11\r\n--x--\r\n' % A,
                "headers": {"Content-Type": "Multipart/Form-Data; boundary=x"},
            },
            id="multipart in capitals with bytes",
        ),
        pytest.param({"params": {"msgid": B}, "data": GOOD}, id="form beside half a query"),
        pytest.param(
            {"params": [("msgid", ""), ("status", 10), ("msgid", A), ("status", 11)]}, id="query beside nothing"
        ),
        pytest.param(
            {
                "params": {"msgid": A, "status": 11},
                "data": GOOD,
                "headers": {"Content-Type": "multipart/form-data; boundary=\udcff"},
            },
            id="query beside multipart of bytes",
        ),
        pytest.param({"params": [("msgid", B), ("msgid", B), ("status", 13)], "data": GOOD}, id="form beside a riddle"),
    ],
)
async def test_report(
    client: Client,
    events: list[Event],
    caplog: pytest.LogCaptureFixture,
    request: pytest.FixtureRequest,
    request_: dict[str, Any],
) -> None:
    """A report is taken in any usual form, with one line at most on what beside it makes no sense."""
    caplog.clear()
    response = await client.post(URL, **request_)
    assert response.status == HTTPStatus.OK
    assert seen(events) == [(A, "delivered")]
    assert lines(caplog) in ([], [logging.DEBUG] if "beside" in request.node.name else [])


@pytest.mark.parametrize(
    "request_",
    [
        pytest.param({"data": f"msgid={A}&status=10&msgid={B}&status=13"}, id="form"),
        pytest.param({"data": f"status=10&msgid={A}&status=13&msgid={B}"}, id="form the other way round"),
        pytest.param({"data": f"msgid={A}&msgid={B}&status=10&status=13"}, id="form in columns"),
        pytest.param({"params": {"msgid": B, "status": 13}, "data": f"msgid={A}&status=10"}, id="form and query"),
        pytest.param({"json": [{"msgid": A, "status": 10}, {"msgid": B, "status": 13}]}, id="JSON list"),
        pytest.param(
            {"data": multipart(("msgid", str(A)), ("status", "10"), ("msgid", str(B)), ("status", "13"))},
            id="multipart",
        ),
    ],
)
async def test_several_reports(client: Client, events: list[Event], request_: dict[str, Any]) -> None:
    """Several reports come in one request."""
    response = await client.post(URL, **request_)
    assert response.status == HTTPStatus.OK
    assert seen(events) == [(A, "sent"), (B, "undelivered")]


@pytest.mark.parametrize(
    "request_",
    [
        pytest.param({}, id="nothing"),
        pytest.param({"data": "Hello"}, id="text"),
        pytest.param({"data": f"msgid={A}"}, id="no status"),
        pytest.param({"data": "status=11"}, id="no msgid"),
        pytest.param({"data": f"msgid={A}&status="}, id="empty status"),
        pytest.param({"data": f"msgid={A}&status=delivered"}, id="words"),
        pytest.param({"data": f"msgid={A}&status=1 1"}, id="space"),
        pytest.param({"data": f"msgid={A}&status=-11"}, id="negative"),
        pytest.param({"data": f"msgid={A}&status=11.0"}, id="decimal"),
        pytest.param({"data": f"msgid={A}&status=1_1"}, id="underscore"),
        pytest.param({"data": f"msgid={A}&status=¹¹"}, id="superscript"),
        pytest.param({"data": f"msgid={2**64 + A}&status=11"}, id="65 bits"),
        pytest.param({"data": f"msgid={'9' * 10_000}&status=11"}, id="giant"),
        pytest.param({"data": f"MSGID={A}&Status=11"}, id="other names"),
        pytest.param({"data": f"msgid={A}&status=11&status=13"}, id="two statuses"),
        pytest.param({"data": f"msgid={A}&msgid={B}&status=11"}, id="two msgids"),
        pytest.param({"data": "{"}, id="no JSON"),
        pytest.param({"data": "[]"}, id="empty JSON list"),
        pytest.param({"data": "[" * MAX_BODY}, id="deep JSON"),
        pytest.param({"data": f"{'[' * 100}{'{}'}{']' * 100}"}, id="nested JSON"),
        pytest.param({"json": {"msgid": A, "status": True}}, id="JSON boolean"),
        pytest.param({"json": {"msgid": float(A), "status": 11.0}}, id="JSON decimals"),
        pytest.param({"json": {"msgid": [A], "status": {"11": 11}}}, id="JSON structures"),
        pytest.param({"json": {"msgid": A, "status": None}}, id="JSON null"),
        pytest.param({"data": '{"msgid": NaN, "status": Infinity}'}, id="JSON not a number"),
        pytest.param({"data": '{"msgid": 1, "status": 11}'.encode("utf-16")}, id="JSON in UTF-16"),
        pytest.param({"data": multipart(("msgid", str(A)))}, id="multipart without status"),
        pytest.param({"data": GOOD, "headers": {"Content-Type": "multipart/form-data"}}, id="multipart, no boundary"),
        pytest.param(
            {"data": GOOD, "headers": {"Content-Type": "multipart/form-data; boundary=\udcff"}}, id="multipart, bytes"
        ),
        pytest.param({"data": f"{GOOD}&more={'x' * MAX_BODY}"}, id="over 16 KiB"),
        pytest.param({"data": chunks(f"{GOOD}&more={'x' * MAX_BODY}".encode())}, id="over 16 KiB, chunked"),
        pytest.param({"data": GOOD, "headers": {"Content-Encoding": "gzip"}}, id="not compressed"),
    ],
)
async def test_nonsense(
    client: Client, events: list[Event], caplog: pytest.LogCaptureFixture, request_: dict[str, Any]
) -> None:
    """What makes no sense is refused, with one line for whoever looks closely."""
    caplog.clear()
    response = await client.post(URL, **request_)
    assert response.status == HTTPStatus.BAD_REQUEST
    assert lines(caplog) == [logging.DEBUG]
    assert not events


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
    events: list[Event],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    head: bytes,
    body: bytes,
) -> None:
    """A body that is not as long as it says is refused, at the latest after a while."""
    monkeypatch.setattr(webhook_module, "READ_TIMEOUT", 0.05)
    caplog.clear()
    answer = await talk(client, b"POST %b HTTP/1.1\r\nHost: x\r\n%b\r\n\r\n%b" % (URL.encode(), head, body))
    assert answer.startswith((b"HTTP/1.1 400 ", b"HTTP/1.0 400 "))
    assert not events
    lines(caplog)


async def test_by_home_assistants_websocket(
    hass: HomeAssistant, entry: MockConfigEntry, events: list[Event], hass_ws_client: WebSocketGenerator
) -> None:
    """Reports that come through Home Assistant itself, as those of a cloudhook do, are taken like others."""
    await send(hass)
    websocket = await hass_ws_client(hass)
    for body, status in ((GOOD, 200), ("x", 400)):
        await websocket.send_json_auto_id(
            {"type": "webhook/handle", "webhook_id": WEBHOOK_ID, "method": "POST", "headers": FORM, "body": body}
        )
        assert (await websocket.receive_json())["result"]["status"] == status
    assert seen(events) == [(A, "delivered")]


@pytest.mark.parametrize("how", ["disabled", "removed"])
async def test_webhook_is_given_up(
    hass: HomeAssistant, entry: MockConfigEntry, hass_ws_client: WebSocketGenerator, how: str
) -> None:
    """An account that is disabled or removed takes in nothing; one that is enabled again does."""
    websocket = await hass_ws_client(hass)

    async def registered() -> bool:
        """Return whether Home Assistant knows the webhook, by the account's name."""
        await websocket.send_json_auto_id({"type": "webhook/list"})
        webhooks = (await websocket.receive_json())["result"]
        return (WEBHOOK_ID, "smsbox", "SMSBOX") in [(one["webhook_id"], one["domain"], one["name"]) for one in webhooks]

    assert await registered()
    if how == "removed":
        await hass.config_entries.async_remove(entry.entry_id)
        assert not await registered()
        return
    await hass.config_entries.async_set_disabled_by(entry.entry_id, ConfigEntryDisabler.USER)
    assert not await registered()
    await hass.config_entries.async_set_disabled_by(entry.entry_id, None)
    await hass.async_block_till_done()
    assert await registered()


async def test_disabled_account_is_removed(
    hass: HomeAssistant, hass_storage: dict[str, Any], entry: MockConfigEntry
) -> None:
    """An account that is not loaded goes without a trace too."""
    hass_storage[f"{DOMAIN}.{entry.entry_id}"] = {"version": 1, "data": {}}
    await hass.config_entries.async_set_disabled_by(entry.entry_id, ConfigEntryDisabler.USER)
    hass.data[tracker_module.TRACKERS].clear()
    await hass.config_entries.async_remove(entry.entry_id)
    assert f"{DOMAIN}.{entry.entry_id}" not in hass_storage


@pytest.mark.parametrize(
    ("urls", "address"),
    [
        ({"external_url": "https://example.org"}, "https://example.org"),
        ({"external_url": "http://example.org:8123"}, "http://example.org:8123"),
        ({"external_url": "https://example.org", "internal_url": "http://192.168.1.2:8123"}, "https://example.org"),
        ({"external_url": None, "internal_url": "http://192.168.1.2:8123"}, None),
        ({"external_url": None, "internal_url": None}, None),
    ],
)
@pytest.mark.parametrize("channel", ["sms", "tts"])
async def test_address(
    hass: HomeAssistant,
    gateway: Gateway,
    entry: MockConfigEntry,
    urls: dict[str, str | None],
    address: str | None,
    channel: str,
) -> None:
    """The gateway gets the address on the internet, never the one at home; without one it gets none."""
    await hass.config.async_update(**urls)
    answer = await send(hass, channel=channel, numbers=TWO_NUMBERS)
    assert [fields.get("noti") for fields in gateway.sent] == [address and f"{address}{URL}"]
    assert [message["final"] for message in answer["messages"]] == [address is None] * 2


async def test_issue_without_an_address(hass: HomeAssistant, gateway: Gateway) -> None:
    """Without an address an issue says what to do, and goes once it is done."""
    entry = account_entry(recipient_data())
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    issue = f"no_report_url_{entry.entry_id}"
    found = ir.async_get(hass).async_get_issue(DOMAIN, issue)
    assert found is not None
    assert found.translation_key == "no_report_url"
    await send(hass)
    assert "noti" not in gateway.sent[0]
    await hass.config.async_update(external_url="https://example.org")
    await hass.async_block_till_done()
    assert ir.async_get(hass).async_get_issue(DOMAIN, issue) is None


async def test_reports_switched_off(hass: HomeAssistant, gateway: Gateway) -> None:
    """With the option off no report is asked for, and nobody is told that none comes."""
    entry = account_entry(recipient_data(), options={"delivery_reports": False})
    entry.add_to_hass(hass)
    for url in (None, "https://example.org"):
        await hass.config.async_update(external_url=url)
        if url is None:
            assert await hass.config_entries.async_setup(entry.entry_id)
        await hass.async_block_till_done()
        answer = await send(hass)
        assert "noti" not in gateway.sent[-1]
        assert answer["messages"][0]["final"]
        assert ir.async_get(hass).async_get_issue(DOMAIN, f"no_report_url_{entry.entry_id}") is None


class Cloud(ModuleType):
    """What the integration uses of Home Assistant Cloud."""

    class CloudNotAvailable(Exception):  # noqa: N818 - as Home Assistant calls it
        """Raised where the cloud is not there."""

    def __init__(self, hass: HomeAssistant) -> None:
        super().__init__("homeassistant.components.cloud")
        self.hass = hass
        self.connected = True
        self.subscribed = True
        self.failure: Exception | None = None
        self.hooks: dict[str, str] = {}
        self.listeners: list[Callable[[object], Awaitable[None]]] = []

    def async_active_subscription(self, hass: HomeAssistant) -> bool:
        """Return whether the cloud is paid for."""
        assert hass is self.hass
        return self.subscribed

    def async_is_connected(self, hass: HomeAssistant) -> bool:
        """Return whether the cloud is connected."""
        assert hass is self.hass
        return self.connected

    def async_listen_connection_change(
        self, hass: HomeAssistant, target: Callable[[object], Awaitable[None]]
    ) -> Callable[[], None]:
        """Call when the cloud comes or goes."""
        assert hass is self.hass
        self.listeners.append(target)
        return lambda: self.listeners.remove(target)

    async def async_get_or_create_cloudhook(self, hass: HomeAssistant, webhook_id: str) -> str:
        """Return the address of a cloudhook."""
        assert hass is self.hass
        if self.failure:
            raise self.failure
        return self.hooks.setdefault(webhook_id, CLOUDHOOK)

    async def async_delete_cloudhook(self, hass: HomeAssistant, webhook_id: str) -> None:
        """Delete a cloudhook."""
        assert hass is self.hass
        if self.failure:
            raise self.failure
        del self.hooks[webhook_id]


@pytest.fixture
def cloud(hass: HomeAssistant, gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> Cloud:
    """Have Home Assistant Cloud, whose real component cannot be imported without libraries for cameras."""
    cloud = Cloud(hass)
    monkeypatch.setitem(sys.modules, cloud.__name__, cloud)
    monkeypatch.setattr("homeassistant.components.cloud", cloud, raising=False)
    hass.config.components.add("cloud")
    return cloud


async def set_up(hass: HomeAssistant) -> MockConfigEntry:
    """Set up an account of a Home Assistant that has no address of its own."""
    entry = account_entry(recipient_data())
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    return entry


def has_issue(hass: HomeAssistant, entry: MockConfigEntry) -> bool:
    """Return whether somebody is told that no report can come."""
    return ir.async_get(hass).async_get_issue(DOMAIN, f"no_report_url_{entry.entry_id}") is not None


async def test_cloudhook(hass: HomeAssistant, gateway: Gateway, cloud: Cloud) -> None:
    """Where Home Assistant Cloud is active, reports come by it."""
    entry = await set_up(hass)
    assert entry.data == {"api_key": API_KEY, "webhook_id": WEBHOOK_ID, "cloudhook_url": CLOUDHOOK}
    assert not has_issue(hass, entry)
    await hass.config.async_update(external_url="https://example.org")
    await send(hass)
    cloud.subscribed = False
    await send(hass)
    assert [fields["noti"] for fields in gateway.sent] == [CLOUDHOOK, f"https://example.org{URL}"]
    await hass.config_entries.async_remove(entry.entry_id)
    assert not cloud.hooks
    assert not cloud.listeners


@pytest.mark.parametrize("lacking", ["connected", "subscribed"])
async def test_cloud_comes_later(hass: HomeAssistant, gateway: Gateway, cloud: Cloud, lacking: str) -> None:
    """The cloudhook is made as soon as the cloud is there, and what was wrong is forgotten."""
    setattr(cloud, lacking, False)
    entry = await set_up(hass)
    assert has_issue(hass, entry)
    for there in (False, True):
        setattr(cloud, lacking, there)
        for listener in list(cloud.listeners):
            await listener(None)
        await hass.async_block_till_done()
        await send(hass)
        assert gateway.sent[-1].get("noti") == (CLOUDHOOK if there else None)
    assert len(cloud.listeners) == 1
    assert not has_issue(hass, entry)


@pytest.mark.parametrize("failure", [Cloud.CloudNotAvailable(), ValueError(), TimeoutError(), RuntimeError()])
async def test_cloud_fails(
    hass: HomeAssistant, gateway: Gateway, cloud: Cloud, caplog: pytest.LogCaptureFixture, failure: Exception
) -> None:
    """An account loads, works and goes, whatever ails the cloud."""
    cloud.failure = failure
    entry = await set_up(hass)
    assert "cloudhook_url" not in entry.data
    await send(hass)
    assert "noti" not in gateway.sent[0]
    cloud.failure = None
    await cloud.listeners[0](None)
    await hass.async_block_till_done()
    assert entry.data["cloudhook_url"] == CLOUDHOOK
    cloud.failure = failure
    await hass.config_entries.async_remove(entry.entry_id)
    assert WEBHOOK_ID not in caplog.text


async def test_cloud_is_gone(hass: HomeAssistant, gateway: Gateway) -> None:
    """A cloudhook is of no use, and in nobody's way, once Home Assistant Cloud is not set up any more."""
    await hass.config.async_update(external_url="https://example.org")
    entry = account_entry(recipient_data())
    entry.add_to_hass(hass)
    hass.config_entries.async_update_entry(entry, data={**entry.data, "cloudhook_url": CLOUDHOOK})
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    await send(hass)
    assert gateway.sent[0]["noti"] == f"https://example.org{URL}"
    assert await hass.config_entries.async_remove(entry.entry_id)


# Values that are, or nearly are, what is looked for; the msgids are of messages that were not sent.
FOREIGN = st.integers(min_value=A + 2, max_value=2**63 - 1)
VALUE = st.one_of(
    FOREIGN,
    st.integers(),
    st.sampled_from(["", "11", "01", "-1", "1e3", "0x11", "¹¹", "\0", "9" * 5000, str(A), "null", "{}", "[]"]),
    st.text(max_size=20),
    st.none(),
    st.booleans(),
    st.floats(),
)
NAME = st.sampled_from(["msgid", "status", "msgid[]", "MSGID", "status\0", ""]) | st.text(max_size=8)
PAIRS = st.lists(st.tuples(NAME, VALUE), max_size=6)
# A status without a msgid that was sent, however it is packed.
HOSTILE = st.one_of(
    PAIRS.map(lambda pairs: urlencode([(name, str(value)) for name, value in pairs], errors="replace").encode()),
    PAIRS.map(lambda pairs: json.dumps(dict(pairs)).encode()),
    st.lists(st.fixed_dictionaries({"msgid": VALUE | PAIRS, "status": VALUE}), max_size=4).map(
        lambda elements: json.dumps(elements).encode()
    ),
    FOREIGN.map(lambda msgid: b"msgid=%d&status=11" % msgid),
    PAIRS.map(
        lambda pairs: b"".join(
            b'--x\r\nContent-Disposition: form-data; name="%b"\r\n\r\n%b\r\n'
            % (name.encode(errors="replace"), str(value).encode(errors="replace"))
            for name, value in pairs
        )
    ),
    st.binary(max_size=200),
    st.sampled_from([b"[", b'{"a":', b"msgid=1&", b"\xff\xfe", b"--x\r\n", b"\0"]).map(lambda part: part * 3000),
)
KINDS = st.sampled_from(
    [
        "application/x-www-form-urlencoded",
        "application/json; charset=utf-7",
        "multipart/form-data; boundary=x",
        'Multipart/Form-Data; boundary="',
        "multipart/form-data; boundary*=x''%FF",
        "message/rfc822",
        "",
    ]
)
REQUESTS = st.lists(st.tuples(HOSTILE, KINDS, HOSTILE, st.sampled_from(["GET", "PUT", "HEAD"])), min_size=9, max_size=9)


def test_hostile_requests(
    hass: HomeAssistant,
    gateway: Gateway,
    entry: MockConfigEntry,
    hass_client_no_auth: ClientSessionGenerator,
    events: list[Event],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Thousands of requests by somebody who knows the address cause no event and no trouble, and leave nothing."""
    caplog.set_level(logging.WARNING)
    monkeypatch.setattr(tracker_module, "MAX_HELD", 50)
    # a number that nobody guesses
    gateway.msgids = count(secrets.randbits(62))
    loop = hass.loop
    loop.set_debug(False)  # which would take most of the time
    loop.run_until_complete(send(hass, numbers=TWO_NUMBERS))
    client = loop.run_until_complete(hass_client_no_auth())
    tracker = hass.data[tracker_module.TRACKERS][entry.entry_id]
    answers: Counter[int] = Counter()

    async def request(method: str, *, query: bytes = b"", body: bytes = b"", kind: str = "") -> None:
        """Send one request."""
        url = f"{URL}?{quote(query[:2000], safe='=&+%')}"
        async with client.request(method, url, data=body, headers={"Content-Type": kind}) as response:
            answers[response.status] += 1

    @settings(max_examples=190, deadline=None, suppress_health_check=list(HealthCheck))
    @given(requests=REQUESTS)
    def attack(requests: list[tuple[bytes, str, bytes, str]]) -> None:
        """Send some requests at once."""

        async def send_all() -> None:
            for body, kind, query, method in requests:
                await asyncio.gather(
                    request("POST", body=body),
                    request("POST", body=body, kind=kind),
                    request("POST", query=query),
                    request("POST", body=body, query=query, kind=kind),
                    request("POST", body=body + b"&" + query),
                    request(method, query=query),
                )

        loop.run_until_complete(send_all())
        assert not events
        assert len(tracker._held) <= tracker_module.MAX_HELD
        assert tracker.following == len(TWO_NUMBERS)

    attack()
    assert answers.total() >= 10_000
    assert set(answers) == {HTTPStatus.OK, HTTPStatus.BAD_REQUEST, HTTPStatus.METHOD_NOT_ALLOWED}
    # Home Assistant itself refuses and tells of some queries, before any webhook sees them.
    assert {record.name for record in caplog.records} <= {"homeassistant.components.http.security_filter"}

"""The address of links under fire, and what the log learns of links."""

import asyncio
from collections import Counter
from contextlib import suppress
from itertools import batched, cycle, islice
import logging
from random import Random
import re
import time

from aiohttp.http_exceptions import BadHttpMessage
from homeassistant.const import MATCH_ALL
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from tests.common import account_entry, get_state, recipient_data, set_up
from tests.gateways import Gateway
from tests.plans import Client, add_plan, link_in, see, start, tap

MUM = "32496123456"
SECONDS = 30  # it takes a few, but other things may run beside it

METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND", "MKCOL", "LOCK"]
TARGETS = [
    "0123456789abcdef",
    "",
    "x" * 4000,
    "%00",
    "%ff%fe",
    "%F0%9F%9A%A8",
    "%2e%2e%2f%2e%2e%2fsecrets.yaml",
    "a/b",
    "?token=0123456789abcdef",
    "0123456789abcdef?" + "a=b&" * 500,
    "{token}",
    "'%20or%201=1",
    "0123456789abcdef%0d%0aX-Evil:%201",
]
HEADERS = [
    "Accept: */*",
    "Accept-Language: " + "nl;q=0.1," * 500,
    "Accept-Language: \xff;;;q=q,=,-",
    "Accept-Encoding: gzip, deflate, br, nonsense",
    "Authorization: Bearer nonsense",
    "Cookie: " + "a=b; " * 500,
    "Content-Encoding: identity",
    "Expect: 100-continue",
    "Origin: null\r\nAccess-Control-Request-Method: POST",
    "X-Http-Method-Override: DELETE",
    "If-None-Match: *",
    "Range: bytes=0-0",
]
BODIES = [
    "Content-Length: 0\r\n\r\n",
    "\r\n",
    "Content-Length: 7\r\n\r\na=b&c=d",
    "Content-Length: 20000\r\n\r\n" + "\x00" * 20000,
    "Transfer-Encoding: chunked\r\n\r\n4\r\n{}{}\r\n0\r\n\r\n",
    "Content-Type: multipart/form-data; charset=nonsense; boundary=x\r\nContent-Length: 9\r\n\r\n--x\r\n--x-",
]
# After these the server hangs up.
MALFORMED = [
    "GET /api/smsbox/x HTTP/9.9\r\n\r\n",
    "GET /api/smsbox/\x00 HTTP/1.1\r\nHost: x\r\n\r\n",
    "NONSENSE /api/smsbox/x HTTP/1.1\r\nHost: x\r\n\r\n",
    "POST /api/smsbox/x HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    "POST /api/smsbox/x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    "GET /api/smsbox/" + "x" * 70000 + " HTTP/1.1\r\nHost: x\r\n\r\n",
    "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "GET /api/smsbox/x\r\n\r\n",
]
# These leave the server waiting.
SLOW = [
    "POST /api/smsbox/x HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n",
    "GET /api/smsbox/x HTTP/1.1\r\nHo",
    "POST /api/smsbox/x HTTP/1.1\r\nHost: x\r\nContent-Length: 9999\r\n\r\na",
]


@pytest.fixture
async def client(hass: HomeAssistant, entry: MockConfigEntry, hass_client_no_auth: ClientSessionGenerator) -> Client:
    """Return a phone that is not logged in."""
    return await hass_client_no_auth()


async def _exchange(port: int, *requests: str) -> Counter[str]:
    """Send requests over one connection, and count the statuses of the responses."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**20)
    writer.write("".join(requests).encode("latin-1"))
    writer.write(b"GET /end HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    responses = bytearray()
    with suppress(ConnectionError):
        while chunk := await reader.read(2**16):
            responses += chunk
    writer.close()
    return Counter(status.decode() for status in re.findall(rb"HTTP/1\.[01] (\d+)", responses))


async def test_hostile_traffic(
    hass: HomeAssistant, gateway: Gateway, client: Client, entry: MockConfigEntry, caplog: pytest.LogCaptureFixture
) -> None:
    """10,000 requests of every kind cause no error, no event, no line in the log, and hold nobody up."""
    await add_plan(hass, entry)
    await start(hass)
    link, state = link_in(gateway, MUM), get_state(hass, "sensor.cellar_status")
    assert client.port is not None
    random = Random(1)  # noqa: S311 - the same in each run
    requests = [
        f"{random.choice(METHODS)} /api/smsbox/{random.choice(TARGETS)} HTTP/1.1\r\nHost: x\r\n"
        f"{random.choice(HEADERS)}\r\n{random.choice(BODIES)}"
        for _ in range(9_500)
    ]
    caplog.set_level(logging.DEBUG)
    caplog.clear()
    events = async_capture_events(hass, MATCH_ALL)
    began, slowest = time.monotonic(), 0.0
    slow = [await asyncio.open_connection("127.0.0.1", client.port) for _ in range(50)]
    for (_, writer), beginning in zip(slow, cycle(SLOW), strict=False):
        writer.write(beginning.encode())
    statuses: Counter[str] = Counter()
    for group in batched(batched(requests, 25, strict=False), 10, strict=False):
        attack = asyncio.gather(*(_exchange(client.port, *some) for some in group))
        asked = time.monotonic()
        assert "I take care of it" in await see(client, link)
        slowest = max(slowest, time.monotonic() - asked)
        for counted in await attack:
            statuses += counted
    for some in batched(islice(cycle(MALFORMED), 1_000), 50, strict=False):
        for counted in await asyncio.gather(*(_exchange(client.port, request) for request in some)):
            statuses += counted
    for _, writer in slow:
        writer.close()
    assert time.monotonic() - began < SECONDS
    assert slowest < 5
    assert statuses.total() >= 10_000  # some come after one for which the server hangs up
    assert not [status for status in statuses if status.startswith("5")]
    assert set(statuses) <= {"100", "400", "404", "405", "413"}, statuses
    assert not events
    assert get_state(hass, "sensor.cellar_status") is state
    # aiohttp and Home Assistant refuse and log some, before any view sees them.
    lines = [record for record in caplog.records if record.levelno >= logging.INFO]
    errors = [record.exc_info[1] for record in lines if record.exc_info]
    assert all(isinstance(error, BadHttpMessage) for error in errors), errors
    assert {record.name for record in lines} <= {
        "aiohttp.server",
        "asyncio",  # a machine that is slow
        "homeassistant.components.http.security_filter",
    }
    await tap(client, link)


async def test_no_link_in_the_log(
    hass: HomeAssistant, gateway: Gateway, client: Client, entry: MockConfigEntry, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing that can happen to a link writes it down, at any level."""
    caplog.set_level(logging.DEBUG)
    await add_plan(hass, entry)
    await start(hass)
    link = link_in(gateway, MUM)
    for method in "GET", "HEAD", "PUT", "OPTIONS", "POST", "POST", "GET":
        await client.request(method, link)
    hass.config_entries.async_remove_subentry(entry, next(iter(entry.subentries)))
    await hass.async_block_till_done()
    for unknown in f"{link}x", link[:-1], f"{link}/x":
        await client.get(unknown)
    token = link.rpartition("/")[2]
    assert not [record for record in caplog.records if token[:-1] in record.getMessage()]


async def test_reverse_proxy(
    hass: HomeAssistant, gateway: Gateway, hass_client_no_auth: ClientSessionGenerator
) -> None:
    """Behind one, the tap leads back to the same address."""
    proxy = {"use_x_forwarded_for": True, "trusted_proxies": ["127.0.0.1"]}
    assert await async_setup_component(hass, "http", {"http": proxy})
    await hass.config.async_update(external_url="https://example.org")
    entry = await set_up(hass, account_entry(recipient_data()))
    await add_plan(hass, entry)
    client = await hass_client_no_auth()
    await start(hass)
    link = link_in(gateway, MUM)
    forwarded = {
        "X-Forwarded-For": "203.0.113.1",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "example.org",
        "Host": "homeassistant:8123",
    }
    assert "I take care of it" in await see(client, link, **forwarded)
    response = await client.post(link, headers=forwarded, allow_redirects=False)
    assert (response.status, response.headers["Location"]) == (303, link)
    assert "Mum takes care of it" in await see(client, link, **forwarded)

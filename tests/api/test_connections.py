"""Test over real sockets that a request goes out once, in time, and to the gateway alone."""

import asyncio
from collections import Counter
from collections.abc import Callable
import re
import socket
import time
from typing import Any

from aiohttp import ClientSession, TCPConnector
import pytest

from custom_components.smsbox.api import (
    SmsboxClient,
    SmsboxConnectionError,
    SmsboxOutcomeUnknownError,
    SmsboxTryAgainLaterError,
)
from tests.gateways import (
    Behavior,
    Exchange,
    FaultyGateway,
    deaf_socket,
    hang,
    json_response,
    respond_with,
    response,
    url,
)

from .test_client import CALLS, GOOD_ANSWERS, MUM

SPEED = 20
SLACK = 3  # of our clock that is 0.15 s

type Clock = Callable[[], float]


@pytest.fixture
async def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Let the event loop's time, which is returned, run faster than ours, and only while the loop has nothing to do."""
    loop: Any = asyncio.get_running_loop()
    start = now = loop.time()
    select = loop._selector.select

    def wait(timeout: float | None) -> Any:
        """Wait for what happens, and let that time pass."""
        nonlocal now
        started = time.monotonic()
        events = select(timeout and timeout / SPEED)
        waited = (time.monotonic() - started) * SPEED
        if timeout is not None:
            waited = min(waited, timeout) if events else timeout
        now += waited
        return events

    monkeypatch.setattr(loop, "time", lambda: now)
    monkeypatch.setattr(loop._selector, "select", wait)
    return lambda: float(now - start)


class Network:
    """Opens the sockets of a client: the first ones in vain."""

    def __init__(self, clock: Clock, failures: int) -> None:
        self.tries: list[float] = []
        self._clock = clock
        self._failures = failures

    def open(self, address: tuple[Any, ...]) -> socket.socket:
        """Open a socket, or fail as if nobody listened."""
        self.tries.append(self._clock())
        if len(self.tries) <= self._failures:
            raise ConnectionRefusedError
        return socket.socket(*address[:3])


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("failures", [1, 2, 3])
async def test_retries(clock: Clock, call: str, failures: int) -> None:
    """What sends or costs is tried up to three times while no connection comes about, the balance once."""
    network = Network(clock, failures)
    expected_tries = 1 if call == "balance" else min(failures + 1, 3)
    async with (
        FaultyGateway(respond_with(lambda _: json_response(GOOD_ANSWERS[call]))) as gateway,
        ClientSession(connector=TCPConnector(socket_factory=network.open)) as session,
    ):
        client = SmsboxClient(session, "key", gateway.url)
        if failures >= expected_tries:
            with pytest.raises(SmsboxConnectionError, match=r"^ClientConnectorError$"):
                await CALLS[call](client)
            assert gateway.connections == 0
        else:
            await CALLS[call](client)
            assert gateway.requests.total() == 1
    assert len(network.tries) == expected_tries
    for at, earliest in zip(network.tries, (0, 0.5, 2), strict=False):
        assert earliest <= at < earliest + SLACK


@pytest.mark.parametrize(("call", "seconds"), [("balance", 5), ("sms", 15), ("hlr", 15)])
async def test_connect_timeout(session: ClientSession, clock: Clock, call: str, seconds: int) -> None:
    """Connecting takes 5 s at most, three tries 15 s."""
    with deaf_socket() as sock:
        started = clock()
        with pytest.raises(SmsboxConnectionError, match=r"^ConnectionTimeoutError$"):
            await CALLS[call](SmsboxClient(session, "key", url(sock)))
        assert seconds <= clock() - started < seconds + SLACK


async def drip(exchange: Exchange) -> None:
    """Answer a byte a second."""
    await exchange.read()
    for byte in response(b" " * 100):
        await exchange.respond(bytes((byte,)))
        await asyncio.sleep(1)


@pytest.mark.parametrize("call", ["balance", "sms", "hlr"])
@pytest.mark.parametrize("play", [hang, drip])
async def test_answer_timeout(session: ClientSession, clock: Clock, call: str, play: Behavior) -> None:
    """An answer is waited for 10 s, which aiohttp rounds up to whole seconds of its clock, and never twice."""
    async with FaultyGateway(play) as gateway:
        started = clock()
        with pytest.raises(SmsboxOutcomeUnknownError):
            await CALLS[call](SmsboxClient(session, "key", gateway.url))
        assert 10 <= clock() - started < 11 + SLACK
        assert gateway.requests.total() == gateway.connections == 1


async def answer_then_cut(exchange: Exchange) -> None:
    """Answer the first request of a connection and break off at the second."""
    await exchange.read()
    await exchange.respond(json_response(GOOD_ANSWERS["balance"]))
    await exchange.read()
    exchange.cut()


async def answer_then_close(exchange: Exchange) -> None:
    """Answer the first request of a connection and close it at the second."""
    await exchange.read()
    await exchange.respond(json_response(GOOD_ANSWERS["balance"]))
    await exchange.read()


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("play", [answer_then_cut, answer_then_close])
async def test_kept_alive_connection_drops(session: ClientSession, call: str, play: Behavior) -> None:
    """A request over a kept-alive connection that drops is not sent again."""
    async with FaultyGateway(play) as gateway:
        client = SmsboxClient(session, "key", gateway.url)
        await client.balance()
        with pytest.raises(SmsboxOutcomeUnknownError, match=r"^(ServerDisconnectedError|ClientOSError)$"):
            await CALLS[call](client)
        assert gateway.requests.total() == 2
        assert gateway.connections == 1


async def test_aiohttp_repeats(session: ClientSession) -> None:
    """Left to itself aiohttp does send a GET again, which is why the client has to keep it from that."""
    async with FaultyGateway(answer_then_cut) as gateway:
        for _ in range(2):
            async with session.get(f"{gateway.url}/hlr") as answer:
                await answer.read()
        assert gateway.requests["hlr"] == 3


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirect(session: ClientSession, call: str, status: int) -> None:
    """A redirect is not followed: neither key nor message go to another host."""
    async with (
        FaultyGateway(hang) as elsewhere,
        FaultyGateway(
            respond_with(lambda service: response(b"", status, f"Location: {elsewhere.url}/{service}"))
        ) as gateway,
    ):
        with pytest.raises(SmsboxOutcomeUnknownError):
            await CALLS[call](SmsboxClient(session, "key", gateway.url))
        assert gateway.requests.total() == 1
        assert elsewhere.connections == 0


@pytest.mark.parametrize(
    "answer",
    [
        [b"220 mail.example.org ESMTP\r\n\r\n"],
        [b"HTTP/1.1 100 Continue\r\n\r\n"],
        [b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n"],
        [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"ZZZ\r\nhello"],
        [b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\n", b"hello"],
    ],
)
async def test_no_http(session: ClientSession, clock: Clock, answer: list[bytes]) -> None:
    """An answer that is no HTTP is an unknown outcome, and the error keeps the number to itself."""

    async def play(exchange: Exchange) -> None:
        """Read a request and answer it piece by piece."""
        await exchange.read()
        for piece in answer:
            await exchange.respond(piece)
            await asyncio.sleep(0.01)

    async with FaultyGateway(play) as gateway:
        with pytest.raises(SmsboxOutcomeUnknownError) as raised:
            await CALLS["hlr"](SmsboxClient(session, "key", gateway.url))
        assert gateway.requests.total() == 1
        assert raised.value.__cause__ is None
        assert raised.value.__suppress_context__
        assert re.fullmatch(r"\w+Error", str(raised.value))


async def test_bounded_connections(session: ClientSession) -> None:
    """However much is to be sent, ten requests are under way at most."""
    under_way = peak = 0

    async def play(exchange: Exchange) -> None:
        """Answer after a moment."""
        nonlocal under_way, peak
        await exchange.read()
        under_way += 1
        peak = max(peak, under_way)
        await asyncio.sleep(0.02)
        under_way -= 1
        await exchange.respond(response(b'{"code": 100, "message": []}', 200, "Connection: close"))

    async with FaultyGateway(play) as gateway:
        client = SmsboxClient(session, "key", gateway.url)
        await asyncio.gather(*(client.send_sms([MUM], "Hello") for _ in range(25)))
        assert gateway.requests["sendsms"] == 25
        assert peak == 10


async def test_long_queue(session: ClientSession, clock: Clock) -> None:
    """Behind others that hang a request waits a minute for its turn, then it is given up without being sent."""
    async with FaultyGateway(hang) as gateway:
        client = SmsboxClient(session, "key", gateway.url)
        errors = await asyncio.gather(*(client.send_sms([MUM], "Hello") for _ in range(100)), return_exceptions=True)
        assert 60 <= clock() < 71 + SLACK
        kinds = Counter(map(type, errors))
        assert kinds == {
            SmsboxOutcomeUnknownError: gateway.requests["sendsms"],
            SmsboxTryAgainLaterError: 100 - gateway.requests["sendsms"],
        }
        assert 60 <= gateway.requests["sendsms"] <= 70

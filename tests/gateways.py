"""Fake gateways: one that works until a test says otherwise, and one that fails in every way a network can."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
import json
import socket
from typing import Any, Self
from urllib.parse import parse_qsl

from aiohttp import web
from aiohttp.test_utils import TestServer

API_KEY = "a-key-that-nobody-may-see"
FIRST_MSGID = 15547355
LOOPBACK = "127.0.0.1"
REFUSED_KEY = {"code": 4, "message": "Apikey not allowed"}
SENDING = frozenset({"sendsms", "voice/send", "otp/send", "otp/verify", "hlr"})

type Response = dict[str, Any] | web.StreamResponse
type Behavior = Callable[[Exchange], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Received:
    """A request that reached the gateway."""

    method: str
    path: str
    api_key: str | None
    fields: dict[str, str]


@dataclass
class Gateway:
    """A gateway that remembers every request and accepts it, unless `responses` says otherwise."""

    balance: str = "1630.38"
    api_key: str | None = API_KEY  # None accepts every key
    requests: list[Received] = field(default_factory=list)
    responses: dict[str, Response | Callable[[Received], Response]] = field(default_factory=dict)
    msgids: count[int] = field(default_factory=lambda: count(FIRST_MSGID))
    connections: set[object] = field(default_factory=set)
    most_held: int = 0
    server: TestServer = field(init=False)
    _held: int = 0
    _held_services: frozenset[str] = frozenset()
    _released: asyncio.Event = field(default_factory=asyncio.Event)
    _held_changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def start(self) -> None:
        """Listen on loopback."""
        app = web.Application()
        app.router.add_route("*", "/api/v1/{service:.+}", self._handle)
        self.server = TestServer(app)
        await self.server.start_server(access_log=None)

    async def stop(self) -> None:
        """Release what is held and stop listening."""
        self.release()
        await self.server.close()

    @property
    def url(self) -> str:
        """Return the base URL of the API."""
        return str(self.server.make_url("/api/v1"))

    def received(self, path: str) -> list[Received]:
        """Return the requests of one service."""
        return [request for request in self.requests if request.path == path]

    @property
    def sent(self) -> list[dict[str, str]]:
        """Return the fields of each request of `sendsms`."""
        return [request.fields for request in self.received("sendsms")]

    def hold(self, *services: str) -> None:
        """Hold back the responses of some services, by default of all but the balance, until `release`."""
        self._held_services = frozenset(services) or SENDING
        self._released.clear()

    def release(self) -> None:
        """Send the responses that are held, and hold no more."""
        self._released.set()

    async def wait_until_held(self, number: int = 1) -> None:
        """Wait until that many responses are held."""
        async with asyncio.timeout(10), self._held_changed:
            await self._held_changed.wait_for(lambda: self._held == number)

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        """Remember a request and respond to it."""
        query_or_form = request.query_string if request.method == "GET" else await request.text()
        received = Received(
            request.method,
            request.match_info["service"],
            request.headers.get("X-Api-Key"),
            dict(parse_qsl(query_or_form, keep_blank_values=True)),
        )
        self.requests.append(received)
        self.connections.add(request.transport)
        response = self._respond(received)
        if received.path in self._held_services:
            await self._count_held(1)
            await self._released.wait()
            await self._count_held(-1)
        return response if isinstance(response, web.StreamResponse) else web.json_response(response)

    async def _count_held(self, change: int) -> None:
        """Count a response that is held, or no longer held."""
        async with self._held_changed:
            self._held += change
            self.most_held = max(self.most_held, self._held)
            self._held_changed.notify_all()

    def _respond(self, received: Received) -> Response:
        """Return the response that a test set, else the good one."""
        response = self.responses.get(received.path)
        if callable(response) and not isinstance(response, web.StreamResponse):
            return response(received)
        if self.api_key not in {None, received.api_key}:
            return REFUSED_KEY
        return response or self._accept(received)

    def _accept(self, received: Received) -> dict[str, Any]:
        """Return the good response of a service."""
        number = received.fields.get("number")
        match received.path:
            case "balance":
                return {"code": 100, "message": self.balance}
            case "sendsms":
                numbers = received.fields["numbers"].split(",")
                return {"code": 100, "message": [{"number": n, "msgid": next(self.msgids)} for n in numbers]}
            case "voice/send":
                return {"code": 10, "message": "Voice is sent", "number": number}
            case "otp/send":
                return {"code": 10, "message": "Code has been sent", "number": number}
            case "otp/verify":
                return {"code": 11, "message": "Number is verified", "number": number or "32496123456"}
            case _:
                return {"code": 10, "message": lookup(number or ""), "number": number}


def set_response(gateway: Gateway, path: str, response: int | dict[str, Any]) -> None:
    """Make a service respond with an HTTP status or some JSON, whatever the key."""
    gateway.responses[path] = lambda _: web.Response(status=response) if isinstance(response, int) else response


def lookup(number: str, **changes: Any) -> dict[str, Any]:
    """Return what the gateway knows of a number."""
    network = {"verified": True, "timezone": "Europe/Brussels", "location": "Belgium", "country_code": 32}
    return {
        "issueing_info": {**network, "network_name": "Orange", "area": "Belgium"},
        "home_info": {**network, "network_name": "Proximus", "area": "Belgium"},
        "type": "Mobile",
        "msisdn": number,
        "error_code": 0,
        "error_text": "Live",
        "status": "Delivered",
        "mccmnc": "20601",
        "is_ported": True,
        "is_roaming": False,
        **changes,
    }


class Exchange:
    """A client's connection to the faulty gateway: its requests, and what is done to it."""

    def __init__(self, gateway: FaultyGateway, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.gateway = gateway
        self.reader = reader
        self.writer = writer

    async def read(self) -> str:
        """Read and count one request; return its service."""
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode()
        headers = dict(line.split(": ", 1) for line in head.splitlines()[1:-1])
        body = await self.reader.readexactly(int(headers.get("Content-Length", 0)))
        service = "tts" if b"tts=1" in body else head.split()[1].partition("?")[0].removeprefix("/")
        self.gateway.requests[service] += 1
        self.gateway.request_read.set()
        return service

    async def respond(self, content: bytes) -> None:
        """Write a response, or part of it."""
        self.writer.write(content)
        await self.writer.drain()

    async def hang(self) -> None:
        """Wait until the client closes the connection."""
        while await self.reader.read(1024):
            pass

    def cut(self) -> None:
        """Break the connection off."""
        self.writer.transport.abort()


class FaultyGateway:
    """A gateway on the level of bytes: counts connections and requests, and does to each what the behavior says."""

    def __init__(self, behavior: Behavior) -> None:
        self.behavior = behavior
        self.connections = 0
        self.requests: Counter[str] = Counter()
        self.request_read = asyncio.Event()
        self.connection_ended = asyncio.Event()
        self._socket = bound_socket()
        self._exchanges: dict[Exchange, asyncio.Task[None]] = {}

    async def __aenter__(self) -> Self:
        """Listen on loopback."""
        self._server = await asyncio.start_server(self._accept, sock=self._socket)
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop listening and end every connection."""
        self._server.close()
        for exchange in self._exchanges:
            exchange.cut()
        await asyncio.gather(*self._exchanges.values())
        await self._server.wait_closed()

    @property
    def url(self) -> str:
        """Return the base URL of the API."""
        return url(self._socket)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Accept a connection."""
        self.connections += 1
        exchange = Exchange(self, reader, writer)
        self._exchanges[exchange] = asyncio.create_task(self._run(exchange))

    async def _run(self, exchange: Exchange) -> None:
        """Do to a connection what the behavior says, then close it."""
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            await self.behavior(exchange)
        exchange.writer.close()
        with suppress(ConnectionError):
            await exchange.writer.wait_closed()
        self.connection_ended.set()


def respond_with(response: Callable[[str], bytes]) -> Behavior:
    """Return the behavior of a gateway that reads a request and responds by its service."""

    async def behavior(exchange: Exchange) -> None:
        """Read a request and respond to it."""
        await exchange.respond(response(await exchange.read()))

    return behavior


async def hang(exchange: Exchange) -> None:
    """Read a request and never respond."""
    await exchange.read()
    await exchange.hang()


def response(body: bytes, status: int = 200, *headers: str) -> bytes:
    """Return a response in HTTP."""
    lines = (f"HTTP/1.1 {status} -", f"Content-Length: {len(body)}", *headers, "", "")
    return "\r\n".join(lines).encode() + body


def json_response(content: Any) -> bytes:
    """Return a good response in JSON."""
    return response(json.dumps(content).encode())


def bound_socket() -> socket.socket:
    """Return a socket that has a port on loopback but refuses connections until it listens."""
    sock = socket.socket()
    sock.bind((LOOPBACK, 0))
    return sock


def url(sock: socket.socket) -> str:
    """Return the URL of a socket."""
    return f"http://{LOOPBACK}:{sock.getsockname()[1]}"


@contextmanager
def deaf_socket() -> Iterator[socket.socket]:
    """Yield a socket that leaves connections unanswered, because its queue is full."""
    with bound_socket() as deaf, ExitStack() as waiting:
        deaf.listen(0)
        for _ in range(4):
            client = waiting.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(deaf.getsockname())
        yield deaf

"""A gateway of the tests' own that fails in every way a network can, on the level of bytes."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
import json
import socket
from typing import Any, Self, cast, override

from aiohttp.resolver import AsyncResolver

LOOPBACK = "127.0.0.1"

type Play = Callable[[Exchange], Awaitable[None]]


class Exchange:
    """A client's connection: the requests that come over it, and what is done to it."""

    def __init__(self, gateway: FaultyGateway, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.gateway = gateway
        self.reader = reader
        self.writer = writer

    async def read(self) -> str:
        """Read and count one request; return the service that it is for."""
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode()
        headers = dict(line.split(": ", 1) for line in head.splitlines()[1:-1])
        body = await self.reader.readexactly(int(headers.get("Content-Length", 0)))
        service = "tts" if b"tts=1" in body else head.split()[1].partition("?")[0].removeprefix("/")
        self.gateway.requests[service] += 1
        self.gateway.request_read.set()
        return service

    async def answer(self, content: bytes) -> None:
        """Write an answer, or part of it."""
        self.writer.write(content)
        await self.writer.drain()

    async def hang(self) -> None:
        """Wait until the client ends the connection."""
        while await self.reader.read(1024):
            pass

    def cut(self) -> None:
        """Break the connection off."""
        self.writer.transport.abort()


class FaultyGateway:
    """Counts the connections and requests that reach it, and does to each connection what the play says."""

    def __init__(self, play: Play) -> None:
        self.play = play
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
        """Return the base of the API."""
        return url(self._socket)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take a connection."""
        self.connections += 1
        exchange = Exchange(self, reader, writer)
        self._exchanges[exchange] = asyncio.create_task(self._run(exchange))

    async def _run(self, exchange: Exchange) -> None:
        """Do to a connection what the play says, then close it."""
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            await self.play(exchange)
        exchange.writer.close()
        with suppress(ConnectionError):
            await exchange.writer.wait_closed()
        self.connection_ended.set()


def bound_socket() -> socket.socket:
    """Return a socket that has a port on loopback but refuses connections until it listens."""
    sock = socket.socket()
    sock.bind((LOOPBACK, 0))
    return sock


def url(sock: socket.socket) -> str:
    """Return the address of a socket."""
    return f"http://{LOOPBACK}:{sock.getsockname()[1]}"


class NameServer(asyncio.DatagramProtocol):
    """Knows no name."""

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep what answers are sent by."""
        self._transport = cast("asyncio.DatagramTransport", transport)

    @override
    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        """Send a question back as the answer that there is no such name (RFC 1035, 4.1.1)."""
        self._transport.sendto(data[:2] + b"\x81\x83" + data[4:], addr)


class Resolver(AsyncResolver):
    """A resolver as Home Assistant has it."""

    async def real_close(self) -> None:
        """Close the resolver when Home Assistant ends."""
        await self.close()


@asynccontextmanager
async def nameless_resolver() -> AsyncGenerator[Resolver]:
    """Yield a resolver whose name server knows no name."""
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(NameServer, local_addr=(LOOPBACK, 0))
    yield Resolver(nameservers=["{}:{}".format(*transport.get_extra_info("sockname"))])
    transport.close()


def response(body: bytes, status: int = 200, *headers: str) -> bytes:
    """Return an answer in HTTP."""
    lines = (f"HTTP/1.1 {status} -", f"Content-Length: {len(body)}", *headers, "", "")
    return "\r\n".join(lines).encode() + body


def json_response(answer: Any) -> bytes:
    """Return an answer in JSON, as the gateway gives it when all is well."""
    return response(json.dumps(answer).encode())


def answers(answer: Callable[[str], bytes]) -> Play:
    """Return the play of a gateway that reads a request and answers it by its service."""

    async def play(exchange: Exchange) -> None:
        """Read a request and answer it."""
        await exchange.answer(answer(await exchange.read()))

    return play


async def hang(exchange: Exchange) -> None:
    """Read a request and never answer."""
    await exchange.read()
    await exchange.hang()


@contextmanager
def deaf_socket() -> Iterator[socket.socket]:
    """Yield a socket that leaves connections unanswered: the line of those that wait for it is full."""
    with bound_socket() as deaf, ExitStack() as waiting:
        deaf.listen(0)
        for _ in range(4):
            client = waiting.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(deaf.getsockname())
        yield deaf

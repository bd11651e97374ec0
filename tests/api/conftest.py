"""Fixtures of the client's tests."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
import json
from typing import Any

from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer
from multidict import CIMultiDictProxy
import pytest

from custom_components.smsbox.api import SmsboxClient

API_KEY = "a-key-that-nobody-may-see"


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it came over the wire."""

    method: str
    path: str
    query: str
    body: str
    headers: CIMultiDictProxy[str]


@dataclass
class Wire:
    """A gateway that keeps every request and gives one answer to all."""

    answer: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.Response:
        """Keep a request and answer it, with JSON where the answer is not given as bytes."""
        path, _, query = request.raw_path.partition("?")
        self.requests.append(Request(request.method, path, query, await request.text(), request.headers))
        body = self.answer if isinstance(self.answer, bytes) else json.dumps(self.answer).encode()
        return web.Response(status=self.status, body=body, headers=self.headers)


@pytest.fixture
def wire() -> Wire:
    """Return what goes over the wire."""
    return Wire()


@pytest.fixture
async def session() -> AsyncGenerator[ClientSession]:
    """Return a session of aiohttp."""
    async with ClientSession() as session:
        yield session


@pytest.fixture
async def wire_url(wire: Wire) -> AsyncGenerator[str]:
    """Start a gateway on loopback and return its URL."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", wire.handle)
    async with TestServer(app) as server:
        yield str(server.make_url("/api/v1/"))


@pytest.fixture
def client(session: ClientSession, wire_url: str) -> SmsboxClient:
    """Return a client of that gateway."""
    return SmsboxClient(session, API_KEY, wire_url)

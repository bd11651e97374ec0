"""Fixtures of the simulator's tests: a simulator, a client of it, and a receiver of its delivery reports."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
import pytest

from simulator.app import create_app
from simulator.state import Gateway

NUMBER = "32496123456"
SMS = {"numbers": NUMBER, "message": "There is water in the cellar."}
KEY = {"X-Api-Key": "demo"}

type Client = TestClient[web.Request, web.Application]


@dataclass
class Receiver:
    """Receives delivery reports; responds with `statuses`, then with 200."""

    url: str = ""
    targets: list[str] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    reports: asyncio.Queue[tuple[str, str]] = field(default_factory=asyncio.Queue)

    async def take(self, request: web.Request) -> web.Response:
        """Receive a report."""
        self.targets.append(request.raw_path)
        fields = await request.post()
        self.reports.put_nowait((str(fields["msgid"]), str(fields["status"])))
        return web.Response(status=self.statuses.pop(0) if self.statuses else 200, headers={"Location": "/moved"})

    async def moved(self, request: web.Request) -> web.Response:
        """Respond to a client that follows a redirect, which a report must not."""
        return web.Response()


@pytest.fixture
def gateway() -> Gateway:
    """Return a gateway that loses no time."""
    return Gateway(report_delay=0, retry_pauses=(0, 0))


@pytest.fixture
async def client(gateway: Gateway) -> AsyncGenerator[Client]:
    """Run the simulator; return a client of it."""
    async with TestClient(TestServer(create_app(gateway))) as client:
        yield client


@pytest.fixture
async def receiver() -> AsyncGenerator[Receiver]:
    """Run a web server that receives delivery reports."""
    receiver = Receiver()
    app = web.Application()
    app.router.add_post("/report", receiver.take)
    app.router.add_get("/moved", receiver.moved)
    async with TestServer(app) as server:
        receiver.url = str(server.make_url("/report"))
        yield receiver


async def call(client: Client, service: str, **fields: str) -> dict[str, Any]:
    """Post fields to a service with the key in the header; return its response."""
    async with client.post(f"/api/v1/{service}", data=fields, headers=KEY) as response:
        content: dict[str, Any] = await response.json()
        return content


async def until(gateway: Gateway, holds: Callable[[], bool]) -> None:
    """Wait until something holds for a gateway."""
    async with asyncio.timeout(5):
        while not holds():
            await gateway.changed.wait()

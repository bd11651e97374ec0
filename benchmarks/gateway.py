"""One gateway on loopback for all competitors, in a process of its own; and the process that posts reports.

`python -m benchmarks.gateway serve` prints its port. `python -m benchmarks.gateway post URL FIRST COUNT` posts final
reports for a range of message ids over eight connections and prints the seconds that took.
"""

import asyncio
from itertools import count
import sys
import time
from urllib.parse import parse_qs

from aiohttp import ClientSession, web

NTFY_MESSAGE = {"id": "x", "time": 1, "event": "message", "topic": "topic", "message": "Hello"}
TWILIO_MESSAGE = {"sid": "SM0", "status": "queued"}
POSTERS = 8


class Gateway:
    """Answers SMSBOX, ntfy, ClickSend and Twilio alike, and counts the requests and connections."""

    def __init__(self) -> None:
        self._msgids = count(1_000_000)
        self._requests = 0
        self._connections: set[object] = set()

    async def send(self, request: web.Request) -> web.Response:
        """Accept every number of an SMS."""
        self._count(request)
        numbers = parse_qs(await request.text())["numbers"][0].split(",")
        return web.json_response(
            {"code": 100, "message": [{"number": number, "msgid": next(self._msgids)} for number in numbers]}
        )

    async def balance(self, request: web.Request) -> web.Response:
        """Tell a balance."""
        return web.json_response({"code": 100, "message": "1000.00"})

    async def ntfy(self, request: web.Request) -> web.Response:
        """Publish a message."""
        await request.read()
        return web.json_response(NTFY_MESSAGE)

    async def ntfy_account(self, request: web.Request) -> web.Response:
        """Show an account of ntfy."""
        stats = ("messages", "emails", "calls", "reservations", "attachment_total_size")
        remaining = {f"{name}_remaining": 0 for name in stats}
        return web.json_response({"username": "*", "stats": dict.fromkeys(stats, 0) | remaining})

    async def ntfy_version(self, request: web.Request) -> web.Response:
        """Show the version of ntfy."""
        return web.json_response({"version": "2.17.0", "commit": "x", "date": "2026-01-01"})

    async def clicksend(self, request: web.Request) -> web.Response:
        """Accept what ClickSend's service sends."""
        await request.read()
        return web.json_response({"response_code": "SUCCESS"})

    async def twilio(self, request: web.Request) -> web.Response:
        """Accept what Twilio's service sends."""
        await request.read()
        return web.json_response(TWILIO_MESSAGE, status=201)

    async def counted(self, request: web.Request) -> web.Response:
        """Tell how many requests came over how many connections, and begin anew."""
        answer = web.json_response({"requests": self._requests, "connections": len(self._connections)})
        self._requests, self._connections = 0, set()
        return answer

    def _count(self, request: web.Request) -> None:
        """Count a request and its connection."""
        self._requests += 1
        self._connections.add(request.transport)

    def app(self) -> web.Application:
        """Return the application."""
        app = web.Application()
        app.add_routes(
            [
                web.post("/api/v1/sendsms", self.send),
                web.get("/api/v1/balance", self.balance),
                web.post("/", self.ntfy),
                web.get("/v1/account", self.ntfy_account),
                web.get("/v1/version", self.ntfy_version),
                web.get("/v3/account", self.clicksend),
                web.post("/v3/sms/send", self.clicksend),
                web.post("/2010-04-01/{path:.+}", self.twilio),
                web.get("/counted", self.counted),
            ]
        )
        return app


async def serve() -> None:
    """Serve until killed."""
    runner = web.AppRunner(Gateway().app(), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


async def post(url: str, first: int, number: int) -> None:
    """Post a delivery report for each message id; print the seconds."""
    msgids = iter(range(first, first + number))

    async def poster(session: ClientSession) -> None:
        """Post one after the other."""
        for msgid in msgids:
            async with session.post(url, data=f"msgid={msgid}&status=11", headers=form) as response:
                await response.read()
                response.raise_for_status()

    form = {"Content-Type": "application/x-www-form-urlencoded"}
    async with ClientSession() as session:
        start = time.perf_counter()
        await asyncio.gather(*(poster(session) for _ in range(POSTERS)))
        print(time.perf_counter() - start)


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        asyncio.run(serve())
    else:
        asyncio.run(post(sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))

"""What goes wrong by order.

A listening socket cannot refuse one service, so every fault but `http`, `garbage` and `code` begins after the request
came in. `refuse` and `cut_before` do nothing of what it asks for; `refuse` ends the connection by a reset (RST),
`cut_before` by closing it. A client that must be refused for real is pointed at a port on which nobody listens.
"""

import asyncio
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from enum import StrEnum
import socket
import struct
from typing import Any

from aiohttp import web

# On, and no time to linger: closing sends a reset.
_RESET = struct.pack("ii", 1, 0)


class FaultKind(StrEnum):
    """What goes wrong."""

    REFUSE = "refuse"  # reset, nothing is carried out
    CUT_BEFORE = "cut_before"  # closed, nothing is carried out
    CUT_AFTER = "cut_after"  # carried out, then closed without an answer
    CUT_ANSWER = "cut_answer"  # carried out, then closed in the middle of the answer
    DRIP = "drip"  # carried out, answered byte by byte, `pause` seconds between two
    HANG = "hang"  # nothing is carried out, no answer until the client gives up
    HTTP = "http"  # nothing is carried out, `status` with `body` and `headers`
    GARBAGE = "garbage"  # nothing is carried out, 200 with `body`, which is no JSON
    CODE = "code"  # nothing is carried out, 200 with `code` and `message` in JSON


@dataclass(slots=True, kw_only=True)
class Fault:
    """An order for the next `count` requests of a service (`*`: of any)."""

    service: str
    fault: FaultKind
    count: int = 1
    status: int = 500
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""
    code: int | str = 99
    message: Any = "Unknown status, contact support"
    pause: float = 1

    def as_json(self) -> dict[str, Any]:
        """Return the order as it was given."""
        return asdict(self)

    async def strike(
        self, request: web.Request, carry_out: Callable[[], web.Response], closing: asyncio.Event
    ) -> web.StreamResponse:
        """Answer a request by this fault; `closing` is set when the server ends."""
        match self.fault:
            case FaultKind.HTTP:
                headers = {"Content-Type": "text/html; charset=utf-8"} | self.headers
                return web.Response(status=self.status, body=self.body.encode(), headers=headers)
            case FaultKind.GARBAGE:
                return web.Response(text=self.body or "<<<this is no JSON", content_type="application/json")
            case FaultKind.CODE:
                return web.json_response({"code": self.code, "message": self.message})
            case FaultKind.CUT_ANSWER | FaultKind.DRIP:
                return await self._answer_slowly(request, carry_out())
            case FaultKind.CUT_AFTER:
                carry_out()
            case FaultKind.HANG:
                await closing.wait()
            case FaultKind.REFUSE:
                request.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        return _cut(request, web.Response())

    async def _answer_slowly(self, request: web.Request, answer: web.Response) -> web.StreamResponse:
        """Send half of an answer, or all of it byte by byte."""
        body = (answer.text or "").encode()
        response = web.StreamResponse(status=answer.status, headers=answer.headers)
        response.content_length = len(body)
        await response.prepare(request)
        if self.fault is FaultKind.CUT_ANSWER:
            await response.write(body[: len(body) // 2])
            return _cut(request, response)
        for byte in body:
            await response.write(bytes([byte]))
            await asyncio.sleep(self.pause)
        return response


def _cut(request: web.Request, response: web.StreamResponse) -> web.StreamResponse:
    """Close the connection, on which the response then goes nowhere."""
    request.protocol.force_close()
    return response

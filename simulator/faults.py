"""Faults on demand.

A listening socket cannot refuse one service, so every fault but `http`, `garbage` and `code` begins after the request
was received. `refuse` and `cut_before` ignore the request; `refuse` resets the connection (RST), `cut_before` closes
it. To have a client refused for real, point it at a port on which nobody listens.
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
    """What goes wrong; the request is applied only if it says so."""

    REFUSE = "refuse"  # reset
    CUT_BEFORE = "cut_before"  # closed
    CUT_AFTER = "cut_after"  # applied, then closed without a response
    CUT_ANSWER = "cut_answer"  # applied, then closed in the middle of the response
    DRIP = "drip"  # applied, response byte by byte, `pause` seconds before each
    HANG = "hang"  # no response until the client gives up
    HTTP = "http"  # `status` with `body` and `headers`
    GARBAGE = "garbage"  # 200 with `body`, which is not JSON
    CODE = "code"  # 200 with `code` and `message` in JSON


@dataclass(slots=True, kw_only=True)
class Fault:
    """A fault for the next `count` requests of a service (`*`: of any service; None: until it is cleared)."""

    service: str
    fault: FaultKind
    count: int | None = 1
    status: int = 500
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""
    code: int | str = 99
    message: Any = "Unknown status, contact support"
    pause: float = 1

    def as_json(self) -> dict[str, Any]:
        """Return the fault as it was requested."""
        return asdict(self)

    async def inject(
        self, request: web.Request, apply: Callable[[], web.Response], closing: asyncio.Event
    ) -> web.StreamResponse:
        """Respond to a request with this fault; `closing` is set when the server stops."""
        match self.fault:
            case FaultKind.HTTP:
                headers = {"Content-Type": "text/html; charset=utf-8"} | self.headers
                return web.Response(status=self.status, body=self.body.encode(), headers=headers)
            case FaultKind.GARBAGE:
                return web.Response(text=self.body or "<<<this is no JSON", content_type="application/json")
            case FaultKind.CODE:
                return web.json_response({"code": self.code, "message": self.message})
            case FaultKind.CUT_ANSWER | FaultKind.DRIP:
                return await self._respond_slowly(request, apply())
            case FaultKind.CUT_AFTER:
                apply()
            case FaultKind.HANG:
                await closing.wait()
            case FaultKind.REFUSE:
                request.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        return _cut(request, web.Response())

    async def _respond_slowly(self, request: web.Request, whole: web.Response) -> web.StreamResponse:
        """Send half of a response, or all of it byte by byte."""
        body = (whole.text or "").encode()
        response = web.StreamResponse(status=whole.status, headers=whole.headers)
        response.content_length = len(body)
        await response.prepare(request)
        if self.fault is FaultKind.CUT_ANSWER:
            await response.write(body[: len(body) // 2])
            return _cut(request, response)
        for byte in body:
            await asyncio.sleep(self.pause)
            await response.write(bytes([byte]))
        return response


def _cut(request: web.Request, response: web.StreamResponse) -> web.StreamResponse:
    """Close the connection, so that the response never arrives."""
    request.protocol.force_close()
    return response

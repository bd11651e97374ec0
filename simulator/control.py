"""What the real gateway does not have: the page with the phones, and control of what happens."""

from collections.abc import Iterator
from contextlib import contextmanager
import json
from pathlib import Path

from aiohttp import web

from .faults import Fault, FaultKind
from .state import Gateway, PhoneMode, Service, amount

PAGE = Path(__file__).with_name("page.html")


class Control:
    """The page and the control of a gateway, which speaks JSON."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def routes(self) -> list[web.RouteDef]:
        """Return the routes."""
        return [
            web.get("/", self._page),
            web.get("/events", self._events, allow_head=False),
            web.get("/messages", self._messages),
            web.delete("/messages", self._empty),
            web.put("/phones/{number}", self._set_phone),
            web.get("/requests", self._requests),
            web.delete("/requests", self._reset_requests),
            web.get("/faults", self._faults),
            web.post("/faults", self._add_fault),
            web.delete("/faults", self._clear_faults),
            web.put("/balance", self._set_balance),
            web.post("/keys", self._set_keys),
        ]

    async def _page(self, request: web.Request) -> web.FileResponse:
        """Show the phones."""
        return web.FileResponse(PAGE)

    async def _events(self, request: web.Request) -> web.StreamResponse:
        """Send what the page shows, now and after every change."""
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
        await response.prepare(request)
        while not self._gateway.closing.is_set():
            changed = self._gateway.changed
            await response.write(b"data: %s\n\n" % json.dumps(self._gateway.as_json()).encode())
            await changed.wait()
        return response

    async def _messages(self, request: web.Request) -> web.Response:
        """List the messages that arrived, the newest last."""
        return web.json_response(self._gateway.as_json()["messages"])

    async def _empty(self, request: web.Request) -> web.Response:
        """Forget the messages that arrived."""
        self._gateway.messages.clear()
        self._gateway.notify()
        return web.Response(status=204)

    async def _set_phone(self, request: web.Request) -> web.Response:
        """Set the `mode` of a phone, whose number is all digits; it is on the page from then on."""
        with _bad_request():
            number = request.match_info["number"]
            if not number.isdecimal():
                raise ValueError("a number is digits only")
            self._gateway.phones[number] = PhoneMode((await request.json())["mode"])
        self._gateway.notify()
        return web.json_response(self._gateway.phones)

    async def _requests(self, request: web.Request) -> web.Response:
        """Count the requests per service, with those that a fault was injected into."""
        return web.json_response({service: self._gateway.requests[service] for service in Service})

    async def _reset_requests(self, request: web.Request) -> web.Response:
        """Count from zero."""
        self._gateway.requests.clear()
        return web.Response(status=204)

    async def _faults(self, request: web.Request) -> web.Response:
        """List the faults that are pending."""
        return web.json_response([fault.as_json() for fault in self._gateway.faults])

    async def _add_fault(self, request: web.Request) -> web.Response:
        """Add a fault: `service`, `fault` and any other field of `Fault`."""
        with _bad_request():
            fault = Fault(**await request.json())
            fault.fault = FaultKind(fault.fault)
            if fault.service not in (*Service, "*"):
                raise ValueError(f"services are {', '.join(Service)} and *")
            if fault.count is not None and fault.count < 1:
                raise ValueError("count is 1 or more, or null")
        self._gateway.faults.append(fault)
        self._gateway.notify()
        return web.json_response(fault.as_json(), status=201)

    async def _clear_faults(self, request: web.Request) -> web.Response:
        """Clear all faults."""
        self._gateway.faults.clear()
        self._gateway.notify()
        return web.Response(status=204)

    async def _set_balance(self, request: web.Request) -> web.Response:
        """Set the `balance`, given as a number or in a string."""
        with _bad_request():
            self._gateway.balance = amount((await request.json())["balance"])
        self._gateway.notify()
        return web.json_response({"balance": f"{self._gateway.balance:.2f}"})

    async def _set_keys(self, request: web.Request) -> web.Response:
        """Accept only these `keys` from now on."""
        with _bad_request():
            keys = (await request.json())["keys"]
            if not isinstance(keys, list):
                raise TypeError("keys is a list")
        self._gateway.keys = {str(key) for key in keys}
        return web.json_response({"keys": keys})


@contextmanager
def _bad_request() -> Iterator[None]:
    """Respond with what is wrong with a request."""
    try:
        yield
    except (KeyError, TypeError, ValueError) as error:
        raise web.HTTPBadRequest(text=f"{type(error).__name__}: {error}") from error

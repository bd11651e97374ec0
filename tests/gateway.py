"""A gateway of the tests' own: it remembers every request and answers what a test wants."""

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web
from aiohttp.test_utils import TestServer

API_KEY = "a-key-that-nobody-may-see"
REFUSED_KEY = {"code": 4, "message": "Apikey not allowed"}

type Answer = dict[str, Any] | web.StreamResponse


@dataclass(frozen=True, slots=True)
class Received:
    """A request that reached the gateway."""

    method: str
    path: str
    api_key: str | None
    fields: dict[str, str]


@dataclass
class Gateway:
    """The gateway's account: every service answers well until a test says otherwise."""

    balance: str = "1630.38"
    api_key: str = API_KEY
    requests: list[Received] = field(default_factory=list)
    answers: dict[str, Answer | Callable[[Received], Answer]] = field(default_factory=dict)
    msgids: count[int] = field(default_factory=lambda: count(15547355))
    server: TestServer = field(init=False)

    async def start(self) -> None:
        """Listen on loopback."""
        app = web.Application()
        app.router.add_route("*", "/api/v1/{service:.+}", self._handle)
        self.server = TestServer(app)
        await self.server.start_server()

    async def stop(self) -> None:
        """Listen no longer."""
        await self.server.close()

    @property
    def url(self) -> str:
        """Return the base of the API."""
        return str(self.server.make_url("/api/v1"))

    def received(self, path: str) -> list[Received]:
        """Return the requests of one service."""
        return [request for request in self.requests if request.path == path]

    @property
    def sent(self) -> list[dict[str, str]]:
        """Return the fields of each request of `sendsms`."""
        return [request.fields for request in self.received("sendsms")]

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        """Remember a request and answer it."""
        query_or_form = request.query_string if request.method == "GET" else await request.text()
        received = Received(
            request.method,
            request.match_info["service"],
            request.headers.get("X-Api-Key"),
            dict(parse_qsl(query_or_form, keep_blank_values=True)),
        )
        self.requests.append(received)
        answer = self.answers.get(received.path)
        if callable(answer) and not isinstance(answer, web.StreamResponse):
            answer = answer(received)
        elif received.api_key != self.api_key:
            answer = REFUSED_KEY
        answer = answer or self._default(received)
        return answer if isinstance(answer, web.StreamResponse) else web.json_response(answer)

    def _default(self, received: Received) -> dict[str, Any]:
        """Return the good answer of a service."""
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

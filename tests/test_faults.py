"""Whatever breaks, the user learns the result of a request, and nobody is texted twice.

Each fault meets each request that the integration makes.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
import json
import logging
import traceback
from typing import Any, override

from aiohttp import ClientTimeout
from aiohttp.abc import AbstractResolver, ResolveResult
from homeassistant.config_entries import SOURCE_USER
from homeassistant.const import CONF_API_KEY, STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import aiohttp_client
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.diagnostics import get_diagnostics_for_config_entry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.smsbox.api import client
from custom_components.smsbox.const import DOMAIN

from .common import WEBHOOK_ID, advance_time, get_state
from .gateways import (
    API_KEY,
    FIRST_MSGID,
    Behavior,
    Exchange,
    FaultyGateway,
    bound_socket,
    deaf_socket,
    hang,
    lookup,
    respond_with,
    response,
    url,
)

NUMBER = "32470987654"
TEXT = "The cellar is flooded"
OTP = "471108"
OTP_TEXT = "Open the garage with {OTP}"
SECRETS = (API_KEY, WEBHOOK_ID, NUMBER, TEXT, OTP, OTP_TEXT, "cellar", "garage")

SENDING = ("sendsms", "tts", "voice/send", "otp/send", "otp/verify", "hlr")
ACTIONS: dict[str, tuple[str, dict[str, Any]]] = {
    "sendsms": ("send_sms", {"numbers": [NUMBER], "message": TEXT}),
    "tts": ("send_tts", {"numbers": [NUMBER], "message": TEXT}),
    "voice/send": ("send_voice", {"numbers": [NUMBER], "message": TEXT}),
    "otp/send": ("send_otp", {"number": NUMBER, "text": OTP_TEXT}),
    "otp/verify": ("verify_otp", {"number": NUMBER, "otp": OTP}),
    "hlr": ("lookup_number", {"number": NUMBER}),
}
ACCEPTED = {"code": 100, "message": [{"number": NUMBER, "msgid": FIRST_MSGID}]}
GOOD_RESPONSES: dict[str, dict[str, Any]] = {
    "sendsms": ACCEPTED,
    "tts": ACCEPTED,
    "voice/send": {"code": 10, "message": "Voice is sent", "number": NUMBER},
    "otp/send": {"code": 10, "message": "Code has been sent", "number": NUMBER},
    "otp/verify": {"code": 11, "message": "Number is verified", "number": NUMBER},
    "hlr": {"code": 10, "message": lookup(NUMBER), "number": NUMBER},
    "balance": {"code": 100, "message": "1630.38"},
}
WITHOUT_NUMBERS: dict[str, Any] = {
    **{service: [{"msgid": FIRST_MSGID}] for service in ("sendsms", "tts")},
    "hlr": {"error_code": 0, "status": "Delivered"},
}


def http(body: bytes, status: int = 200, *headers: str) -> bytes:
    """Return a response after which the connection is closed."""
    return response(body, status, "Connection: close", *headers)


def good_json(service: str, **changes: Any) -> str:
    """Return the JSON of a service's good response, or of one with changes."""
    return json.dumps(GOOD_RESPONSES[service] | changes)


def good(service: str, **changes: Any) -> bytes:
    """Return the good response of a service, or one with changes."""
    return http(good_json(service, **changes).encode())


def fixed(*args: Any) -> Behavior:
    """Return the behavior of a gateway with one response for all."""
    return respond_with(lambda _: http(*args))


async def speak_no_tls(exchange: Exchange) -> None:
    """Respond without TLS."""
    await exchange.respond(http(b"", 400))


async def cut_at_once(exchange: Exchange) -> None:
    """Break off before the request is read."""
    exchange.cut()


async def cut_when_read(exchange: Exchange) -> None:
    """Break off after the request is read."""
    await exchange.read()
    exchange.cut()


async def drip(exchange: Exchange) -> None:
    """Respond too slowly."""
    for byte in good(await exchange.read()):
        await exchange.respond(bytes((byte,)))
        await asyncio.sleep(0.05)


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong, and the translation keys of the errors that follow from it, or `ok`."""

    behavior: Behavior = hang
    outcome: str = "outcome_unknown"
    balance: str = "cannot_connect"
    exceptions: dict[str, str] = field(default_factory=dict)
    requests: int = 1
    tries: int = 1

    @property
    def row(self) -> dict[str, str]:
        """Return the expected outcome of each request."""
        return dict.fromkeys(SENDING, self.outcome) | {"balance": self.balance} | self.exceptions


def unreachable(behavior: Behavior = hang, tries: int = 0) -> Fault:
    """Return a fault that keeps requests from getting to the gateway; a try may get there."""
    return Fault(behavior, outcome="cannot_connect", requests=0, tries=tries)


FAULTS: dict[str, Fault] = {
    "name not resolved": unreachable(),
    "connection refused": unreachable(),
    "connect timeout": unreachable(),
    "TLS failure": unreachable(speak_no_tls, tries=3),
    "TLS timeout": unreachable(Exchange.hang, tries=3),
    "no response": Fault(hang),
    "cut before the request is read": Fault(cut_at_once, requests=0),
    "cut after the request is read": Fault(cut_when_read),
    "cut in the middle of the response": Fault(respond_with(lambda service: good(service)[:-7])),
    "HTTP 401": Fault(fixed(b"", 401), "invalid_auth", "invalid_auth"),
    "HTTP 429": Fault(fixed(b"", 429, "Retry-After: 60"), "try_again_later", "try_again_later"),
    "HTTP 500": Fault(fixed(b"", 500)),
    "HTTP 503": Fault(fixed(b"", 503), "try_again_later", "try_again_later"),
    "HTML instead of JSON": Fault(fixed(f"<html>{NUMBER}: {TEXT}</html>".encode())),
    "truncated JSON": Fault(respond_with(lambda service: http(good_json(service).encode()[:-1]))),
    "JSON of the wrong shape": Fault(respond_with(lambda service: http(f"[{good_json(service)}]".encode()))),
    "empty list": Fault(
        respond_with(lambda service: good(service, message=[])),
        exceptions={
            "sendsms": "not_accepted",
            "tts": "not_accepted",
            # Their code and number say it all.
            **dict.fromkeys(("voice/send", "otp/send", "otp/verify"), "ok"),
        },
    ),
    "missing numbers": Fault(
        respond_with(lambda service: good(service, number=None, message=WITHOUT_NUMBERS.get(service))),
        # A call has nothing more to say, and a verified code is one for whatever number.
        exceptions={"voice/send": "ok", "otp/verify": "ok"},
    ),
    "code as a string": Fault(
        respond_with(lambda service: good(service, code=str(GOOD_RESPONSES[service]["code"]))), "ok", "ok"
    ),
    "error code as a string": Fault(fixed(b'{"code": "04", "message": ""}'), "invalid_auth", "invalid_auth"),
    "unknown code": Fault(fixed(b'{"code": 77, "message": "What nobody has seen"}'), "rejected"),
    "slow drip of bytes": Fault(drip),
}


class NamelessResolver(AbstractResolver):
    """A resolver that knows no name."""

    @override
    async def resolve(self, *_: object, **__: object) -> list[ResolveResult]:
        """Fail as a resolver does."""
        raise OSError(None, "no such name")

    @override
    async def close(self) -> None:
        """Close nothing."""

    real_close = close  # called by Home Assistant


@pytest.fixture
def fault(request: pytest.FixtureRequest) -> str:
    """Return the fault of the gateway, by name."""
    return str(request.param)


@pytest.fixture
async def gateway(
    fault: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> AsyncGenerator[FaultyGateway]:
    """Start a gateway with a fault and point the integration at it, with less patience than usual."""
    caplog.set_level(logging.DEBUG)
    monkeypatch.setattr(client, "TIMEOUT", ClientTimeout(connect=0.4, total=0.8))
    monkeypatch.setattr(client, "RETRY_AFTER", (0.02, 0.04))
    with bound_socket() as silent, deaf_socket() as deaf:
        async with FaultyGateway(respond_with(good)) as gateway:
            monkeypatch.setattr(aiohttp_client, "_async_make_resolver", lambda _: NamelessResolver())
            addresses = {
                "name not resolved": "http://gateway.invalid",
                "connection refused": url(silent),
                "connect timeout": url(deaf),
                "TLS failure": gateway.url.replace("http", "https"),
                "TLS timeout": gateway.url.replace("http", "https"),
            }
            monkeypatch.setenv("SMSBOX_API_URL", addresses.get(fault, gateway.url))
            yield gateway


@pytest.fixture
async def entry(hass: HomeAssistant, gateway: FaultyGateway, fault: str, entry: MockConfigEntry) -> MockConfigEntry:
    """Set up an account before the fault begins, as far as it lets."""
    assert await async_setup_component(hass, "diagnostics", {})
    gateway.connections = 0
    gateway.requests.clear()
    gateway.behavior = FAULTS[fault].behavior
    return entry


async def outcome(hass: HomeAssistant, request: str) -> tuple[str, str]:
    """Make a request by an action; return the translation key of its error, or `ok`, and all that the error says."""
    action, data = ACTIONS[request]
    try:
        await hass.services.async_call(DOMAIN, action, data, blocking=True, return_response=True)
    except ServiceValidationError as error:
        pytest.fail(f"the call is wrong: {error}")
    except HomeAssistantError as error:
        return str(error.translation_key), f"{traceback.format_exception(error)} {error.translation_placeholders}"
    return "ok", ""


async def balance_outcome(hass: HomeAssistant, hass_client: ClientSessionGenerator, entry: MockConfigEntry) -> str:
    """Let the balance be polled; return the error that diagnostics show, or `ok`."""
    await advance_time(hass)
    error = (await get_diagnostics_for_config_entry(hass, hass_client, entry))["last_error"]
    assert (get_state(hass, "sensor.smsbox_credits").state == STATE_UNAVAILABLE) is (error is not None)
    return str(error or "ok")


@pytest.mark.parametrize("fault", FAULTS, indirect=True)
async def test_fault_ends_in_the_right_error(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    gateway: FaultyGateway,
    fault: str,
    hass_client: ClientSessionGenerator,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Each request ends in the right error after the right number of tries, and no secret gets into the log."""
    expected = FAULTS[fault]
    outcomes = await asyncio.gather(*(outcome(hass, request) for request in SENDING))
    keys = {request: key for request, (key, _) in zip(SENDING, outcomes, strict=True)}
    keys["balance"] = await balance_outcome(hass, hass_client, entry)
    assert keys == expected.row
    assert gateway.requests == Counter(dict.fromkeys(keys, expected.requests))
    assert gateway.connections == expected.tries * len(SENDING) + min(expected.tries, 1)
    said = caplog.text + "".join(words for _, words in outcomes)
    assert [secret for secret in SECRETS if secret in said] == []


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("connection refused", "cannot_connect"),
        ("no response", "cannot_connect"),
        ("HTTP 401", "invalid_auth"),
        ("HTTP 503", "cannot_connect"),
        ("HTML instead of JSON", "cannot_connect"),
        ("error code as a string", "invalid_auth"),
        ("unknown code", "unknown"),
    ],
    indirect=["fault"],
)
async def test_api_key_cannot_be_checked(
    hass: HomeAssistant, gateway: FaultyGateway, fault: str, error: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The form for the API key tells the error after one request."""
    gateway.behavior = FAULTS[fault].behavior
    result = await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": SOURCE_USER}, data={CONF_API_KEY: API_KEY}
    )
    assert result["errors"] == {"base": error}
    assert gateway.requests["balance"] == FAULTS[fault].requests
    assert API_KEY not in caplog.text

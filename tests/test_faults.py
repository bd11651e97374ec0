"""Test that the user learns what became of a request whatever breaks, and that nobody is texted twice.

Each row of the matrix is a fault, each column a request of the integration; a table of it is printed at the end.
"""

import asyncio
from collections.abc import AsyncGenerator, Generator
from contextlib import suppress
from dataclasses import dataclass, field
import json
import logging
import traceback
from typing import Any

from aiohttp import ClientTimeout
from homeassistant.config_entries import SOURCE_USER
from homeassistant.const import CONF_API_KEY
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import aiohttp_client
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.smsbox.api import client
from custom_components.smsbox.const import DOMAIN

from .conftest import WEBHOOK_ID
from .faults import (
    Exchange,
    FaultyGateway,
    Play,
    answers,
    bound_socket,
    deaf_socket,
    hang,
    nameless_resolver,
    response,
    url,
)
from .gateway import API_KEY, lookup

NUMBER = "32470987654"
TEXT = "The cellar is flooded"
OTP = "471108"
OTP_TEXT = "Open the garage with {OTP}"
SECRETS = (API_KEY, WEBHOOK_ID, NUMBER, TEXT, OTP, OTP_TEXT, "cellar", "garage")

SENDING = ("sendsms", "tts", "voice/send", "otp/send", "otp/verify", "hlr")
REQUESTS = (*SENDING, "balance")
ACTIONS: dict[str, tuple[str, dict[str, Any]]] = {
    "sendsms": ("send_sms", {"numbers": [NUMBER], "message": TEXT}),
    "tts": ("send_tts", {"numbers": [NUMBER], "message": TEXT}),
    "voice/send": ("send_voice", {"numbers": [NUMBER], "message": TEXT}),
    "otp/send": ("send_otp", {"number": NUMBER, "text": OTP_TEXT}),
    "otp/verify": ("verify_otp", {"number": NUMBER, "otp": OTP}),
    "hlr": ("lookup_number", {"number": NUMBER}),
}
ACCEPTED = {"code": 100, "message": [{"number": NUMBER, "msgid": 15547355}]}
GOOD_ANSWERS: dict[str, dict[str, Any]] = {
    "sendsms": ACCEPTED,
    "tts": ACCEPTED,
    "voice/send": {"code": 10, "message": "Voice is sent", "number": NUMBER},
    "otp/send": {"code": 10, "message": "Code has been sent", "number": NUMBER},
    "otp/verify": {"code": 11, "message": "Number is verified", "number": NUMBER},
    "hlr": {"code": 10, "message": lookup(NUMBER), "number": NUMBER},
    "balance": {"code": 100, "message": "1630.38"},
}
WITHOUT_NUMBERS: dict[str, Any] = {
    "sendsms": [{"msgid": 15547355}],
    "tts": [{"msgid": 15547355}],
    "hlr": {"error_code": 0, "status": "Delivered"},
}


def http(body: bytes, status: int = 200, *headers: str) -> bytes:
    """Return an answer after which the connection is closed."""
    return response(body, status, "Connection: close", *headers)


def good(service: str, **changes: Any) -> bytes:
    """Return the good answer of a service, or one with changes."""
    return http(json.dumps(GOOD_ANSWERS[service] | changes).encode())


def fixed(*args: Any) -> Play:
    """Return the play of a gateway with one answer for all."""
    return answers(lambda _: http(*args))


async def speak_no_tls(exchange: Exchange) -> None:
    """Greet as what is no TLS."""
    await exchange.answer(http(b"", 400))


async def cut_at_once(exchange: Exchange) -> None:
    """Break off before the request is read."""
    exchange.cut()


async def cut_when_read(exchange: Exchange) -> None:
    """Break off after the request is read."""
    await exchange.read()
    exchange.cut()


async def drip(exchange: Exchange) -> None:
    """Answer too slowly."""
    for byte in good(await exchange.read()):
        await exchange.answer(bytes((byte,)))
        await asyncio.sleep(0.05)


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong, and what the user learns of it: translation keys, or `ok`."""

    play: Play = hang
    outcome: str = "outcome_unknown"
    balance: str = "cannot_connect"
    exceptions: dict[str, str] = field(default_factory=dict)
    requests: int = 1
    tries: int = 1

    @property
    def row(self) -> dict[str, str]:
        """Return the expected outcome of each request."""
        return dict.fromkeys(SENDING, self.outcome) | {"balance": self.balance} | self.exceptions


def unreachable(play: Play = hang, tries: int = 0) -> Fault:
    """Return a fault that keeps requests from getting to the gateway; a try may get there."""
    return Fault(play, outcome="cannot_connect", requests=0, tries=tries)


FAULTS: dict[str, Fault] = {
    "name not resolved": unreachable(),
    "connection refused": unreachable(),
    "connect timeout": unreachable(),
    "TLS failure": unreachable(speak_no_tls, tries=3),
    "TLS timeout": unreachable(Exchange.hang, tries=3),
    "no answer": Fault(hang),
    "cut before the request is read": Fault(cut_at_once, requests=0),
    "cut after the request is read": Fault(cut_when_read),
    "cut in the middle of the answer": Fault(answers(lambda service: good(service)[:-7])),
    "HTTP 400": Fault(fixed(b"", 400)),
    "HTTP 401": Fault(fixed(b"", 401), "invalid_auth", "invalid_auth"),
    "HTTP 404": Fault(fixed(b"", 404)),
    "HTTP 429": Fault(fixed(b"", 429, "Retry-After: 60"), "try_again_later", "try_again_later"),
    "HTTP 500": Fault(fixed(b"", 500)),
    "HTTP 502": Fault(fixed(b"", 502)),
    "HTTP 503": Fault(fixed(b"", 503), "try_again_later", "try_again_later"),
    "HTML instead of JSON": Fault(fixed(f"<html>{NUMBER}: {TEXT}</html>".encode())),
    "truncated JSON": Fault(answers(lambda service: http(json.dumps(GOOD_ANSWERS[service]).encode()[:-1]))),
    "JSON of the wrong shape": Fault(answers(lambda service: http(json.dumps([GOOD_ANSWERS[service]]).encode()))),
    "empty list": Fault(
        answers(lambda service: good(service, message=[])),
        exceptions={
            "sendsms": "not_accepted",
            "tts": "not_accepted",
            # Their code and number say it all.
            **dict.fromkeys(("voice/send", "otp/send", "otp/verify"), "ok"),
        },
    ),
    "missing numbers": Fault(
        answers(lambda service: good(service, number=None, message=WITHOUT_NUMBERS.get(service))),
        # A call has nothing more to say, and a verified code is one for whatever number.
        exceptions={"voice/send": "ok", "otp/verify": "ok"},
    ),
    "code as a string": Fault(
        answers(lambda service: good(service, code=str(GOOD_ANSWERS[service]["code"]))), "ok", "ok"
    ),
    "error code as a number": Fault(fixed(b'{"code": 4, "message": ""}'), "invalid_auth", "invalid_auth"),
    "error code as a string": Fault(fixed(b'{"code": "04", "message": ""}'), "invalid_auth", "invalid_auth"),
    "unknown code": Fault(fixed(b'{"code": 77, "message": "What nobody has seen"}'), "rejected"),
    "slow drip of bytes": Fault(drip),
}


@pytest.fixture(scope="module")
def table(request: pytest.FixtureRequest) -> Generator[dict[str, dict[str, str]]]:
    """Return the table of the matrix, which is printed at the end."""
    rows: dict[str, dict[str, str]] = {}
    yield rows
    writer = request.config.get_terminal_writer()
    with request.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
        writer.line("\n\nWhat the user learns, and how many requests reached the gateway\n")
        for name, row in {"": dict(zip(REQUESTS, REQUESTS, strict=True)), **rows}.items():
            writer.line(f"{name:32}" + "".join(f"{row[request]:20}" for request in REQUESTS))


@pytest.fixture
def fault(request: pytest.FixtureRequest) -> str:
    """Return the fault of the gateway, by name."""
    return str(getattr(request, "param", "no answer"))


@pytest.fixture
async def gateway(
    fault: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> AsyncGenerator[FaultyGateway]:
    """Start a gateway with a fault and point the integration at it, with less patience than usual."""
    caplog.set_level(logging.DEBUG)
    monkeypatch.setattr(client, "TIMEOUT", ClientTimeout(connect=0.4, total=0.8))
    monkeypatch.setattr(client, "RETRY_AFTER", (0.02, 0.04))
    with bound_socket() as silent, deaf_socket() as deaf:
        async with nameless_resolver() as resolver, FaultyGateway(FAULTS[fault].play) as gateway:
            monkeypatch.setattr(aiohttp_client, "_async_make_resolver", lambda _: resolver)
            addresses = {
                "name not resolved": "http://gateway.invalid",
                "connection refused": url(silent),
                "connect timeout": url(deaf),
                "TLS failure": gateway.url.replace("http", "https"),
                "TLS timeout": gateway.url.replace("http", "https"),
            }
            monkeypatch.setenv("SMSBOX_API_URL", addresses.get(fault, gateway.url))
            yield gateway


async def outcome(hass: HomeAssistant, entry: MockConfigEntry, request: str) -> tuple[str, str]:
    """Carry out a request; return the translation key of its error, or `ok`, and all that the error says."""
    error: BaseException | None = None
    if request == "balance":
        await entry.runtime_data.coordinator.async_refresh()
        error = entry.runtime_data.coordinator.last_exception
    else:
        action, data = ACTIONS[request]
        try:
            await hass.services.async_call(DOMAIN, action, data, blocking=True, return_response=True)
        except HomeAssistantError as raised:
            error = raised
    if error is None:
        return "ok", ""
    assert isinstance(error, HomeAssistantError)
    assert not isinstance(error, ServiceValidationError)
    assert error.translation_key is not None
    return error.translation_key, f"{traceback.format_exception(error)} {error.translation_placeholders}"


@pytest.mark.parametrize("fault", FAULTS, indirect=True)
async def test_fault(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    gateway: FaultyGateway,
    fault: str,
    table: dict[str, dict[str, str]],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Each request ends in the right error after the right number of tries, and tells nothing to the log."""
    expected = FAULTS[fault]
    gateway.connections = 0
    gateway.requests.clear()
    outcomes = await asyncio.gather(*(outcome(hass, entry, request) for request in REQUESTS))
    table[fault] = {
        request: f"{key} {gateway.requests[request]}" for request, (key, _) in zip(REQUESTS, outcomes, strict=True)
    }
    assert table[fault] == {request: f"{key} {expected.requests}" for request, key in expected.row.items()}
    assert gateway.connections == expected.tries * len(SENDING) + min(expected.tries, 1)
    said = caplog.text + "".join(words for _, words in outcomes)
    assert [secret for secret in SECRETS if secret in said] == []
    assert "smsbox" in caplog.text


@pytest.mark.parametrize("request_name", SENDING)
async def test_cancelled_action(
    hass: HomeAssistant, entry: MockConfigEntry, gateway: FaultyGateway, request_name: str
) -> None:
    """Cancelling an action ends its request."""
    gateway.request_read.clear()
    gateway.connection_ended.clear()
    action = asyncio.create_task(outcome(hass, entry, request_name))
    await gateway.request_read.wait()
    action.cancel()
    with suppress(asyncio.CancelledError):
        await action
    assert action.cancelled()
    await asyncio.wait_for(gateway.connection_ended.wait(), 0.4)
    assert gateway.requests[request_name] == 1


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("connection refused", "cannot_connect"),
        ("no answer", "cannot_connect"),
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
    """The form of an API key says what went wrong, after one request."""
    result = await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": SOURCE_USER}, data={CONF_API_KEY: API_KEY}
    )
    assert result["errors"] == {"base": error}
    assert gateway.requests["balance"] == FAULTS[fault].requests
    assert API_KEY not in caplog.text

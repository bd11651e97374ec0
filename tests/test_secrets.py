"""Nothing logs or shows a secret: do everything at debug level, then search all logs and pages."""

from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus
import json
import logging
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestClient
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import get_system_health_info
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.smsbox.const import DOMAIN

from .common import advance_time
from .gateways import API_KEY, FIRST_MSGID, Gateway, Received

WRONG_KEY = "a-mistyped-key-that-nobody-may-see"
NEW_KEY = "another-key-that-nobody-may-see"
TEXT = "The back door is open"
OTP = "482915"
OTP_TEXT = "Open the gate with {OTP}"
NUMBERS = ("32496123456", "32471234567", "0496 12 34 56", "0471 23 45 67", "496123456", "471234567")
SECRETS = (API_KEY, WRONG_KEY, NEW_KEY, TEXT, OTP, "Open the gate", *NUMBERS)

SERVICES = {"balance", "sendsms", "voice/send", "otp/send", "otp/verify", "hlr"}

# What Home Assistant itself logs; none of it is on by default.
NOT_OURS = {
    ("homeassistant.core", "DEBUG"): "every event with its data: calls of actions, states, reports",
    ("homeassistant.components.http.auth", "DEBUG"): "the path of every request, here of the webhook",
    ("homeassistant.helpers.http", "DEBUG"): "the path of every request",
    ("homeassistant.components.webhook", "DEBUG"): "the id of every webhook that is called",
    ("pytest_homeassistant_custom_component.common", "DEBUG"): "what its fake Store would write",
}


class Tour:
    """Everything that a user and the gateway do with an account."""

    def __init__(self, hass: HomeAssistant, gateway: Gateway, client: TestClient[web.Request, web.Application]) -> None:
        self.hass = hass
        self.gateway = gateway
        self.client = client

    async def flow(self, flow_id: str, *api_keys: str) -> None:
        """Give a flow a wrong key and then a good one."""
        for api_key in api_keys:
            await self.hass.config_entries.flow.async_configure(flow_id, {"api_key": api_key})
            await self.hass.async_block_till_done()

    async def add(self) -> str:
        """Add an account and a recipient; return the secret id of the webhook."""
        started = await self.hass.config_entries.flow.async_init(DOMAIN, context={"source": "user"})
        self.gateway.responses["balance"] = lambda _: {"code": 99, "message": " ".join(SECRETS)}
        await self.flow(started["flow_id"], WRONG_KEY)
        del self.gateway.responses["balance"]
        await self.flow(started["flow_id"], WRONG_KEY, API_KEY)
        (entry,) = self.hass.config_entries.async_entries(DOMAIN)
        (recipient,) = self.hass.config_entries.subentries.async_progress()
        for number in ("0496 12", "0496 12 34 56"):
            await self.hass.config_entries.subentries.async_configure(
                recipient["flow_id"],
                {
                    "name": "Mum",
                    "numbers": [number],
                    "channels": ["sms", "tts", "voice"],
                    "language": "nl",
                    "gender": "male",
                    "check_numbers": True,
                },
            )
            await self.hass.async_block_till_done()
        webhook_id: str = entry.data["webhook_id"]
        return webhook_id

    async def act(self, domain: str, action: str, data: dict[str, Any]) -> None:
        """Call an action, whether or not it succeeds."""
        response = domain == DOMAIN and not action.startswith("send")
        with suppress(HomeAssistantError):
            await self.hass.services.async_call(domain, action, data, blocking=True, return_response=response)
        await self.hass.async_block_till_done()

    async def send(self) -> None:
        """Use every action."""
        message = {"message": TEXT, "numbers": ["0471 23 45 67"]}
        for channel in ("sms", "tts", "voice"):
            await self.act(DOMAIN, f"send_{channel}", {"entity_id": "notify.mum_sms", **message})
        await self.act("notify", "send_message", {"entity_id": "notify.mum_sms", "message": TEXT, "title": TEXT})
        await self.act("notify", "smsbox", {"message": TEXT, "target": ["Mum", "0471 23 45 67"]})
        await self.act("button", "press", {"entity_id": "button.mum_send_test_message"})
        await self.act(DOMAIN, "send_otp", {"number": "0471 23 45 67", "text": OTP_TEXT})
        await self.act(DOMAIN, "verify_otp", {"otp": OTP, "number": "0471 23 45 67"})
        await self.act(DOMAIN, "lookup_number", {"number": "0471 23 45 67"})
        await self.act(DOMAIN, "preview_sms", {"message": TEXT})

    async def report(self, webhook_id: str) -> None:
        """Post reports: good, repeated, unknown, malformed, too long, and by the wrong method."""
        path = f"/api/webhook/{webhook_id}"
        for msgid in (FIRST_MSGID, FIRST_MSGID, FIRST_MSGID + 1, 1):
            await self.client.post(path, data={"msgid": msgid, "status": 11})
        for body in (
            b"",
            b"{",
            b'[{"msgid": "+32471234567", "status": "0471 23 45 67"}]',
            b"msgid=0471234567",
            b"x" * 20_000,
        ):
            response = await self.client.post(path, data=body)
            assert response.status == HTTPStatus.BAD_REQUEST
        for method in ("GET", "PUT", "DELETE", "HEAD"):
            response = await self.client.request(method, path)
            assert response.status in {HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.BAD_REQUEST}
        await self.hass.async_block_till_done()
        await advance_time(self.hass, 61)

    async def fail(self) -> None:
        """Make every service fail in every way, with the secrets of the request in the error messages too."""

        def words(received: Received) -> str:
            """Return all that the gateway could repeat."""
            return " ".join((API_KEY, *NUMBERS, *received.fields.values()))

        failures: list[Callable[[Any], Any]] = [
            lambda received: {"code": 99, "message": words(received)},
            lambda received: {"code": 10, "message": words(received)},
            lambda received: {"code": 100, "message": words(received), "number": words(received)},
            lambda received: {"code": words(received)},
            lambda received: web.Response(status=500, text=words(received)),
            lambda _: web.Response(status=302, headers={"Location": f"https://example.org/{API_KEY}"}),
            lambda _: web.Response(status=429),
        ]
        for failure in failures:
            for service in SERVICES:
                self.gateway.responses[service] = failure
            await self.send()
            await advance_time(self.hass)
        self.gateway.responses.clear()
        await advance_time(self.hass)

    async def automate(self) -> None:
        """Let an automation fail, so that Home Assistant logs the error."""
        send = {"action": "smsbox.send_sms", "data": {"message": TEXT, "numbers": ["0471 23 45 67"]}}
        automation = {"triggers": {"trigger": "event", "event_type": "alarm"}, "actions": send}
        assert await async_setup_component(self.hass, "automation", {"automation": automation})
        failures: list[Callable[[Any], Any]] = [
            lambda _: {"code": 100, "message": []},
            lambda _: web.Response(status=HTTPStatus.BAD_GATEWAY),
            lambda _: {"code": 10, "message": "Not enough credits"},
        ]
        for failure in failures:
            self.gateway.responses["sendsms"] = failure
            self.hass.bus.async_fire("alarm")
            await self.hass.async_block_till_done()
        del self.gateway.responses["sendsms"]

    async def reauth(self) -> None:
        """Refuse the key, and enter another one."""
        self.gateway.api_key = NEW_KEY
        await self.send()
        (flow,) = self.hass.config_entries.flow.async_progress()
        await self.flow(flow["flow_id"], WRONG_KEY, NEW_KEY)
        assert not self.hass.config_entries.flow.async_progress()


@pytest.fixture(autouse=True)
def _environment(caplog: pytest.LogCaptureFixture, request: pytest.FixtureRequest) -> None:
    """Log everything from before the start of Home Assistant, which reads the log level only once."""
    caplog.set_level(logging.DEBUG)
    for fixture in ("enable_custom_integrations", "socket_enabled"):
        request.getfixturevalue(fixture)


async def test_nothing_logs_or_shows_a_secret(
    hass: HomeAssistant, gateway: Gateway, hass_client: ClientSessionGenerator, caplog: pytest.LogCaptureFixture
) -> None:
    """No secret is in a line of ours at any level, in one of others above debug, in diagnostics or system health."""
    await hass.config.async_update(external_url="https://example.org", country="BE")
    for component in ("notify", "diagnostics", "system_health", DOMAIN):
        assert await async_setup_component(hass, component, {})
    client = await hass_client()
    tour = Tour(hass, gateway, client)
    webhook_id = await tour.add()
    await tour.send()
    await tour.report(webhook_id)
    await tour.fail()
    await tour.automate()
    await tour.reauth()
    await tour.send()
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    response = await client.get(f"/api/diagnostics/config_entry/{entry.entry_id}")
    assert response.status == HTTPStatus.OK
    health = await get_system_health_info(hass, DOMAIN)
    assert await health.pop("can_reach_gateway") == "ok"
    shown = await response.text() + json.dumps(health)
    secrets = (*SECRETS, webhook_id)
    assert not [secret for secret in secrets if secret in shown]

    formatter = logging.Formatter()
    lines = [(record, formatter.format(record)) for record in caplog.records]
    telling = {
        (record.name, record.levelname): line for record, line in lines if any(secret in line for secret in secrets)
    }
    for logger_and_level, line in telling.items():
        assert logger_and_level in NOT_OURS, line

    # Not even what Home Assistant logs of our errors.
    assert any(record.name.startswith("homeassistant.components.automation") for record, _ in lines)

    # The tour went everywhere, and the search works.
    assert {received.path for received in gateway.requests} == SERVICES
    assert any(record.name == "custom_components.smsbox" and record.levelname == "DEBUG" for record, _ in lines)
    assert set(telling) == set(NOT_OURS)

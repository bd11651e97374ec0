"""The balance: polled, refreshed after something was sent, unknown and known again."""

import asyncio
from collections.abc import Callable
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer, unused_port
from homeassistant.config_entries import SOURCE_REAUTH
from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import Event, HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.smsbox.coordinator import SmsboxCoordinator
from custom_components.smsbox.gateway import create_client

from .common import POLL, account_entry, advance_time
from .gateways import API_KEY, Gateway, Received, Response

OTHER_KEY = "another-key-that-nobody-may-see"


class Account:
    """An account that is nothing but its balance."""

    def __init__(self, hass: HomeAssistant, **kwargs: Any) -> None:
        self.hass = hass
        self.entry: MockConfigEntry = account_entry(**kwargs)
        self.entry.add_to_hass(hass)
        self.balances: list[float] = []
        self.shown: list[float | None] = []
        self.load()

    def load(self) -> None:
        """Make the coordinator, as each load of the account does, and show what it knows."""
        self.coordinator = SmsboxCoordinator(
            self.hass, self.entry, create_client(self.hass, API_KEY), self.balances.append
        )
        self.coordinator.async_add_listener(lambda: self.shown.append(self.balance))
        coordinator = self.coordinator

        async def unload(_event: Event) -> None:
            """End what the coordinator has planned."""
            await coordinator.async_shutdown()

        self.hass.bus.async_listen_once(EVENT_HOMEASSISTANT_STOP, unload)

    @property
    def balance(self) -> float | None:
        """Return the balance as entities show it, None while it is unknown."""
        return self.coordinator.data if self.coordinator.last_update_success else None

    @property
    def reauth_flows(self) -> int:
        """Return how many flows ask for another key."""
        flows = self.hass.config_entries.flow.async_progress()
        return sum(flow["context"]["source"] == SOURCE_REAUTH for flow in flows)


@pytest.fixture
async def account(hass: HomeAssistant, gateway: Gateway) -> Account:
    """Return an account that has not asked for anything yet."""
    return Account(hass)


def busy(retry_after: str | None, status: int = 503) -> Callable[[Received], Response]:
    """Return the answer of a gateway that is busy."""
    headers = {"Retry-After": retry_after} if retry_after else {}
    return lambda _: web.Response(status=status, headers=headers)


async def test_first_balance(hass: HomeAssistant, gateway: Gateway, account: Account) -> None:
    """Nobody waits for the first balance, and several who want it cause one request."""
    for _ in range(5):
        account.coordinator.async_refresh_in_background()
    await hass.async_block_till_done()
    assert account.coordinator.data is None
    assert account.coordinator.low_credits is None
    await hass.async_block_till_done(wait_background_tasks=True)
    assert account.balances == account.shown == [1630.38]
    assert len(gateway.received("balance")) == 1


async def test_balance_is_polled(hass: HomeAssistant, gateway: Gateway, account: Account) -> None:
    """The balance is refreshed every 15 minutes."""
    await account.coordinator.async_refresh()
    gateway.balance = "12.5"
    await advance_time(hass, POLL - 5)
    assert account.balance == 1630.38
    await advance_time(hass)
    assert account.balance == 12.5
    assert account.balances == [1630.38, 12.5]
    assert len(gateway.received("balance")) == 2


@pytest.mark.parametrize(
    ("options", "balance", "low"),
    [
        ({}, "25", True),
        ({}, "25.01", False),
        ({}, "-3", True),
        ({"low_credits": 10}, "10.0", True),
        ({"low_credits": 10}, "10.5", False),
        ({"low_credits": 0}, "0", False),
    ],
)
async def test_low_credits(
    hass: HomeAssistant, gateway: Gateway, options: dict[str, int], balance: str, *, low: bool
) -> None:
    """Credits are low at or below the threshold of the option, where 0 never warns."""
    gateway.balance = balance
    account = Account(hass, options=options)
    assert account.coordinator.low_credits is (False if options.get("low_credits") == 0 else None)
    await account.coordinator.async_refresh()
    assert account.coordinator.low_credits is low


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(lambda _: web.Response(status=500), id="broken"),
        pytest.param(lambda _: {"code": 100, "message": "nan"}, id="malformed"),
        pytest.param(lambda _: {"code": 99, "message": f"Unknown key {API_KEY}"}, id="rejected"),
        pytest.param(lambda _: {"code": 60, "message": "Credits too low"}, id="no credits"),
        pytest.param(busy(None), id="busy"),
    ],
)
async def test_unknown_and_known_again(
    hass: HomeAssistant,
    gateway: Gateway,
    account: Account,
    caplog: pytest.LogCaptureFixture,
    answer: Callable[[Received], Response],
) -> None:
    """While the balance is unknown nothing is shown; the log has one line when it goes and one when it is back."""
    caplog.set_level("DEBUG", "custom_components.smsbox")
    await account.coordinator.async_refresh()
    gateway.responses["balance"] = answer
    for _ in range(3):
        await advance_time(hass)
        assert account.balance is None
    del gateway.responses["balance"]
    for _ in range(2):
        await advance_time(hass)
        assert account.balance == 1630.38
    assert account.balances == [1630.38] * 3
    assert account.shown == [1630.38, None, 1630.38, 1630.38]
    ours = [record for record in caplog.records if record.name == "custom_components.smsbox"]
    logged = [record for record in ours if record.levelname != "DEBUG"]
    assert [record.levelname for record in logged] == ["ERROR", "INFO"]
    assert all(account.entry.title in record.message for record in logged)
    # The translated errors are about sending, and would tell of a message that nobody sent.
    assert not [record for record in logged if "sent" in record.message or "did nothing" in record.message]
    assert API_KEY not in caplog.text


@pytest.mark.parametrize(
    ("answer", "translation_key"),
    [
        ({"code": 4}, "invalid_auth"),
        ({"code": 98}, "try_again_later"),
        ({"code": 99}, "cannot_connect"),
        ({"code": "?"}, "cannot_connect"),
    ],
)
async def test_reason(
    hass: HomeAssistant, gateway: Gateway, account: Account, answer: dict[str, Any], translation_key: str
) -> None:
    """The reason can be translated."""
    gateway.responses["balance"] = answer
    await account.coordinator.async_refresh()
    await hass.async_block_till_done(wait_background_tasks=True)
    assert getattr(account.coordinator.last_exception, "translation_key", None) == translation_key


@pytest.mark.parametrize("status", [429, 503])
async def test_waits_as_long_as_asked(hass: HomeAssistant, gateway: Gateway, account: Account, status: int) -> None:
    """A busy gateway is asked again when it said, which may be sooner or later than usual."""
    gateway.responses["balance"] = busy("60", status)
    account.coordinator.async_refresh_in_background()
    await hass.async_block_till_done(wait_background_tasks=True)
    gateway.responses["balance"] = busy("3600", status)
    await advance_time(hass, 58)
    assert len(gateway.received("balance")) == 1
    await advance_time(hass, 62)
    assert len(gateway.received("balance")) == 2
    await advance_time(hass, 3590)
    assert len(gateway.received("balance")) == 2
    del gateway.responses["balance"]
    await advance_time(hass, 3610)
    assert len(gateway.received("balance")) == 3
    assert account.balance == 1630.38


@pytest.mark.parametrize("retry_after", ["0", "soon", "9" * 400])
async def test_absurd_waits(hass: HomeAssistant, gateway: Gateway, account: Account, retry_after: str) -> None:
    """A gateway that asks for something absurd is asked again as usual, neither besieged nor forgotten."""
    gateway.responses["balance"] = busy(retry_after)
    await account.coordinator.async_refresh()
    del gateway.responses["balance"]
    await advance_time(hass, POLL - 5)
    assert account.balance is None
    await advance_time(hass)
    assert account.balance == 1630.38


async def test_unreachable_gateway(hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch) -> None:
    """The balance comes within a minute of the gateway."""
    port = unused_port()
    monkeypatch.setenv("SMSBOX_API_URL", f"http://127.0.0.1:{port}/api/v1")
    account = Account(hass)
    account.coordinator.async_refresh_in_background()
    await hass.async_block_till_done(wait_background_tasks=True)
    assert account.shown == [None]

    async def answer(_request: web.Request) -> web.Response:
        """Response with the balance."""
        return web.json_response({"code": 100, "message": "12.5"})

    app = web.Application()
    app.router.add_get("/api/v1/balance", answer)
    async with TestServer(app, port=port):
        await advance_time(hass, 62)
    assert account.balance == 12.5


async def test_refreshes_after_sends_are_gathered(hass: HomeAssistant, gateway: Gateway, account: Account) -> None:
    """What is sent within a moment costs one request together, and nobody waits for it."""
    await account.coordinator.async_refresh()
    await asyncio.gather(*(account.coordinator.async_request_refresh() for _ in range(100)))
    gateway.balance = "1530.38"
    await hass.async_block_till_done()
    assert account.balance == 1630.38
    await advance_time(hass, 3)
    assert account.balance == 1530.38
    await advance_time(hass, 3)
    assert len(gateway.received("balance")) == 2


async def test_refused_key(hass: HomeAssistant, gateway: Gateway, account: Account) -> None:
    """A refused key asks for another one, once, and works again if the gateway accepts it again."""
    gateway.api_key = OTHER_KEY
    account.coordinator.async_refresh_in_background()
    await hass.async_block_till_done(wait_background_tasks=True)
    await advance_time(hass)
    assert account.balance is None
    assert account.reauth_flows == 1
    gateway.api_key = API_KEY
    await advance_time(hass)
    assert account.balance == 1630.38


@pytest.mark.parametrize("answer", [{"code": 100, "message": "99"}, {"code": 4}])
async def test_unloaded_in_mid_request(
    hass: HomeAssistant, gateway: Gateway, account: Account, answer: dict[str, Any]
) -> None:
    """A response to a coordinator that is gone counts for nothing, and the next one gets its own."""
    old = account.coordinator

    def answer_too_late(_: Received) -> Response:
        """Response when the account has been reloaded."""
        del gateway.responses["balance"]
        account.load()
        account.coordinator.async_refresh_in_background()
        hass.async_create_task(old.async_shutdown())
        return answer

    gateway.responses["balance"] = answer_too_late
    await old.async_refresh()
    await hass.async_block_till_done(wait_background_tasks=True)
    assert account.balances == [1630.38]
    assert account.balance == 1630.38
    assert account.reauth_flows == 0


async def test_unload_ends_requests(hass: HomeAssistant, gateway: Gateway, account: Account) -> None:
    """A coordinator that is gone asks for nothing, not even what a send has just ordered."""
    await account.coordinator.async_refresh()
    await account.coordinator.async_request_refresh()
    await account.coordinator.async_shutdown()
    account.coordinator.async_refresh_in_background()
    await advance_time(hass, 3)
    await advance_time(hass)
    assert len(gateway.received("balance")) == 1

"""The balance: polled, asked for after sends, away and back."""

import asyncio
from collections.abc import Callable

from aiohttp import web
from aiohttp.test_utils import TestServer, unused_port
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from .common import POLL, account_entry, advance_time, recipient_data
from .gateways import API_KEY, Gateway, Received, Response

OTHER_KEY = "another-key-that-nobody-may-see"


def balance(hass: HomeAssistant) -> str:
    """Return what the balance is shown as."""
    state = hass.states.get("sensor.smsbox_credits")
    assert state is not None
    return state.state


async def send(hass: HomeAssistant) -> None:
    """Send an SMS to Mum."""
    await hass.services.async_call(
        "notify", "send_message", {"entity_id": "notify.mum_sms", "message": "Hello"}, blocking=True
    )


def busy(retry_after: str | None, status: int = 503) -> Callable[[Received], Response]:
    """Return the answer of a gateway that is busy."""
    headers = {"Retry-After": retry_after} if retry_after else {}
    return lambda _: web.Response(status=status, headers=headers)


async def test_balance_is_polled(hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry) -> None:
    """The balance comes with set-up, and anew every 15 minutes."""
    assert balance(hass) == "1630.38"
    gateway.balance = "12.5"
    await advance_time(hass, POLL - 5)
    assert balance(hass) == "1630.38"
    await advance_time(hass)
    assert balance(hass) == "12.5"
    assert len(gateway.received("balance")) == 2


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(lambda _: web.Response(status=500), id="broken"),
        pytest.param(lambda _: {"code": 100, "message": "nan"}, id="nonsense"),
        pytest.param(lambda _: {"code": 99, "message": "Unknown"}, id="rejected"),
        pytest.param(busy(None), id="busy"),
    ],
)
async def test_away_and_back(
    hass: HomeAssistant,
    gateway: Gateway,
    entry: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
    answer: Callable[[Received], Response],
) -> None:
    """Without a balance its entities are unavailable until it is back; one line in the log each way."""
    caplog.set_level("INFO", "custom_components.smsbox")
    gateway.responses["balance"] = answer
    for _ in range(3):
        await advance_time(hass)
        assert balance(hass) == STATE_UNAVAILABLE
    low = hass.states.get("binary_sensor.smsbox_low_credits")
    assert low is not None
    assert low.state == STATE_UNAVAILABLE
    await send(hass)
    del gateway.responses["balance"]
    for _ in range(2):
        await advance_time(hass)
        assert balance(hass) == "1630.38"
    logged = [record for record in caplog.records if record.name == "custom_components.smsbox"]
    assert [record.levelname for record in logged] == ["ERROR", "INFO"]
    assert all(entry.title in record.message for record in logged)
    # The words of the errors of sending would tell of a message that nobody sent.
    assert not [record for record in logged if "sent" in record.message or "did nothing" in record.message]


@pytest.mark.parametrize("status", [429, 503])
async def test_waits_as_long_as_asked(
    hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry, status: int
) -> None:
    """A busy gateway is asked again when it said, which may be sooner or later than usual."""
    gateway.responses["balance"] = busy("60", status)
    await advance_time(hass)
    gateway.responses["balance"] = busy("3600", status)
    await advance_time(hass, 58)
    assert len(gateway.received("balance")) == 2
    await advance_time(hass, 62)
    assert len(gateway.received("balance")) == 3
    await advance_time(hass, 3590)
    assert len(gateway.received("balance")) == 3
    del gateway.responses["balance"]
    await advance_time(hass, 3610)
    assert len(gateway.received("balance")) == 4
    assert balance(hass) == "1630.38"


@pytest.mark.parametrize("retry_after", ["0", "soon", "9" * 400])
async def test_absurd_waits(hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry, retry_after: str) -> None:
    """A gateway that asks for nonsense is asked again as usual, neither besieged nor forgotten."""
    gateway.responses["balance"] = busy(retry_after)
    await advance_time(hass)
    del gateway.responses["balance"]
    await advance_time(hass, POLL - 5)
    assert balance(hass) == STATE_UNAVAILABLE
    await advance_time(hass)
    assert balance(hass) == "1630.38"


async def test_waits_from_the_start(hass: HomeAssistant, gateway: Gateway) -> None:
    """The gateway may ask for time when the account is set up, too."""
    gateway.responses["balance"] = busy("60")
    entry = account_entry()
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    del gateway.responses["balance"]
    await advance_time(hass, 62)
    assert balance(hass) == "1630.38"


async def test_start_without_the_gateway(hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch) -> None:
    """The account loads with all of its entities, and the balance comes within a minute of the gateway."""
    port = unused_port()
    monkeypatch.setenv("SMSBOX_API_URL", f"http://127.0.0.1:{port}/api/v1")
    entry = account_entry(recipient_data(channels=["sms", "tts", "voice"]))
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED
    assert balance(hass) == STATE_UNAVAILABLE
    for channel in ("sms", "text_to_speech", "voice_call"):
        state = hass.states.get(f"notify.mum_{channel}")
        assert state is not None
        assert state.state != STATE_UNAVAILABLE
    with pytest.raises(HomeAssistantError) as error:
        await send(hass)
    assert error.value.translation_key == "cannot_connect"

    async def answer(_request: web.Request) -> web.Response:
        """Response with the balance."""
        return web.json_response({"code": 100, "message": "12.5"})

    app = web.Application()
    app.router.add_get("/api/v1/balance", answer)
    async with TestServer(app, port=port):
        await advance_time(hass, 62)
    assert balance(hass) == "12.5"


async def test_refreshes_after_sends_are_gathered(
    hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry
) -> None:
    """A hundred sends in a moment cost at most two balance requests, and the last one is seen."""
    await asyncio.gather(*(send(hass) for _ in range(100)))
    gateway.balance = "1530.38"
    assert len(gateway.sent) == 100
    await advance_time(hass, 3)
    await advance_time(hass, 3)
    assert 2 <= len(gateway.received("balance")) <= 3
    assert balance(hass) == "1530.38"


async def test_missing_credits_refresh_at_once(hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry) -> None:
    """An account that turns out to be empty is seen as such at once, and asked for only once more in a moment."""
    gateway.balance = "0"
    gateway.responses["sendsms"] = {"code": 10, "message": "Not enough credits"}
    for _ in range(5):
        with pytest.raises(HomeAssistantError) as error:
            await send(hass)
        assert error.value.translation_key == "insufficient_credits"
        await hass.async_block_till_done()
        assert balance(hass) == "0.0"
    assert len(gateway.received("balance")) == 2
    await advance_time(hass, 3)
    assert len(gateway.received("balance")) == 3


@pytest.mark.parametrize("new_key", [OTHER_KEY, API_KEY], ids=["another key", "the same key, taken again"])
async def test_refused_key(hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry, new_key: str) -> None:
    """A refused key asks for another one, once; with it the balance comes back."""
    gateway.api_key = "not yet known"
    for _ in range(2):
        await advance_time(hass)
        assert balance(hass) == STATE_UNAVAILABLE
    errors = await asyncio.gather(*(send(hass) for _ in range(20)), return_exceptions=True)
    assert {getattr(error, "translation_key", None) for error in errors} == {"invalid_auth"}
    flows = hass.config_entries.flow.async_progress()
    assert [flow["context"]["source"] for flow in flows] == ["reauth"]

    gateway.api_key = new_key
    result = await hass.config_entries.flow.async_configure(flows[0]["flow_id"], {"api_key": new_key})
    assert result["reason"] == "reauth_successful"
    await hass.async_block_till_done()
    assert balance(hass) == "1630.38"
    assert not hass.config_entries.flow.async_progress()
    await send(hass)


async def test_key_taken_again(hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry) -> None:
    """A key that the gateway takes again works again, without anybody having to do anything."""
    gateway.api_key = OTHER_KEY
    await advance_time(hass)
    assert balance(hass) == STATE_UNAVAILABLE
    gateway.api_key = API_KEY
    await advance_time(hass)
    assert balance(hass) == "1630.38"


async def test_start_with_refused_key(hass: HomeAssistant, gateway: Gateway) -> None:
    """The account loads with a key that is refused, and asks for another one."""
    gateway.api_key = OTHER_KEY
    entry = account_entry(recipient_data())
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED
    assert [flow["context"]["source"] for flow in hass.config_entries.flow.async_progress()] == ["reauth"]


async def test_unload_ends_requests(hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry) -> None:
    """An account that is not loaded asks for nothing, not even what a send has just ordered."""
    gateway.responses["sendsms"] = {"code": 10, "message": "Not enough credits"}
    for _ in range(2):
        with pytest.raises(HomeAssistantError):
            await send(hass)
    del gateway.responses["sendsms"]
    await send(hass)
    await hass.async_block_till_done()
    before = len(gateway.received("balance"))
    assert await hass.config_entries.async_unload(entry.entry_id)
    await advance_time(hass, 3)
    await advance_time(hass)
    assert len(gateway.received("balance")) == before

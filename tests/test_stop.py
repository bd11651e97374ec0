"""What is under way comes to its end: through a cancelled call, and through the stop of Home Assistant."""

import asyncio
import gc
import json
from typing import Any
from unittest.mock import Mock

from homeassistant.core import Event, HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.smsbox.const import DOMAIN
from custom_components.smsbox.guard import Guard, Limit
from custom_components.smsbox.tracker import Tracker

from .common import call_action, call_for_response, send, totals
from .conftest import Report
from .gateways import FIRST_MSGID, Gateway

NUMBERS = ["0471 23 45 67", "0472 23 45 67"]


async def test_cancelled_call_is_brought_to_its_end(
    hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry, report: Report, events: list[Event]
) -> None:
    """A call that is cancelled in mid-request is sent once, counted, followed and reported."""
    gateway.hold()
    call = asyncio.create_task(send(hass))
    await gateway.wait_until_held()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    gateway.release()
    await hass.async_block_till_done()
    assert len(gateway.sent) == 1
    assert await totals(hass) == [1, 0, 0]
    await report(FIRST_MSGID, 11)
    assert [(event.data["recipient"], event.data["status"]) for event in events] == [("Mum", "delivered")]


async def test_restarted_script_sends_each_text_once(
    hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry
) -> None:
    """Each of the requests that calls had begun before they were cancelled is counted."""
    gateway.hold()
    calls = [asyncio.create_task(send(hass, channel=channel, numbers=NUMBERS)) for channel in ("sms", "tts", "voice")]
    await gateway.wait_until_held(4)
    for call in calls:
        call.cancel()
    await asyncio.gather(*calls, return_exceptions=True)
    gateway.release()
    await hass.async_block_till_done()
    assert await totals(hass) == [6, 0, 0]


async def test_call_cancelled_between_its_requests_sends_them_all(
    hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once a call has begun, each of its requests goes out, though the caller is cancelled before the second."""
    admit = Guard.admit

    def cancel_and_admit(*args: Any, **kwargs: Any) -> Limit | None:
        """Cancel the call while its first request begins."""
        call.cancel()
        return admit(*args, **kwargs)

    monkeypatch.setattr(Guard, "admit", cancel_and_admit)
    call = asyncio.create_task(send(hass, channel="voice", numbers=NUMBERS))
    with pytest.raises(asyncio.CancelledError):
        await call
    await hass.async_block_till_done()
    assert len(gateway.received("voice/send")) == 2
    assert await totals(hass) == [2, 0, 0]


async def test_cancelled_refusal_is_told(
    hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry, events: list[Event]
) -> None:
    """What fails after its caller has gone is told by an event."""
    gateway.responses["sendsms"] = {"code": 10, "message": "Not enough credits"}
    gateway.hold()
    call = asyncio.create_task(send(hass))
    await gateway.wait_until_held()
    call.cancel()
    gateway.release()
    await asyncio.gather(call, return_exceptions=True)
    await hass.async_block_till_done()
    assert [(event.data["status"], event.data["error"]) for event in events] == [("not_sent", "insufficient_credits")]


@pytest.mark.parametrize("error", [RuntimeError, asyncio.InvalidStateError])
@pytest.mark.parametrize("cancelled", [False, True])
async def test_unexpected_error_reaches_the_caller(
    hass: HomeAssistant,
    gateway: Gateway,
    entry: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    error: type[Exception],
    *,
    cancelled: bool,
) -> None:
    """Whatever goes wrong after the response, the caller gets it if he is still there, and nobody else."""
    monkeypatch.setattr(Tracker, "accept", Mock(side_effect=error))
    gateway.hold()
    call = asyncio.create_task(send(hass))
    await gateway.wait_until_held()
    if cancelled:
        call.cancel()
    gateway.release()
    with pytest.raises(asyncio.CancelledError if cancelled else error):
        await call
    await hass.async_block_till_done()
    gc.collect()
    assert "never retrieved" not in caplog.text


@pytest.mark.parametrize("cancelled", [False, True])
async def test_stop_waits_for_what_is_under_way(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    gateway: Gateway,
    entry: MockConfigEntry,
    *,
    cancelled: bool,
) -> None:
    """Home Assistant stops after the responses have come, and what they brought is stored."""
    gateway.hold()
    call = asyncio.create_task(send(hass))
    otp = asyncio.create_task(call_for_response(hass, "send_otp", number=NUMBERS[0]))
    await gateway.wait_until_held(2)
    if cancelled:
        call.cancel()
        otp.cancel()
    stop = asyncio.create_task(hass.async_stop())
    await asyncio.sleep(0.2)  # time to stop, were it not for the requests
    assert not stop.done()
    gateway.release()
    await stop
    await asyncio.gather(call, otp, return_exceptions=True)
    data = hass_storage[f"{DOMAIN}.{entry.entry_id}"]["data"]
    assert str(FIRST_MSGID) in json.dumps(data["messages"])
    assert data["totals"]["sent"] == 1
    assert {row["number"] for row in data["moments"]} == {"32496123456", "32471234567"}


async def test_stop_does_not_wait_forever(
    hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A gateway that never answers holds the stop up for some seconds at most."""
    monkeypatch.setattr("custom_components.smsbox.outbox.STOP_TIMEOUT", 0.1)
    gateway.hold()
    call = asyncio.create_task(send(hass))
    await gateway.wait_until_held()
    await asyncio.wait_for(entry.runtime_data.outbox.async_stop(), 5)
    assert not call.done()
    gateway.release()
    await call


async def test_stop_without_anything_under_way_is_quick(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """With nothing to wait for, the stop goes on."""
    await call_action(hass, "send_message", domain="notify", entity_id="notify.mum_sms", message="Hello")
    await asyncio.wait_for(entry.runtime_data.outbox.async_stop(), 1)

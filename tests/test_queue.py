"""The queue: with `valid_for`, what cannot go out now goes out once, or its sender learns that it did not."""

import asyncio
from collections.abc import Callable
from http import HTTPStatus
import json
import logging
from pathlib import Path
from typing import Any

from aiohttp import web
from aiohttp.test_utils import unused_port
from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import EVENT_HOMEASSISTANT_STARTED
from homeassistant.core import Context, CoreState, Event, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.event import async_track_state_change_event
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.smsbox.api import client
from custom_components.smsbox.const import DOMAIN

from .common import (
    advance_time,
    call_action,
    call_for_response,
    expect_error,
    get_state,
    post_to,
    restart,
    send,
    shut_down,
    totals,
)
from .disk import Disk
from .gateways import API_KEY, FIRST_MSGID, Gateway

NUMBERS = [f"+3247123456{digit}" for digit in range(5)]
MUM = "32496123456"
HOUR = {"hours": 1}
BUSY = HTTPStatus.SERVICE_UNAVAILABLE
SERVICES = {"sms": "sendsms", "tts": "sendsms", "voice": "voice/send"}


@pytest.fixture(autouse=True)
def _less_patience(freezer: FrozenDateTimeFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Begin at noon, and try to connect once."""
    freezer.move_to("2026-11-26 12:00:00+00:00")
    monkeypatch.setattr(client, "RETRY_AFTER", ())


def be_busy(gateway: Gateway, *services: str) -> None:
    """Have services say that they are busy, by default all that send messages."""
    for service in services or ("sendsms", "voice/send"):
        gateway.responses[service] = lambda _: web.Response(status=BUSY)


def disconnect(entry: MockConfigEntry) -> None:
    """Have the account connect to where nobody listens."""
    entry.runtime_data.outbox.client._url = f"http://127.0.0.1:{unused_port()}"


def connect(entry: MockConfigEntry, gateway: Gateway) -> None:
    """Have the account reach the gateway again."""
    entry.runtime_data.outbox.client._url = gateway.url


def path_of(hass: HomeAssistant, entry: MockConfigEntry) -> Path:
    """Return where the queue is on disk."""
    return Path(hass.config.path(".storage", f"{DOMAIN}.{entry.entry_id}.outbox"))


def stored(hass: HomeAssistant, entry: MockConfigEntry) -> list[tuple[str, bool]]:
    """Return the number of each message on disk, and whether it is being sent."""
    rows = json.loads(path_of(hass, entry).read_text())["messages"]
    return [(row["message"]["number"], row["sending"]) for row in rows]


def waiting(hass: HomeAssistant) -> int:
    """Return how many messages the sensor shows as waiting."""
    return int(get_state(hass, "sensor.smsbox_messages_waiting").state)


def sent_numbers(gateway: Gateway) -> list[str]:
    """Return the numbers of the requests that send messages."""
    return [fields["numbers"] for fields in gateway.sent]


def facts(event: Event) -> tuple[Any, ...]:
    """Return what an event tells."""
    return tuple(event.data[key] for key in ("msgid", "status", "status_code", "final", "sent_at", "channel"))


@pytest.mark.parametrize("how", ["busy", "disconnected"])
async def test_message_goes_out_once_the_gateway_is_back(
    hass: HomeAssistant,
    gateway: Gateway,
    entry: MockConfigEntry,
    events: list[Event],
    freezer: FrozenDateTimeFactory,
    hass_client_no_auth: ClientSessionGenerator,
    how: str,
) -> None:
    """What cannot go out is on disk when the action returns, goes out later, and is counted, followed and reported."""
    reports = await hass_client_no_auth()
    if how == "busy":
        be_busy(gateway)
    else:
        disconnect(entry)
    context = Context()
    data = {"entity_id": "notify.mum_sms", "message": "Hello", "valid_for": HOUR}
    response = await hass.services.async_call(
        DOMAIN, "send_sms", data, blocking=True, return_response=True, context=context
    )
    assert response is not None
    assert response["messages"] == [
        {
            "number": MUM,
            "recipient": "Mum",
            "msgid": None,
            "status": "queued",
            "final": False,
            "error": "try_again_later" if how == "busy" else "cannot_connect",
        }
    ]
    assert stored(hass, entry) == [(MUM, False)]
    assert waiting(hass) == 1
    await advance_time(hass, 60, freezer)
    assert waiting(hass) == 1

    gateway.responses.clear()
    connect(entry, gateway)
    await advance_time(hass, 60, freezer)
    assert waiting(hass) == 0
    assert gateway.sent[-1]["message"] == "Hello"
    assert await totals(hass) == [1, 0, 0]
    assert not events
    await post_to(hass, reports, gateway.sent[-1]["noti"], FIRST_MSGID, 11)
    (event,) = events
    assert (event.data["status"], event.data["recipient"], event.context.id) == ("delivered", "Mum", context.id)
    requests = len(gateway.sent)
    await advance_time(hass, 600, freezer)
    assert len(gateway.sent) == requests
    assert stored(hass, entry) == []


@pytest.mark.parametrize("channel", ["sms", "tts", "voice"])
async def test_every_channel_waits(
    hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry, freezer: FrozenDateTimeFactory, channel: str
) -> None:
    """Each sending action can wait, and what goes out then is what it was told."""
    be_busy(gateway)
    data: dict[str, Any] = {"numbers": NUMBERS[:1], "message": "Hello", "valid_for": HOUR}
    options = {"sms": {"sender": "HOME"}, "tts": {"language": "fr"}, "voice": {"language": "fr", "gender": "female"}}
    await call_for_response(hass, f"send_{channel}", **data, **options[channel])
    gateway.responses.clear()
    await restart(hass)
    first, last = gateway.received(SERVICES[channel])
    assert {**first.fields, "noti": None} == {**last.fields, "noti": None}


@pytest.mark.parametrize("action", ["smsbox", "smsbox_mum"])
async def test_classic_action_waits_too(
    hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry, action: str
) -> None:
    """The classic actions take `valid_for` in their data, and raise nothing for what is kept."""
    be_busy(gateway)
    await call_action(hass, action, domain="notify", message="Hello", target=["Mum"], data={"valid_for": "01:00:00"})
    assert waiting(hass) == 1


async def test_nothing_waits_without_valid_for(hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry) -> None:
    """Without `valid_for` the call fails."""
    be_busy(gateway)
    await expect_error(hass, "try_again_later", "send_sms", message="Hello", entity_id="notify.mum_sms")
    assert waiting(hass) == 0
    assert not path_of(hass, entry).exists()


@pytest.mark.parametrize(
    ("response", "key"),
    [
        ({"code": 1, "message": "Sender not ok"}, "rejected"),
        ({"code": 10, "message": "Not enough credits"}, "insufficient_credits"),
        ({"code": 4, "message": "Apikey not allowed"}, "invalid_auth"),
        ({"code": 100, "message": []}, "not_accepted"),
        ({"code": 100}, "outcome_unknown"),
    ],
)
async def test_other_failures_are_as_ever(
    hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry, response: dict[str, Any], key: str
) -> None:
    """Only what was not sent because the gateway is unreachable or busy waits."""
    gateway.responses["sendsms"] = response
    await expect_error(hass, key, "send_sms", message="Hello", entity_id="notify.mum_sms", valid_for=HOUR)
    assert waiting(hass) == 0


async def test_gateway_is_tried_every_minute(
    hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    """While the gateway is busy, only the oldest message tries, once a minute; a new message does not put that off."""
    be_busy(gateway)
    await send(hass, numbers=NUMBERS[:1], valid_for=HOUR)
    await advance_time(hass, 59, freezer)
    await send(hass, numbers=NUMBERS[1:2], valid_for=HOUR)
    assert sent_numbers(gateway) == ["32471234560", "32471234561"]
    for minute in range(1, 4):
        await advance_time(hass, 1, freezer)
        assert sent_numbers(gateway)[2:] == ["32471234560"] * minute
        await advance_time(hass, 59, freezer)


async def test_clock_set_back_does_not_put_the_next_try_off(
    hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    """A clock that is set back neither stops the tries nor makes a message wait for longer than it may."""
    be_busy(gateway)
    await send(hass, valid_for={"minutes": 10})
    freezer.tick(-5 * 3600)
    await send(hass, numbers=NUMBERS[:1], valid_for={"minutes": 10})
    tries = len(gateway.sent)
    await advance_time(hass, 60, freezer)
    assert len(gateway.sent) == tries + 1
    await advance_time(hass, 541, freezer)
    assert waiting(hass) == 0


@pytest.mark.parametrize(
    ("response", "wakes"),
    [
        pytest.param(lambda _: {"code": 40, "message": "lookup failed"}, True, id="its own error"),
        pytest.param(lambda _: {"code": 60, "message": "credits low"}, True, id="no credits"),
        pytest.param(lambda _: {"code": 98, "message": "try again later"}, False, id="busy"),
        pytest.param(lambda _: web.Response(status=BUSY), False, id="unavailable"),
        pytest.param(lambda _: web.Response(status=HTTPStatus.BAD_GATEWAY), False, id="bad gateway"),
        pytest.param(lambda _: web.Response(text="<html>Log in"), False, id="a proxy's page"),
    ],
)
async def test_any_response_of_the_gateway_wakes_the_queue(
    hass: HomeAssistant,
    gateway: Gateway,
    entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    response: Callable[[object], Any],
    *,
    wakes: bool,
) -> None:
    """The queue tries as soon as the gateway itself answers whatever request, unless it says that it is busy."""
    be_busy(gateway)
    await send(hass, valid_for=HOUR)
    gateway.responses = {"hlr": response}
    with pytest.raises(HomeAssistantError):
        await call_action(hass, "lookup_number", number=NUMBERS[0])
    await hass.async_block_till_done()
    assert waiting(hass) == (0 if wakes else 1)


async def test_balance_wakes_the_queue(hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry) -> None:
    """A balance that comes shows that the gateway can be reached."""
    disconnect(entry)
    await send(hass, valid_for=HOUR)
    connect(entry, gateway)
    await entry.runtime_data.coordinator.async_refresh()
    await hass.async_block_till_done()
    assert waiting(hass) == 0


async def test_oldest_goes_first_and_alone(
    hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    """The oldest message finds out whether the gateway is back; then several go out at once, a request each."""
    be_busy(gateway)
    await send(hass, numbers=NUMBERS, valid_for=HOUR)
    gateway.requests.clear()

    def hold_after_the_first(received: Any) -> Any:
        """Accept, and hold the responses after the first."""
        if len(gateway.sent) == 2:
            gateway.hold("sendsms")
        return gateway._accept(received)

    gateway.responses = {"sendsms": hold_after_the_first}
    freezer.tick(60)
    tries = asyncio.create_task(advance_time(hass, 0, freezer))
    await gateway.wait_until_held(3)
    assert sent_numbers(gateway) == [number.removeprefix("+") for number in NUMBERS[:4]]
    assert len({fields["noti"] for fields in gateway.sent}) == 4
    gateway.release()
    await tries
    assert sent_numbers(gateway) == [number.removeprefix("+") for number in NUMBERS]
    assert await totals(hass) == [5, 0, 0]


@pytest.mark.parametrize("off", [False, True])
async def test_message_expires(
    hass: HomeAssistant,
    gateway: Gateway,
    entry: MockConfigEntry,
    events: list[Event],
    freezer: FrozenDateTimeFactory,
    *,
    off: bool,
) -> None:
    """What did not go out in time is told as expired, also if Home Assistant was off then, and never goes out."""
    be_busy(gateway)
    await send(hass, valid_for={"minutes": 10})
    if off:
        await shut_down(hass)
        freezer.tick(601)
        gateway.responses.clear()
        await restart(hass)
    else:
        await advance_time(hass, 599, freezer)
        assert waiting(hass) == 1
        await advance_time(hass, 1, freezer)
    assert [facts(event) for event in events] == [(None, "expired", 14, True, None, "sms")]
    assert "error" not in events[0].data
    assert get_state(hass, "event.mum_delivery_report").attributes["event_type"] == "expired"
    assert waiting(hass) == 0
    gateway.responses.clear()
    requests = len(gateway.sent)
    await advance_time(hass, 600, freezer)
    assert len(gateway.sent) == requests
    assert await totals(hass) == [0, 0, 0]
    assert stored(hass, entry) == []


async def test_shorter_wait_of_a_later_message_counts(
    hass: HomeAssistant,
    gateway: Gateway,
    entry: MockConfigEntry,
    events: list[Event],
    freezer: FrozenDateTimeFactory,
) -> None:
    """A message that may wait for ten seconds is told as expired then, not at the next try."""
    be_busy(gateway)
    await send(hass, valid_for=HOUR)
    await send(hass, numbers=NUMBERS[:1], valid_for={"seconds": 10})
    await advance_time(hass, 10, freezer)
    assert [event.data["number"] for event in events] == ["32471234560"]
    assert waiting(hass) == 1


@pytest.mark.parametrize("channel", ["sms", "voice"])
@pytest.mark.parametrize(
    "response", [{"code": 4, "message": "key"}, {"code": 60, "message": "credits"}, {"code": 50, "message": "no"}]
)
async def test_refused_message_is_told(
    hass: HomeAssistant,
    gateway: Gateway,
    entry: MockConfigEntry,
    events: list[Event],
    freezer: FrozenDateTimeFactory,
    channel: str,
    response: dict[str, Any],
) -> None:
    """What the gateway refuses when it is back is told as an error, and not tried again."""
    be_busy(gateway)
    await send(hass, numbers=NUMBERS[:1], channel=channel, valid_for=HOUR)
    gateway.responses = {SERVICES[channel]: response}
    await advance_time(hass, 60, freezer)
    assert [facts(event) for event in events] == [(None, "error", 1, True, None, channel)]
    assert waiting(hass) == 0
    assert await totals(hass) == [0, 0, 0]
    assert bool(hass.config_entries.flow.async_progress()) is (response["code"] == 4)


async def test_unknown_outcome_is_told_and_resolved(
    hass: HomeAssistant,
    gateway: Gateway,
    entry: MockConfigEntry,
    events: list[Event],
    freezer: FrozenDateTimeFactory,
    hass_client_no_auth: ClientSessionGenerator,
) -> None:
    """A message that may have gone out is told as unknown, never goes out again, and its report tells the rest."""
    reports = await hass_client_no_auth()
    be_busy(gateway)
    await send(hass, valid_for=HOUR)
    gateway.responses = {"sendsms": lambda _: web.Response(status=HTTPStatus.INTERNAL_SERVER_ERROR)}
    await advance_time(hass, 60, freezer)
    assert [facts(event) for event in events] == [(None, "unknown", 16, False, None, "sms")]
    gateway.responses.clear()
    await advance_time(hass, 600, freezer)
    assert len(gateway.sent) == 2
    await post_to(hass, reports, gateway.sent[-1]["noti"], 77, 11)
    assert [(event.data["msgid"], event.data["status"]) for event in events[1:]] == [(77, "delivered")]
    assert await totals(hass) == [1, 1, 0]


async def test_client_that_breaks_sends_nothing_twice(
    hass: HomeAssistant,
    gateway: Gateway,
    entry: MockConfigEntry,
    events: list[Event],
    freezer: FrozenDateTimeFactory,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """An error that nobody thought of counts as an unknown outcome."""
    be_busy(gateway)
    await send(hass, valid_for=HOUR)
    calls = 0

    async def break_down(*_: object, **__: object) -> None:
        """Raise what no client should."""
        nonlocal calls
        calls += 1
        raise RuntimeError(API_KEY)

    monkeypatch.setattr(client.SmsboxClient, "send_sms", break_down)
    for _ in range(3):
        await advance_time(hass, 60, freezer)
    assert [event.data["status"] for event in events] == ["unknown"]
    assert calls == 1
    assert "RuntimeError" in caplog.text
    assert API_KEY not in caplog.text


async def test_removed_recipient_still_gets_it(
    hass: HomeAssistant,
    gateway: Gateway,
    entry: MockConfigEntry,
    events: list[Event],
    freezer: FrozenDateTimeFactory,
    hass_client_no_auth: ClientSessionGenerator,
) -> None:
    """Promised is promised."""
    reports = await hass_client_no_auth()
    be_busy(gateway)
    await send(hass, valid_for=HOUR)
    assert hass.config_entries.async_remove_subentry(entry, next(iter(entry.subentries)))
    gateway.responses.clear()
    await advance_time(hass, 60, freezer)
    await post_to(hass, reports, gateway.sent[-1]["noti"], FIRST_MSGID, 11)
    assert [(event.data["number"], event.data["recipient"]) for event in events] == [(MUM, None)]


async def test_changed_key_is_used(hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry) -> None:
    """What waits goes out with the key that the account has then."""
    be_busy(gateway)
    await send(hass, valid_for=HOUR)
    gateway.responses.clear()
    gateway.api_key = "new"
    hass.config_entries.async_update_entry(entry, data={**entry.data, "api_key": "new"})
    await hass.async_block_till_done(wait_background_tasks=True)
    assert gateway.received("sendsms")[-1].api_key == "new"
    assert waiting(hass) == 0


@pytest.mark.parametrize("how", ["reload", "restart"])
async def test_message_waits_through_reload_and_restart(
    hass: HomeAssistant,
    gateway: Gateway,
    entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    how: str,
) -> None:
    """What waits is still there after a reload and after a restart, and goes out once."""
    be_busy(gateway)
    await send(hass, valid_for=HOUR)
    if how == "reload":
        assert await hass.config_entries.async_reload(entry.entry_id)
        await hass.async_block_till_done(wait_background_tasks=True)
    else:
        await restart(hass)
    assert waiting(hass) == 1
    gateway.responses.clear()
    await advance_time(hass, 60, freezer)
    assert waiting(hass) == 0
    assert len([fields for fields in gateway.sent if fields["numbers"] == MUM]) >= 2
    assert await totals(hass) == [1, 0, 0]


async def test_reload_in_mid_request_sends_once(
    hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    """An account that is reloaded while the queue sends goes on after it."""
    be_busy(gateway)
    await send(hass, numbers=NUMBERS, valid_for=HOUR)
    gateway.requests.clear()
    gateway.responses.clear()
    gateway.hold("sendsms")
    freezer.tick(60)
    tries = asyncio.create_task(advance_time(hass, 0, freezer))
    await gateway.wait_until_held(1)
    entry.runtime_data.pause()
    entry.runtime_data.tracker.resume()
    entry.runtime_data.resume_queue(hass)
    gateway.release()
    await tries
    assert len(gateway.sent) == len(NUMBERS)
    assert waiting(hass) == 0


async def test_cancelled_call_is_kept(hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry) -> None:
    """What cannot go out is kept, even if whoever called has gone."""
    be_busy(gateway)
    gateway.hold("sendsms")
    call = asyncio.create_task(send(hass, valid_for=HOUR))
    await gateway.wait_until_held()
    call.cancel()
    gateway.release()
    with pytest.raises(asyncio.CancelledError):
        await call
    await hass.async_block_till_done()
    assert waiting(hass) == 1
    assert stored(hass, entry) == [(MUM, False)]


@pytest.mark.parametrize("passed", [False, True])
async def test_call_whose_time_has_passed_goes_out_at_once(
    hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry, freezer: FrozenDateTimeFactory, *, passed: bool
) -> None:
    """A call for later keeps its time, unless that is over when the gateway is back."""
    be_busy(gateway)
    send_at = "2026-11-26T12:30:00+00:00"
    await send(hass, channel="voice", numbers=NUMBERS[:1], send_at=send_at, valid_for={"hours": 2})
    gateway.responses.clear()
    await advance_time(hass, 1800 if passed else 60, freezer)
    fields = gateway.received("voice/send")[-1].fields
    assert fields.get("send_at") == (None if passed else "2026-11-26T12:30:00Z")
    assert waiting(hass) == 0


async def test_a_thousand_wait_and_the_rest_fails(
    hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry, events: list[Event]
) -> None:
    """Of a call as many as fit are kept; the rest fails as without `valid_for`."""
    be_busy(gateway)
    numbers = [f"+32471{number:06}" for number in range(1005)]
    response = await send(hass, numbers=numbers, valid_for=HOUR)
    results = [(message["status"], message["error"]) for message in response["messages"]]
    assert results == [("queued", "try_again_later")] * 1000 + [("not_accepted", "try_again_later")] * 5
    assert waiting(hass) == 1000
    assert [event.data["status"] for event in events] == ["not_sent"] * 5
    await expect_error(hass, "try_again_later", "send_sms", message="Hello", numbers=NUMBERS, valid_for=HOUR)
    assert waiting(hass) == 1000


@pytest.mark.parametrize(
    ("response", "status", "delivered"),
    [
        (None, "delivered", True),
        ({"code": 100, "message": [{"number": MUM}]}, "accepted", False),
        ({"code": 1, "message": "Sender not ok"}, "error", False),
        ({"code": 100}, "outcome_unknown", False),
        ("expires", "expired", False),
    ],
)
async def test_wait_for_report_waits_for_the_queue(
    hass: HomeAssistant,
    gateway: Gateway,
    entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    hass_client_no_auth: ClientSessionGenerator,
    response: Any,
    status: str,
    *,
    delivered: bool,
) -> None:
    """An action that waits for reports waits for the queue too, and ends as soon as nothing can follow."""
    reports = await hass_client_no_auth()
    be_busy(gateway)
    shown = asyncio.Event()
    async_track_state_change_event(hass, "sensor.smsbox_messages_waiting", callback(lambda _: shown.set()))
    call = asyncio.create_task(send(hass, valid_for={"minutes": 30}, wait_for_report={"hours": 2}))
    await shown.wait()
    assert not call.done()
    if response == "expires":
        await advance_time(hass, 1800, freezer)
    else:
        gateway.responses = {"sendsms": response} if response else {}
        await advance_time(hass, 60, freezer)
        if delivered:
            assert not call.done()
            await post_to(hass, reports, gateway.sent[-1]["noti"], FIRST_MSGID, 11)
    result = await call
    assert [(message["status"], message["final"]) for message in result["messages"]] == [(status, True)]
    assert result["delivered"] is delivered


async def test_message_is_marked_on_disk_before_its_request(
    hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    """When the gateway sees the request of a message from the queue, the disk knows that it is being sent."""
    be_busy(gateway)
    await send(hass, numbers=NUMBERS[:2], valid_for=HOUR)
    seen: list[list[tuple[str, bool]]] = []

    def look(received: Any) -> Any:
        """Look at the disk."""
        seen.append(stored(hass, entry))
        return gateway._accept(received)

    gateway.responses = {"sendsms": look}
    await advance_time(hass, 60, freezer)
    first, second = "32471234560", "32471234561"
    assert seen == [[(first, True), (second, False)], [(first, True), (second, True)]]
    await advance_time(hass, 2, freezer)
    assert stored(hass, entry) == []


async def test_crash_in_mid_request_is_told_and_never_repeated(
    hass: HomeAssistant,
    gateway: Gateway,
    entry: MockConfigEntry,
    events: list[Event],
    freezer: FrozenDateTimeFactory,
    hass_client_no_auth: ClientSessionGenerator,
) -> None:
    """What was being sent when Home Assistant was killed may have gone out; its report tells, and it goes out once."""
    reports = await hass_client_no_auth()
    be_busy(gateway)
    await send(hass, valid_for=HOUR)
    gateway.responses.clear()
    gateway.hold("sendsms")
    freezer.tick(60)
    tries = asyncio.create_task(advance_time(hass, 0, freezer))
    await gateway.wait_until_held()
    on_disk = path_of(hass, entry).read_bytes()
    gateway.release()
    await tries
    noti = gateway.sent[-1]["noti"]
    with_report = hass.data["smsbox"][entry.entry_id].store
    with_report.messages.clear()  # as if the response had never come
    with_report.totals.sent = 0
    await shut_down(hass)
    path_of(hass, entry).write_bytes(on_disk)
    requests = len(gateway.sent)

    await restart(hass)
    assert [facts(event) for event in events] == [(None, "unknown", 16, False, None, "sms")]
    assert waiting(hass) == 0
    await advance_time(hass, 600, freezer)
    assert len(gateway.sent) == requests
    await post_to(hass, reports, noti, FIRST_MSGID, 11)
    assert events[-1].data["status"] == "delivered"
    assert await totals(hass) == [1, 1, 0]


async def test_call_is_told_as_unknown_after_a_crash(
    hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry, events: list[Event]
) -> None:
    """A call that was being made when Home Assistant was killed has no report that could tell more."""
    be_busy(gateway)
    await send(hass, channel="voice", valid_for=HOUR)
    await shut_down(hass)
    path = path_of(hass, entry)
    path.write_bytes(path.read_bytes().replace(b'"sending":false', b'"sending":true'))
    await restart(hass)
    assert [facts(event) for event in events] == [(None, "unknown", 16, False, None, "voice")]
    assert waiting(hass) == 0


async def test_accepted_message_is_not_told_as_unknown_after_a_crash(
    hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry, events: list[Event], freezer: FrozenDateTimeFactory
) -> None:
    """A message whose response came before the crash is followed, although the queue's file still has it."""
    be_busy(gateway)
    await send(hass, valid_for=HOUR)
    gateway.responses.clear()
    await advance_time(hass, 60, freezer)
    on_disk = path_of(hass, entry).read_bytes()
    assert b'"sending":true' in on_disk
    await shut_down(hass)
    path_of(hass, entry).write_bytes(on_disk)
    await restart(hass)
    assert not events
    assert entry.runtime_data.tracker.pending == 1


async def test_queue_waits_until_home_assistant_has_started(
    hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry
) -> None:
    """Nothing from the queue goes out, or is told, before automations can hear of it."""
    be_busy(gateway)
    await send(hass, valid_for=HOUR)
    await shut_down(hass)
    gateway.responses.clear()
    requests = len(gateway.sent)
    hass.set_state(CoreState.starting)
    await restart(hass)
    assert (waiting(hass), len(gateway.sent)) == (1, requests)
    hass.set_state(CoreState.running)
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STARTED)
    await hass.async_block_till_done()
    assert (waiting(hass), len(gateway.sent)) == (0, requests + 1)


async def test_account_removed_while_its_queue_sends(
    hass: HomeAssistant,
    gateway: Gateway,
    entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """With the account its queue goes, on disk too, whatever is under way."""
    be_busy(gateway)
    await send(hass, numbers=NUMBERS, valid_for=HOUR)
    gateway.responses.clear()
    gateway.hold("sendsms")
    freezer.tick(60)
    tries = asyncio.create_task(advance_time(hass, 0, freezer))
    await gateway.wait_until_held(1)
    await hass.config_entries.async_remove(entry.entry_id)
    requests = len(gateway.sent)
    gateway.release()
    await tries
    await advance_time(hass, 600, freezer)
    assert len(gateway.sent) == requests
    assert not path_of(hass, entry).exists()
    assert "Traceback" not in caplog.text


async def test_account_removed_after_its_queue_was_sent(
    hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    """No file comes back."""
    be_busy(gateway)
    await send(hass, valid_for=HOUR)
    gateway.responses.clear()
    await advance_time(hass, 60, freezer)
    await hass.config_entries.async_remove(entry.entry_id)
    await advance_time(hass, 5, freezer)
    assert not path_of(hass, entry).exists()


async def test_full_disk_costs_nothing_but_a_line_in_the_log(
    hass: HomeAssistant,
    gateway: Gateway,
    entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """While the disk takes nothing, messages wait all the same, and are on disk as soon as it works again."""
    disk = Disk(monkeypatch, gateway)
    disk.full = True
    be_busy(gateway)
    for number in NUMBERS:
        await send(hass, numbers=[number], valid_for=HOUR)
    assert waiting(hass) == 5
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR] == [
        f"{path_of(hass, entry)} cannot be written; a crash of Home Assistant would lose it"
    ]
    assert "Traceback" not in caplog.text
    assert not list(path_of(hass, entry).parent.glob("*outbox*"))
    disk.full = False
    await advance_time(hass, 60, freezer)
    assert len(stored(hass, entry)) == 5
    disk.full = True
    await send(hass, valid_for=HOUR)
    assert caplog.text.count("cannot be written") == 2
    disk.full = False
    await hass.async_stop()
    assert len(stored(hass, entry)) == 6

"""The spending guard: limits per number and hour and day, exact at the border, rolling, through restarts."""

import asyncio
from collections import OrderedDict
from http import HTTPStatus
from typing import Any

from aiohttp import web
from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import Event, HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir
from hypothesis import given, strategies as st
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.smsbox.const import DOMAIN
from custom_components.smsbox.guard import DAY, HOUR, Guard, Limit
from custom_components.smsbox.message import Batch, Message
from custom_components.smsbox.phone import TEST_NUMBER

from .common import advance_time, call_action, call_for_response, expect_error, restart, send
from .gateways import Gateway, set_response

MUM = "32496123456"
LIMITS = {"limit_hour": 2, "limit_day": 3}


@pytest.fixture(autouse=True)
def _noon(freezer: FrozenDateTimeFactory) -> None:
    """Begin at noon."""
    freezer.move_to("2026-11-26 12:00:00+00:00")


@pytest.fixture
async def limited(hass: HomeAssistant, entry: MockConfigEntry) -> MockConfigEntry:
    """Allow two messages in an hour and three in a day."""
    hass.config_entries.async_update_entry(entry, options=LIMITS)
    await hass.async_block_till_done(wait_background_tasks=True)
    return entry


def issue(hass: HomeAssistant, entry: MockConfigEntry) -> ir.IssueEntry | None:
    """Return the repair issue of the guard."""
    return ir.async_get(hass).async_get_issue(DOMAIN, f"spending_guard_{entry.entry_id}")


@given(st.lists(st.tuples(st.floats(0, 2 * DAY), st.booleans()), max_size=60), st.integers(0, 4), st.integers(0, 6))
def test_no_window_ever_holds_more(steps: list[tuple[float, bool]], limit_hour: int, limit_day: int) -> None:
    """In any hour and any day no more is admitted than the limits say, and never less than is allowed."""
    guard = Guard(limit_hour, limit_day)
    admitted: list[float] = []
    alerts: list[float] = []
    for now, alert in sorted(steps):
        limit = guard.admit(MUM, now, alert=alert)
        hour = [moment for moment in admitted + alerts if moment > now - HOUR]
        day = [moment for moment in admitted + alerts if moment > now - DAY]
        over_hour = bool(limit_hour) and len(hour) >= limit_hour
        over_day = bool(limit_day) and not alert and len(day) >= limit_day
        assert limit is (Limit.HOUR if over_hour else Limit.DAY if over_day else None)
        if limit is None:
            (alerts if alert else admitted).append(now)


@pytest.mark.parametrize(("window", "limits"), [(HOUR, (1, 0)), (DAY, (0, 1))])
def test_border_is_exact(window: float, limits: tuple[int, int]) -> None:
    """A message counts until exactly an hour, or a day, is over."""
    guard = Guard(*limits)
    assert guard.admit(MUM, 1000) is None
    assert guard.admit(MUM, 1000 + window - 0.001) is not None
    assert guard.admit(MUM, 1000 + window) is None


def test_numbers_are_counted_apart() -> None:
    """What one number got does not count for another."""
    guard = Guard(1, 1)
    assert [guard.admit(number, 0) for number in ("32471000000", "32471000001")] == [None, None]


def test_test_number_is_never_counted() -> None:
    """The gateway's test number gets as much as it is sent."""
    guard = Guard(1, 1)
    assert [guard.admit(TEST_NUMBER, 0) for _ in range(5)] == [None] * 5
    assert not guard.moments


def test_limits_of_zero_are_off() -> None:
    """With both limits off nothing is refused or counted."""
    guard = Guard(0, 0)
    assert [guard.admit(MUM, 0) for _ in range(500)] == [None] * 500
    assert not guard.moments


def test_released_message_does_not_count() -> None:
    """What was not sent after all makes room, once."""
    guard = Guard(1, 0)
    assert guard.admit(MUM, 5) is None
    for moment in (7, 5, 5):
        guard.release(MUM, moment)
    guard.release("32471000000", 5)
    assert guard.admit(MUM, 6) is None
    assert guard.admit(MUM, 6) is Limit.HOUR


def test_clock_set_back_never_locks_out_for_longer() -> None:
    """Messages of a future that was none count as sent now, so that the wait is one hour and one day at most."""
    guard = Guard(2, 3, OrderedDict({MUM: [10 * DAY, 10 * DAY + 1]}))
    assert guard.admit(MUM, 100) is Limit.HOUR
    guard.limit_hour = 0
    assert guard.admit(MUM, 100) is None
    assert guard.admit(MUM, 100 + DAY - 1) is Limit.DAY
    assert guard.admit(MUM, 100 + DAY) is None


def test_numbers_of_yesterday_are_forgotten() -> None:
    """What no limit counts any more takes no memory, and nothing on disk."""
    guard = Guard(1, 1)
    for number in range(3):
        guard.admit(str(number), number)
    guard.release("1", 1)
    guard.admit("3", DAY + 1)
    assert list(guard.moments) == ["2", "3"]


@pytest.mark.parametrize("channel", ["sms", "tts", "voice"])
async def test_refused_number_does_not_keep_others_from_it(
    hass: HomeAssistant, gateway: Gateway, limited: MockConfigEntry, events: list[Event], channel: str
) -> None:
    """What the guard refuses is an outcome like any other: the rest goes out, and events tell."""
    for _ in range(2):
        await send(hass, channel=channel, numbers=["0496 12 34 56"])
    response = await send(hass, channel=channel, numbers=["0496 12 34 56", "0471 23 45 67"])
    results = [(message["status"], message["final"], message["error"]) for message in response["messages"]]
    assert results == [("not_accepted", True, "limit_hour"), ("accepted", channel == "voice", None)]
    assert [(event.data["status"], event.data["error"], event.data["channel"]) for event in events] == [
        ("not_sent", "limit_hour", channel)
    ]


async def test_refusal_alone_is_an_error(hass: HomeAssistant, gateway: Gateway, limited: MockConfigEntry) -> None:
    """A call of which nothing goes out raises, by the key of the limit."""
    for _ in range(2):
        await send(hass)
    with pytest.raises(HomeAssistantError) as raised:
        await call_action(hass, "send_message", domain="notify", entity_id="notify.mum_sms", message="Hello")
    assert raised.value.translation_key == "limit_hour"
    assert len(gateway.sent) == 2


@pytest.mark.parametrize("restarted", [False, True])
async def test_count_survives_a_restart(
    hass: HomeAssistant,
    gateway: Gateway,
    limited: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    *,
    restarted: bool,
) -> None:
    """The limit of a day counts through restarts and rolls."""
    for _ in range(3):
        await send(hass)
        await advance_time(hass, HOUR / 2 + 1, freezer)
    if restarted:
        await restart(hass)
    response = await send(hass, numbers=["0496 12 34 56", "0471 23 45 67"])
    assert [message["error"] for message in response["messages"]] == ["limit_day", None]
    await advance_time(hass, DAY - 3 * (HOUR / 2 + 1), freezer)
    await send(hass)


@pytest.mark.parametrize(
    ("response", "counts"),
    [
        ({"code": 1, "message": "Sender not ok"}, False),
        (lambda _: web.Response(status=HTTPStatus.SERVICE_UNAVAILABLE), False),
        (lambda _: web.Response(status=HTTPStatus.BAD_GATEWAY), True),
    ],
)
async def test_only_what_may_have_gone_out_counts(
    hass: HomeAssistant, gateway: Gateway, limited: MockConfigEntry, response: Any, *, counts: bool
) -> None:
    """What the gateway did not take does not count; what it may have taken does."""
    gateway.responses = {"sendsms": response, "otp/send": response}
    for action, data in (("send_sms", {"message": "Hello", "numbers": [MUM]}), ("send_otp", {"number": f"+{MUM}"})):
        with pytest.raises(HomeAssistantError):
            await call_for_response(hass, action, **(data | ({"numbers": [f"+{MUM}"]} if "numbers" in data else {})))
    assert len(limited.runtime_data.guard.moments.get(MUM, [])) == (2 if counts else 0)


async def test_one_time_passwords_count(hass: HomeAssistant, gateway: Gateway, limited: MockConfigEntry) -> None:
    """One-time passwords are messages too, and are refused like them."""
    for _ in range(2):
        await call_for_response(hass, "send_otp", number=f"+{MUM}")
    with pytest.raises(HomeAssistantError) as raised:
        await call_for_response(hass, "send_otp", number=f"+{MUM}")
    assert raised.value.translation_key == "limit_hour"
    assert len(gateway.received("otp/send")) == 2
    assert issue(hass, limited) is not None


async def test_queued_message_counts_from_the_call_on(
    hass: HomeAssistant, gateway: Gateway, limited: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    """What waits counts, and is not looked at again when it goes out."""
    gateway.responses["sendsms"] = lambda _: web.Response(status=HTTPStatus.SERVICE_UNAVAILABLE)
    for _ in range(2):
        await send(hass, valid_for={"hours": 1})
    with pytest.raises(HomeAssistantError):
        await send(hass, valid_for={"hours": 1})
    gateway.responses.clear()
    await advance_time(hass, 60, freezer)
    assert limited.runtime_data.store.totals.sent == 2


@pytest.mark.parametrize("response", [503, {"code": 9, "message": "No valid number"}])
async def test_queued_message_that_is_not_sent_after_all_counts_no_longer(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    gateway: Gateway,
    freezer: FrozenDateTimeFactory,
    response: int | dict[str, Any],
) -> None:
    """What expired or was refused costs nobody a later message."""
    set_response(gateway, "sendsms", 503)
    for _ in range(20):
        await send(hass, valid_for={"minutes": 2})
    await expect_error(hass, "limit_hour", "send_sms", entity_id="notify.mum_sms", message="Hello")
    set_response(gateway, "sendsms", response)
    for _ in range(2):
        await advance_time(hass, 60, freezer)
    gateway.responses.clear()
    assert (await send(hass))["messages"][0]["status"] == "accepted"


async def test_alerts_are_counted_and_not_refused_by_the_day(
    hass: HomeAssistant, limited: MockConfigEntry, events: list[Event], freezer: FrozenDateTimeFactory
) -> None:
    """An alert goes out although the limit of a day is reached; that of an hour holds, without an event of its own."""
    outbox = limited.runtime_data.outbox
    for _ in range(3):
        await send(hass)
        await advance_time(hass, HOUR, freezer)

    async def alert() -> str | None:
        """Send as an alert does."""
        message = Message(MUM, None, "sms", freezer().timestamp(), Event("x").context)  # type: ignore[arg-type] # a channel is its name
        await outbox.async_send(Batch(message.channel, "Water", (message,), alert=True))
        return message.error_key

    assert [await alert() for _ in range(3)] == [None, None, "limit_hour"]
    assert not events


async def test_issue_says_who_and_goes_after_an_hour(
    hass: HomeAssistant, gateway: Gateway, limited: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    """The repair issue names whom the limits refused messages to, and goes when nothing was refused for an hour."""
    assert issue(hass, limited) is None
    for number in ("0496 12 34 56", "0471 23 45 67"):
        for _ in range(2):
            await send(hass, numbers=[number])
    await send(hass, numbers=["0471 23 45 67", "0472 23 45 67"])
    await send(hass, numbers=["0473 23 45 67"], entity_id="notify.mum_sms")
    raised = issue(hass, limited)
    assert raised is not None
    assert raised.severity is ir.IssueSeverity.WARNING
    assert raised.translation_placeholders == {
        "account": "SMSBOX",
        "limit_hour": "2",
        "limit_day": "3",
        "over_hour": "********567, Mum",
        "over_day": "-",
    }
    assert await hass.config_entries.async_reload(limited.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert issue(hass, limited) is not None
    await advance_time(hass, HOUR - 1, freezer)
    assert issue(hass, limited) is not None
    await advance_time(hass, 1, freezer)
    assert issue(hass, limited) is None


async def test_issue_does_not_stay_if_the_clock_is_set_back(
    hass: HomeAssistant, gateway: Gateway, limited: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    """A refusal of a future that was none is forgotten with the next look."""
    for _ in range(2):
        await send(hass)
    await send(hass, numbers=["0473 23 45 67"], entity_id="notify.mum_sms")
    freezer.tick(-DAY)
    assert await hass.config_entries.async_reload(limited.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert issue(hass, limited) is None


async def test_runaway_at_the_same_moment_is_stopped(
    hass: HomeAssistant, gateway: Gateway, limited: MockConfigEntry
) -> None:
    """Calls that run at the same time do not slip through together."""
    results = await asyncio.gather(*(send(hass) for _ in range(10)), return_exceptions=True)
    assert sum(isinstance(result, dict) for result in results) == 2
    assert len(gateway.sent) == 2

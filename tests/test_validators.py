"""Durations and moments that actions take: what is understood, and what is refused in words of our own."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from .common import call_action, call_for_response, expect_error
from .gateways import Gateway, set_response

CALL: dict[str, Any] = {"message": "Medicine", "entity_id": "notify.mum_sms"}


@pytest.fixture
async def _winter_in_brussels(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> None:
    """Live in Brussels, on a day in winter."""
    await hass.config.async_set_time_zone("Europe/Brussels")
    freezer.move_to("2026-12-20 12:00:00+01:00")


@pytest.mark.parametrize(
    "value",
    [
        1e300,
        float("inf"),
        float("nan"),
        -1,
        "-00:01",
        "soon",
        "",
        "1e400",
        None,
        [],
        {},
        {"weeks": 1},
        {"seconds": 1e300},
    ],
)
@pytest.mark.parametrize(
    ("action", "field"),
    [("send_sms", "wait_for_report"), ("send_tts", "wait_for_report")]
    + [(f"send_{channel}", "valid_for") for channel in ("sms", "tts", "voice")],
)
async def test_malformed_duration_is_refused(
    hass: HomeAssistant, entry: MockConfigEntry, gateway: Gateway, action: str, field: str, value: Any
) -> None:
    """What is no duration is refused before anything is sent."""
    await expect_error(hass, "invalid_duration", action, **CALL, **{field: value})
    assert {request.path for request in gateway.requests} == {"balance"}


@pytest.mark.parametrize("value", [{"days": 7, "seconds": 1}, {"days": 30}, "169:00:00", 604801, 1e13])
async def test_message_is_kept_for_a_week_at_most(hass: HomeAssistant, entry: MockConfigEntry, value: Any) -> None:
    """A longer time is refused."""
    await expect_error(hass, "invalid_duration", "send_sms", **CALL, valid_for=value)


@pytest.mark.parametrize(
    "value", [{"days": 7}, "168:00:00", "00:00:30", 90, "90", 0.5, {"minutes": "5"}, timedelta(hours=1)]
)
@pytest.mark.parametrize("channel", ["sms", "tts", "voice"])
async def test_message_is_queued(
    hass: HomeAssistant, entry: MockConfigEntry, gateway: Gateway, channel: str, value: Any
) -> None:
    """A message that cannot go out is kept, and the response says so."""
    for service in "sendsms", "voice/send":
        set_response(gateway, service, 503)
    await call_action(hass, f"send_{channel}", **CALL, valid_for=value)
    response = await call_for_response(hass, f"send_{channel}", **CALL, valid_for=value)
    assert [(message["status"], message["error"], message["final"]) for message in response["messages"]] == [
        ("queued", "try_again_later", False)
    ]


@pytest.mark.parametrize("value", [0, "00:00:00", {"minutes": 0}])
async def test_no_time_keeps_nothing(hass: HomeAssistant, entry: MockConfigEntry, gateway: Gateway, value: Any) -> None:
    """A duration of nothing is as good as none."""
    set_response(gateway, "sendsms", 503)
    await expect_error(hass, "try_again_later", "send_sms", **CALL, valid_for=value)


async def test_no_time_waits_for_nothing(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Waiting for no time responds at once."""
    response = await call_for_response(hass, "send_sms", **CALL, wait_for_report=0)
    assert response["delivered"] is False


@pytest.mark.usefixtures("_winter_in_brussels")
@pytest.mark.parametrize(
    ("value", "sent"),
    [
        ("2026-12-24 08:00", "2026-12-24T07:00:00Z"),
        ("2026-12-24 08:00:30", "2026-12-24T07:00:30Z"),
        ("2026-12-24T08:00", "2026-12-24T07:00:00Z"),
        ("20261224T0800", "2026-12-24T07:00:00Z"),
        ("2026-12-24 8:00", "2026-12-24T07:00:00Z"),
        ("2026-12-24T08:00:00Z", "2026-12-24T08:00:00Z"),
        ("2026-12-24T08:00:00-05:00", "2026-12-24T13:00:00Z"),
        ("2027-07-24 08:00", "2027-07-24T06:00:00Z"),
        (datetime(2026, 12, 24, 8), "2026-12-24T07:00:00Z"),  # noqa: DTZ001 - as YAML reads it
        (datetime(2026, 12, 24, 8, tzinfo=UTC), "2026-12-24T08:00:00Z"),
        ("2026-12-20 11:59:30", "2026-12-20T10:59:30Z"),
        ("9999-12-31 23:59", "9999-12-31T22:59:00Z"),
    ],
)
async def test_call_at_a_moment(
    hass: HomeAssistant, entry: MockConfigEntry, gateway: Gateway, value: Any, sent: str
) -> None:
    """A date with a time is in Home Assistant's time zone unless it names another."""
    await call_action(hass, "send_voice", **CALL, send_at=value)
    (call,) = gateway.received("voice/send")
    assert call.fields["send_at"] == sent


@pytest.mark.usefixtures("_winter_in_brussels")
@pytest.mark.parametrize(
    "value",
    [
        "2026-12-24",
        "20261224",
        "2026-12-24 08",
        " 2026-12-24 08:00",
        "08:00",
        "tomorrow",
        "",
        None,
        20261224,
        1798095600.0,
        True,
        [],
        {"date": "2026-12-24"},
        date(2026, 12, 24),
        time(8),
        "2026-13-45 08:00",
        "2026-12-24 25:61",
        "2026-12-24 08:00+99:99",
        "2026-12-24 08:00 CET",
        "9999-12-31 23:59-12:00",
    ],
)
async def test_what_is_no_moment_is_refused(
    hass: HomeAssistant, entry: MockConfigEntry, gateway: Gateway, value: Any
) -> None:
    """What is no date with a time is refused: nobody is called at midnight or at once."""
    await expect_error(hass, "invalid_send_at", "send_voice", **CALL, send_at=value)
    assert not gateway.received("voice/send")


@pytest.mark.usefixtures("_winter_in_brussels")
@pytest.mark.parametrize(
    "value",
    [
        "2020-01-01 08:00",
        "2026-12-20 11:58:59",
        "2026-12-20T12:00:00+02:00",
        datetime(2020, 1, 1, 8),  # noqa: DTZ001 - as YAML reads it
        "0001-01-01 00:00",
        "0001-01-01 00:00+14:00",
        "0001-01-01T12:00:00Z",
    ],
)
async def test_moment_in_the_past_is_refused(
    hass: HomeAssistant, entry: MockConfigEntry, gateway: Gateway, value: Any
) -> None:
    """A moment that has passed is refused: nobody is called at once."""
    await expect_error(hass, "send_at_in_past", "send_voice", **CALL, send_at=value)
    assert not gateway.received("voice/send")

"""Early reports: those that arrive before the response to the request that sent their message."""

import logging

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import Event, HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from .common import WEBHOOK_ID, advance_time, send, statuses, totals
from .conftest import Report
from .gateways import FIRST_MSGID

MAX_EARLY_REPORTS = 10_000


async def test_early_reports_follow_their_message(hass: HomeAssistant, report: Report, events: list[Event]) -> None:
    """Early reports fire their events in order as soon as their message is accepted."""
    for code in (10, 12, 10, 11, 13):
        await report(FIRST_MSGID, code)
    assert not events
    response = await send(hass)
    assert statuses(events) == [(FIRST_MSGID, status) for status in ("sent", "buffered", "delivered")]
    assert response["messages"][0]["final"]
    assert await totals(hass) == [1, 1, 0]


@pytest.mark.parametrize(("seconds", "kept"), [(59, True), (61, False)])
async def test_early_report_is_kept_for_a_minute(
    hass: HomeAssistant,
    report: Report,
    events: list[Event],
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
    seconds: float,
    *,
    kept: bool,
) -> None:
    """After a minute the reports of an unknown msgid are dropped, with one debug line for all of them."""
    await report(FIRST_MSGID, 10)
    await report(FIRST_MSGID, 11)
    caplog.clear()
    await advance_time(hass, seconds, freezer)
    levels = [record.levelno for record in caplog.records if str(FIRST_MSGID) in record.getMessage()]
    assert levels == ([] if kept else [logging.DEBUG])
    await send(hass)
    assert bool(events) is kept


async def test_each_early_report_has_its_own_minute(
    hass: HomeAssistant, report: Report, events: list[Event], freezer: FrozenDateTimeFactory
) -> None:
    """A report that came later is kept when an older one is dropped, and dropped in its own time."""
    old, new = FIRST_MSGID, FIRST_MSGID + 1
    await report(old, 11)
    await advance_time(hass, 59, freezer)
    await report(new, 10)
    await advance_time(hass, 2, freezer)
    await report(new, 11)
    for _ in range(2):
        await send(hass)
    assert statuses(events) == [(new, "sent"), (new, "delivered")]

    older, newer = FIRST_MSGID + 2, FIRST_MSGID + 3
    await report(older, 11)
    await advance_time(hass, 59, freezer)
    await report(newer, 11)
    await advance_time(hass, 2, freezer)
    await advance_time(hass, 60, freezer)
    for _ in range(2):
        await send(hass)
    assert len(events) == 2


async def test_number_of_early_reports_is_limited(
    hass: HomeAssistant, entry: MockConfigEntry, hass_client_no_auth: ClientSessionGenerator, events: list[Event]
) -> None:
    """When too many early reports come, the oldest is dropped."""
    client = await hass_client_no_auth()
    msgids = [FIRST_MSGID, FIRST_MSGID + 1, *range(1, MAX_EARLY_REPORTS)]
    for start in range(0, len(msgids), 400):
        reports = [{"msgid": msgid, "status": 11} for msgid in msgids[start : start + 400]]
        response = await client.post(f"/api/webhook/{WEBHOOK_ID}", json=reports)
        assert response.ok
    for _ in range(2):
        await send(hass)
    assert statuses(events) == [(FIRST_MSGID + 1, "delivered")]

"""`wait_for_report`: the actions answer once every message is at its end, or the time is over."""

import asyncio
from typing import Any

from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.smsbox.tracker import TRACKERS

from .common import get_state, send, totals, wait_until_sent
from .conftest import Report
from .gateways import FIRST_MSGID, Gateway

A, B = FIRST_MSGID, FIRST_MSGID + 1
NUMBERS = ["0471 23 45 67", "0472 23 45 67"]
LONG = {"minutes": 5}


def told(answer: dict[str, Any]) -> list[tuple[str, bool]]:
    """Return status and finality of each message."""
    return [(message["status"], message["final"]) for message in answer["messages"]]


@pytest.mark.parametrize("channel", ["sms", "tts"])
@pytest.mark.parametrize(
    ("codes", "messages", "delivered"),
    [
        ([(A, 11), (B, 11)], [("delivered", True), ("delivered", True)], True),
        ([(B, 10), (B, 11), (A, 10), (A, 13)], [("undelivered", True), ("delivered", True)], False),
        ([(B, 1), (A, 20)], [("blacklisted", True), ("error", True)], False),
    ],
)
async def test_all_are_final(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    report: Report,
    channel: str,
    codes: list[tuple[int, int]],
    messages: list[tuple[str, bool]],
    delivered: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    """The answer comes with the last final report, not before."""
    call = asyncio.create_task(send(hass, channel=channel, numbers=NUMBERS, wait_for_report=LONG))
    await wait_until_sent(hass, 2)
    for msgid, code in codes:
        assert not call.done()
        await report(msgid, code)
    answer = await call
    assert told(answer) == messages
    assert answer["delivered"] is delivered
    assert not hass.data[TRACKERS][entry.entry_id]._waiting


async def test_all_were_final_already(hass: HomeAssistant, entry: MockConfigEntry, report: Report) -> None:
    """Reports that were faster than the answer to the request leave nothing to wait for."""
    for msgid in (A, B):
        await report(msgid, 11)
    answer = await send(hass, numbers=NUMBERS, wait_for_report=LONG)
    assert answer["delivered"]


@pytest.mark.parametrize("channel", ["sms", "tts"])
async def test_time_is_over(hass: HomeAssistant, entry: MockConfigEntry, report: Report, channel: str) -> None:
    """When the time is over the answer says what is known, and later reports come as ever."""
    await report(A, 11)
    await report(B, 12)
    answer = await send(
        hass, channel=channel, numbers=[*NUMBERS, "0473 23 45 67"], wait_for_report={"milliseconds": 10}
    )
    assert told(answer) == [("delivered", True), ("buffered", False), ("accepted", False)]
    assert answer["delivered"] is False
    assert not hass.data[TRACKERS][entry.entry_id]._waiting
    await report(B, 11)
    assert get_state(hass, "event.smsbox_delivery_report").attributes["event_type"] == "delivered"


async def test_nothing_to_wait_for(hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry) -> None:
    """A message that the gateway gave no msgid is final at once."""
    gateway.responses["sendsms"] = {"code": 100, "message": [{"number": "32496123456"}]}
    answer = await send(hass, wait_for_report=LONG)
    assert told(answer) == [("accepted", True)]
    assert answer["delivered"] is False


async def test_not_all_are_accepted(
    hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry, report: Report
) -> None:
    """What was accepted is waited for."""
    gateway.responses["sendsms"] = {"code": 100, "message": [{"number": "32472234567", "msgid": A}]}
    call = asyncio.create_task(send(hass, numbers=NUMBERS, wait_for_report=LONG))
    await wait_until_sent(hass, 1)
    await report(A, 11)
    answer = await call
    assert told(answer) == [("not_accepted", True), ("delivered", True)]
    assert answer["delivered"] is False


@pytest.mark.parametrize("what", ["option", "url"])
async def test_refused_where_no_report_can_come(
    hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry, what: str
) -> None:
    """Nothing is sent where the wait would be in vain."""
    if what == "option":
        hass.config_entries.async_update_entry(entry, options={"delivery_reports": False})
    else:
        await hass.config.async_update(external_url=None)
    await hass.async_block_till_done()
    with pytest.raises(ServiceValidationError) as error:
        await send(hass, wait_for_report=LONG)
    assert error.value.translation_key == "no_report_url"
    assert not gateway.sent


@pytest.mark.parametrize("how", ["stop", "removal"])
async def test_end_comes_first(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    report: Report,
    how: str,
) -> None:
    """When Home Assistant stops, or the account goes, callers learn what is known; nobody waits from then on."""
    tracker = hass.data[TRACKERS][entry.entry_id]
    calls = [asyncio.create_task(send(hass, numbers=[number], wait_for_report=LONG)) for number in NUMBERS]
    await wait_until_sent(hass, 2)
    await report(A, 10)
    if how == "stop":
        hass.bus.async_fire(EVENT_HOMEASSISTANT_STOP)
    else:
        await hass.config_entries.async_remove(entry.entry_id)
    answers = await asyncio.gather(*calls)
    assert sorted(told(answer)[0] for answer in answers) == [("accepted", False), ("sent", False)]
    assert not tracker._waiting
    if how == "stop":
        assert told(await send(hass, wait_for_report=LONG)) == [("accepted", False)]


async def test_reload_comes_first(hass: HomeAssistant, entry: MockConfigEntry, report: Report) -> None:
    """Callers wait on through a reload."""
    call = asyncio.create_task(send(hass, numbers=NUMBERS, wait_for_report=LONG))
    await wait_until_sent(hass, 2)
    await report(A, 11)
    assert await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    assert not call.done()
    await report(B, 11)
    assert (await call)["delivered"]


async def test_caller_goes_away(hass: HomeAssistant, entry: MockConfigEntry, report: Report) -> None:
    """A caller that is cancelled leaves nothing behind, and the reports come as ever."""
    call = asyncio.create_task(send(hass, numbers=NUMBERS, wait_for_report=LONG))
    await wait_until_sent(hass, 2)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert not hass.data[TRACKERS][entry.entry_id]._waiting
    await report(A, 11)
    assert await totals(hass) == [2, 1, 0]

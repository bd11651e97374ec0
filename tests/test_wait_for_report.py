"""`wait_for_report`: actions respond once every message is final, or the time is over."""

import asyncio
from typing import Any

from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from .common import expect_error, get_state, send, totals, wait_until_sent
from .conftest import Report
from .gateways import FIRST_MSGID, Gateway

A, B = FIRST_MSGID, FIRST_MSGID + 1
NUMBERS = ["0471 23 45 67", "0472 23 45 67"]
LONG = {"minutes": 5}


def results(response: dict[str, Any]) -> list[tuple[str, bool]]:
    """Return status and finality of each message."""
    return [(message["status"], message["final"]) for message in response["messages"]]


@pytest.mark.parametrize("channel", ["sms", "tts"])
@pytest.mark.parametrize(
    ("codes", "messages", "delivered"),
    [
        ([(A, 11), (B, 11)], [("delivered", True), ("delivered", True)], True),
        ([(B, 10), (B, 11), (A, 10), (A, 13)], [("undelivered", True), ("delivered", True)], False),
        ([(B, 1), (A, 20)], [("blacklisted", True), ("error", True)], False),
    ],
)
async def test_response_waits_for_the_last_final_report(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    report: Report,
    channel: str,
    codes: list[tuple[int, int]],
    messages: list[tuple[str, bool]],
    *,
    delivered: bool,
) -> None:
    """The response comes with the last final report, not before."""
    call = asyncio.create_task(send(hass, channel=channel, numbers=NUMBERS, wait_for_report=LONG))
    await wait_until_sent(hass, 2)
    for msgid, code in codes:
        assert not call.done()
        await report(msgid, code)
    response = await call
    assert results(response) == messages
    assert response["delivered"] is delivered


async def test_early_reports_leave_nothing_to_wait_for(
    hass: HomeAssistant, entry: MockConfigEntry, report: Report
) -> None:
    """If all final reports came before the gateway's response, the action responds at once."""
    for msgid in (A, B):
        await report(msgid, 11)
    response = await send(hass, numbers=NUMBERS, wait_for_report=LONG)
    assert response["delivered"]


@pytest.mark.parametrize("channel", ["sms", "tts"])
async def test_response_comes_when_the_time_is_over(
    hass: HomeAssistant, entry: MockConfigEntry, report: Report, channel: str
) -> None:
    """When the time is over the response tells what is known; later reports are handled as usual."""
    await report(A, 11)
    await report(B, 12)
    response = await send(
        hass, channel=channel, numbers=[*NUMBERS, "0473 23 45 67"], wait_for_report={"milliseconds": 10}
    )
    assert results(response) == [("delivered", True), ("buffered", False), ("accepted", False)]
    assert response["delivered"] is False
    await report(B, 11)
    assert get_state(hass, "event.smsbox_delivery_report").attributes["event_type"] == "delivered"


async def test_message_without_msgid_is_not_waited_for(
    hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry
) -> None:
    """A message without a msgid is final at once."""
    gateway.responses["sendsms"] = {"code": 100, "message": [{"number": "32496123456"}]}
    response = await send(hass, wait_for_report=LONG)
    assert results(response) == [("accepted", True)]
    assert response["delivered"] is False


async def test_only_accepted_messages_are_waited_for(
    hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry, report: Report
) -> None:
    """Of messages that were accepted in part, the accepted ones are waited for."""
    gateway.responses["sendsms"] = {"code": 100, "message": [{"number": "32472234567", "msgid": A}]}
    call = asyncio.create_task(send(hass, numbers=NUMBERS, wait_for_report=LONG))
    await wait_until_sent(hass, 1)
    await report(A, 11)
    response = await call
    assert results(response) == [("not_accepted", True), ("delivered", True)]
    assert response["delivered"] is False


@pytest.mark.parametrize("what", ["option", "url"])
async def test_wait_is_refused_if_no_report_can_come(
    hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry, what: str
) -> None:
    """Nothing is sent if no report can arrive."""
    if what == "option":
        hass.config_entries.async_update_entry(entry, options={"delivery_reports": False})
    else:
        await hass.config.async_update(external_url=None)
    await hass.async_block_till_done()
    data: dict[str, Any] = {"message": "Hello", "entity_id": "notify.mum_sms", "wait_for_report": LONG}
    await expect_error(hass, "no_report_url", "send_sms", **data)
    assert not gateway.sent


@pytest.mark.parametrize("how", ["stop", "removal"])
async def test_stop_and_removal_end_the_wait(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    report: Report,
    how: str,
) -> None:
    """When Home Assistant stops or the account is removed, the response tells what is known."""
    calls = [asyncio.create_task(send(hass, numbers=[number], wait_for_report=LONG)) for number in NUMBERS]
    await wait_until_sent(hass, 2)
    await report(A, 10)
    if how == "stop":
        hass.bus.async_fire(EVENT_HOMEASSISTANT_STOP)
    else:
        await hass.config_entries.async_remove(entry.entry_id)
    responses = await asyncio.gather(*calls)
    assert sorted(results(response)[0] for response in responses) == [("accepted", False), ("sent", False)]
    if how == "stop":
        assert results(await send(hass, wait_for_report=LONG)) == [("accepted", False)]


async def test_reload_does_not_end_the_wait(hass: HomeAssistant, entry: MockConfigEntry, report: Report) -> None:
    """Callers wait through a reload."""
    call = asyncio.create_task(send(hass, numbers=NUMBERS, wait_for_report=LONG))
    await wait_until_sent(hass, 2)
    await report(A, 11)
    assert await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    assert not call.done()
    await report(B, 11)
    assert (await call)["delivered"]


async def test_cancelled_wait_leaves_nothing(hass: HomeAssistant, entry: MockConfigEntry, report: Report) -> None:
    """A cancelled caller does not disturb the reports that follow."""
    call = asyncio.create_task(send(hass, numbers=NUMBERS, wait_for_report=LONG))
    await wait_until_sent(hass, 2)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    await report(A, 11)
    assert await totals(hass) == [2, 1, 0]

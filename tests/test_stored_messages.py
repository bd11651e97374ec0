"""Messages on disk: what is followed survives a restart, is forgotten after 72 hours, and goes with its account."""

import asyncio
import json
import time
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import Event, HomeAssistant
from homeassistant.helpers.storage import Store
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.smsbox.const import DOMAIN

from .common import advance_time, post_report, restart, send, shut_down, statuses, totals
from .conftest import Report
from .gateways import FIRST_MSGID, Gateway

type Storage = dict[str, Any]

HOUR = 3600
NUMBERS = ["0471 23 45 67", "0472 23 45 67"]


def stored_msgids(hass_storage: Storage, entry: MockConfigEntry) -> set[int]:
    """Return which of the first msgids the file of an account holds."""
    content = json.dumps(hass_storage[f"{DOMAIN}.{entry.entry_id}"]["data"])
    return {msgid for msgid in range(FIRST_MSGID, FIRST_MSGID + 3) if str(msgid) in content}


async def test_message_is_followed_through_a_restart(hass: HomeAssistant, report: Report, events: list[Event]) -> None:
    """After a restart everything is known of a message, and of the reports that came before."""
    await send(hass, channel="tts", numbers=NUMBERS[:1])
    await report(FIRST_MSGID, 10)
    await restart(hass)
    for code in (10, 11):
        await report(FIRST_MSGID, code)
    assert statuses(events) == [(FIRST_MSGID, "sent"), (FIRST_MSGID, "delivered")]
    first, last = (dict(event.data) for event in events)
    changed = {"status", "status_code", "final", "reported_at"}
    assert {key for key in first if first[key] != last[key]} == changed
    assert await totals(hass) == [1, 1, 0]


async def test_file_is_written_within_a_second(
    hass: HomeAssistant, hass_storage: Storage, entry: MockConfigEntry, report: Report, freezer: FrozenDateTimeFactory
) -> None:
    """One write within a second takes everything that happened, and leaves out finished messages."""
    await advance_time(hass, 1, freezer)
    await send(hass, numbers=NUMBERS)
    for code in (10, 11):
        await report(FIRST_MSGID, code)
    assert not stored_msgids(hass_storage, entry)
    await advance_time(hass, 1, freezer)
    assert stored_msgids(hass_storage, entry) == {FIRST_MSGID + 1}
    await report(FIRST_MSGID + 1, 13)
    await advance_time(hass, 1, freezer)
    assert not stored_msgids(hass_storage, entry)


async def test_file_is_written_at_the_stop(hass: HomeAssistant, hass_storage: Storage, entry: MockConfigEntry) -> None:
    """What is not written yet when Home Assistant stops is written then."""
    await send(hass)
    await hass.async_stop()
    assert stored_msgids(hass_storage, entry) == {FIRST_MSGID}


@pytest.mark.parametrize(("hours", "followed"), [(71, True), (73, False)])
async def test_message_is_followed_for_72_hours(
    hass: HomeAssistant,
    hass_storage: Storage,
    entry: MockConfigEntry,
    report: Report,
    events: list[Event],
    freezer: FrozenDateTimeFactory,
    hours: int,
    *,
    followed: bool,
) -> None:
    """A message without a final report is forgotten after 72 hours, though nothing else is sent."""
    await send(hass)
    await report(FIRST_MSGID, 10)
    await advance_time(hass, hours * HOUR, freezer)
    await advance_time(hass, 1, freezer)
    assert (FIRST_MSGID in stored_msgids(hass_storage, entry)) is followed
    await report(FIRST_MSGID, 11)
    assert ((FIRST_MSGID, "delivered") in statuses(events)) is followed
    assert await totals(hass) == [1, int(followed), 0]


async def test_report_is_accepted_after_the_clock_was_set(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    report: Report,
    events: list[Event],
    freezer: FrozenDateTimeFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A message that was sent while the clock was days behind still gets its report."""
    await send(hass)
    now = time.monotonic
    monkeypatch.setattr(time, "monotonic", lambda: now() - 96 * HOUR)  # only the clock goes on
    await advance_time(hass, 96 * HOUR + 61, freezer)
    await report(FIRST_MSGID, 11)
    assert statuses(events) == [(FIRST_MSGID, "delivered")]


async def test_old_message_is_forgotten_at_the_start(
    hass: HomeAssistant,
    hass_storage: Storage,
    entry: MockConfigEntry,
    report: Report,
    events: list[Event],
    freezer: FrozenDateTimeFactory,
) -> None:
    """A message that became too old while Home Assistant was off leaves the file at the start."""
    await send(hass)
    await shut_down(hass)
    await advance_time(hass, 73 * HOUR, freezer)
    assert stored_msgids(hass_storage, entry) == {FIRST_MSGID}
    assert await hass.config_entries.async_setup(entry.entry_id)
    await advance_time(hass, 1, freezer)
    assert not stored_msgids(hass_storage, entry)
    await report(FIRST_MSGID, 11)
    assert not events


async def test_repeated_msgid_is_followed_from_the_last_time(
    hass: HomeAssistant, gateway: Gateway, report: Report, events: list[Event], freezer: FrozenDateTimeFactory
) -> None:
    """A message whose msgid was given before is followed for its own 72 hours."""
    for msgid in (7, 8, 7, 9):
        gateway.responses["sendsms"] = {"code": 100, "message": [{"number": "32496123456", "msgid": msgid}]}
        await send(hass)
        await advance_time(hass, 30 * HOUR, freezer)
    for msgid in (7, 8):
        await report(msgid, 11)
    assert statuses(events) == [(7, "delivered")]
    assert await totals(hass) == [4, 1, 0]


@pytest.mark.parametrize("loaded", [True, False])
async def test_removed_account_takes_its_file_along(
    hass: HomeAssistant, hass_storage: Storage, entry: MockConfigEntry, freezer: FrozenDateTimeFactory, *, loaded: bool
) -> None:
    """With an account its file goes, and what was still to be written does not bring it back."""
    await send(hass)
    await advance_time(hass, 1, freezer)
    assert f"{DOMAIN}.{entry.entry_id}" in hass_storage
    await send(hass)
    if not loaded:
        assert await hass.config_entries.async_unload(entry.entry_id)
    await hass.config_entries.async_remove(entry.entry_id)
    await advance_time(hass, 100, freezer)
    assert f"{DOMAIN}.{entry.entry_id}" not in hass_storage


async def test_save_under_way_does_not_bring_the_file_back(
    hass: HomeAssistant,
    hass_storage: Storage,
    entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An account that is removed while its file is being written leaves no file behind."""
    write, writing, go_on = Store._async_write_data, asyncio.Event(), asyncio.Event()

    async def write_slowly(store: Store[Any], data: dict[str, Any]) -> None:
        """Take time to write."""
        if store.key.startswith(DOMAIN):
            writing.set()
            await go_on.wait()
        await write(store, data)

    await send(hass)
    with monkeypatch.context() as patched:
        patched.setattr(Store, "_async_write_data", write_slowly)
        freezer.tick(1)
        async_fire_time_changed(hass)
        await writing.wait()
        removal = asyncio.create_task(hass.config_entries.async_remove(entry.entry_id))
        for _ in range(100):
            await asyncio.sleep(0)  # lets the removal get as far as it can
        go_on.set()
        await removal
    await hass.async_block_till_done()
    assert f"{DOMAIN}.{entry.entry_id}" not in hass_storage


async def test_account_removed_while_sending_leaves_no_file(
    hass: HomeAssistant,
    hass_storage: Storage,
    gateway: Gateway,
    entry: MockConfigEntry,
    hass_client_no_auth: ClientSessionGenerator,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A message whose account is removed before the response is accepted all the same, and nothing stays."""
    client = await hass_client_no_auth()
    await post_report(hass, client, FIRST_MSGID, 11)
    gateway.hold()
    calls = [asyncio.create_task(send(hass)), asyncio.create_task(send(hass, wait_for_report={"hours": 1}))]
    await gateway.wait_until_held(2)
    await hass.config_entries.async_remove(entry.entry_id)
    gateway.release()
    for call in calls:
        assert (await call)["messages"][0]["status"] == "accepted"
    await advance_time(hass, 61, freezer)
    assert f"{DOMAIN}.{entry.entry_id}" not in hass_storage
    assert not hass.states.async_all()
    assert "Traceback" not in caplog.text

"""Reports: how many a second, and what they and sends do to the event loop."""

import asyncio
import gc
from itertools import count
from statistics import median
import sys
import threading
import time
from typing import Any

from aiohttp.web import Request, Response
from homeassistant.components import webhook
from homeassistant.components.event import DATA_COMPONENT, EventEntity
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import Context, HomeAssistant, callback
from homeassistant.util import dt as dt_util

from custom_components.smsbox.const import Channel
from custom_components.smsbox.message import Message

from .home_assistant import Bench
from .measure import ROUNDS, Row, ratios, spread

REPORTS = 2000
MSGIDS = count(10_000_000, REPORTS)

ATTRIBUTES = ("msgid", "number", "recipient", "channel", "status_code", "final", "sent_at")
SENT_AT = "2026-11-01T12:00:00+00:00"


class LeastEvent(EventEntity):
    """An event entity of the least that the contract allows."""

    _attr_event_types = ["delivered"]
    _attr_should_poll = False

    def __init__(self, name: str) -> None:
        self._attr_name = self._attr_unique_id = name

    @callback
    def show(self, data: dict[str, Any]) -> None:
        """Fire an event."""
        self._trigger_event("delivered", {name: data[name] for name in ATTRIBUTES})
        self.async_write_ha_state()


async def _least(bench: Bench) -> None:
    """Register a webhook that does the least: read the form, fire one event, write two event entities."""
    entities = [LeastEvent("least one"), LeastEvent("least two")]
    await bench.hass.data[DATA_COMPONENT].async_add_entities(entities)

    async def handle(hass: HomeAssistant, webhook_id: str, request: Request) -> Response:
        """Take a report in."""
        form = await request.post()
        data = {
            "config_entry_id": "least",
            "msgid": int(str(form["msgid"])),
            "status": "delivered",
            "status_code": int(str(form["status"])),
            "final": True,
            "number": "32496123456",
            "recipient": "Mum",
            "device_id": "least",
            "channel": "sms",
            "sent_at": SENT_AT,
            "reported_at": dt_util.utcnow().isoformat(),
        }
        hass.bus.async_fire("least", data)
        for entity in entities:
            entity.show(data)
        return Response()

    webhook.async_register(bench.hass, "smsbox", "least", "least", handle, allowed_methods=["POST"])


def track(entry: ConfigEntry, first: int, number: int) -> None:
    """Have messages of an account's first recipient followed."""
    recipient_id = next(iter(entry.subentries))
    for msgid in range(first, first + number):
        message = Message("32496123456", recipient_id, Channel.SMS, time.time(), Context())
        entry.runtime_data.tracker.accept(message, msgid, reports=True)


async def _post(url: str, first: int) -> float:
    """Have reports posted by another process; return the seconds."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks.gateway", "post", url, str(first), str(REPORTS)),
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await process.communicate()
    return float(output)


async def reports(bench: Bench, few: ConfigEntry, many: ConfigEntry) -> list[Row]:
    """Measure reports a second with 10 and with 100,000 messages being followed, against the least."""
    await _least(bench)
    track(few, 1, 10)
    track(many, 1, 100_000)
    seconds: dict[str, list[float]] = {"least": [], "few": [], "many": []}
    for turn in range(ROUNDS + 1):
        for name, entry in (("least", None), ("few", few), ("many", many)):
            first = next(MSGIDS)
            if entry is not None:
                track(entry, first, REPORTS)
                await bench.hass.async_block_till_done()
            taken = await _post(bench.webhook_url(name), first)
            if turn:
                seconds[name].append(taken)
    rows = []
    for name, followed in (("few", "10"), ("many", "100,000")):
        rates = [least / our for our, least in zip(seconds[name], seconds["least"], strict=True)]
        rows.append(
            Row(
                f"4. reports a second, {followed} followed",
                "the least",
                f"{spread(rates)} x",
                "at least 0.8",
                median(rates) >= 0.8,
                f"{REPORTS / median(seconds[name]):.0f}/s, {REPORTS / median(seconds['least']):.0f}/s",
            )
        )
    growth = [many_ / few_ for few_, many_ in zip(seconds["few"], seconds["many"], strict=True)]
    rows.append(
        Row("4. a report, 100,000 followed", "10 followed", f"{spread(growth)} x", "within 10 %", median(growth) <= 1.1)
    )
    return rows


class _Blocking:
    """Counts the files opened and the modules imported in the event loop's thread while it is active."""

    def __init__(self) -> None:
        self.active = False
        self.seen: list[str] = []
        self._thread = threading.get_ident()
        sys.addaudithook(self._hook)

    def _hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Note what blocks."""
        if self.active and event in ("open", "import") and threading.get_ident() == self._thread:
            self.seen.append(f"{event} {arguments[0]}")


async def _tick(lateness: list[float]) -> None:
    """Note how late the loop comes back, until cancelled."""
    while True:
        start = time.perf_counter()
        await asyncio.sleep(0.001)
        lateness.append(time.perf_counter() - start - 0.001)


async def _longest_stall(bench: Bench, entry: ConfigEntry, entity_id: str, blocking: _Blocking) -> float:
    """Return the longest stall in milliseconds while 1,000 sends and 1,000 reports run."""
    first = next(MSGIDS)
    track(entry, first, REPORTS)
    await bench.hass.async_block_till_done()
    lateness = [0.0]
    ticking = asyncio.create_task(_tick(lateness))
    # Starting a process blocks by itself, so the watch begins once it runs.
    posting = asyncio.create_task(_post(bench.webhook_url("few"), first))
    await asyncio.sleep(0.3)
    lateness[:] = [0.0]
    blocking.active = True
    await asyncio.gather(*(bench.notify(entity_id) for _ in range(1000)))
    blocking.active = False
    await posting
    ticking.cancel()
    return 1000 * max(lateness)


async def event_loop(bench: Bench, entry: ConfigEntry) -> list[Row]:
    """Measure the longest stall of the event loop while 1,000 sends and 1,000 reports run, against the floor's sends.

    A full garbage collection, which grows with the heap of Home Assistant and may come at any time, is told by itself.
    """
    start = time.perf_counter()
    gc.collect()
    collection = 1000 * (time.perf_counter() - start)
    gc.freeze()
    blocking = _Blocking()
    stalls: dict[str, list[float]] = {"notify.floor": [], "notify.mum_sms": []}
    for _ in range(5):
        for entity_id, longest in stalls.items():
            longest.append(await _longest_stall(bench, entry, entity_id, blocking))
    gc.unfreeze()
    ours, floor = stalls["notify.mum_sms"], stalls["notify.floor"]
    return [
        Row(
            "5. longest stall, 1,000 sends and reports",
            "floor",
            f"{spread(ratios(ours, floor))} x",
            "at most 2 x",
            median(ratios(ours, floor)) <= 2,
            f"{spread(ours, 0)} ms, {spread(floor, 0)} ms; a full garbage collection: {collection:.0f} ms",
        ),
        Row(
            "5. files read and modules imported in the loop",
            "",
            str(len(blocking.seen)),
            "0",
            not blocking.seen,
            ", ".join(sorted(set(blocking.seen))[:3]),
        ),
    ]


async def set_up(bench: Bench, entry: ConfigEntry, ntfy: ConfigEntry) -> list[Row]:
    """Measure how long an account takes to load, against ntfy."""
    seconds: dict[str, list[float]] = {"smsbox": [], "ntfy": []}
    for turn in range(11):
        for name, account in (("smsbox", entry), ("ntfy", ntfy)):
            await bench.hass.config_entries.async_unload(account.entry_id)
            await bench.hass.async_block_till_done()
            start = time.perf_counter()
            await bench.hass.config_entries.async_setup(account.entry_id)
            if turn:
                seconds[name].append(time.perf_counter() - start)
            await bench.hass.async_block_till_done()
    times = [our / their for our, their in zip(seconds["smsbox"], seconds["ntfy"], strict=True)]
    return [
        Row(
            "6. set-up of an account",
            "ntfy",
            f"{spread(times)} x its time",
            "at most 1",
            median(times) <= 1,
            f"{1000 * median(seconds['smsbox']):.1f} ms, {1000 * median(seconds['ntfy']):.1f} ms",
        )
    ]

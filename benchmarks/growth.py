"""How the costs grow with recipients, plans, alerts and what waits in the queue; CPU time of the event loop."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
import gc
from itertools import count
from statistics import median
import time
from typing import Any

from homeassistant.config_entries import ConfigEntry, ConfigSubentry, ConfigSubentryDataWithId
from homeassistant.core import Context, callback
from homeassistant.helpers import entity_registry as er, label_registry as lr
from homeassistant.helpers.dispatcher import async_dispatcher_connect

from custom_components.smsbox.alerts.engine import ENGINES
from custom_components.smsbox.alerts.events import status_signal
from custom_components.smsbox.alerts.runner import AlertRunner
from custom_components.smsbox.api import DeliveryReport, DeliveryStatus
from custom_components.smsbox.const import Channel
from custom_components.smsbox.message import Batch, Message

from .home_assistant import Bench, recipient
from .measure import Row, interleaved, ratios, spread
from .reports import track

SIZES = (1, 10, 100, 1000)
CHANNELS = ("sms", "tts", "voice")
CHANGES = ("adding a recipient", "renaming a recipient", "removing a recipient")
BARE = [f"+32496{number:06}" for number in range(200_000, 250_000)]
LONGEST_STALL = 50  # ms
TOLERANCE = 3  # ms; core's registries need 2 of them to forget one of 5,000 entities
LOOKS = 50
FOLLOWED = 100_000
FIRST_MSGID = 50_000_000


@dataclass(frozen=True, slots=True)
class Cost:
    """What some work costs the event loop: all of it, and the longest time between two turns, in milliseconds."""

    cpu: float
    stall: float


async def _cost(bench: Bench, work: Callable[[], Awaitable[object]]) -> Cost:
    """Do some work, and return what it cost; what it schedules counts too, a garbage collection does not."""
    longest = 0.0

    async def turn() -> None:
        """Note the longest time between two turns."""
        nonlocal longest
        while True:
            last = time.thread_time()
            await asyncio.sleep(0.001)
            longest = max(longest, time.thread_time() - last)

    gc.collect()
    gc.disable()
    turning = asyncio.create_task(turn())
    await asyncio.sleep(0)
    start = time.thread_time()
    await work()
    await bench.hass.async_block_till_done()
    cpu = time.thread_time() - start
    await asyncio.sleep(0.01)  # for what held the loop up to the end
    gc.enable()
    turning.cancel()
    return Cost(1000 * cpu, 1000 * longest)


def _people(number: int) -> list[ConfigSubentryDataWithId]:
    """Return so many recipients with three channels each."""
    return [recipient(f"Person {n}", f"32470{n:06}", channels=CHANNELS) for n in range(number)]


async def recipients(bench: Bench) -> list[Row]:
    """Measure accounts of one to a thousand recipients."""
    costs: dict[str, list[Cost]] = {}
    for size in SIZES:
        for name, cost in (await _recipients(bench, size)).items():
            costs.setdefault(name, []).append(cost)
    return [_row(name, curve, as_one=name in CHANGES) for name, curve in costs.items()]


async def _recipients(bench: Bench, size: int) -> dict[str, Cost]:
    """Measure an account with so many recipients."""
    hass, manager = bench.hass, bench.hass.config_entries
    entries: list[ConfigEntry] = []

    async def set_up() -> None:
        entries.append(await bench.add_account(f"growth {size}", *_people(size)))

    costs = {"first set-up": await _cost(bench, set_up)}
    (entry,) = entries
    label = lr.async_get(hass).async_create(f"Growth {size}").label_id
    registry = er.async_get(hass)
    for entity in er.async_entries_for_config_entry(registry, entry.entry_id):
        if entity.unique_id.endswith("_sms"):
            registry.async_update_entity(entity.entity_id, labels={label})
    await hass.async_block_till_done()

    async def send(domain: str, action: str, **data: Any) -> None:
        await hass.services.async_call(domain, action, {"message": "Hello", **data}, blocking=True)

    names = [subentry.title for subentry in entry.subentries.values()]
    account = {"config_entry_id": entry.entry_id}
    costs["`notify.smsbox` to all names"] = await _cost(
        bench, lambda: send("notify", "smsbox", target=names, data=account)
    )
    costs["`notify.smsbox` to 500 bare numbers"] = await _cost(
        bench, lambda: send("notify", "smsbox", target=BARE[:500], data=account)
    )
    costs["`send_sms` to a label"] = await _cost(bench, lambda: send("smsbox", "send_sms", label_id=label))
    costs |= await _changes(bench, entry)
    await manager.async_remove(entry.entry_id)
    await hass.async_block_till_done()
    return costs


async def _changes(bench: Bench, entry: ConfigEntry) -> dict[str, Cost]:
    """Measure the changes of a recipient."""
    manager = bench.hass.config_entries
    added = ConfigSubentry(
        data=recipient("x", "32475000000", channels=CHANNELS)["data"],  # type: ignore[arg-type] # a mapping will do
        subentry_type="recipient",
        title="Another",
        unique_id=None,
    )

    async def add() -> None:
        manager.async_add_subentry(entry, added)

    async def change() -> None:
        manager.async_update_subentry(entry, added, title="Changed")

    async def remove() -> None:
        manager.async_remove_subentry(entry, added.subentry_id)

    return {name: await _cost(bench, work) for name, work in zip(CHANGES, (add, change, remove), strict=True)}


def _row(name: str, curve: list[Cost], *, as_one: bool) -> Row:
    """Return the row of a growth curve: no stall, and linear at most, or with a thousand as with one."""
    figures = " / ".join(f"{cost.cpu:.1f}" for cost in curve)
    stall = max(cost.stall for cost in curve)
    aim = f"{TOLERANCE} ms more than with 1" if as_one else "linear"
    most = curve[0].cpu + TOLERANCE if as_one else 15 * max(curve[2].cpu, 1)
    return Row(
        f"8. {name}: 1 / 10 / 100 / 1,000 recipients",
        "",
        f"{figures} ms",
        f"at most {aim}, no stall over {LONGEST_STALL} ms",
        curve[3].cpu <= most and stall <= LONGEST_STALL,
        f"longest stall {stall:.0f} ms",
    )


async def bare_numbers(bench: Bench, account: ConfigEntry) -> list[Row]:
    """Measure the longest stall of very many bare numbers in one call."""
    rows = []
    for number in (5_000, 50_000):
        data: dict[str, Any] = {"message": "Hello", "numbers": BARE[:number], "config_entry_id": account.entry_id}
        cost = await _cost(bench, partial(bench.hass.services.async_call, "smsbox", "send_sms", data, blocking=True))
        rows.append(
            Row(
                f"8. {number:,} bare numbers in one call",
                "",
                f"longest stall {cost.stall:.0f} ms",
                f"at most {LONGEST_STALL} ms",
                cost.stall <= LONGEST_STALL,
                f"{cost.cpu:.0f} ms in all",
            )
        )
    return rows


async def followed(bench: Bench) -> list[Row]:
    """Measure following a message beside very many, of which the oldest have had their report."""
    few = await bench.add_account("followed by few", recipient("Few", "32496123459"))
    many = await bench.add_account("followed by many", recipient("Many", "32496123460"))
    for account, number in ((few, 10), (many, FOLLOWED)):
        track(account, FIRST_MSGID, number)
        for msgid in range(FIRST_MSGID, FIRST_MSGID + number // 2):
            account.runtime_data.tracker.receive(DeliveryReport(msgid, 11, DeliveryStatus.DELIVERED))
    await bench.hass.async_block_till_done()
    msgids = count(FIRST_MSGID + FOLLOWED)

    async def follow(account: ConfigEntry) -> None:
        for _ in range(100):
            track(account, next(msgids), 1)
            _ = account.runtime_data.tracker.pending  # looks for what is too old

    seconds = await interleaved({"few": partial(follow, few), "many": partial(follow, many)})
    growth = ratios(seconds["many"], seconds["few"])
    return [
        Row(
            f"8. following a message, {FOLLOWED:,} followed and half of them reported",
            "10 followed",
            f"{spread(growth)} x its time",
            "at most 1.5",
            median(growth) <= 1.5,
            f"{1e4 * median(seconds['many']):.1f} µs, {1e4 * median(seconds['few']):.1f} µs",
        )
    ]


def _plans(number: int, steps: int) -> list[ConfigSubentryDataWithId]:
    """Return so many plans of so many steps, all of which tell the first person."""
    notify = [{"recipient": "Person 0", "channel": "sms"}]
    return [
        ConfigSubentryDataWithId(
            subentry_id=f"Plan {n}",
            subentry_type="alert_plan",
            title=f"Plan {n}",
            unique_id=None,
            data={"steps": [{"notify": notify, "wait": 5} for _ in range(steps)], "repeat": 0},
        )
        for n in range(number)
    ]


async def plans(bench: Bench) -> list[Row]:
    """Measure a hundred plans of ten steps, idle and with a hundred alerts, and a full queue."""
    entries: list[ConfigEntry] = []

    async def set_up() -> None:
        entries.append(await bench.add_account("plans", *_people(1), *_plans(100, 10)))

    set_up_cost = await _cost(bench, set_up)
    (entry,) = entries
    runners = list(bench.hass.data[ENGINES][entry.entry_id].runners.values())

    async def look() -> None:
        for _ in range(LOOKS):
            for runner in runners:
                runner.look()
            await asyncio.sleep(0)

    async def start() -> None:
        await asyncio.gather(*(runner.async_start(None, "Water", Context()) for runner in runners))

    idle = await _cost(bench, look)
    started = await _cost(bench, start)
    await asyncio.gather(*(_told(bench, runner) for runner in runners))
    running = await _cost(bench, look)
    message, report = await _beside_alerts(bench, entry)
    queue = entry.runtime_data.outbox.queue
    queue.pause()
    waiting = [Message(number.removeprefix("+"), None, Channel.SMS, time.time(), Context()) for number in BARE[:1000]]
    queue.add(Batch(Channel.SMS, "Water" * 30, tuple(waiting), valid_for=3600), waiting)
    written = await _cost(bench, queue.async_write)
    await bench.hass.config_entries.async_remove(entry.entry_id)
    await bench.hass.async_block_till_done()
    return [
        _cost_row("set-up of 100 plans of 10 steps", set_up_cost),
        _cost_row("a look at 100 idle plans", Cost(idle.cpu / LOOKS, idle.stall), most=1),
        _cost_row("100 alerts that start at once", started),
        _cost_row("a look at 100 alerts", Cost(running.cpu / LOOKS, running.stall)),
        _cost_row("a message beside 100 alerts", message, most=1),
        _cost_row("a report beside 100 alerts", report, most=1),
        _cost_row("a write of a queue of 1,000", written),
    ]


async def _told(bench: Bench, runner: AlertRunner) -> None:
    """Wait until the first step of an alert has been told."""
    told = asyncio.Event()

    @callback
    def look() -> None:
        if runner.shown.attributes["told"]:
            told.set()

    unsubscribe = async_dispatcher_connect(bench.hass, status_signal(runner.subentry_id), look)
    look()
    await told.wait()
    unsubscribe()


async def _beside_alerts(bench: Bench, entry: ConfigEntry) -> tuple[Cost, Cost]:
    """Measure a message and a report while alerts are running."""

    async def message() -> None:
        for _ in range(LOOKS):
            await bench.notify("notify.person_0_sms")

    async def report() -> None:
        for msgid in range(FIRST_MSGID, FIRST_MSGID + LOOKS):
            entry.runtime_data.tracker.receive(DeliveryReport(msgid, 11, DeliveryStatus.DELIVERED))

    messages = await _cost(bench, message)
    track(entry, FIRST_MSGID, LOOKS)
    reports = await _cost(bench, report)
    return Cost(messages.cpu / LOOKS, messages.stall), Cost(reports.cpu / LOOKS, reports.stall)


def _cost_row(name: str, cost: Cost, most: float | None = None) -> Row:
    """Return the row of one cost: not more than so many milliseconds, and no stall."""
    return Row(
        f"9. {name}",
        "",
        f"{cost.cpu:.2f} ms",
        f"under {most} ms" if most else f"no stall over {LONGEST_STALL} ms",
        cost.stall <= LONGEST_STALL and (most is None or cost.cpu < most),
        f"longest stall {cost.stall:.0f} ms",
    )

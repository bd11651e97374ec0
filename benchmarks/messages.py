"""Messages: one, a hundred at once, very many numbers."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from statistics import median
from typing import Any

from homeassistant.config_entries import ConfigEntry

from .home_assistant import Bench
from .measure import Row, interleaved, ratios, spread

CALLS = 200
AT_ONCE = 100

PEERS = {
    "floor": lambda bench: bench.notify("notify.floor"),
    "ntfy": lambda bench: bench.notify("notify.topic"),
    "twilio_sms": lambda bench: bench.classic("twilio_sms"),
    "clicksend": lambda bench: bench.classic("clicksend"),
}


def ours(bench: Bench) -> Awaitable[None]:
    """Send one message by our notify entity."""
    return bench.notify("notify.mum_sms")


async def one_by_one(bench: Bench) -> list[Row]:
    """Measure one message, from the action to the answer of the gateway."""

    async def calls(send: Callable[[Bench], Awaitable[None]]) -> None:
        """Send one after the other."""
        for _ in range(CALLS):
            await send(bench)

    seconds = await interleaved({name: partial(calls, send) for name, send in {"smsbox": ours, **PEERS}.items()})
    rows = []
    for name, most in (("floor", 1.2), ("ntfy", None), ("twilio_sms", 0.5), ("clicksend", 0.5)):
        times = ratios(seconds["smsbox"], seconds[name])
        rows.append(
            Row(
                "1. one message",
                name,
                f"{spread(times)} x its time",
                f"at most {most}" if most else "",
                median(times) <= most if most else None,
                f"{1000 * median(seconds['smsbox']) / CALLS:.2f} ms, {1000 * median(seconds[name]) / CALLS:.2f} ms",
            )
        )
    return rows


async def guard(bench: Bench) -> list[Row]:
    """Measure what the spending guard costs a message."""

    async def calls(entity_id: str) -> None:
        """Send one after the other."""
        for _ in range(CALLS):
            await bench.notify(entity_id)

    names = {"off": "notify.mum_sms", "on": "notify.guarded_sms"}
    seconds = await interleaved({name: partial(calls, entity_id) for name, entity_id in names.items()})
    cost = spread(ratios(seconds["on"], seconds["off"]))
    return [Row("1. one message, spending guard on", "off", f"{cost} x its time", "", None)]


async def at_once(bench: Bench) -> list[Row]:
    """Measure a hundred messages at once, over at most ten connections."""

    async def calls(send: Callable[[Bench], Awaitable[None]]) -> None:
        """Send all at once."""
        await asyncio.gather(*(send(bench) for _ in range(AT_ONCE)))

    seconds = await interleaved({name: partial(calls, send) for name, send in {"smsbox": ours, **PEERS}.items()})
    rows = []
    for name in PEERS:
        times = ratios(seconds[name], seconds["smsbox"])
        rows.append(
            Row(
                f"2. {AT_ONCE} at once",
                name,
                f"{spread(times)} x its throughput",
                "at least 0.8" if name == "floor" else "",
                median(times) >= 0.8 if name == "floor" else None,
                f"{AT_ONCE / median(seconds['smsbox']):.0f}/s, {AT_ONCE / median(seconds[name]):.0f}/s",
            )
        )
    return rows


async def many_numbers(bench: Bench, account: ConfigEntry) -> list[Row]:
    """Measure calls with very many numbers, of recipients and bare, against a loop of single sends by a peer."""
    bare = [f"+32496{number:06}" for number in range(100_000, 105_000)]

    async def send(data: dict[str, Any]) -> None:
        """Send to all in one call."""
        await bench.hass.services.async_call("smsbox", "send_sms", {"message": "Hello", **data}, blocking=True)

    async def singles() -> None:
        """Send some single messages by a peer."""
        for _ in range(50):
            await bench.classic("twilio_sms")

    competitors = {
        "500 of recipients": partial(send, {"entity_id": "notify.crowd_1_sms"}),
        "5,000 of recipients": partial(send, {"entity_id": [f"notify.crowd_{n}_sms" for n in range(1, 11)]}),
        "500 bare": partial(send, {"numbers": bare[:500], "config_entry_id": account.entry_id}),
        "5,000 bare": partial(send, {"numbers": bare, "config_entry_id": account.entry_id}),
    }
    requests = {}
    for name, call in competitors.items():
        await bench.counted()
        await call()
        requests[name] = (await bench.counted())["requests"]
    seconds = await interleaved({**competitors, "singles": singles}, rounds=5)
    rows = []
    for name in competitors:
        number = 5000 if name.startswith("5,000") else 500
        shares = [100 * 50 / number * ratio for ratio in ratios(seconds[name], seconds["singles"])]
        rows.append(
            Row(
                f"3. {name}: {requests[name]} requests, time per number",
                "a single send of twilio_sms",
                f"{spread(shares)} %",
                f"under 1 %, {number // 500} requests",
                median(shares) < 1 and requests[name] == number // 500,
                f"{1e6 * median(seconds[name]) / number:.0f} µs a number",
            )
        )
    for kind in ("of recipients", "bare"):
        growth = [ratio / 10 for ratio in ratios(seconds[f"5,000 {kind}"], seconds[f"500 {kind}"])]
        aim, met = "linear: at most 1.1", median(growth) <= 1.1
        rows.append(Row(f"3. per number, 5,000 {kind}", "500", f"{spread(growth)} x", aim, met))
    return rows

"""Power cuts while the queue sends: nobody gets a message twice, and none that was promised is lost."""

import asyncio
from collections import Counter
from http import HTTPStatus
import json
import os
from pathlib import Path
import random

from aiohttp import ClientSession
import pytest

from development.home_assistant import HomeAssistant, home_assistant
from development.process import free_port, simulator

MESSAGES = 100
# More of them: SMSBOX_KILL_ROUNDS=50.
ROUNDS = int(os.environ.get("SMSBOX_KILL_ROUNDS", "5"))


@pytest.mark.timeout(120 + 60 * ROUNDS)
async def test_killed_queue_sends_once(directory: Path) -> None:
    """Kill Home Assistant at random moments while it works off a hundred messages, and count them at the gateway."""
    configuration, port = directory / "config", free_port()
    seed = random.randrange(2**32)  # noqa: S311 - told if the test fails
    moments = random.Random(seed)  # noqa: S311 - the same
    promised: set[str] = set()
    told: set[str] = set()
    options = ("--report-delay", "0.1", "--balance", "1000000")
    async with simulator(directory, free_port(), *options) as gateway, ClientSession(gateway) as phones:
        async with home_assistant(configuration, port, gateway) as instance:
            entry_id, _ = await instance.add_account()
            await asyncio.sleep(2)  # Home Assistant stores its entries a second after they change
        for played in range(ROUNDS + 1):
            async with home_assistant(configuration, port, gateway) as instance:
                await instance.state("sensor.smsbox_messages_waiting", until=lambda state: state["state"] == "0")
                async with phones.get("/messages") as response:
                    got = Counter(message["number"] for message in await response.json())
                assert max(got.values(), default=1) == 1, (seed, played)
                assert promised <= got.keys() | told, (seed, played)
                if played < ROUNDS:
                    promised |= await promise(instance, phones, first=played * MESSAGES)
                    # Whatever the gateway answers wakes the queue.
                    await instance.action("smsbox.lookup_number", {"number": "+32496123456"}, response=True)
                    await asyncio.sleep(moments.uniform(0, 1))  # the power goes off by the clock
                await instance.process.kill()
            told |= sending(configuration, entry_id)


async def promise(instance: HomeAssistant, phones: ClientSession, *, first: int) -> set[str]:
    """Send a hundred messages while the gateway is busy; return their numbers."""
    fault = {"service": "*", "fault": "http", "status": HTTPStatus.SERVICE_UNAVAILABLE, "count": 1000}
    async with phones.post("/faults", json=fault) as response:
        assert response.ok
    numbers = [f"+32496{number:06}" for number in range(first, first + MESSAGES)]
    data = {"message": "Hello", "numbers": numbers, "valid_for": {"hours": 1}}
    sent = await instance.action("smsbox.send_sms", data, response=True)
    assert {message["status"] for message in sent["messages"]} == {"queued"}
    async with phones.delete("/faults") as response:
        assert response.ok
    return {message["number"] for message in sent["messages"]}


def sending(configuration: Path, entry_id: str) -> set[str]:
    """Return the numbers that were being sent when the power went off: they are told as unknown."""
    path = configuration / f".storage/smsbox.{entry_id}.outbox"
    rows = json.loads(path.read_text())["messages"]
    return {row["message"]["number"] for row in rows if row["sending"]}

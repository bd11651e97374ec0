"""Alerts of a real Home Assistant that is killed, switched off or cut off from the gateway in the middle."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
import os
from pathlib import Path
from random import Random
import signal
from typing import Any

from aiohttp import ClientError, ClientSession
import pytest
import pytest_asyncio

from development.home_assistant import HomeAssistant, home_assistant
from development.process import ROOT, free_port, simulator

# How often to kill at each moment; with as many as there are writes, at each of them.
ROUNDS = int(os.environ.get("ALERT_KILL_ROUNDS", "2"))
WRITES = 6  # started, sending to Mum, told, sending to Dad, told, unanswered
# Minutes until a step of one minute is over for sure: the processes' time goes on between the times of the file.
STEP = 3
MUM, DAD = "32496123456", "32470112233"
CELLAR = {"entity_id": "notify.cellar"}
OPEN = {"waiting", "notifying"}
DIED = (ClientError, TimeoutError, TypeError)  # TypeError: the websocket was closed


class House:
    """A Home Assistant that lives in the time of a file, and its gateway."""

    instance: HomeAssistant

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._clock = directory / "clock"
        self._now = datetime(2027, 3, 1, 12, tzinfo=UTC)
        self._clock.write_text(self._now.isoformat())
        self._has_plan = False
        self._gateway_port = free_port()
        self._gateway_url = f"http://127.0.0.1:{self._gateway_port}"

    @asynccontextmanager
    async def gateway(self) -> AsyncGenerator[None]:
        """Let the gateway be there, with no messages yet."""
        async with simulator(self._directory, self._gateway_port, "--report-delay", "0.2"):
            yield

    @asynccontextmanager
    async def on(self, kill: str = "") -> AsyncGenerator[None]:
        """Switch Home Assistant on, to be killed at a moment of a write."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("CLOCK", str(self._clock))
            patch.setenv("PYTHONPATH", str(ROOT / "tests/e2e/killed"))
            patch.setenv("KILL", kill)
            async with home_assistant(self._directory / "config", free_port(), self._gateway_url) as self.instance:
                # The usual login lasts for half an hour.
                self.instance.token = await self.instance.command(
                    "auth/long_lived_access_token", client_name=os.urandom(8).hex(), lifespan=365
                )
                if self._has_plan:
                    await self.status()
                yield

    async def add_plan(self) -> None:
        """Add an account, Mum, Dad, and a plan that tells one after the other."""
        entry_id, flow_id = await self.instance.add_account()
        await self.instance.add_recipient(flow_id, "Mum", "0496 12 34 56", channels=["sms"])
        url = "/api/config/config_entries/subentries/flow"
        flow = await self.instance.request("post", url, {"handler": [entry_id, "recipient"]})
        await self.instance.add_recipient(flow["flow_id"], "Dad", "0470 11 22 33", channels=["sms"])
        await self.instance.state("notify.dad_sms")
        flow = await self.instance.request("post", url, {"handler": [entry_id, "alert_plan"]})
        steps = [{"notify": [f"notify.{name}_sms"], "wait": 1} for name in ("mum", "dad")]
        more = {"delay": 0, "quiet_after": 60, "give_up_after": 360, "link": False, "follow_up": False}
        form = {"name": "Cellar", "steps": steps, "repeat": 0, "more": more}
        await self.instance.request("post", f"{url}/{flow['flow_id']}", form)
        await self.status()
        self._has_plan = True

    async def start(self, message: str) -> None:
        """Start an alert, and no other."""
        await self.resolve()
        await self.instance.action("smsbox.send_alert", {"message": message}, CELLAR, response=True)

    async def status(self) -> dict[str, Any]:
        """Return where the alert stands."""
        return await self.instance.state("sensor.cellar_status")

    async def until_told(self, *names: str) -> None:
        """Wait until the status says who was told."""
        await self.instance.state("sensor.cellar_status", until=lambda state: state["attributes"]["told"] == [*names])

    async def pass_minutes(self, minutes: float) -> None:
        """Set the clock forth, or back."""
        self._now += timedelta(minutes=minutes)
        # In one go, else half a time would be read.
        self._clock.with_suffix(".new").write_text(self._now.isoformat())
        self._clock.with_suffix(".new").replace(self._clock)
        await asyncio.sleep(0.2)  # the process looks at the file every 0.05 s

    async def look(self) -> None:
        """Have the alert looked at now: an action that resolves nothing does that."""
        await self.instance.action("smsbox.resolve_alert", {"title": "nothing"}, CELLAR)

    async def go_on(self) -> None:
        """Let the step under way be over, and wait for what comes of that."""
        told = (await self.status())["attributes"]["told"]
        await self.pass_minutes(STEP)
        await self.look()
        await self.instance.state(
            "sensor.cellar_status",
            until=lambda state: state["state"] not in OPEN or state["attributes"]["told"] != told,
        )

    async def end(self) -> str:
        """Let the alert come to its end; return where it stands then."""
        while (state := (await self.status())["state"]) in OPEN:
            await self.go_on()
        return str(state)

    async def resolve(self) -> None:
        """Be idle again."""
        await self.instance.action("smsbox.resolve_alert", {}, CELLAR)

    async def sent(self, message: str) -> Counter[str]:
        """Return how often the gateway accepted a message, by number."""
        async with ClientSession() as session, session.get(f"{self._gateway_url}/messages") as response:
            messages = await response.json()
        return Counter(found["number"] for found in messages if found["text"] == message)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def house(directory: Path) -> House:
    """Have a house with a plan, which is switched off."""
    house = House(directory)
    async with house.gateway(), house.on():
        await house.add_plan()
    return house


@pytest.mark.timeout(120 + 90 * ROUNDS)
@pytest.mark.parametrize("moment", ["before", "between", "after"])
async def test_killed_at_a_write(house: House, moment: str) -> None:
    """Nobody is told the same twice, nothing confirmed is forgotten, and every alert comes to its end."""
    random = Random(moment)  # noqa: S311 - picks when to kill
    writes = [number % WRITES + 1 for number in range(ROUNDS)]
    if ROUNDS < WRITES:
        writes = random.sample(range(1, WRITES + 1), ROUNDS)
    async with house.gateway():
        for number, write in enumerate(writes):
            message = f"Water {moment} {number}"
            kill = f"{random.uniform(0, 0.05) if moment == 'between' else moment} {write}"
            confirmed = False
            async with house.on(kill):
                with suppress(*DIED):
                    await house.start(message)
                    confirmed = True
                    await house.end()
                async with asyncio.timeout(30):
                    assert await house.instance.process.ended() == -signal.SIGKILL
            async with house.on():
                ended = await house.end()
                sent = await house.sent(message)
                assert set(sent.values()) <= {1}, kill
                assert sent or not confirmed, kill
                assert (ended == "unanswered") is bool(sent), kill
                await house.resolve()
            await house.pass_minutes(60)  # the spending guard forgets


@pytest.mark.timeout(180)
async def test_gateway_is_away_for_an_hour(house: House) -> None:
    """What could not go out meanwhile goes out afterwards, once."""
    async with house.on():
        async with house.gateway():
            await house.start("Fire")
            await house.until_told("Mum")
            assert await house.sent("Fire") == {MUM: 1}
        await house.pass_minutes(STEP)
        await house.look()
        await house.instance.state(
            "sensor.cellar_status", until=lambda state: state["attributes"]["reason"] == "unreachable"
        )
        async with house.gateway():
            await house.pass_minutes(60)
            await house.look()
            await house.until_told("Mum", "Dad")
            assert await house.end() == "unanswered"
            assert await house.sent("Fire") == {DAD: 1}
            await house.pass_minutes(60)


@pytest.mark.timeout(180)
@pytest.mark.parametrize("minutes", [60, -60])
async def test_home_assistant_is_off(house: House, minutes: int) -> None:
    """It goes on where it stands by the clock, also if that was set back."""
    message = f"Smoke {minutes}"
    async with house.gateway():
        async with house.on():
            await house.start(message)
            await house.until_told("Mum")
        await house.pass_minutes(minutes)
        async with house.on():
            assert await house.end() == "unanswered"
            assert await house.sent(message) == {MUM: 1, DAD: 1}
        await house.pass_minutes(180)

"""Sends, faults, kills and time in any order: nothing goes out twice, nothing that was promised is lost."""

import asyncio
from collections import Counter, OrderedDict
from collections.abc import Callable, Coroutine
from contextlib import suppress
import logging
from typing import Any, cast, override

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import Context, HomeAssistant
from homeassistant.util.json import json_loads
from hypothesis import settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
import pytest

from custom_components.smsbox import store
from custom_components.smsbox.api import (
    AcceptedMessage,
    SmsboxAuthenticationError,
    SmsboxClient,
    SmsboxConnectionError,
    SmsboxCreditsError,
    SmsboxOutcomeUnknownError,
    SmsboxRejectedError,
    SmsboxTryAgainLaterError,
)
from custom_components.smsbox.const import Channel, SendStatus
from custom_components.smsbox.guard import DAY, HOUR, Guard
from custom_components.smsbox.message import Batch, Message
from custom_components.smsbox.outbox import Outbox
from custom_components.smsbox.tracker import Tracker

from .common import advance_time

LIMIT_HOUR, LIMIT_DAY = 3, 5
VALID_FOR = 600
NUMBERS = ["32471000000", "32471000001"]
FAULTS: dict[str, Callable[[], BaseException] | None] = {
    "none": None,
    "none at all": None,
    "no connection": SmsboxConnectionError,
    "busy": SmsboxTryAgainLaterError,
    "key": SmsboxAuthenticationError,
    "credits": SmsboxCreditsError,
    "refused": lambda: SmsboxRejectedError(1, "no"),
    "not taken, unknown": SmsboxOutcomeUnknownError,
    "taken, unknown": SmsboxOutcomeUnknownError,
    "taken, broken": RuntimeError,
    "taken in part": None,
}
# What is kept is more often worth a look.
FAULT = st.sampled_from([*FAULTS, "busy", "no connection", "busy"])


class Killed(BaseException):
    """Home Assistant is no more."""


class World(RuleBasedStateMachine):
    """An outbox, a gateway that fails in every way, a disk, and what was promised. It is its own client and tracker."""

    hass: HomeAssistant
    freezer: FrozenDateTimeFactory
    disk: dict[str, bytes]

    def __init__(self) -> None:
        super().__init__()
        World.machine = self
        self.fault = "none"
        self.steps: int | None = None  # until Home Assistant is killed
        self.disk.clear()
        self.taken: Counter[str] = Counter()
        self.accepted: set[str] = set()
        self.told: dict[str, set[str]] = {}
        self.promised: set[str] = set()
        self.called: dict[str, tuple[str, float]] = {}
        self.moments: OrderedDict[str, list[float]] = OrderedDict()
        self.boot()

    machine: World

    def boot(self) -> None:
        """Start Home Assistant with what is on disk."""
        self.steps = None
        self.outbox = Outbox(
            self.hass,
            "outbox",
            Guard(LIMIT_HOUR, LIMIT_DAY, self.moments),
            cast("Tracker", self),
            report_url=lambda: "https://example.org",
            finished=lambda *_: None,
            refused=lambda *_: None,
            queue_changed=lambda: None,
        )
        self.outbox.client = cast("SmsboxClient", self)
        self.run(self.outbox.queue.async_load(set()))
        self.outbox.queue.resume()
        self.settle()

    def step(self) -> None:
        """Do one thing, unless Home Assistant was killed."""
        if self.steps is not None:
            self.steps -= 1
            if self.steps < 0:
                raise Killed

    @staticmethod
    def write_to_disk(path: str, content: bytes) -> None:
        """Write; the kill can come before and after."""
        World.machine.step()
        World.disk[path] = content
        World.machine.step()

    async def send_sms(self, numbers: list[str], text: str, **_: object) -> list[AcceptedMessage]:
        """Take messages as the gateway does, or fail; the kill can come before and after."""
        self.step()
        taken = numbers[:1] if self.fault == "taken in part" else numbers
        error = FAULTS[self.fault]
        if error is None or self.fault.startswith("taken"):
            self.taken.update(f"{text} {number}" for number in taken)
        self.step()
        if error is not None:
            raise error()
        return [AcceptedMessage(number, 1) for number in taken]

    def expect(self, message: Message) -> None:
        """Follow a reference."""

    refuse = lose = expect

    def accept(self, message: Message, _msgid: int | None, *, reports: bool) -> None:
        """Note what was accepted."""
        self.accepted.add(message.context.id)

    def report(self, message: Message, status: str, *_: object, **__: object) -> None:
        """Note what was told."""
        self.told.setdefault(message.context.id, set()).add(status)

    @rule(numbers=st.lists(st.sampled_from(NUMBERS), min_size=1, unique=True), fault=FAULT, waits=st.booleans())
    def send(self, numbers: list[str], fault: str, *, waits: bool) -> None:
        """Send, and see that each message has a result."""
        for message in self.call(numbers, fault, waits=waits):
            assert message.send_status is not None
            if message.send_status is SendStatus.QUEUED:
                assert waits
                assert str(message.ref).encode() in b"".join(self.disk.values())
                self.promised.add(message.context.id)

    def call(self, numbers: list[str], fault: str, *, waits: bool) -> tuple[Message, ...]:
        """Send to some numbers, each with a context of its own."""
        self.fault, now = fault, self.freezer().timestamp()
        text = f"{len(self.called)}"
        messages = tuple(Message(number, None, Channel.SMS, now, Context(id=f"{text} {number}")) for number in numbers)
        self.called |= {message.context.id: (message.number, now) for message in messages}
        batch = Batch(Channel.SMS, text, messages, valid_for=VALID_FOR if waits else None)
        self.run(self.outbox.async_send(batch))
        return messages

    @rule(fault=FAULT, seconds=st.sampled_from([1, 60, VALID_FOR, HOUR, DAY]))
    def pass_time(self, fault: str, seconds: float) -> None:
        """Let time pass, and the queue try."""
        self.fault = fault
        self.run(advance_time(self.hass, seconds, self.freezer))

    @rule(fault=FAULT, steps=st.integers(0, 12), sends=st.booleans())
    def kill(self, fault: str, steps: int, *, sends: bool) -> None:
        """Kill Home Assistant after some steps of a call or of the queue, and start it again."""
        self.steps = steps
        if sends:
            with suppress(Killed, asyncio.CancelledError):
                self.call(NUMBERS, fault, waits=True)
        else:
            self.pass_time(fault, 60)
        self.steps = 0  # what is still under way gets nowhere
        self.settle()
        self.outbox.queue.pause()
        if self.outbox.queue._unsub_clean is not None:
            self.outbox.queue._unsub_clean()
        self.boot()

    @invariant()
    def nothing_goes_out_twice(self) -> None:
        """No text goes to a number twice, and none that was told as not sent went out."""
        assert max(self.taken.values(), default=0) <= 1
        for context, told in self.told.items():
            if told & {"expired", "error", "not_sent"}:
                assert not self.taken[context]
                assert context not in self.accepted

    @invariant()
    def limits_hold(self) -> None:
        """No number gets more in an hour or a day than the limits allow, counted from the calls."""
        for number in NUMBERS:
            moments = [moment for context, (to, moment) in self.called.items() if to == number and self.taken[context]]
            for window, limit in ((HOUR, LIMIT_HOUR), (DAY, LIMIT_DAY)):
                assert all(sum(now - window < m <= now for m in moments) <= limit for now in moments)

    @override
    def teardown(self) -> None:
        """See that all that was promised has an end."""
        self.pass_time("none", VALID_FOR)
        self.run(advance_time(self.hass, 5, self.freezer))
        assert len(self.outbox.queue) == 0
        assert not self.promised - self.accepted - self.told.keys()
        self.run(self.outbox.async_stop())

    def settle(self) -> None:
        """Let everything come to its end."""
        self.hass.loop.run_until_complete(self.hass.async_block_till_done())

    def run(self, coroutine: Coroutine[Any, Any, object]) -> None:
        """Run something and what follows from it."""
        self.hass.loop.run_until_complete(coroutine)
        self.settle()


def test_any_order(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Whatever happens: none twice, none lost that was promised, no limit exceeded, and every message ends."""
    caplog.set_level(logging.CRITICAL + 1)
    hass.loop.set_exception_handler(lambda *_: None)  # nobody collects what was killed
    World.hass, World.freezer, World.disk = hass, freezer, {}
    monkeypatch.setattr(store, "_write", World.write_to_disk)
    monkeypatch.setattr(store, "_read", lambda path: json_loads(World.disk.get(path, b"{}")))
    run_state_machine_as_test(World, settings=settings(max_examples=60, stateful_step_count=25, deadline=None))

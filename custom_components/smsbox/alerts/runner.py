"""Runs the alert of one plan: writes, fires, sends, and looks what is due."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from contextlib import suppress
from functools import partial
import secrets
import string
import time
from typing import Any

from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.core import Context, CoreState, HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_send
from homeassistant.helpers.json import json_bytes, json_fragment
from homeassistant.util.async_ import create_eager_task

from ..errors import validation_error
from ..text import clean
from .alert import Alert, AlertRunningError, Result
from .contacts import conditions, contacts
from .effects import Effect, Fire, FollowUp, RaiseIssue, Save, Sending, Tell, WithdrawIssue
from .events import async_fire_alert, context_of, status_signal
from .issues import async_raise_failed, async_withdraw_failed
from .plan import Conditions, Plan
from .run import MessageState, State, Status, Via
from .send import async_follow_up, async_send, expect_report

STOP_TIMEOUT = 10
# Answers within so many seconds after the first one count as having come together.
TOGETHER = 0.2

_ALPHABET = string.ascii_letters + string.digits


def new_id() -> str:
    """Return 16 random letters and digits, for alerts, messages and links."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(16))


class AlertRunner:
    """The alert of one plan."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry[Any],
        subentry: ConfigSubentry,
        state: State | None,
        write: Callable[[], Awaitable[None]],
    ) -> None:
        self.alert = Alert(Plan.from_data(subentry.title, subentry.data), new_id, state)
        self._loaded = state is not None
        self.paused = True
        self.stopped = False
        self._hass = hass
        self._entry = entry
        self._subentry = subentry
        self.row = self._render()
        self._write = write
        self._queue: deque[Effect | asyncio.Future[None]] = deque()
        self._under_way: set[asyncio.Task[Any]] = set()
        self._working = False
        self._changed = asyncio.Event()

    @property
    def name(self) -> str:
        """Return the plan's name."""
        return self._subentry.title

    @property
    def subentry_id(self) -> str:
        """Return the plan's subentry."""
        return self._subentry.subentry_id

    @callback
    def update_plan(self) -> None:
        """Take over the plan as it is stored now."""
        self.alert.plan = Plan.from_data(self._subentry.title, self._subentry.data)

    @callback
    def resume(self) -> None:
        """Go on after a time in which nobody looked."""
        self.paused = False
        if self.alert.active:
            self.alert.catch_up = True
            self._run(self.async_do(self._found()))

    def _found(self) -> list[Effect]:
        """Return what a crash left to do: what is found as sending counts as told, and reports of it may come."""
        if not self._loaded:
            return []
        self._loaded = False
        if (run := self.alert.run) is not None:
            for message in run.progress.messages:
                if message.state is MessageState.SENDING:
                    expect_report(self._hass, run.progress.contacts[message.contact], message, context_of(run))
        return self.alert.loaded(time.time())

    async def async_start(self, title: str | None, message: str, context: Context, *, test: bool = False) -> Result:
        """Start the alert, or take the message as a cause of the one that is running; it is on disk then.

        Raises ServiceValidationError `empty_message`, `plan_without_recipients` or `alert_running`.
        """
        title, message = clean(title or "").strip(), clean(message).strip()
        if not title and not message:
            raise validation_error("empty_message")
        if not any(contacts(self._hass, step) for step in self.alert.plan.steps):
            raise validation_error("plan_without_recipients", plan=self.name)
        stored = {"id": context.id, "parent_id": context.parent_id, "user_id": context.user_id}
        try:
            result, effects = self.alert.message(title or None, message, time.time(), context=stored, test=test)
        except AlertRunningError as error:
            raise validation_error("alert_running", plan=self.name) from error
        await self.async_do(effects)
        return result

    async def async_acknowledge(self, by: str | None, via: Via, person: str | None = None) -> bool:
        """Let somebody take the alert, and return whether there was anything to take; it is on disk then."""
        effects = self.alert.acknowledge(by, via, time.time(), person)
        await self.async_do(effects)
        return bool(effects)

    async def async_resolve(self, title: str | None = None, message: str | None = None) -> bool:
        """End one cause or all, and return whether there was such a cause; it is on disk then."""
        effects = self.alert.resolve(time.time(), title, message)
        await self.async_do(effects)
        return bool(effects)

    async def async_do(self, effects: Iterable[Effect]) -> None:
        """Carry out what a happening led to, and look at what is due; return when it is on disk."""
        written = self._hass.loop.create_future()
        self._queue.extend(effects)
        self._queue.append(written)
        if not self._working:
            self._working = True
            self._run(self._work())
        await written

    @callback
    def look(self) -> None:
        """Look at what is due."""
        if self.alert.active and not self._working:
            self._working = True
            self._run(self._work())

    async def async_wait(self, seconds: float) -> None:
        """Wait until the alert is acknowledged or ends, for so many seconds at most."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while self.alert.status in {Status.WAITING, Status.NOTIFYING} and not self.stopped:
                    await self._changed.wait()

    async def async_stop(self) -> None:
        """Keep what did not go out for later, and wait for what is under way."""
        self.stopped = True
        self._changed.set()
        await self.async_do(self.alert.hold_back())
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=STOP_TIMEOUT)

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        """Start work that `async_stop` waits for."""
        task = create_eager_task(work)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _work(self) -> None:
        """Carry out everything, and look until nothing is due."""
        while True:
            while self._queue:
                step = self._queue.popleft()
                if isinstance(step, asyncio.Future):
                    if not step.done():
                        step.set_result(None)
                else:
                    await self._carry_out(step)
            if not (effects := self._look()):
                self._working = False
                return
            self._queue.extend(effects)

    def _look(self) -> list[Effect]:
        """Return what is due; nothing before Home Assistant has started."""
        if self.paused or self.stopped or self._hass.state is not CoreState.running:
            return []
        running = self.alert.run is not None
        return self.alert.look(
            time.time(), conditions(self._hass, self.alert.plan) if running else Conditions(hold=False, steps=[])
        )

    async def _carry_out(self, effect: Effect) -> None:
        """Do what has to be done."""
        match effect:
            case Save():
                await self._save()
            case Fire():
                async_fire_alert(self._hass, self._entry, self._subentry, effect)
            case Tell():
                self._tell(effect)
            case FollowUp():
                self._run(async_follow_up(self._hass, effect, self.name))
            case RaiseIssue():
                await async_raise_failed(self._hass, self._subentry, effect.failures)
            case WithdrawIssue():
                async_withdraw_failed(self._hass, self.subentry_id)

    async def _save(self) -> None:
        """Write the state, and then show it."""
        self.row = self._render()
        await self._write()
        self._changed.set()
        self._changed.clear()
        async_dispatcher_send(self._hass, status_signal(self.subentry_id))

    def _render(self) -> json_fragment:
        """Return the alert as it is stored."""
        return json_fragment(json_bytes({"plan": self._subentry.subentry_id, "state": self.alert.to_store()}))

    def _tell(self, tell: Tell) -> None:
        """Send what is still to be sent, now that it is marked on disk."""
        run = self.alert.run
        sendings = [sending for ref in tell.references if (sending := self.alert.to_send(ref)) is not None]
        if run is not None and sendings:
            self._run(self._send(sendings, context_of(run)))

    async def _send(self, sendings: Sequence[Sending], context: Context) -> None:
        """Send messages at the same time, and take in what happened to them as it comes."""
        sends = {
            create_eager_task(
                async_send(self._hass, sending, context, partial(self.alert.is_wanted, sending.reference))
            ): sending
            for sending in sendings
        }
        pending = set(sends)
        while pending:
            done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
            if pending:
                together, pending = await asyncio.wait(pending, timeout=TOGETHER)
                done |= together
            answers = {sends[task].reference: task.result() for task in done}
            await self.async_do(self.alert.answered(answers, time.time()))

"""Runs the alert of one plan: writes, fires, sends, and checks what is due."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from contextlib import suppress
from functools import partial
import secrets
import string
import time
from typing import Any

from homeassistant.config_entries import ConfigEntry, ConfigEntryState, ConfigSubentry
from homeassistant.core import Context, CoreState, HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_send
from homeassistant.helpers.json import json_bytes, json_fragment
from homeassistant.util.async_ import create_eager_task

from ..const import LOGGER
from ..errors import validation_error
from ..text import clean, strip_invisible
from .alert import LONGEST_CAUSE, Alert, AlertRunningError, Result
from .contacts import conditions, contacts, read_plan
from .effects import Effect, Fire, FollowUp, RaiseIssue, Save, Sending, Tell
from .events import async_fire_alert, context_of, status_signal
from .issues import async_raise_failed, async_withdraw_failed
from .plan import Conditions, Contact
from .run import Message, State, Via
from .send import async_follow_up, async_send, expect_report
from .shown import Shown

STOP_TIMEOUT = 10
# Answers within so many seconds after the first one count as having come together.
TOGETHER = 0.2


def new_id() -> str:
    """Return 16 random letters and digits, for alerts, messages and links."""
    return "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(16))


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
        self.alert = Alert(read_plan(subentry), new_id, state)
        self._loaded = state is not None
        self._hass = hass
        self._entry = entry
        self._subentry = subentry
        self._write = write
        self._paused = True
        self._stopped = False
        self._removed = False
        # What a crash left as sending, until its account is there to expect reports of it.
        self._found: list[tuple[Contact, Message]] = []
        self._queue: deque[Effect | asyncio.Future[None]] = deque()
        self._under_way: set[asyncio.Task[Any]] = set()
        self._working = False
        self._changed = asyncio.Event()
        self.row = self._render()
        self.shown = Shown.of(self.alert)

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
        self.alert.plan = read_plan(self._subentry)

    @callback
    def pause(self) -> None:
        """Keep back what did not go out yet, and look at nothing until `resume`."""
        self._paused = True
        self.do(self.alert.hold_back())

    @callback
    def resume(self) -> None:
        """Go on after a time in which nobody looked; what a crash left as sending counts as told."""
        self._paused = False
        run = self.alert.run
        self.alert.catch_up = self.alert.catch_up or run is not None
        if self._loaded and run is not None:
            self._found = [(run.progress.contacts[message.contact], message) for message in run.progress.sending]
            self.do(self.alert.loaded(time.time()))
        elif run is not None and run.issue is not None:
            self.do([RaiseIssue(tuple(run.issue))])
        self._loaded = False
        self._expect_reports()
        self.look()

    def _expect_reports(self) -> None:
        """Let reports tell what happened to messages found as sending, as soon as their account is there."""
        self._found = [found for found in self._found if not expect_report(self._hass, *found, self._context)]

    @property
    def _context(self) -> Context:
        """Return the context of the call that started the alert."""
        return context_of(self.alert.run.context) if self.alert.run else Context()

    async def async_start(self, title: str | None, message: str, context: Context, *, test: bool = False) -> Result:
        """Start the alert, or take the message as a cause of the one that is running; it is on disk then.

        Raises ServiceValidationError `empty_message`, `plan_without_recipients` or `alert_running`.
        """
        title, message = clean(title or "").strip(), clean(message).strip()
        if not strip_invisible(title + message):
            raise validation_error("empty_message")
        if not any(contacts(self._hass, step, warn=True) for step in self.alert.plan.steps):
            raise validation_error("plan_without_recipients", plan=self.name)
        stored = {"id": context.id, "parent_id": context.parent_id, "user_id": context.user_id}
        self.look()  # the alert may be over
        try:
            result, effects = self.alert.message(title or None, message, time.time(), context=stored, test=test)
        except AlertRunningError as error:
            raise validation_error("alert_running", plan=self.name) from error
        await self.async_do(effects)
        return result

    async def async_acknowledge(self, by: str | None, via: Via, person: str | None = None) -> bool:
        """Acknowledge the alert, and return whether there was anything to acknowledge; it is on disk then."""
        effects = self.alert.acknowledge(clean(by or "").strip() or None, via, time.time(), person)
        await self.async_do(effects)
        return bool(effects)

    async def async_resolve(self, title: str | None = None, message: str | None = None) -> bool:
        """End one cause or all, and return whether there was such a cause; it is on disk then."""
        key = None if title is None else clean(title).strip()[:LONGEST_CAUSE]
        effects = self.alert.resolve(time.time(), key, clean(message or "").strip() or None)
        await self.async_do(effects)
        return bool(effects)

    async def async_do(self, effects: Iterable[Effect]) -> None:
        """Carry out what a happening led to, and look at what is due; return when it is on disk."""
        written = self._hass.loop.create_future()
        self.do([*effects, written])
        await written

    @callback
    def look(self) -> None:
        """Look at what is due."""
        if self.alert.active:
            self.do([])

    async def async_wait(self, alert_id: str | None, seconds: float) -> Shown:
        """Wait until an alert is acknowledged or ends, for so many seconds at most; return what is seen of it then."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while self.shown.alert_id == alert_id and self.shown.goes_on and not self._stopped:
                    await self._changed.wait()
        return self.shown

    async def async_stop(self) -> None:
        """Keep what did not go out for later, and wait for what is under way."""
        self._stopped = True
        self._changed.set()
        self.pause()
        with suppress(TimeoutError):
            async with asyncio.timeout(STOP_TIMEOUT):
                while self._under_way:
                    await asyncio.wait(self._under_way)

    @callback
    def remove(self) -> None:
        """Do nothing any more: the plan is gone, and its alert with it."""
        self._removed = self._stopped = True
        self._changed.set()

    @callback
    def do(self, steps: Iterable[Effect | asyncio.Future[None]]) -> None:
        """Begin to carry out what a happening led to, and to look at what is due."""
        self._queue.extend(steps)
        if not self._working:
            self._working = True
            self._run(self._work())

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        """Start work that `async_stop` waits for."""
        task = create_eager_task(work)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _work(self) -> None:
        """Carry out everything, and look until nothing is due."""
        try:
            while True:
                while self._queue:
                    await self._do(self._queue.popleft())
                if not (effects := self._look()):
                    return
                self._queue.extend(effects)
        finally:
            self._working = False

    def _look(self) -> list[Effect]:
        """Return what is due; nothing before Home Assistant has started and the account is loaded."""
        if (
            self._paused
            or self._stopped
            or self._hass.state is not CoreState.running
            or self._entry.state is not ConfigEntryState.LOADED
        ):
            return []
        self._expect_reports()
        running = self.alert.run is not None
        return self.alert.look(
            time.time(), conditions(self._hass, self.alert.plan) if running else Conditions(hold=False, steps=[])
        )

    async def _do(self, step: Effect | asyncio.Future[None]) -> None:
        """Do what has to be done, or tell who waits for what came before that it is done."""
        if isinstance(step, asyncio.Future):
            if not step.done():
                step.set_result(None)
        elif not self._removed:
            try:
                await self._carry_out(step)
            except Exception as error:  # noqa: BLE001 - whatever fails of an alert, the rest goes on
                LOGGER.error("%s of an alert failed: %s", type(step).__name__, type(error).__name__)

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
            case _:
                async_withdraw_failed(self._hass, self.subentry_id)

    async def _save(self) -> None:
        """Write the state, and then show it."""
        self.row, shown = self._render(), Shown.of(self.alert)
        await self._write()
        self.shown = shown
        self._changed.set()
        self._changed.clear()
        async_dispatcher_send(self._hass, status_signal(self.subentry_id))

    def _render(self) -> json_fragment:
        """Return the alert as it is stored."""
        return json_fragment(json_bytes({"plan": self._subentry.subentry_id, "state": self.alert.to_store()}))

    def _tell(self, tell: Tell) -> None:
        """Send what is still to be sent, now that it is marked on disk."""
        sendings = [sending for ref in tell.references if (sending := self.alert.to_send(ref)) is not None]
        if sendings:
            self._run(self._send(sendings, self._context))

    async def _send(self, sendings: Sequence[Sending], context: Context) -> None:
        """Send messages at the same time, and apply the answers as they come."""
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

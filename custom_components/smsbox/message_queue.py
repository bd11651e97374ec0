"""The queue: messages that were promised while the gateway could not be reached, sent once or told as expired."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
import time
from typing import Self

from homeassistant.core import CALLBACK_TYPE, HassJob, HomeAssistant, callback
from homeassistant.helpers.event import async_call_later

from .api import DeliveryStatus, SmsboxConnectionError, SmsboxTryAgainLaterError
from .const import SendStatus
from .delivery_event import ERROR_CODE, EXPIRED_CODE, UNKNOWN_CODE
from .guard import Guard
from .message import Batch, Message, Row, new_reference, parse_moment
from .store import WriteAheadFile
from .tracker import Tracker

MAX_WAITING = 1000
RETRY_INTERVAL = 60
# How many are sent at once while the gateway can be reached.
GROUP_SIZE = 3
# What was sent stays in the file until the tracker has it on disk.
SETTLED_FOR = 2
# These say that nothing was sent, and that it can be tried again.
UNREACHABLE = (SmsboxConnectionError, SmsboxTryAgainLaterError)


@dataclass(slots=True, eq=False)
class QueuedMessage:
    """A request for one number, kept since a moment in seconds since the epoch."""

    batch: Batch
    since: float
    sending: bool = False

    @classmethod
    def from_store(cls, row: Row) -> Self:
        """Return a stored message."""
        return cls(Batch.from_store(row), parse_moment(row["since"]), bool(row["sending"]))

    @property
    def message(self) -> Message:
        """Return the message that is waiting."""
        return self.batch.messages[0]

    def to_store(self) -> Row:
        """Return the message as it is stored."""
        return {**self.batch.to_store(), "since": self.since, "sending": self.sending}

    def remaining(self, now: float) -> float:
        """Return the seconds until it expires; a beginning in the future, because the clock was set back, is now."""
        self.since = min(self.since, now)
        return self.since + (self.batch.valid_for or 0) - now


class MessageQueue:
    """Keeps messages on disk and sends them, the oldest first, as soon as the gateway can be reached.

    Starts paused, until there are entities and automations to hear of what happens to the messages.
    """

    def __init__(
        self,
        hass: HomeAssistant,
        key: str,
        guard: Guard,
        tracker: Tracker,
        *,
        deliver: Callable[[Batch], Awaitable[None]],
        changed: Callable[[], None],
    ) -> None:
        self.under_way: set[asyncio.Task[None]] = set()
        self._hass = hass
        self._guard = guard
        self._tracker = tracker
        self._file = WriteAheadFile(hass, key, self._to_store)
        self._deliver = deliver
        self._changed = changed
        self._paused = True
        self._waiting: list[QueuedMessage] = []
        self._settled: list[QueuedMessage] = []
        # Found as sending after a crash: they may have been sent, and are never sent again.
        self._lost: list[Message] = []
        self._tried_at: float = 0
        self._unsub_retry: CALLBACK_TYPE | None = None
        self._unsub_clean: CALLBACK_TYPE | None = None

    def __len__(self) -> int:
        return len(self._waiting)

    async def async_load(self, accepted_refs: set[str | None]) -> None:
        """Load what was kept; what has an accepted reference is not lost, and not waiting either."""
        for queued in await self._file.async_load_rows("messages", QueuedMessage.from_store):
            if not queued.sending:
                self._waiting.append(queued)
            elif queued.message.ref is None or queued.message.ref not in accepted_refs:
                self._lost.append(queued.message)

    def _to_store(self) -> Row:
        """Return what has to be on disk."""
        return {"messages": [queued.to_store() for queued in (*self._settled, *self._waiting)]}

    @callback
    def pause(self) -> None:
        """Send nothing until `resume`."""
        self._paused = True
        self._cancel_retry()

    @callback
    def resume(self) -> None:
        """Tell what was lost in a crash, and go on sending."""
        self._paused = False
        for message in self._lost:
            self._tracker.expect(message)
            self._tracker.lose(message)
            self._tracker.report(message, DeliveryStatus.UNKNOWN, UNKNOWN_CODE)
        self._lost.clear()
        self.wake()

    async def async_stop(self) -> None:
        """Leave on disk what is still to be sent, and only that."""
        if self._unsub_clean is not None:
            self._unsub_clean()
            await self._clean()
        await self._file.async_write_rest()

    async def async_remove(self) -> None:
        """Forget everything, on disk too."""
        self.pause()
        self._waiting.clear()
        if self._unsub_clean is not None:
            self._unsub_clean()
        await self._file.async_remove()

    @callback
    def add(self, batch: Batch, messages: Sequence[Message]) -> None:
        """Keep messages that could not be sent, as many as there is room for; `async_write` has to follow."""
        if not self._waiting:
            self._tried_at = time.time()
        for message in messages[: max(MAX_WAITING - len(self._waiting), 0)]:
            message.ref = message.ref or new_reference()
            message.changed()
            message.send_status = SendStatus.QUEUED
            self._waiting.append(QueuedMessage(replace(batch, messages=(message,)), message.sent_at))
        self._changed()
        self._schedule_retry()

    async def async_write(self) -> None:
        """Have on disk what was added."""
        await self._file.async_write()

    @callback
    def wake(self) -> None:
        """Try to send, unless that is under way: the gateway answered, or it is time."""
        if not self._waiting or self._paused or self.under_way:
            return
        self._cancel_retry()
        task: asyncio.Task[None] = self._hass.async_create_task(self._send_waiting())
        self.under_way.add(task)
        task.add_done_callback(self._handle_sent)

    @callback
    def _handle_sent(self, task: asyncio.Task[None]) -> None:
        """Try again later if anything is left."""
        self.under_way.discard(task)
        self._tried_at = time.time()
        self._schedule_retry()

    async def _send_waiting(self) -> None:
        """Send the oldest messages until the gateway cannot be reached: one to try, then several at once."""
        group_size = 1
        while not self._paused:
            await self._expire()
            if not (group := self._waiting[:group_size]):
                return
            for queued in group:
                self._begin(queued)
            await self._file.async_write()
            await asyncio.gather(*(self._deliver(queued.batch) for queued in group))
            for queued in group:
                self._settle(queued)
            if any(queued.message.send_status is SendStatus.QUEUED for queued in group):
                await self._file.async_write()
                return
            group_size = GROUP_SIZE

    def _begin(self, queued: QueuedMessage) -> None:
        """Mark a message as sending; a call whose time has passed goes out at once."""
        now = time.time()
        queued.sending = True
        queued.message.sent_at = queued.message.followed_since = now
        queued.message.changed()
        if queued.batch.send_at is not None and queued.batch.send_at.timestamp() <= now:
            queued.batch = replace(queued.batch, send_at=None)

    def _settle(self, queued: QueuedMessage) -> None:
        """Take a message out of the queue, unless nothing was sent because the gateway cannot be reached."""
        message = queued.message
        if isinstance(message.error, UNREACHABLE):
            queued.sending = False
            message.send_status = SendStatus.QUEUED
            return
        if queued not in self._waiting:
            return  # the account was removed meanwhile
        self._waiting.remove(queued)
        self._settled.append(queued)
        self._changed()
        if message.send_status is SendStatus.OUTCOME_UNKNOWN:
            self._tracker.report(message, DeliveryStatus.UNKNOWN, UNKNOWN_CODE)
        elif message.send_status is SendStatus.NOT_ACCEPTED:
            self._guard.release(message.number, queued.since)
            self._tracker.report(message, DeliveryStatus.ERROR, ERROR_CODE)
        if self._unsub_clean is None:
            self._unsub_clean = async_call_later(self._hass, SETTLED_FOR, HassJob(self._clean, cancel_on_shutdown=True))

    async def _clean(self, _now: datetime | None = None) -> None:
        """Take what was sent out of the file."""
        self._unsub_clean = None
        self._settled.clear()
        await self._file.async_write()

    async def _expire(self) -> None:
        """Give up what could not be sent in time."""
        now = time.time()
        expired = [queued for queued in self._waiting if queued.remaining(now) <= 0]
        if not expired:
            return
        for queued in expired:
            self._waiting.remove(queued)
        self._changed()
        await self._file.async_write()
        for queued in expired:
            self._guard.release(queued.message.number, queued.since)
            self._tracker.report(queued.message, DeliveryStatus.EXPIRED, EXPIRED_CODE)

    def _schedule_retry(self) -> None:
        """Look again a minute after the last try, or when the next message expires."""
        self._cancel_retry()
        if self._waiting and not self._paused and not self.under_way:
            now = time.time()
            self._tried_at = min(self._tried_at, now)
            delay = min(self._tried_at + RETRY_INTERVAL - now, *(queued.remaining(now) for queued in self._waiting))
            job = HassJob(self._retry, cancel_on_shutdown=True)
            self._unsub_retry = async_call_later(self._hass, max(delay, 0), job)

    @callback
    def _retry(self, _now: datetime) -> None:
        """Try again."""
        self._unsub_retry = None
        self.wake()

    def _cancel_retry(self) -> None:
        """Do not look again."""
        if self._unsub_retry is not None:
            self._unsub_retry()
            self._unsub_retry = None

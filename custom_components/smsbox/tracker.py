"""Follows accepted messages until their final status, and counts them."""

import asyncio
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import partial
import time
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers.debounce import Debouncer
from homeassistant.helpers.dispatcher import async_dispatcher_send
from homeassistant.helpers.event import async_track_time_interval
from homeassistant.util.signal_type import SignalType

from .api import DeliveryReport, DeliveryStatus
from .const import DOMAIN, LOGGER
from .delivery_event import DeliveryReportEventData, async_fire_report, async_show_report
from .early_reports import EarlyReports
from .message import Message
from .store import AccountStore

TOTALS_COOLDOWN = 1
FOLLOWED_FOR = timedelta(hours=72).total_seconds()
LOOK_INTERVAL = timedelta(minutes=1)
CLOCK_WAS_SET = 60  # seconds that the clock may be off before it counts as set


# A message has its final report.
FINAL_SIGNAL: SignalType[Message] = SignalType(f"{DOMAIN}_final_report")


def totals_signal(entry_id: str) -> SignalType[()]:
    """Return the signal that an account's totals changed."""
    return SignalType(f"{DOMAIN}_totals_{entry_id}")


class Tracker:
    """Follows an account's messages through reloads and restarts.

    Starts paused. While paused, reports are buffered, because no entities can show them yet. What was not sent is told
    to the event bus at once, and to the entities later.
    """

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry, store: AccountStore) -> None:
        self._hass = hass
        self._entry = entry
        self._store = store
        self._early = EarlyReports()
        self._unshown: list[tuple[Message, DeliveryReportEventData]] = []
        self._paused = True
        self._stopped = False
        self._in_flight: set[str] = set()
        # Who waits for the final status of a message.
        self._waiting: dict[Message, asyncio.Future[None]] = {}
        self._clock_offset = time.time() - time.monotonic()
        # Many messages at once change the states, and fill the database, once a second.
        self._show_totals = partial(async_dispatcher_send, hass, totals_signal(entry.entry_id))
        self._show_totals_soon = Debouncer(
            hass, LOGGER, cooldown=TOTALS_COOLDOWN, immediate=True, function=self._show_totals
        )
        self._unsubscribe = [
            hass.bus.async_listen(EVENT_HOMEASSISTANT_STOP, self._stop_waiting),
            async_track_time_interval(hass, self._look, LOOK_INTERVAL, cancel_on_shutdown=True),
        ]

    @property
    def pending(self) -> int:
        """Return how many messages can still get a report."""
        self._forget_old()
        return len(self._store.messages)

    @callback
    def shutdown(self) -> None:
        """Stop for good: the account is removed."""
        self.pause()
        self._stop_waiting()
        while self._unsubscribe:
            self._unsubscribe.pop()()

    @callback
    def pause(self) -> None:
        """Buffer reports until `resume`, while there are no entities to show them."""
        self._paused = True
        self._show_totals_soon.async_cancel()

    @callback
    def resume(self) -> None:
        """Apply the reports that came since `pause`, and all to come."""
        self._paused = False
        self._forget_old()
        while self._unshown:
            async_show_report(self._hass, *self._unshown.pop(0))
        for report in self._early.pop_all():
            self.receive(report)
        self._show_totals()

    @callback
    def expect(self, message: Message) -> None:
        """Follow a message by its reference while its request is under way."""
        if message.ref is not None:
            self._store.references[message.ref] = message
            self._in_flight.add(message.ref)
            self._store.async_schedule_save()

    @callback
    def accept(self, message: Message, msgid: int | None, *, reports: bool) -> None:
        """Count an accepted message, and follow it if reports of it can come."""
        self._forget_reference(message)
        self._store.totals.sent += 1
        message.msgid = msgid
        if msgid is not None and reports:
            message.followed = True
            message.changed()
            # If the gateway gives the same ID again, the newest message has to stand last.
            self._store.messages[msgid] = message
            self._store.messages.move_to_end(msgid)
        else:
            self._release(message)
        self._store.async_schedule_save()
        self._totals_changed()
        if not self._paused and msgid is not None:
            self._apply_all(self._early.pop(msgid))

    @callback
    def refuse(self, message: Message) -> None:
        """Forget a message that was not sent."""
        self._forget_reference(message)

    @callback
    def lose(self, message: Message) -> None:
        """Keep the reference of a message whose outcome is unknown: a report may tell its ID."""
        if message.ref is None:
            return
        self._in_flight.discard(message.ref)
        if not self._paused and (msgid := self._early.find_msgid(message.ref)) is not None:
            self._apply_all(self._early.pop(msgid))

    @callback
    def report(self, message: Message, status: str, status_code: int | None = None, error: str | None = None) -> None:
        """Tell the status of a message that was not sent, or may not have been: no report of the gateway does."""
        if status in DeliveryStatus and DeliveryStatus(status).final:
            message.statuses += (DeliveryStatus(status),)
        self._release(message)
        self._tell(message, status, status_code, error)

    def _forget_reference(self, message: Message) -> None:
        """Stop following a message by its reference."""
        if message.ref is not None:
            self._in_flight.discard(message.ref)
            if self._store.references.pop(message.ref, None) is not None:
                self._store.async_schedule_save()

    async def wait_until_final(self, messages: Iterable[Message], seconds: float) -> None:
        """Wait until every message has its final status, for `seconds` at most and not beyond the end."""
        waited_for = [message for message in messages if not message.final]
        if self._stopped or not waited_for:
            return
        futures = {message: self._hass.loop.create_future() for message in waited_for}
        self._waiting |= futures
        try:
            await asyncio.wait(futures.values(), timeout=seconds)
        finally:
            for message in futures:
                self._waiting.pop(message, None)

    @callback
    def _stop_waiting(self, _event: Event | None = None) -> None:
        """Let every caller go with what is known, now and from now on."""
        self._stopped = True
        for message in list(self._waiting):
            self._release(message)

    def _release(self, message: Message) -> None:
        """Let go whoever waits for the final status of a message."""
        if (future := self._waiting.pop(message, None)) is not None:
            future.set_result(None)

    @callback
    def receive(self, report: DeliveryReport) -> None:
        """Apply a report from the gateway, now or when that is possible."""
        if not self._paused and report.msgid in self._store.messages:
            self._apply(self._store.messages[report.msgid], report)
        elif not self._paused and (message := self._lost_message(report)) is not None:
            message.followed_since = time.time()
            self.accept(message, report.msgid, reports=True)
            self._apply(message, report)
        else:
            self._early.add(report, time.time())

    def _lost_message(self, report: DeliveryReport) -> Message | None:
        """Return the message of unknown outcome that the reference of a report names."""
        if report.ref is None or report.ref in self._in_flight:
            return None
        self._forget_old()
        return self._store.references.get(report.ref)

    def _apply_all(self, reports: Sequence[DeliveryReport]) -> None:
        """Apply reports that were early."""
        for report in reports:
            self.receive(report)

    def _apply(self, message: Message, report: DeliveryReport) -> None:
        """Set a message's status and tell everybody, unless it had that status already or is final."""
        if message.final or report.status in message.statuses:
            return
        message.statuses += (report.status,)
        if report.status.final:
            self._finish(message, report.msgid)
        else:
            message.changed()
        self._store.async_schedule_save()
        self._tell(message, report.status, report.status_code)

    def _tell(self, message: Message, status: str, status_code: int | None, error: str | None = None) -> None:
        """Tell everybody a message's status."""
        data = async_fire_report(self._hass, self._entry, message, status, status_code, error=error)
        if self._paused:
            self._unshown.append((message, data))
        else:
            async_show_report(self._hass, message, data)

    def _finish(self, message: Message, msgid: int) -> None:
        """Follow a message no longer, count it and let go whoever waits for it."""
        self._store.messages.pop(msgid, None)
        if message.status is DeliveryStatus.DELIVERED:
            self._store.totals.delivered += 1
        else:
            self._store.totals.failed += 1
        self._totals_changed()
        self._release(message)
        async_dispatcher_send(self._hass, FINAL_SIGNAL, message)

    def _totals_changed(self) -> None:
        """Show the totals, soon."""
        if not self._paused:
            self._show_totals_soon.async_schedule_call()

    @callback
    def _look(self, _now: datetime) -> None:
        """Drop the reports that no message awaits, and stop following what is too old."""
        self._forget_old()
        for msgid in () if self._paused else self._early.expire(time.time()):
            LOGGER.debug("Report for message %s dropped: no message of this account awaits it", msgid)

    def _forget_old(self) -> None:
        """Stop following messages that no report will come for any more."""
        now = time.time()
        self._move_with_clock(now)
        oldest = now - FOLLOWED_FOR
        followed: tuple[dict[Any, Message], ...] = (self._store.messages, self._store.references)
        for messages in followed:
            while messages:
                key, first = next(iter(messages.items()))
                if first.followed_since >= oldest:
                    break
                del messages[key]
                self._store.async_schedule_save()

    def _move_with_clock(self, now: float) -> None:
        """Follow messages for as long as before where the clock was set."""
        offset = now - time.monotonic()
        set_by, self._clock_offset = offset - self._clock_offset, offset
        for followed in (self._store.messages.values(), self._store.references.values()):
            first = next(iter(followed), None)
            if first is None or (set_by < CLOCK_WAS_SET and first.followed_since <= now):
                continue
            for message in followed:
                message.followed_since = min(message.followed_since + max(set_by, 0), now)
                message.changed()

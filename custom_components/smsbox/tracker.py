"""What was sent and what became of it; alone knows the Store."""

import asyncio
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import takewhile
from typing import Any, Self, TypedDict

from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import CALLBACK_TYPE, Context, Event, HassJob, HomeAssistant, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.debounce import Debouncer
from homeassistant.helpers.dispatcher import async_dispatcher_send
from homeassistant.helpers.event import async_call_later
from homeassistant.helpers.json import json_dumps, json_fragment
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey
from homeassistant.util.signal_type import SignalType

from .api import AcceptedMessage, DeliveryReport, DeliveryStatus
from .const import DOMAIN, EVENT_DELIVERY_REPORT, LOGGER, Channel
from .coordinator import SmsboxConfigEntry

STORAGE_VERSION = 1
SAVE_DELAY = 0.5
TOTALS_COOLDOWN = 1

FOLLOWED_FOR = timedelta(hours=72).total_seconds()
# A report that no sent message awaits may be ahead of the answer to its own request.
HELD_FOR = 60
MAX_HELD = 10_000

TRACKERS: HassKey[dict[str, Tracker]] = HassKey(DOMAIN)


@dataclass(slots=True)
class Message:
    """A message that the gateway accepted, followed by its `msgid`; `sent_at` in seconds since the epoch."""

    msgid: int
    number: str
    subentry_id: str | None
    channel: Channel
    sent_at: float
    context: Context
    statuses: list[DeliveryStatus] = field(default_factory=list)
    # as it is stored: a save puts these together, which is cheap even for very many messages
    row: json_fragment = field(init=False)

    def __post_init__(self) -> None:
        self.render()

    @classmethod
    def from_row(cls, row: list[Any]) -> Self:
        """Return a stored message."""
        msgid, number, subentry_id, channel, sent_at, context_id, parent_id, user_id, statuses = row
        context = Context(id=context_id, parent_id=parent_id, user_id=user_id)
        return cls(msgid, number, subentry_id, Channel(channel), sent_at, context, list(map(DeliveryStatus, statuses)))

    @property
    def status(self) -> DeliveryStatus | None:
        """Return the last status, None before the first report."""
        return self.statuses[-1] if self.statuses else None

    @property
    def final(self) -> bool:
        """Return whether no report can change the status any more."""
        return self.status is not None and self.status.final

    def render(self) -> None:
        """Render the message as it is to be stored."""
        context = self.context
        self.row = json_fragment(
            json_dumps(
                [
                    self.msgid,
                    self.number,
                    self.subentry_id,
                    self.channel,
                    self.sent_at,
                    context.id,
                    context.parent_id,
                    context.user_id,
                    self.statuses,
                ]
            )
        )


@dataclass(slots=True)
class Totals:
    """How many messages were accepted, and how many of them are known to have arrived or not."""

    sent: int = 0
    delivered: int = 0
    failed: int = 0


class Delivery(TypedDict):
    """A report of a message of this account: the data of the event on the bus."""

    config_entry_id: str
    msgid: int
    status: DeliveryStatus
    status_code: int
    final: bool
    number: str
    recipient: str | None
    device_id: str | None
    channel: Channel
    sent_at: str
    reported_at: str


@dataclass(frozen=True, slots=True)
class _Held:
    """The reports of one message that cannot be taken in yet, since that moment."""

    since: float
    reports: dict[DeliveryStatus, DeliveryReport] = field(default_factory=dict)


class StoredData(TypedDict):
    """The shape of the stored file."""

    messages: list[Any]
    totals: dict[str, int]


def delivery_signal(entry_id: str, subentry_id: str | None = None) -> SignalType[Delivery, Context]:
    """Return the signal of an account's reports, or of those of one of its recipients."""
    return SignalType(f"{DOMAIN}_delivery_{entry_id}_{subentry_id}")


def totals_signal(entry_id: str) -> SignalType[()]:
    """Return the signal that an account's totals changed."""
    return SignalType(f"{DOMAIN}_totals_{entry_id}")


class Tracker:
    """Follows an account's messages to their end, through reloads and restarts.

    It starts paused, which is how it is whenever there are no entities to show what it takes in.
    """

    def __init__(self, hass: HomeAssistant, entry: SmsboxConfigEntry) -> None:
        self.totals = Totals()
        self._hass = hass
        self._entry = entry
        # both with the oldest first
        self._messages: dict[int, Message] = {}
        self._held: OrderedDict[int, _Held] = OrderedDict()  # a plain one is slow at finding its first

        self._paused = True
        self._stopped = False
        # by msgid: resolved as soon as the status is final; there only while somebody waits for it
        self._waiting: dict[int, asyncio.Future[None]] = {}
        self._save_pending = False
        # Many messages at once change the states, and fill the database, once a second.
        self._show_totals = partial(async_dispatcher_send, hass, totals_signal(entry.entry_id))
        self._show_totals_soon = Debouncer(
            hass, LOGGER, cooldown=TOTALS_COOLDOWN, immediate=True, function=self._show_totals
        )
        self._drop_job = HassJob(self._drop_old, cancel_on_shutdown=True)
        self._unsub_drop: CALLBACK_TYPE | None = None
        self._unsub_stop = hass.bus.async_listen(EVENT_HOMEASSISTANT_STOP, self._stop_waiting)
        self._store: Store[StoredData] = Store(
            hass,
            STORAGE_VERSION,
            f"{DOMAIN}.{entry.entry_id}",
            private=True,
            atomic_writes=True,
            serialize_in_event_loop=False,
        )

    @property
    def following(self) -> int:
        """Return how many messages can still get a report."""
        self._forget_old()
        return len(self._messages)

    async def async_load(self) -> None:
        """Load what was being followed when Home Assistant ended."""
        if (stored := await self._store.async_load()) is not None:
            self._messages = {row[0]: Message.from_row(row) for row in stored["messages"]}
            self.totals = Totals(**stored["totals"])
            self._forget_old()

    async def async_remove(self) -> None:
        """Forget everything, on disk too; what is still under way can be tracked, but is not stored any more."""
        self.pause()
        self._stop_waiting()
        self._unsub_stop()
        if self._unsub_drop is not None:
            self._unsub_drop()
        self._store.make_read_only()
        # Waits for a save that is under way: it would bring the file back.
        await self._store.async_save(self._data_to_store())
        await self._store.async_remove()

    @callback
    def pause(self) -> None:
        """Keep reports back until `resume`, while there are no entities to show them."""
        self._paused = True
        self._show_totals_soon.async_cancel()

    @callback
    def resume(self) -> None:
        """Take in the reports that came since `pause`, and all to come."""
        self._paused = False
        self._forget_old()
        for message in [self._messages[msgid] for msgid in self._held if msgid in self._messages]:
            self._release(message)
        self._show_totals()

    @callback
    def track(
        self, accepted: AcceptedMessage, subentry_id: str | None, channel: Channel, context: Context, *, reports: bool
    ) -> Message | None:
        """Count an accepted message, and follow it where reports of it can come."""
        self.totals.sent += 1
        self._save()
        self._totals_changed()
        if (msgid := accepted.msgid) is None or not reports:
            return None
        # Should the gateway give the same msgid again: the newest message has to stand last.
        self._messages.pop(msgid, None)
        message = Message(msgid, accepted.number, subentry_id, channel, _now(), context)
        self._messages[msgid] = message
        self._release(message)
        return message

    async def wait_until_final(self, messages: Iterable[Message], seconds: float) -> None:
        """Wait until every message has its final status, for `seconds` at most and not beyond the end."""
        loop = self._hass.loop
        futures = {message.msgid: loop.create_future() for message in messages if not message.final}
        if self._stopped or not futures:
            return
        self._waiting |= futures
        try:
            await asyncio.wait(futures.values(), timeout=seconds)
        finally:
            for msgid in futures:
                self._waiting.pop(msgid, None)

    @callback
    def _stop_waiting(self, _event: Event | None = None) -> None:
        """Let every caller go with what is known, now and from now on."""
        self._stopped = True
        while self._waiting:
            self._waiting.popitem()[1].set_result(None)

    @callback
    def receive(self, report: DeliveryReport) -> None:
        """Take in a report from the gateway, now or when that is possible."""
        message = self._messages.get(report.msgid)
        if self._paused or message is None or message.sent_at < _now() - FOLLOWED_FOR:
            self._hold(report)
        else:
            self._apply(message, report)

    def _hold(self, report: DeliveryReport) -> None:
        """Keep a report that cannot be taken in yet, for a bounded time and number."""
        if report.msgid not in self._held:
            self._held[report.msgid] = _Held(_now())
        self._held[report.msgid].reports.setdefault(report.status, report)
        if len(self._held) > MAX_HELD:
            self._drop(next(iter(self._held)))
        if self._unsub_drop is None:
            self._unsub_drop = async_call_later(self._hass, HELD_FOR, self._drop_job)

    def _release(self, message: Message) -> None:
        """Take in the reports that were held for a message."""
        if not self._paused and (held := self._held.pop(message.msgid, None)) is not None:
            for report in held.reports.values():
                self._apply(message, report)

    @callback
    def _drop_old(self, now: datetime) -> None:
        """Drop the reports that were held long enough."""
        self._unsub_drop = None
        oldest = now.timestamp() - HELD_FOR
        for msgid in [msgid for msgid, held in self._held.items() if held.since <= oldest and not self._paused]:
            self._drop(msgid)
        if self._held:
            self._unsub_drop = async_call_later(self._hass, HELD_FOR, self._drop_job)

    def _drop(self, msgid: int) -> None:
        """Drop the reports of one message."""
        del self._held[msgid]
        LOGGER.debug("Report for message %s dropped: no message of this account awaits it", msgid)

    def _apply(self, message: Message, report: DeliveryReport) -> None:
        """Set a message's status and tell everybody, unless it had that status already or is at its end."""
        if message.final or report.status in message.statuses:
            return
        message.statuses.append(report.status)
        if report.status.final:
            self._finish(message)
        else:
            message.render()
        self._save()
        subentry = self._entry.subentries.get(message.subentry_id or "")
        device = subentry and dr.async_get(self._hass).async_get_device_by_identifier(
            (DOMAIN, subentry.subentry_id), self._entry.entry_id
        )
        delivery = Delivery(
            config_entry_id=self._entry.entry_id,
            msgid=message.msgid,
            status=report.status,
            status_code=report.status_code,
            final=report.status.final,
            number=message.number,
            recipient=subentry.title if subentry else None,
            device_id=device.id if device else None,
            channel=message.channel,
            sent_at=datetime.fromtimestamp(message.sent_at, UTC).isoformat(),
            reported_at=dt_util.utcnow().isoformat(),
        )
        self._hass.bus.async_fire(EVENT_DELIVERY_REPORT, delivery, context=message.context)
        for subentry_id in dict.fromkeys((None, message.subentry_id)):
            signal = delivery_signal(self._entry.entry_id, subentry_id)
            async_dispatcher_send(self._hass, signal, delivery, message.context)

    def _finish(self, message: Message) -> None:
        """Follow a message no longer, count it and let go who waits for it."""
        del self._messages[message.msgid]
        if message.status is DeliveryStatus.DELIVERED:
            self.totals.delivered += 1
        else:
            self.totals.failed += 1
        self._totals_changed()
        if (future := self._waiting.pop(message.msgid, None)) is not None:
            future.set_result(None)

    def _totals_changed(self) -> None:
        """Show the totals, soon."""
        if not self._paused:
            self._show_totals_soon.async_schedule_call()

    def _forget_old(self) -> None:
        """Stop following messages that no report will come for any more."""
        oldest = _now() - FOLLOWED_FOR
        old = [
            message.msgid for message in takewhile(lambda message: message.sent_at < oldest, self._messages.values())
        ]
        for msgid in old:
            del self._messages[msgid]
        if old:
            self._save()

    def _save(self) -> None:
        """Write soon; a save that is due already takes this change along."""
        if not self._save_pending:
            self._save_pending = True
            self._store.async_delay_save(self._data_to_store, SAVE_DELAY)
            self._forget_old()

    def _data_to_store(self) -> StoredData:
        """Return what has to survive; called in a thread, so all messages are copied in one step."""
        self._save_pending = False
        return {
            "messages": [message.row for message in list(self._messages.values())],
            "totals": asdict(self.totals),
        }


def _now() -> float:
    """Return the seconds since the epoch."""
    return dt_util.utcnow().timestamp()

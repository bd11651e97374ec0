"""What was sent and what became of it; alone knows the Store."""

import asyncio
from collections import deque
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypedDict

from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import CALLBACK_TYPE, Context, Event, HassJob, HomeAssistant, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.dispatcher import async_dispatcher_send
from homeassistant.helpers.event import async_call_later
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey
from homeassistant.util.signal_type import SignalType

from .api import AcceptedMessage, DeliveryReport, DeliveryStatus
from .const import DOMAIN, EVENT_DELIVERY_REPORT, LOGGER, Channel
from .coordinator import SmsboxConfigEntry

STORAGE_VERSION = 1
SAVE_DELAY = 0.5

FOLLOWED_FOR = timedelta(hours=72)
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
    context_id: str
    parent_id: str | None
    user_id: str | None
    status: DeliveryStatus | None = None
    # resolved as soon as the status is final; there only while somebody waits for it
    done: asyncio.Future[None] | None = None

    @property
    def final(self) -> bool:
        """Return whether no report can change the status any more."""
        return self.status is not None and self.status.final


@dataclass(slots=True)
class Totals:
    """How many messages were accepted, and how many of them are known to have arrived or not."""

    sent: int = 0
    delivered: int = 0
    failed: int = 0


@dataclass(frozen=True, slots=True)
class Delivery:
    """A report of a message of this account; its fields are the data of the event on the bus."""

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
    """The reports that came for a message which is not known yet, since that moment of the loop's clock."""

    since: float
    reports: dict[DeliveryStatus, DeliveryReport]


class StoredData(TypedDict):
    """The shape of the stored file."""

    messages: list[list[Any]]
    totals: dict[str, int]


def delivery_signal(entry_id: str) -> SignalType[Delivery, str | None, Context]:
    """Return the signal of an account's reports."""
    return SignalType(f"{DOMAIN}_delivery_{entry_id}")


def totals_signal(entry_id: str) -> SignalType[()]:
    """Return the signal that an account's totals changed."""
    return SignalType(f"{DOMAIN}_totals_{entry_id}")


class Tracker:
    """Follows an account's messages to their end, through reloads and restarts."""

    def __init__(self, hass: HomeAssistant, entry: SmsboxConfigEntry) -> None:
        self.totals = Totals()
        self._hass = hass
        self._entry = entry
        self._messages: dict[int, Message] = {}
        self._held: dict[int, _Held] = {}
        self._unsub_drop: CALLBACK_TYPE | None = None
        self._unsub_stop: CALLBACK_TYPE | None = None
        self._queue: deque[DeliveryReport] | None = deque(maxlen=MAX_HELD)
        self._drop_job = HassJob(self._drop_old, cancel_on_shutdown=True)
        self._waiting: set[asyncio.Future[None]] = set()
        self._save_pending = False
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
            self._messages = {row[0]: _from_row(row) for row in stored["messages"]}
            self.totals = Totals(**stored["totals"])
        self._unsub_stop = self._hass.bus.async_listen(EVENT_HOMEASSISTANT_STOP, self._stop_waiting)

    async def async_remove(self) -> None:
        """Forget everything, on disk too."""
        self._stop_waiting()
        for unsubscribe in (self._unsub_drop, self._unsub_stop):
            if unsubscribe is not None:
                unsubscribe()
        await self._store.async_remove()

    @callback
    def pause(self) -> None:
        """Keep reports back until `resume`, while there are no entities to show them."""
        if self._queue is None:
            self._queue = deque(maxlen=MAX_HELD)

    @callback
    def resume(self) -> None:
        """Take in the reports that came since `pause`, and all to come."""
        queue, self._queue = self._queue, None
        for report in queue or ():
            self.receive(report)

    @callback
    def track(
        self, accepted: AcceptedMessage, subentry_id: str | None, channel: Channel, context: Context, *, reports: bool
    ) -> Message | None:
        """Count an accepted message, and follow it where reports of it can come."""
        self.totals.sent += 1
        self._save()
        async_dispatcher_send(self._hass, totals_signal(self._entry.entry_id))
        if accepted.msgid is None or not reports:
            return None
        self._forget_old()
        message = self._messages[accepted.msgid] = Message(
            accepted.msgid,
            accepted.number,
            subentry_id,
            channel,
            dt_util.utcnow().timestamp(),
            context.id,
            context.parent_id,
            context.user_id,
        )
        if (held := self._held.pop(accepted.msgid, None)) is not None:
            for report in held.reports.values():
                self.receive(report)
        return message

    async def wait_until_final(self, messages: Iterable[Message], seconds: float) -> None:
        """Wait until every message has its final status, for `seconds` at most and not beyond the end."""
        pending = [message for message in messages if not message.final]
        for message in pending:
            message.done = asyncio.get_running_loop().create_future()
            self._waiting.add(message.done)
        futures = [message.done for message in pending if message.done]
        try:
            if futures:
                await asyncio.wait(futures, timeout=seconds)
        finally:
            self._waiting.difference_update(futures)
            for message in pending:
                message.done = None

    @callback
    def _stop_waiting(self, _event: Event | None = None) -> None:
        """Let every caller go with what is known."""
        for future in self._waiting:
            if not future.done():
                future.set_result(None)

    @callback
    def receive(self, report: DeliveryReport) -> None:
        """Take in a report from the gateway."""
        if self._queue is not None:
            self._queue.append(report)
            return
        self._forget_old()
        if (message := self._messages.get(report.msgid)) is None:
            self._hold(report)
        elif report.status is not message.status:
            self._apply(message, report)

    def _hold(self, report: DeliveryReport) -> None:
        """Keep a report that no message awaits, for a bounded time and number."""
        held = self._held.setdefault(report.msgid, _Held(self._hass.loop.time(), {}))
        held.reports.setdefault(report.status, report)
        if len(self._held) > MAX_HELD:
            self._drop(next(iter(self._held)))
        if self._unsub_drop is None:
            self._unsub_drop = async_call_later(self._hass, HELD_FOR, self._drop_job)

    @callback
    def _drop_old(self, _now: datetime) -> None:
        """Drop the reports that were held long enough; the oldest stand first."""
        self._unsub_drop = None
        oldest = self._hass.loop.time() - HELD_FOR
        for msgid in [msgid for msgid, held in self._held.items() if held.since <= oldest]:
            self._drop(msgid)
        if self._held:
            self._unsub_drop = async_call_later(self._hass, HELD_FOR, self._drop_job)

    def _drop(self, msgid: int) -> None:
        """Drop the reports of one message."""
        del self._held[msgid]
        LOGGER.debug("Report for message %s dropped: no message of this account awaits it", msgid)

    def _apply(self, message: Message, report: DeliveryReport) -> None:
        """Set a message's status and tell everybody."""
        message.status = report.status
        if report.status.final:
            del self._messages[message.msgid]
            if report.status is DeliveryStatus.DELIVERED:
                self.totals.delivered += 1
            else:
                self.totals.failed += 1
            async_dispatcher_send(self._hass, totals_signal(self._entry.entry_id))
            if message.done and not message.done.done():
                message.done.set_result(None)
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
        context = Context(id=message.context_id, parent_id=message.parent_id, user_id=message.user_id)
        self._hass.bus.async_fire(EVENT_DELIVERY_REPORT, asdict(delivery), context=context)
        async_dispatcher_send(self._hass, delivery_signal(self._entry.entry_id), delivery, message.subentry_id, context)

    def _forget_old(self) -> None:
        """Stop following messages that no report will come for any more; the oldest stand first."""
        oldest = (dt_util.utcnow() - FOLLOWED_FOR).timestamp()
        while self._messages and (message := next(iter(self._messages.values()))).sent_at < oldest:
            del self._messages[message.msgid]

    def _save(self) -> None:
        """Write soon; a save that is due already takes this change along."""
        if not self._save_pending:
            self._save_pending = True
            self._store.async_delay_save(self._data_to_store, SAVE_DELAY)

    def _data_to_store(self) -> StoredData:
        """Return what has to survive; called in a thread, so all is copied in one step."""
        self._save_pending = False
        return {
            "messages": [_to_row(message) for message in list(self._messages.values())],
            "totals": asdict(self.totals),
        }


def _to_row(message: Message) -> list[Any]:
    """Return a message as it is stored."""
    return [
        message.msgid,
        message.number,
        message.subentry_id,
        message.channel,
        message.sent_at,
        message.context_id,
        message.parent_id,
        message.user_id,
        message.status,
    ]


def _from_row(row: list[Any]) -> Message:
    """Return a stored message."""
    msgid, number, subentry_id, channel, sent_at, context_id, parent_id, user_id, status = row
    return Message(
        msgid,
        number,
        subentry_id,
        Channel(channel),
        sent_at,
        context_id,
        parent_id,
        user_id,
        status and DeliveryStatus(status),
    )

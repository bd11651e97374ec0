"""What an account keeps on disk, with named fields."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, fields
import math
import os
from pathlib import Path
import shutil
from typing import Any, Self

from atomicwrites import AtomicWriter
from homeassistant.config_entries import ConfigSubentry
from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers.json import json_bytes
from homeassistant.helpers.storage import STORAGE_DIR, Store
from homeassistant.util import dt as dt_util
from homeassistant.util.json import json_loads

from .const import DOMAIN, LOGGER
from .message import Message, Row, parse_list, parse_moment, parse_text

VERSION = 1
SAVE_DELAY = 0.5


def parse_rows[T](rows: object, parse: Callable[[Row], T]) -> tuple[list[T], int]:
    """Return the rows that can be read, and how many cannot."""
    if not isinstance(rows, list):
        return [], int(rows is not None)
    parsed: list[T] = []
    for row in rows:
        try:
            parsed.append(parse(row))
        except AttributeError, KeyError, OSError, OverflowError, TypeError, ValueError:
            continue
    return parsed, len(rows) - len(parsed)


@dataclass(slots=True)
class Totals:
    """How many messages were accepted, how many of them arrived or failed, and the credits that were spent."""

    sent: int = 0
    delivered: int = 0
    failed: int = 0
    credits_spent: float = 0
    balance: float | None = None

    @classmethod
    def from_store(cls, row: Row) -> Self:
        """Return stored totals, without those that this version does not know."""
        known = {item.name for item in fields(cls)}
        totals = cls(**{key: value for key, value in row.items() if key in known})
        counts = (totals.sent, totals.delivered, totals.failed)
        amounts = (totals.credits_spent, 0 if totals.balance is None else totals.balance)
        if any(type(count) is not int or count < 0 for count in counts) or not all(map(math.isfinite, amounts)):
            raise ValueError("not totals")
        return totals


@dataclass(slots=True)
class Names:
    """The names that a recipient or a plan has had, oldest first, and the one of its notify action."""

    subentry_id: str
    names: list[str]
    action: str | None = None

    @classmethod
    def from_store(cls, row: Row) -> Self:
        """Return stored names."""
        action, names = row.get("action"), [parse_text(name) for name in parse_list(row["names"])]
        if not names:
            raise ValueError("no names")
        return cls(parse_text(row["subentry_id"]), names, None if action is None else parse_text(action))


def _parse_moments(row: Row) -> tuple[str, list[float]]:
    """Return a number and when messages went to it."""
    return parse_text(row["number"]), sorted(parse_moment(moment) for moment in parse_list(row["moments"]))


class AccountStore:
    """An account's messages, totals, names and counts, written within a second of a change and at the end."""

    def __init__(self, hass: HomeAssistant, entry_id: str) -> None:
        # Both with the oldest first, which a plain dict is slow to find. Those in `references` have no message ID yet.
        self.messages: OrderedDict[int, Message] = OrderedDict()
        self.references: OrderedDict[str, Message] = OrderedDict()
        self.totals = Totals()
        self.names: dict[str, Names] = {}
        self.moments: OrderedDict[str, list[float]] = OrderedDict()
        self._hass = hass
        self._save_pending = False
        self._store: Store[Any] = Store(
            hass,
            VERSION,
            f"{DOMAIN}.{entry_id}",
            private=True,
            atomic_writes=True,
            serialize_in_event_loop=False,
        )
        self._unsub_stop = hass.bus.async_listen(EVENT_HOMEASSISTANT_STOP, self._handle_stop)

    async def async_load(self) -> None:
        """Load what was stored; what cannot be read is set aside."""
        try:
            stored = await self._store.async_load()
        except Exception as error:  # noqa: BLE001 - whatever the file holds, the account has to load
            await async_set_aside(self._hass, self._store.path, type(error).__name__)
            return
        if stored is None:
            return
        if not isinstance(stored, dict):
            await async_set_aside(self._hass, self._store.path, "not a mapping")
            return
        messages, unreadable = parse_rows(stored.get("messages"), Message.from_store)
        self.messages.update((message.msgid, message) for message in messages if message.msgid is not None)
        self.references.update((message.ref, message) for message in messages if message.msgid is None and message.ref)
        names, unreadable_names = parse_rows(stored.get("names"), Names.from_store)
        self.names = {name.subentry_id: name for name in names}
        moments, unreadable_moments = parse_rows(stored.get("moments"), _parse_moments)
        self.moments.update(moments)
        totals, unreadable_totals = parse_rows([stored.get("totals", {})], Totals.from_store)
        self.totals = totals[0] if totals else Totals()
        if lost := unreadable + unreadable_names + unreadable_moments + unreadable_totals:
            await async_set_aside(self._hass, self._store.path, f"{lost} parts", copy=True)

    @callback
    def update_names(self, subentries: Mapping[str, ConfigSubentry], changed: Iterable[str]) -> None:
        """Note the names that changed recipients and plans have now, and forget those of removed ones."""
        for subentry_id in changed:
            names, subentry = self.names.get(subentry_id), subentries.get(subentry_id)
            if subentry is None:
                self.names.pop(subentry_id, None)
            elif names is None:
                self.names[subentry_id] = Names(subentry_id, [subentry.title])
            elif names.names[-1] != subentry.title:
                names.names = [name for name in names.names if name != subentry.title] + [subentry.title]
            else:
                continue
            self.async_schedule_save()

    @callback
    def async_schedule_save(self) -> None:
        """Write within a second; a write that is due already takes this change along."""
        if not self._save_pending:
            self._save_pending = True
            self._store.async_delay_save(self._data_to_store, SAVE_DELAY)

    @callback
    def _handle_stop(self, _event: Event) -> None:
        """Write at the end, whether or not earlier writes succeeded."""
        self._store.async_delay_save(self._data_to_store)

    async def async_remove(self) -> None:
        """Remove what is stored; nothing is written from now on."""
        self._unsub_stop()
        self._store.make_read_only()
        # Waits for a write that is under way: it would bring the file back.
        await self._store.async_save({})
        await self._store.async_remove()

    def _data_to_store(self) -> Row:
        """Return what is to be stored; called in a thread, so that collections are copied in one step."""
        self._save_pending = False
        return {
            "messages": [message.row for message in [*self.references.values(), *self.messages.values()]],
            "totals": asdict(self.totals),
            "names": [asdict(names) for names in list(self.names.values())],
            "moments": [{"number": number, "moments": list(moments)} for number, moments in list(self.moments.items())],
        }


class WriteAheadFile:
    """A small file that is on disk, through a power cut, once `async_write` returns.

    If the disk takes nothing, one error is logged, and what was to be written is written as soon as that works again.
    """

    def __init__(self, hass: HomeAssistant, key: str, data: Callable[[], Row]) -> None:
        self._hass = hass
        self._path = hass.config.path(STORAGE_DIR, key)
        self._data = data
        self._lock = asyncio.Lock()
        self._asked = 0
        self._written = 0
        self._failing = False
        self._removed = False

    async def async_load_rows[T](self, name: str, parse: Callable[[Row], T]) -> list[T]:
        """Return the rows that were written under a name; what cannot be read is set aside."""
        try:
            stored: Any = await self._hass.async_add_executor_job(_read, self._path)
            if not stored:
                return []
            if stored["version"] not in range(1, VERSION + 1) or not isinstance(stored[name], list):
                raise ValueError("not of this version")  # noqa: TRY301 - set aside like the rest
        except Exception as error:  # noqa: BLE001 - whatever the file holds, the account has to load
            await async_set_aside(self._hass, self._path, type(error).__name__)
            return []
        rows, unreadable = parse_rows(stored[name], parse)
        if unreadable:
            await async_set_aside(self._hass, self._path, f"{unreadable} rows", copy=True)
        return rows

    async def async_write(self) -> None:
        """Write what is to be kept now; several callers at once cost one write."""
        self._asked += 1
        asked = self._asked
        async with self._lock:
            if self._written >= asked or self._removed:
                return
            asked = self._asked
            content = json_bytes({"version": VERSION, **self._data()})
            try:
                await self._hass.async_add_executor_job(_write, self._path, content)
            except OSError:
                if not self._failing:
                    LOGGER.error("%s cannot be written; a crash of Home Assistant would lose it", self._path)
                self._failing = True
            else:
                self._written = asked
                self._failing = False

    async def async_write_rest(self) -> None:
        """Write again what could not be written."""
        if self._written < self._asked:
            await self.async_write()

    async def async_remove(self) -> None:
        """Remove the file; nothing is written from now on."""
        async with self._lock:
            self._removed = True
            await self._hass.async_add_executor_job(lambda: Path(self._path).unlink(missing_ok=True))


def _read(path: str) -> Any:
    """Return what a file holds, None if there is none; core's own way logs a traceback if it is no JSON."""
    try:
        content = Path(path).read_bytes()
    except FileNotFoundError:
        return None
    return json_loads(content)


def _write(path: str, content: bytes) -> None:
    """Write a private file through to the disk, as core does, which logs a traceback each time that fails."""
    Path(path).parent.mkdir(exist_ok=True)
    with AtomicWriter(path, mode="wb", overwrite=True).open() as file:
        file.write(content)


async def async_set_aside(hass: HomeAssistant, path: str, why: str, *, copy: bool = False) -> None:
    """Keep an unreadable file, or a copy of it, under another name and warn."""
    aside = f"{path}.unreadable.{dt_util.utcnow():%Y%m%d%H%M%S}"
    try:
        await hass.async_add_executor_job(shutil.copy if copy else os.rename, path, aside)
    except OSError as error:
        aside = f"nowhere ({type(error).__name__})"
    LOGGER.warning("%s cannot be read (%s); it is kept as %s", path, why, aside)

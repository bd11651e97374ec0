"""What an account holds for as long as Home Assistant runs, through reloads."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
import time
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_API_KEY, EVENT_HOMEASSISTANT_STOP
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_send
from homeassistant.util.signal_type import SignalType

from .api import SmsboxAuthenticationError, SmsboxClient, SmsboxCreditsError, SmsboxError, SmsboxOutcomeUnknownError
from .const import (
    CONF_LIMIT_DAY,
    CONF_LIMIT_HOUR,
    CONF_UNSUPPORTED_CHARACTERS,
    DEFAULT_LIMIT_DAY,
    DEFAULT_LIMIT_HOUR,
    DOMAIN,
    UnsupportedCharacters,
)
from .coordinator import SmsboxCoordinator
from .gateway import create_client
from .guard import Guard, Limit
from .outbox import Outbox
from .report_url import report_url
from .store import AccountStore
from .tracker import Tracker, totals_signal

type SmsboxConfigEntry = ConfigEntry[Account]


def queue_signal(entry_id: str) -> SignalType[()]:
    """Return the signal that the number of waiting messages changed."""
    return SignalType(f"{DOMAIN}_queue_{entry_id}")


def limit_signal(entry_id: str) -> SignalType[()]:
    """Return the signal that a limit refused a message."""
    return SignalType(f"{DOMAIN}_limit_{entry_id}")


# The gateway answered a request of the account with this entry.
RESPONSE_SIGNAL: SignalType[str] = SignalType(f"{DOMAIN}_response")


def _snapshot(entry: ConfigEntry[Any]) -> dict[str, tuple[str, Mapping[str, Any]]]:
    """Return the titles and data of an entry's subentries, which Home Assistant changes in place."""
    return {subentry_id: (subentry.title, subentry.data) for subentry_id, subentry in entry.subentries.items()}


@dataclass(frozen=True, slots=True)
class Refusal:
    """A message that a limit refused, at a moment in seconds since the epoch."""

    number: str
    recipient_id: str | None
    limit: Limit
    moment: float


class Account:
    """An account: its store, tracker, guard and outbox, and its coordinator and device while it is loaded."""

    coordinator: SmsboxCoordinator
    device_id: str

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry[Any]) -> None:
        self._hass = hass
        self._entry = entry
        self._removed = False
        # The names of the notify actions of recipients and plans, by subentry.
        self.notify_actions: dict[str, str] = {}
        # The last of each number and limit.
        self.refusals: dict[tuple[str, Limit], Refusal] = {}
        self.store = AccountStore(hass, entry.entry_id)
        self.tracker = Tracker(hass, entry, self.store)
        self.guard = Guard(DEFAULT_LIMIT_HOUR, DEFAULT_LIMIT_DAY, self.store.moments)
        self.outbox = Outbox(
            hass,
            f"{DOMAIN}.{entry.entry_id}.outbox",
            self.guard,
            self.tracker,
            report_url=partial(report_url, hass, entry),
            finished=self._handle_finished,
            refused=self._handle_refused,
            queue_changed=partial(async_dispatcher_send, hass, queue_signal(entry.entry_id)),
        )
        self._unsub_stop = hass.bus.async_listen(EVENT_HOMEASSISTANT_STOP, self._handle_stop)

    @property
    def outdated(self) -> bool:
        """Return whether the entry's key or options have changed since they were taken over."""
        return self._settings != (self._entry.data[CONF_API_KEY], self._entry.options)

    @property
    def can_report(self) -> bool:
        """Return whether delivery reports of this account can arrive."""
        return report_url(self._hass, self._entry) is not None

    @property
    def unsupported_characters(self) -> UnsupportedCharacters:
        """Return what the account does with characters outside the SMS alphabet."""
        return UnsupportedCharacters(
            self._entry.options.get(CONF_UNSUPPORTED_CHARACTERS, UnsupportedCharacters.REPLACE)
        )

    async def async_load(self) -> None:
        """Load what is stored."""
        await self.store.async_load()
        await self.outbox.queue.async_load({message.ref for message in self.store.messages.values()})

    @callback
    def set_up(self) -> None:
        """Take over the entry's key and options."""
        options = self._entry.options
        self._settings = (self._entry.data[CONF_API_KEY], options)
        self._subentries = _snapshot(self._entry)
        self.guard.limit_hour = int(options.get(CONF_LIMIT_HOUR, DEFAULT_LIMIT_HOUR))
        self.guard.limit_day = int(options.get(CONF_LIMIT_DAY, DEFAULT_LIMIT_DAY))
        client = create_client(self._hass, self._entry.data[CONF_API_KEY], self._handle_response)
        self.outbox.client = client
        self.coordinator = SmsboxCoordinator(self._hass, self._entry, client, self._handle_balance)

    @callback
    def take_changed_subentries(self) -> list[str]:
        """Return the recipients and plans that were added, changed or removed since the last call."""
        before, now = self._subentries, _snapshot(self._entry)
        self._subentries = now
        return [subentry_id for subentry_id in before | now if before.get(subentry_id) != now.get(subentry_id)]

    @callback
    def resume_queue(self, _hass: HomeAssistant) -> None:
        """Send what is waiting: Home Assistant has started."""
        self.outbox.queue.resume()

    @callback
    def pause(self) -> None:
        """Keep reports and waiting messages back: the entities go away."""
        self.outbox.queue.pause()
        self.tracker.pause()

    async def async_remove(self) -> None:
        """Forget everything, on disk too."""
        self._removed = True
        self._unsub_stop()
        self.tracker.shutdown()
        await self.outbox.queue.async_remove()
        await self.store.async_remove()

    async def _handle_stop(self, _event: Event) -> None:
        """Wait for the requests under way."""
        await self.outbox.async_stop()

    @callback
    def _handle_refused(self, number: str, recipient_id: str | None, limit: Limit) -> None:
        """Note what the guard refused."""
        self.refusals[number, limit] = Refusal(number, recipient_id, limit, time.time())
        async_dispatcher_send(self._hass, limit_signal(self._entry.entry_id))

    @callback
    def _handle_response(self) -> None:
        """Send what is waiting: the gateway answered."""
        self.outbox.queue.wake()
        async_dispatcher_send(self._hass, RESPONSE_SIGNAL, self._entry.entry_id)

    @callback
    def _handle_finished(self, client: SmsboxClient, error: SmsboxError | None) -> None:
        """Look at the balance after what may have cost, and ask for another key if this one is refused."""
        # What the guard counts may have changed, and nothing else.
        self.store.async_schedule_save()
        match error:
            case None | SmsboxOutcomeUnknownError():
                self.coordinator.async_schedule_refresh()
            case SmsboxCreditsError():
                self.coordinator.async_refresh_in_background()
            case SmsboxAuthenticationError() if client is self.outbox.client and not self._removed:
                self._entry.async_start_reauth(self._hass)

    @callback
    def _handle_balance(self, balance: float) -> None:
        """Add up the credits that are spent."""
        totals = self.store.totals
        if totals.balance is not None and balance < totals.balance:
            totals.credits_spent = round(totals.credits_spent + totals.balance - balance, 4)
        if totals.balance != balance:
            totals.balance = balance
            self.store.async_schedule_save()
            async_dispatcher_send(self._hass, totals_signal(self._entry.entry_id))

"""The alerts of an account's plans: kept on disk, through reloads and restarts, and looked at."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Self

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import EVENT_HOMEASSISTANT_STARTED, EVENT_HOMEASSISTANT_STOP
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.event import async_track_time_interval
from homeassistant.util.hass_dict import HassKey

from ..account import RESPONSE_SIGNAL
from ..const import DOMAIN, SUBENTRY_PLAN
from ..message import Row, parse_text
from ..store import WriteAheadFile
from ..tracker import FINAL_SIGNAL
from .issues import async_delete_plan_issues
from .run import State
from .runner import AlertRunner
from .stored import read

LOOK_INTERVAL = timedelta(seconds=30)

ENGINES: HassKey[dict[str, AlertEngine]] = HassKey(f"{DOMAIN}_alerts")


@dataclass(frozen=True, slots=True)
class StoredAlert:
    """The alert of a plan, as it is stored."""

    plan: str
    state: State

    @classmethod
    def from_store(cls, row: Row) -> Self:
        """Return a stored alert; raises ValueError or TypeError if it is damaged."""
        return cls(parse_text(row["plan"]), read(State, row["state"]))


class AlertEngine:
    """Runs the alerts of an account's plans. Starts paused, until there are entities to show them."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry[Any]) -> None:
        self.runners: dict[str, AlertRunner] = {}
        self._hass = hass
        self._entry = entry
        self._paused = True
        self._stored: dict[str, State] = {}
        self._file = WriteAheadFile(hass, f"{DOMAIN}.{entry.entry_id}.alerts", self._to_store)
        self._unsubscribe = [
            hass.bus.async_listen(EVENT_HOMEASSISTANT_STOP, self._handle_stop),
            hass.bus.async_listen(EVENT_HOMEASSISTANT_STARTED, self._handle_started),
            async_dispatcher_connect(hass, RESPONSE_SIGNAL, self._handle_response),
            async_dispatcher_connect(hass, FINAL_SIGNAL, self._handle_final_report),
            async_track_time_interval(hass, self._look, LOOK_INTERVAL, cancel_on_shutdown=True),
        ]

    async def async_load(self) -> None:
        """Load the alerts that were running."""
        for stored in await self._file.async_load_rows("alerts", StoredAlert.from_store):
            self._stored[stored.plan] = stored.state

    def _to_store(self) -> Row:
        """Return what has to be on disk."""
        return {"alerts": [runner.row for runner in self.runners.values() if runner.alert.active]}

    @callback
    def update_plans(self) -> None:
        """Take over the plans as they are stored now: new ones come, changed ones change, removed ones go."""
        plans = {subentry.subentry_id: subentry for subentry in self._entry.get_subentries_of_type(SUBENTRY_PLAN)}
        for subentry_id, subentry in plans.items():
            if subentry_id in self.runners:
                self.runners[subentry_id].update_plan()
                continue
            state = self._stored.pop(subentry_id, None)
            runner = AlertRunner(self._hass, self._entry, subentry, state, self._file.async_write)
            runner.paused = self._paused
            self.runners[subentry_id] = runner
        for subentry_id in self.runners.keys() - plans.keys():
            self.runners.pop(subentry_id).paused = True
            async_delete_plan_issues(self._hass, subentry_id)
            self._hass.async_create_task(self._file.async_write())
        self._check_plans()

"""The alerts of an account's plans: kept on disk, through reloads and restarts, and looked at."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Self

from homeassistant.components.notify import DOMAIN as NOTIFY_DOMAIN
from homeassistant.config_entries import ConfigEntry
from homeassistant.const import EVENT_HOMEASSISTANT_STARTED, EVENT_HOMEASSISTANT_STOP
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.event import async_track_time_interval
from homeassistant.util.hass_dict import HassKey

from ..account import RESPONSE_SIGNAL
from ..api import DeliveryStatus
from ..const import DOMAIN, SUBENTRY_PLAN
from ..message import Message, Row, parse_text
from ..store import WriteAheadFile
from ..tracker import FINAL_SIGNAL
from .issues import async_check_plan, async_delete_plan_issues
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


@callback
def _comes_or_goes(data: Mapping[str, Any]) -> bool:
    """Return whether a notifier was added to the entity registry, or removed from it."""
    return data["action"] != "update" and str(data["entity_id"]).startswith(f"{NOTIFY_DOMAIN}.")


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
            # It is loaded a moment after `resume`.
            entry.async_on_state_change(self._look),
            async_dispatcher_connect(hass, RESPONSE_SIGNAL, self._handle_response),
            async_dispatcher_connect(hass, FINAL_SIGNAL, self._handle_final_report),
            async_track_time_interval(hass, self._look, LOOK_INTERVAL, cancel_on_shutdown=True),
            # It may be the only one of a step.
            hass.bus.async_listen(er.EVENT_ENTITY_REGISTRY_UPDATED, self.check_plans, _comes_or_goes),
        ]

    @property
    def running(self) -> int:
        """Return how many alerts are being told, or will be."""
        return sum(runner.shown.goes_on for runner in self.runners.values())

    def as_diagnostics(self) -> list[dict[str, Any]]:
        """Return counts and states of the plans and their alerts; no names, texts or links."""
        return [runner.shown.as_diagnostics(runner.alert.plan) for runner in self.runners.values()]

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
            self.runners[subentry_id] = runner
            if not self._paused:
                runner.resume()
        for subentry_id in self.runners.keys() - plans.keys():
            self.runners.pop(subentry_id).remove()
            async_delete_plan_issues(self._hass, subentry_id)
            self._hass.async_create_task(self._file.async_write())
        self.check_plans()

    @callback
    def check_plans(self, _event: Event[Any] | None = None) -> None:
        """Look for plans with a step that has nobody left."""
        if not self._paused:
            for subentry_id, runner in self.runners.items():
                async_check_plan(self._hass, subentry_id, runner.alert.plan)

    @callback
    def resume(self) -> None:
        """Go on: the entities are there."""
        self._paused = False
        for runner in self.runners.values():
            runner.resume()
        self.check_plans()

    @callback
    def pause(self) -> None:
        """Look at nothing until `resume`; a disabled account has no repair issues."""
        self._paused = True
        for runner in self.runners.values():
            runner.pause()
        if self._entry.disabled_by is not None:
            self._delete_issues()

    async def async_remove(self) -> None:
        """Forget everything, on disk too."""
        while self._unsubscribe:
            self._unsubscribe.pop()()
        for runner in self.runners.values():
            runner.remove()
        self.runners.clear()
        self._delete_issues()
        await self._file.async_remove()

    def _delete_issues(self) -> None:
        """Withdraw the repair issues of all plans."""
        for subentry in self._entry.get_subentries_of_type(SUBENTRY_PLAN):
            async_delete_plan_issues(self._hass, subentry.subentry_id)

    @callback
    def _handle_started(self, _event: Event) -> None:
        """Look at everything for the first time: groups are there only now."""
        self.check_plans()
        self._look()

    async def _handle_stop(self, _event: Event) -> None:
        """Keep on disk where each alert stands."""
        await asyncio.gather(*(runner.async_stop() for runner in self.runners.values()))
        await self._file.async_write_rest()

    @callback
    def _look(self, _now: datetime | None = None) -> None:
        """Look at what is due."""
        for runner in self.runners.values():
            runner.look()

    @callback
    def _handle_response(self, entry_id: str) -> None:
        """Try again at once what waits for a gateway that answers."""
        for runner in self.runners.values():
            if effects := runner.alert.gateway_answered(entry_id):
                runner.do(effects)

    @callback
    def _handle_final_report(self, message: Message) -> None:
        """Take the final report of a message of an alert."""
        delivered = message.status is DeliveryStatus.DELIVERED
        for runner in self.runners.values():
            if effects := runner.alert.report(message.ref or "", delivered=delivered):
                runner.do(effects)


@callback
def async_get_runner(hass: HomeAssistant, entry_id: str, subentry_id: str) -> AlertRunner:
    """Return what runs the alert of a plan; raises KeyError if there is no such plan."""
    return hass.data[ENGINES][entry_id].runners[subentry_id]

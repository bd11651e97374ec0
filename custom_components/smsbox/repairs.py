"""Repair issues: credits are low, delivery reports cannot arrive, the spending guard refused messages."""

from datetime import datetime
import time

from homeassistant.components.repairs import RepairsFlow, RepairsFlowResult
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import EVENT_CORE_CONFIG_UPDATE
from homeassistant.core import CALLBACK_TYPE, Event, HassJob, HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.event import async_call_later
import voluptuous as vol

from . import phone
from .account import SmsboxConfigEntry, limit_signal
from .const import CONF_DELIVERY_REPORTS
from .guard import HOUR, Limit
from .issues import async_set_issue
from .report_url import report_url

LOW_CREDITS = "low_credits"
NO_REPORT_URL = "no_report_url"
SPENDING_GUARD = "spending_guard"


@callback
def async_watch_issues(hass: HomeAssistant, entry: SmsboxConfigEntry) -> None:
    """Raise and withdraw the issues of a loaded account."""
    _watch_credits(hass, entry)
    _watch_report_url(hass, entry)
    watch = _GuardWatch(hass, entry)
    watch.check()
    entry.async_on_unload(async_dispatcher_connect(hass, limit_signal(entry.entry_id), watch.check))
    entry.async_on_unload(watch.cancel)


@callback
def async_delete_issues(hass: HomeAssistant, entry: SmsboxConfigEntry) -> None:
    """Withdraw the issues of an account that is gone."""
    for issue in (LOW_CREDITS, NO_REPORT_URL, SPENDING_GUARD):
        async_set_issue(hass, issue, entry.entry_id, None)


@callback
def _watch_credits(hass: HomeAssistant, entry: SmsboxConfigEntry) -> None:
    """Warn of low credits."""
    coordinator = entry.runtime_data.coordinator

    @callback
    def check() -> None:
        """Compare the balance with the threshold; while it is unknown, leave things as they are."""
        if coordinator.low_credits is not None:
            placeholders = _low_credits_placeholders(entry) if coordinator.low_credits else None
            async_set_issue(hass, LOW_CREDITS, entry.entry_id, placeholders, fix={"entry_id": entry.entry_id})

    check()
    entry.async_on_unload(coordinator.async_add_listener(check))


@callback
def _watch_report_url(hass: HomeAssistant, entry: SmsboxConfigEntry) -> None:
    """Warn if delivery reports are wanted and cannot arrive."""

    @callback
    def check(_event: Event | None = None) -> None:
        """Look for a URL that can be reached from outside."""
        missing = entry.options.get(CONF_DELIVERY_REPORTS, True) and report_url(hass, entry) is None
        async_set_issue(hass, NO_REPORT_URL, entry.entry_id, {"account": entry.title} if missing else None)

    check()
    entry.async_on_unload(hass.bus.async_listen(EVENT_CORE_CONFIG_UPDATE, check))
    # Home Assistant Cloud can come and go without any change of the account.
    entry.async_on_unload(entry.runtime_data.coordinator.async_add_listener(check))


class _GuardWatch:
    """Says whom the spending guard refused messages to, until nothing was refused for an hour."""

    def __init__(self, hass: HomeAssistant, entry: SmsboxConfigEntry) -> None:
        self._hass = hass
        self._entry = entry
        self._account = entry.runtime_data
        self._unsub_timer: CALLBACK_TYPE | None = None

    @callback
    def check(self, _now: datetime | None = None) -> None:
        """Raise or withdraw the issue, and look again when an hour is over."""
        self.cancel()
        now, refusals = time.time(), self._account.refusals
        # One in the future is there because the clock was set back.
        for key in [key for key, refusal in refusals.items() if not now - HOUR < refusal.moment <= now]:
            del refusals[key]
        if not refusals:
            async_set_issue(self._hass, SPENDING_GUARD, self._entry.entry_id, None)
            return
        guard = self._account.guard
        placeholders = {
            "account": self._entry.title,
            "limit_hour": str(guard.limit_hour),
            "limit_day": str(guard.limit_day),
            "over_hour": self._refused_by(Limit.HOUR),
            "over_day": self._refused_by(Limit.DAY),
        }
        async_set_issue(self._hass, SPENDING_GUARD, self._entry.entry_id, placeholders)
        wait = max(refusal.moment for refusal in refusals.values()) + HOUR - now
        self._unsub_timer = async_call_later(self._hass, wait, HassJob(self.check, cancel_on_shutdown=True))

    @callback
    def cancel(self) -> None:
        """Do not look again."""
        if self._unsub_timer is not None:
            self._unsub_timer()
            self._unsub_timer = None

    def _refused_by(self, limit: Limit) -> str:
        """Return whom a limit refused messages to, by name or by the last digits of a number."""
        labels: dict[str, None] = {}
        for refusal in self._account.refusals.values():
            if refusal.limit is limit:
                recipient = self._entry.subentries.get(refusal.recipient_id or "")
                labels[recipient.title if recipient else phone.mask(refusal.number)] = None
        return ", ".join(labels) or "-"


def _low_credits_placeholders(entry: SmsboxConfigEntry) -> dict[str, str]:
    """Return what the texts about low credits say of a loaded account."""
    balance = entry.runtime_data.coordinator.data
    return {"account": entry.title, "credits": "?" if balance is None else f"{balance:.2f}"}


class LowCreditsFlow(RepairsFlow):
    """Looks at the balance again once the account was topped up."""

    def __init__(self, entry: SmsboxConfigEntry) -> None:
        self._entry = entry

    async def async_step_init(self, user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Ask to top up."""
        return await self.async_step_confirm()

    async def async_step_confirm(self, user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Look at the balance, unless the form is shown for the first time."""
        if self._entry.state is not ConfigEntryState.LOADED:
            return self.async_abort(reason="not_loaded")
        coordinator = self._entry.runtime_data.coordinator
        errors: dict[str, str] = {}
        if user_input is not None:
            await coordinator.async_refresh()
            if not coordinator.last_update_success:
                errors["base"] = "cannot_connect"
            elif coordinator.low_credits:
                errors["base"] = "still_low"
            else:
                return self.async_create_entry(data={})
        return self.async_show_form(
            step_id="confirm",
            data_schema=vol.Schema({}),
            errors=errors,
            description_placeholders=_low_credits_placeholders(self._entry),
        )


async def async_create_fix_flow(
    hass: HomeAssistant, issue_id: str, data: dict[str, str | int | float | None] | None
) -> RepairsFlow:
    """Return the flow that fixes low credits, the only fixable issue."""
    return LowCreditsFlow(hass.config_entries.async_get_known_entry(str(data and data["entry_id"])))

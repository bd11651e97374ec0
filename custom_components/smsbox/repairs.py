"""Repair issues: credits are low, delivery reports cannot come, the spending guard refused messages."""

from datetime import datetime
import time

from homeassistant.components.repairs import RepairsFlow, RepairsFlowResult
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import EVENT_CORE_CONFIG_UPDATE
from homeassistant.core import CALLBACK_TYPE, Event, HassJob, HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.event import async_call_later
import voluptuous as vol

from . import phone
from .account import Refusal, SmsboxConfigEntry, limit_signal
from .const import CONF_DELIVERY_REPORTS, DOMAIN
from .guard import HOUR, Limit
from .report_url import report_url

LOW_CREDITS = "low_credits"
NO_REPORT_URL = "no_report_url"
SPENDING_GUARD = "spending_guard"


@callback
def async_watch_issues(hass: HomeAssistant, entry: SmsboxConfigEntry) -> None:
    """Raise and withdraw the issues of a loaded account."""
    _watch_credits(hass, entry)
    _watch_report_url(hass, entry)
    _watch_guard(hass, entry)


@callback
def async_delete_issues(hass: HomeAssistant, entry: SmsboxConfigEntry) -> None:
    """Withdraw the issues of an account that is gone."""
    for issue in (LOW_CREDITS, NO_REPORT_URL, SPENDING_GUARD):
        ir.async_delete_issue(hass, DOMAIN, f"{issue}_{entry.entry_id}")


@callback
def _watch_credits(hass: HomeAssistant, entry: SmsboxConfigEntry) -> None:
    """Warn of low credits."""
    coordinator = entry.runtime_data.coordinator
    issue_id = f"{LOW_CREDITS}_{entry.entry_id}"

    @callback
    def check() -> None:
        """Compare the balance with the threshold; while it is unknown, leave things as they are."""
        if coordinator.low_credits is None:
            return
        if not coordinator.low_credits:
            ir.async_delete_issue(hass, DOMAIN, issue_id)
            return
        ir.async_create_issue(
            hass,
            DOMAIN,
            issue_id,
            data={"entry_id": entry.entry_id},
            is_fixable=True,
            severity=ir.IssueSeverity.WARNING,
            translation_key=LOW_CREDITS,
            translation_placeholders=_low_credits_placeholders(entry),
        )

    check()
    entry.async_on_unload(coordinator.async_add_listener(check))


@callback
def _watch_report_url(hass: HomeAssistant, entry: SmsboxConfigEntry) -> None:
    """Warn if delivery reports are wanted and cannot come."""
    issue_id = f"{NO_REPORT_URL}_{entry.entry_id}"

    @callback
    def check(_event: Event | None = None) -> None:
        """Look for a URL that can be reached from outside."""
        if not entry.options.get(CONF_DELIVERY_REPORTS, True) or report_url(hass, entry) is not None:
            ir.async_delete_issue(hass, DOMAIN, issue_id)
            return
        ir.async_create_issue(
            hass,
            DOMAIN,
            issue_id,
            is_fixable=False,
            severity=ir.IssueSeverity.WARNING,
            translation_key=NO_REPORT_URL,
            translation_placeholders={"account": entry.title},
        )

    check()
    entry.async_on_unload(hass.bus.async_listen(EVENT_CORE_CONFIG_UPDATE, check))
    # Home Assistant Cloud can come and go without any change of the account.
    entry.async_on_unload(entry.runtime_data.coordinator.async_add_listener(check))


@callback
def _watch_guard(hass: HomeAssistant, entry: SmsboxConfigEntry) -> None:
    """Say whom the spending guard refused messages to, until nothing was refused for an hour."""
    account = entry.runtime_data
    issue_id = f"{SPENDING_GUARD}_{entry.entry_id}"
    unsub_timer: CALLBACK_TYPE | None = None

    @callback
    def check(_now: datetime | None = None) -> None:
        """Raise or withdraw the issue, and look again when an hour is over."""
        nonlocal unsub_timer
        cancel()
        now = time.time()
        # One in the future is there because the clock was set back.
        for key in [key for key, refusal in account.refusals.items() if not now - HOUR < refusal.moment <= now]:
            del account.refusals[key]
        if not account.refusals:
            ir.async_delete_issue(hass, DOMAIN, issue_id)
            return
        ir.async_create_issue(
            hass,
            DOMAIN,
            issue_id,
            is_fixable=False,
            severity=ir.IssueSeverity.WARNING,
            translation_key=SPENDING_GUARD,
            translation_placeholders={
                "account": entry.title,
                "limit_hour": str(account.guard.limit_hour),
                "limit_day": str(account.guard.limit_day),
                "over_hour": who(Limit.HOUR),
                "over_day": who(Limit.DAY),
            },
        )
        wait = max(refusal.moment for refusal in account.refusals.values()) + HOUR - now
        unsub_timer = async_call_later(hass, wait, HassJob(check, cancel_on_shutdown=True))

    @callback
    def cancel() -> None:
        """Do not look again."""
        nonlocal unsub_timer
        if unsub_timer is not None:
            unsub_timer()
            unsub_timer = None

    def who(limit: Limit) -> str:
        """Return whom a limit refused messages to."""
        labels = dict.fromkeys(label(refusal) for refusal in account.refusals.values() if refusal.limit is limit)
        return ", ".join(labels) or "-"

    def label(refusal: Refusal) -> str:
        """Return a recipient's name, or a number without most of its digits."""
        recipient = entry.subentries.get(refusal.recipient_id or "")
        return recipient.title if recipient else phone.mask(refusal.number)

    check()
    entry.async_on_unload(async_dispatcher_connect(hass, limit_signal(entry.entry_id), check))
    entry.async_on_unload(cancel)


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

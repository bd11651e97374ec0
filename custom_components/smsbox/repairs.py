"""Repair issues: credits are low, delivery reports cannot come."""

from homeassistant.components.repairs import RepairsFlow, RepairsFlowResult
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import EVENT_CORE_CONFIG_UPDATE
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
import voluptuous as vol

from .const import CONF_DELIVERY_REPORTS, DOMAIN
from .coordinator import SmsboxConfigEntry
from .webhook import report_url

LOW_CREDITS = "low_credits"
NO_REPORT_URL = "no_report_url"


@callback
def async_watch_issues(hass: HomeAssistant, entry: SmsboxConfigEntry) -> None:
    """Raise and withdraw the issues of a loaded account."""
    coordinator = entry.runtime_data.coordinator

    @callback
    def check_credits() -> None:
        """Compare the balance with the threshold; while it is not known, leave things as they are."""
        if coordinator.low_credits is None:
            return
        if not coordinator.low_credits:
            ir.async_delete_issue(hass, DOMAIN, f"{LOW_CREDITS}_{entry.entry_id}")
            return
        ir.async_create_issue(
            hass,
            DOMAIN,
            f"{LOW_CREDITS}_{entry.entry_id}",
            data={"entry_id": entry.entry_id},
            is_fixable=True,
            severity=ir.IssueSeverity.WARNING,
            translation_key=LOW_CREDITS,
            translation_placeholders=_low_credits_placeholders(entry),
        )

    @callback
    def check_report_url(_event: Event | None = None) -> None:
        """Look whether reports can come, where they are wanted."""
        if not entry.options.get(CONF_DELIVERY_REPORTS, True) or report_url(hass, entry) is not None:
            ir.async_delete_issue(hass, DOMAIN, f"{NO_REPORT_URL}_{entry.entry_id}")
            return
        ir.async_create_issue(
            hass,
            DOMAIN,
            f"{NO_REPORT_URL}_{entry.entry_id}",
            is_fixable=False,
            severity=ir.IssueSeverity.WARNING,
            translation_key=NO_REPORT_URL,
            translation_placeholders={"account": entry.title},
        )

    check_credits()
    check_report_url()
    entry.async_on_unload(coordinator.async_add_listener(check_credits))
    entry.async_on_unload(hass.bus.async_listen(EVENT_CORE_CONFIG_UPDATE, check_report_url))
    # Home Assistant Cloud can come and go without any change of the account.
    entry.async_on_unload(coordinator.async_add_listener(check_report_url))


@callback
def async_delete_issues(hass: HomeAssistant, entry: SmsboxConfigEntry) -> None:
    """Withdraw the issues of an account that is gone."""
    for issue in (LOW_CREDITS, NO_REPORT_URL):
        ir.async_delete_issue(hass, DOMAIN, f"{issue}_{entry.entry_id}")


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
    """Return the flow that mends low credits, the only fixable issue."""
    return LowCreditsFlow(hass.config_entries.async_get_known_entry(str(data and data["entry_id"])))

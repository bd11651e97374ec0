"""Repair issues of plans: an alert told nobody, a step has nobody left."""

from collections.abc import Sequence

from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.issue_registry import IssueSeverity
from homeassistant.helpers.translation import async_get_translations

from ..const import DOMAIN
from ..issues import async_set_issue
from .contacts import contacts
from .plan import Plan
from .run import Failure

ALERT_FAILED = "alert_failed"
PLAN_WITHOUT_RECIPIENTS = "plan_without_recipients"


async def async_raise_failed(hass: HomeAssistant, subentry: ConfigSubentry, failures: Sequence[Failure]) -> None:
    """Say whom an alert could not reach, and why."""
    texts = await async_get_translations(hass, hass.config.language, "selector", {DOMAIN})
    reasons = f"component.{DOMAIN}.selector.reason.options."
    words = dict.fromkeys(
        texts.get(f"{reasons}{failure.reason}") or texts.get(f"{reasons}other", failure.reason) for failure in failures
    )
    placeholders = {
        "plan": subentry.title,
        "targets": ", ".join(dict.fromkeys(failure.name for failure in failures if failure.name)) or "-",
        "reason": ", ".join(words) or "-",
    }
    async_set_issue(hass, ALERT_FAILED, subentry.subentry_id, placeholders, severity=IssueSeverity.ERROR)


@callback
def async_withdraw_failed(hass: HomeAssistant, subentry_id: str) -> None:
    """Withdraw what said that an alert could reach nobody."""
    async_set_issue(hass, ALERT_FAILED, subentry_id, None)


@callback
def async_check_plan(hass: HomeAssistant, subentry_id: str, plan: Plan) -> None:
    """Say that a step of a plan has nobody left, or withdraw that."""
    complete = plan.steps and all(contacts(hass, step) for step in plan.steps)
    async_set_issue(hass, PLAN_WITHOUT_RECIPIENTS, subentry_id, None if complete else {"plan": plan.name})


@callback
def async_delete_plan_issues(hass: HomeAssistant, subentry_id: str) -> None:
    """Withdraw the issues of a plan that is gone."""
    for issue in (ALERT_FAILED, PLAN_WITHOUT_RECIPIENTS):
        async_set_issue(hass, issue, subentry_id, None)

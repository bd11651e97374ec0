"""Repair issues of plans: an alert told nobody, a step has nobody left."""

from collections.abc import Sequence

from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.translation import async_get_translations

from ..const import DOMAIN
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
    ir.async_create_issue(
        hass,
        DOMAIN,
        f"{ALERT_FAILED}_{subentry.subentry_id}",
        is_fixable=False,
        severity=ir.IssueSeverity.ERROR,
        translation_key=ALERT_FAILED,
        translation_placeholders={
            "plan": subentry.title,
            "targets": ", ".join(dict.fromkeys(failure.name for failure in failures)) or "-",
            "reason": ", ".join(words) or "-",
        },
    )


@callback
def async_withdraw_failed(hass: HomeAssistant, subentry_id: str) -> None:
    """Withdraw what said that an alert could reach nobody."""
    ir.async_delete_issue(hass, DOMAIN, f"{ALERT_FAILED}_{subentry_id}")


@callback
def async_check_plan(hass: HomeAssistant, subentry_id: str, plan: Plan) -> None:
    """Say that a step of a plan has nobody left, or withdraw that."""
    issue_id = f"{PLAN_WITHOUT_RECIPIENTS}_{subentry_id}"
    if plan.steps and all(contacts(hass, step) for step in plan.steps):
        ir.async_delete_issue(hass, DOMAIN, issue_id)
        return
    ir.async_create_issue(
        hass,
        DOMAIN,
        issue_id,
        is_fixable=False,
        severity=ir.IssueSeverity.WARNING,
        translation_key=PLAN_WITHOUT_RECIPIENTS,
        translation_placeholders={"plan": plan.name},
    )


@callback
def async_delete_plan_issues(hass: HomeAssistant, subentry_id: str) -> None:
    """Withdraw the issues of a plan that is gone."""
    for issue in (ALERT_FAILED, PLAN_WITHOUT_RECIPIENTS):
        ir.async_delete_issue(hass, DOMAIN, f"{issue}_{subentry_id}")

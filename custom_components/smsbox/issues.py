"""Repair issues of accounts and plans, raised and withdrawn."""

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from .const import DOMAIN


@callback
def async_set_issue(
    hass: HomeAssistant,
    key: str,
    owner_id: str,
    placeholders: dict[str, str] | None,
    *,
    severity: ir.IssueSeverity = ir.IssueSeverity.WARNING,
    fix: dict[str, str | int | float | None] | None = None,
) -> None:
    """Raise an issue of an account or a plan, with data for its fix flow; withdraw it without placeholders."""
    issue_id = f"{key}_{owner_id}"
    if placeholders is None:
        ir.async_delete_issue(hass, DOMAIN, issue_id)
        return
    ir.async_create_issue(
        hass,
        DOMAIN,
        issue_id,
        data=fix,
        is_fixable=fix is not None,
        severity=severity,
        translation_key=key,
        translation_placeholders=placeholders,
    )

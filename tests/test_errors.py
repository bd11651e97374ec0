"""What the gateway's errors are to actions and flows."""

from typing import Any

from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
import pytest

from custom_components.smsbox.api import (
    SmsboxAuthenticationError,
    SmsboxConnectionError,
    SmsboxCreditsError,
    SmsboxError,
    SmsboxOutcomeUnknownError,
    SmsboxRejectedError,
    SmsboxTryAgainLaterError,
)
from custom_components.smsbox.errors import action_error, error_key, flow_error, to_action_error, validation_error

ERRORS = {
    "invalid_auth": SmsboxAuthenticationError(),
    "cannot_connect": SmsboxConnectionError("ClientConnectorError"),
    "insufficient_credits": SmsboxCreditsError(),
    "outcome_unknown": SmsboxOutcomeUnknownError("HTTP status 500"),
    "rejected": SmsboxRejectedError(13, "Sender too long"),
    "try_again_later": SmsboxTryAgainLaterError(60),
}
PLACEHOLDERS: dict[str, dict[str, str]] = {
    "outcome_unknown": {"numbers": "Mum, ***456"},
    "rejected": {"code": "13", "message": "Sender too long"},
}


@pytest.mark.parametrize(("key", "error"), ERRORS.items())
def test_action_error(key: str, error: SmsboxError) -> None:
    """Each error has its translation; an unknown outcome names each recipient once, with numbers masked."""
    raised = to_action_error(error, ["Mum", "32496123456", "Mum"])
    assert not isinstance(raised, ServiceValidationError)
    assert raised.translation_domain == "smsbox"
    assert raised.translation_key == error_key(error) == key
    assert (raised.translation_placeholders or {}) == PLACEHOLDERS.get(key, {})


@pytest.mark.parametrize(
    ("error", "costs", "key"),
    [
        ("invalid_auth", False, "invalid_auth"),
        ("cannot_connect", False, "cannot_connect"),
        ("insufficient_credits", False, "cannot_connect"),
        ("insufficient_credits", True, "insufficient_credits"),
        ("outcome_unknown", True, "cannot_connect"),
        ("rejected", True, "unknown"),
        ("try_again_later", False, "cannot_connect"),
    ],
)
def test_flow_error(caplog: pytest.LogCaptureFixture, error: str, key: str, *, costs: bool) -> None:
    """A form says what the user can do; only what nobody expects is logged, without the gateway's message."""
    assert flow_error(ERRORS[error], costs=costs) == key
    assert [record.getMessage() for record in caplog.records] == (
        ["The gateway refused a request with code 13"] if key == "unknown" else []
    )


def test_errors_of_calls() -> None:
    """A call can be wrong, or fail."""
    placeholders: dict[str, Any] = {"length": "919", "limit": "918"}
    for error, kind in (
        (validation_error("message_too_long", **placeholders), ServiceValidationError),
        (action_error("message_too_long", **placeholders), HomeAssistantError),
    ):
        assert type(error) is kind
        assert error.translation_key == "message_too_long"
        assert error.translation_placeholders == placeholders

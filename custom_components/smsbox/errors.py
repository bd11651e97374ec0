"""The one table of errors: what the gateway's mean for actions, flows and the balance."""

from collections.abc import Iterable

from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers.update_coordinator import UpdateFailed

from .api import (
    SmsboxAuthenticationError,
    SmsboxConnectionError,
    SmsboxCreditsError,
    SmsboxError,
    SmsboxOutcomeUnknownError,
    SmsboxRejectedError,
    SmsboxTryAgainLaterError,
    mask_numbers,
)
from .const import DOMAIN, LOGGER

_KEYS: dict[type[SmsboxError], str] = {
    SmsboxAuthenticationError: "invalid_auth",
    SmsboxConnectionError: "cannot_connect",
    SmsboxCreditsError: "insufficient_credits",
    SmsboxOutcomeUnknownError: "outcome_unknown",
    SmsboxRejectedError: "rejected",
    SmsboxTryAgainLaterError: "try_again_later",
}

# Seconds until the balance is tried again if no connection is established: the internet may come after Home Assistant.
_RETRY_AFTER = 60


def validation_error(translation_key: str, **placeholders: str) -> ServiceValidationError:
    """Return the error for a call that is wrong."""
    return ServiceValidationError(
        translation_domain=DOMAIN, translation_key=translation_key, translation_placeholders=placeholders
    )


def action_error(translation_key: str, **placeholders: str) -> HomeAssistantError:
    """Return the error for a call that failed."""
    return HomeAssistantError(
        translation_domain=DOMAIN, translation_key=translation_key, translation_placeholders=placeholders
    )


def error_key(error: SmsboxError) -> str:
    """Return the translation key of an error of the gateway."""
    return _KEYS[type(error)]


def error_placeholders(error: SmsboxError, numbers: Iterable[str] = ()) -> dict[str, str]:
    """Return what the translation of an error needs; `numbers` are the numbers or names that it is about."""
    match error:
        case SmsboxOutcomeUnknownError():
            return {"numbers": mask_numbers(", ".join(dict.fromkeys(numbers)))}
        case SmsboxRejectedError():
            return {"code": str(error.code), "message": error.message}
        case _:
            return {}


def to_action_error(error: SmsboxError, numbers: Iterable[str] = ()) -> HomeAssistantError:
    """Return the error of an action for one of the gateway."""
    return action_error(error_key(error), **error_placeholders(error, numbers))


def flow_error(error: SmsboxError, *, costs: bool = False) -> str:
    """Return the error of a form; `costs` if what the form asks the gateway for costs credits."""
    match error:
        case SmsboxAuthenticationError():
            return "invalid_auth"
        case SmsboxCreditsError() if costs:
            return "insufficient_credits"
        case SmsboxRejectedError():
            LOGGER.error("The gateway refused a request with code %s", error.code)
            return "unknown"
        case _:
            return "cannot_connect"


def update_failed(error: SmsboxError) -> UpdateFailed:
    """Return the error of a poll, with a text for the log: those of the translations are about sending."""
    match error:
        case SmsboxAuthenticationError():
            reason, key, retry_after = "the gateway refuses the API key", "invalid_auth", None
        case SmsboxTryAgainLaterError():
            reason, key, retry_after = "the gateway is busy", "try_again_later", error.retry_after
        case SmsboxRejectedError():
            reason, key, retry_after = f"the gateway refused with code {error.code}", "cannot_connect", None
        case SmsboxConnectionError():
            reason, key, retry_after = "the gateway is unreachable", "cannot_connect", _RETRY_AFTER
        case _:
            reason, key, retry_after = "the gateway gave no usable response", "cannot_connect", None
    return UpdateFailed(
        f"The balance is unknown: {reason}",
        translation_domain=DOMAIN,
        translation_key=key,
        retry_after=retry_after,
    )

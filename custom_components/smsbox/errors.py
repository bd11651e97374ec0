"""The one place where the gateway's errors become Home Assistant's."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError

from .api import (
    SmsboxAuthenticationError,
    SmsboxConnectionError,
    SmsboxCreditsError,
    SmsboxError,
    SmsboxOutcomeUnknownError,
    SmsboxRejectedError,
    SmsboxTryAgainLaterError,
)
from .const import DOMAIN
from .coordinator import SmsboxConfigEntry

_TRANSLATION_KEYS: dict[type[SmsboxError], str] = {
    SmsboxAuthenticationError: "invalid_auth",
    SmsboxConnectionError: "cannot_connect",
    SmsboxCreditsError: "insufficient_credits",
    SmsboxOutcomeUnknownError: "outcome_unknown",
    SmsboxRejectedError: "rejected",
    SmsboxTryAgainLaterError: "try_again_later",
}


def validation_error(translation_key: str, **placeholders: str) -> ServiceValidationError:
    """Return the error for a call that is wrong."""
    return ServiceValidationError(
        translation_domain=DOMAIN, translation_key=translation_key, translation_placeholders=placeholders
    )


def failure(translation_key: str, **placeholders: str) -> HomeAssistantError:
    """Return the error for a call that could not be carried out."""
    return HomeAssistantError(
        translation_domain=DOMAIN, translation_key=translation_key, translation_placeholders=placeholders
    )


@contextmanager
def translate_errors(hass: HomeAssistant, entry: SmsboxConfigEntry, numbers: Iterable[str] = ()) -> Iterator[None]:
    """Raise Home Assistant's errors for the gateway's; `numbers` names whom an unknown outcome concerns.

    A refused key starts reauth, missing credits and what may have cost some refresh the balance.
    """
    account = entry.runtime_data  # now: an account that is reloaded or removed meanwhile has none, or another
    coordinator = account.coordinator
    try:
        yield
    except SmsboxError as error:
        placeholders: dict[str, str] = {}
        match error:
            case SmsboxAuthenticationError():
                # A key that was changed meanwhile needs no other one.
                if getattr(entry, "runtime_data", None) is account:
                    entry.async_start_reauth(hass)
            case SmsboxCreditsError():
                coordinator.async_schedule_urgent_refresh()
            case SmsboxOutcomeUnknownError():
                coordinator.async_schedule_refresh()
                placeholders = {"numbers": ", ".join(dict.fromkeys(numbers))}
            case SmsboxRejectedError():
                placeholders = {"code": str(error.code), "message": error.message}
        raise failure(_TRANSLATION_KEYS[type(error)], **placeholders) from error

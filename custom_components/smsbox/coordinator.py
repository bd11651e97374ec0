"""The balance, and what a loaded account holds."""

from collections.abc import Coroutine
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, override

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.debounce import Debouncer
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator, UpdateFailed

from .api import (
    SmsboxAuthenticationError,
    SmsboxClient,
    SmsboxConnectionError,
    SmsboxError,
    SmsboxRejectedError,
    SmsboxTryAgainLaterError,
)
from .const import CONF_LOW_CREDITS, DEFAULT_LOW_CREDITS, DOMAIN, LOGGER

UPDATE_INTERVAL = timedelta(minutes=15)
# How long until the next try where no connection came about, in seconds: the internet may come after Home Assistant.
RETRY_AFTER = 60
REFRESH_COOLDOWN = 2

type SmsboxConfigEntry = ConfigEntry[SmsboxData]


class SmsboxCoordinator(DataUpdateCoordinator[float | None]):
    """Polls the account's balance, in credits; None until it came for the first time."""

    config_entry: SmsboxConfigEntry

    def __init__(self, hass: HomeAssistant, entry: SmsboxConfigEntry, client: SmsboxClient) -> None:
        # What is sent within a moment costs one request together.
        self._refresh_soon = Debouncer[Coroutine[Any, Any, None]](
            hass, LOGGER, cooldown=REFRESH_COOLDOWN, immediate=False
        )
        super().__init__(
            hass,
            LOGGER,
            config_entry=entry,
            name=entry.title,
            update_interval=UPDATE_INTERVAL,
            request_refresh_debouncer=self._refresh_soon,
        )
        self._client = client
        self._refresh_now = Debouncer(
            hass, LOGGER, cooldown=REFRESH_COOLDOWN, immediate=True, function=self.async_refresh
        )
        entry.async_on_unload(self._refresh_now.async_shutdown)

    @property
    def low_credits(self) -> bool | None:
        """Return whether the balance is at or below the option's threshold, where 0 never warns; None if unknown."""
        threshold: float = self.config_entry.options.get(CONF_LOW_CREDITS, DEFAULT_LOW_CREDITS)
        if threshold == 0:
            return False
        return None if self.data is None else self.data <= threshold

    @callback
    def async_schedule_refresh(self) -> None:
        """Refresh the balance soon."""
        self._refresh_soon.async_schedule_call()

    @callback
    def async_schedule_urgent_refresh(self) -> None:
        """Refresh the balance at once."""
        self._refresh_now.async_schedule_call()

    @override
    async def _async_update_data(self) -> float:
        """Fetch the balance."""
        try:
            return await self._client.balance()
        except SmsboxAuthenticationError as error:
            # Not ConfigEntryAuthFailed, which ends polling: the gateway may take the key again one day.
            self.config_entry.async_start_reauth(self.hass)
            raise UpdateFailed(translation_domain=DOMAIN, translation_key="invalid_auth") from error
        except SmsboxTryAgainLaterError as error:
            raise _no_balance("the gateway is busy", "try_again_later", error.retry_after) from error
        except SmsboxRejectedError as error:
            # Without its cause, which core logs at debug level: the gateway's words may hold anything, even the key.
            raise _no_balance(f"the gateway refuses to tell it, with code {error.code}", "cannot_connect") from None
        except SmsboxConnectionError as error:
            raise _no_balance("the gateway cannot be reached", "cannot_connect", RETRY_AFTER) from error
        except SmsboxError as error:
            raise _no_balance("the gateway gave no answer that makes sense", "cannot_connect") from error


def _no_balance(why: str, translation_key: str, retry_after: int | None = None) -> UpdateFailed:
    """Return the error of a poll, which the log tells in words of its own: those of the key are about sending."""
    return UpdateFailed(
        f"The balance is not known: {why}",
        translation_domain=DOMAIN,
        translation_key=translation_key,
        retry_after=retry_after,
    )


@dataclass(frozen=True, slots=True)
class SmsboxData:
    """What a loaded account holds."""

    client: SmsboxClient
    coordinator: SmsboxCoordinator
    device_id: str

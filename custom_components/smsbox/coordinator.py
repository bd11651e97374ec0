"""The balance, and what a loaded account holds."""

from dataclasses import dataclass
from datetime import timedelta
from typing import override

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import ConfigEntryAuthFailed
from homeassistant.helpers.debounce import Debouncer
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator, UpdateFailed

from .api import SmsboxAuthenticationError, SmsboxClient, SmsboxError, SmsboxTryAgainLaterError
from .const import CONF_LOW_CREDITS, DEFAULT_LOW_CREDITS, DOMAIN, LOGGER

UPDATE_INTERVAL = timedelta(minutes=15)
REFRESH_COOLDOWN = 2

type SmsboxConfigEntry = ConfigEntry[SmsboxData]


class SmsboxCoordinator(DataUpdateCoordinator[float]):
    """Polls the account's balance, in credits."""

    config_entry: SmsboxConfigEntry

    def __init__(self, hass: HomeAssistant, entry: SmsboxConfigEntry, client: SmsboxClient) -> None:
        super().__init__(
            hass,
            LOGGER,
            config_entry=entry,
            name=DOMAIN,
            update_interval=UPDATE_INTERVAL,
            # What is sent within a moment costs one request together.
            request_refresh_debouncer=Debouncer(hass, LOGGER, cooldown=REFRESH_COOLDOWN, immediate=False),
        )
        self._client = client
        self._urgent_refresh = Debouncer(
            hass, LOGGER, cooldown=REFRESH_COOLDOWN, immediate=True, function=self.async_refresh
        )
        entry.async_on_unload(self._urgent_refresh.async_shutdown)

    @property
    def low_credits(self) -> bool:
        """Return whether the balance is at or below the option's threshold; 0 never warns."""
        threshold: float = self.config_entry.options.get(CONF_LOW_CREDITS, DEFAULT_LOW_CREDITS)
        return threshold > 0 and self.data is not None and self.data <= threshold

    @callback
    def async_schedule_refresh(self) -> None:
        """Refresh the balance soon."""
        self._debounced_refresh.async_schedule_call()

    @callback
    def async_schedule_urgent_refresh(self) -> None:
        """Refresh the balance at once."""
        self._urgent_refresh.async_schedule_call()

    @override
    async def _async_update_data(self) -> float:
        """Fetch the balance."""
        try:
            return await self._client.balance()
        except SmsboxAuthenticationError as error:
            raise ConfigEntryAuthFailed(translation_domain=DOMAIN, translation_key="invalid_auth") from error
        except SmsboxTryAgainLaterError as error:
            raise UpdateFailed(
                translation_domain=DOMAIN, translation_key="try_again_later", retry_after=error.retry_after
            ) from error
        except SmsboxError as error:
            raise UpdateFailed(translation_domain=DOMAIN, translation_key="cannot_connect") from error


@dataclass(frozen=True, slots=True)
class SmsboxData:
    """What a loaded account holds."""

    client: SmsboxClient
    coordinator: SmsboxCoordinator
    device_id: str

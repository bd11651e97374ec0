"""The balance."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any, override

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.debounce import Debouncer
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator

from .api import SmsboxAuthenticationError, SmsboxClient, SmsboxError
from .const import CONF_LOW_CREDITS, DEFAULT_LOW_CREDITS, LOGGER
from .errors import update_failed

UPDATE_INTERVAL = timedelta(minutes=15)
REFRESH_COOLDOWN = 2


class SmsboxCoordinator(DataUpdateCoordinator[float | None]):
    """Polls the account's balance in credits, which is None until it is known for the first time.

    `on_balance` is called with each new balance.
    """

    config_entry: ConfigEntry[Any]

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry[Any],
        client: SmsboxClient,
        on_balance: Callable[[float], None],
    ) -> None:
        # In the background: a start or a stop of Home Assistant does not wait for the gateway.
        self._refresh_soon = Debouncer[Coroutine[Any, Any, None]](
            hass, LOGGER, cooldown=REFRESH_COOLDOWN, immediate=False, background=True
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
        self._on_balance = on_balance
        self._refresh_task: asyncio.Task[None] | None = None

    @property
    def low_credits(self) -> bool | None:
        """Return whether the balance is at or below the option's threshold, where 0 never warns; None if unknown."""
        threshold: float = self.config_entry.options.get(CONF_LOW_CREDITS, DEFAULT_LOW_CREDITS)
        if threshold == 0:
            return False
        return None if self.data is None else self.data <= threshold

    @callback
    def async_schedule_refresh(self) -> None:
        """Refresh the balance soon; what is sent within a moment costs one request together."""
        self._refresh_soon.async_schedule_call()

    @callback
    def async_refresh_in_background(self) -> None:
        """Refresh the balance now, without anybody having to wait; one refresh at a time is enough."""
        if self._refresh_task is None or self._refresh_task.done():
            self._refresh_task = self.config_entry.async_create_background_task(
                self.hass, self.async_refresh(), f"{self.name} balance"
            )

    @override
    async def _async_update_data(self) -> float:
        """Fetch the balance."""
        try:
            balance = await self._client.balance()
        except SmsboxError as error:
            # Not ConfigEntryAuthFailed, which ends polling: the gateway may accept the key again one day.
            if isinstance(error, SmsboxAuthenticationError) and not self._shutdown_requested:
                self.config_entry.async_start_reauth(self.hass)
            raise update_failed(error) from error
        # A response that comes after unloading is older than what the next coordinator knows.
        if not self._shutdown_requested:
            self._on_balance(balance)
        return balance

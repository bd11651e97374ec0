"""Time that passes at once."""

from datetime import timedelta

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import async_fire_time_changed

POLL = 15 * 60 + 1


async def later(hass: HomeAssistant, seconds: float = POLL) -> None:
    """Let time pass, by default until the balance is polled, and everything happen that was waiting for it."""
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(seconds=seconds))
    await hass.async_block_till_done(wait_background_tasks=True)

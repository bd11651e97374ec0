"""Who acknowledges an alert."""

from homeassistant.components.person import DOMAIN as PERSON_DOMAIN
from homeassistant.core import Context, HomeAssistant


async def async_person_of(hass: HomeAssistant, context: Context | None) -> str | None:
    """Return the name of the calling user's person, else of the user; None if nobody is known to have called."""
    if context is None or context.user_id is None:
        return None
    for state in hass.states.async_all(PERSON_DOMAIN):
        if state.attributes.get("user_id") == context.user_id:
            return state.name
    user = await hass.auth.async_get_user(context.user_id)
    return user.name if user else None

"""The link of an alert: its page, and the tap that takes the alert."""

from http import HTTPStatus

from aiohttp import web
from homeassistant.components.http import HomeAssistantView
from homeassistant.core import HomeAssistant

from ..const import DOMAIN


class AcknowledgeView(HomeAssistantView):
    """Shows an alert to whoever has its link, and lets them take it."""

    url = f"/api/{DOMAIN}/{{token}}"
    name = f"api:{DOMAIN}:acknowledge"
    requires_auth = False

    def __init__(self, hass: HomeAssistant) -> None:
        self._hass = hass

    async def get(self, request: web.Request, token: str) -> web.Response:
        """Show the alert."""
        return web.Response(status=HTTPStatus.NOT_FOUND)

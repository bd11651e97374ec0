"""Delivery reports as the gateway posts them."""

from http import HTTPStatus

from aiohttp.test_utils import TestClient
from aiohttp.web import Application, Request
from homeassistant.core import HomeAssistant

from .conftest import WEBHOOK_ID


async def report(
    hass: HomeAssistant, client: TestClient[Request, Application], msgid: int, status: int, webhook_id: str = WEBHOOK_ID
) -> None:
    """Post a delivery report to Home Assistant's real HTTP server."""
    response = await client.post(f"/api/webhook/{webhook_id}", data={"msgid": msgid, "status": status})
    assert response.status == HTTPStatus.OK
    await hass.async_block_till_done()

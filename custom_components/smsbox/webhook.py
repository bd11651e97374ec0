"""Receive delivery reports, also by Home Assistant Cloud."""

import asyncio
from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from typing import Any

from aiohttp import StreamReader
from aiohttp.hdrs import METH_POST
from aiohttp.web import Request, Response
from homeassistant.components import webhook
from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_WEBHOOK_ID
from homeassistant.core import HomeAssistant, callback

from .api import DeliveryReport, parse_reports
from .const import CONF_CLOUDHOOK_URL, DOMAIN, LOGGER
from .report_url import cloud_active, get_cloud

MAX_BODY = 16 * 1024
READ_TIMEOUT = 10


@callback
def async_register(hass: HomeAssistant, entry: ConfigEntry[Any], receive: Callable[[DeliveryReport], None]) -> None:
    """Receive an account's reports from now on."""
    async_unregister(hass, entry)
    webhook.async_register(
        hass,
        DOMAIN,
        entry.title,
        entry.data[CONF_WEBHOOK_ID],
        partial(_handle_report, receive),
        # All of them: core logs the secret id of a webhook that gets a method it was not registered for.
        allowed_methods=webhook.SUPPORTED_METHODS,
    )


@callback
def async_unregister(hass: HomeAssistant, entry: ConfigEntry[Any]) -> None:
    """Receive no more reports of an account."""
    webhook.async_unregister(hass, entry.data[CONF_WEBHOOK_ID])


@callback
def async_set_up_cloudhook(hass: HomeAssistant, entry: ConfigEntry[Any]) -> None:
    """Receive reports by Home Assistant Cloud too, in the background as soon as it is connected."""
    if (cloud := get_cloud(hass)) is None:
        return

    async def create(_state: object = None) -> None:
        """Create the cloudhook once."""
        if CONF_CLOUDHOOK_URL in entry.data or not cloud.async_is_connected(hass) or not cloud_active(hass):
            return
        try:
            cloudhook_url = await cloud.async_get_or_create_cloudhook(hass, entry.data[CONF_WEBHOOK_ID])
            hass.config_entries.async_update_entry(entry, data={**entry.data, CONF_CLOUDHOOK_URL: cloudhook_url})
        except Exception as error:  # noqa: BLE001 - whatever is wrong with the cloud, the account goes on
            LOGGER.warning("Home Assistant Cloud cannot receive delivery reports: %s", type(error).__name__)

    entry.async_create_background_task(hass, create(), f"{entry.title} cloudhook")
    entry.async_on_unload(cloud.async_listen_connection_change(hass, create))


async def async_remove_cloudhook(hass: HomeAssistant, entry: ConfigEntry[Any]) -> None:
    """Remove the account's cloudhook."""
    if CONF_CLOUDHOOK_URL not in entry.data or (cloud := get_cloud(hass)) is None:
        return
    try:
        await cloud.async_delete_cloudhook(hass, entry.data[CONF_WEBHOOK_ID])
    except Exception as error:  # noqa: BLE001 - whatever is wrong with the cloud, the account has to go
        LOGGER.debug("The cloudhook was not removed: %s", type(error).__name__)


async def _handle_report(
    receive: Callable[[DeliveryReport], None], hass: HomeAssistant, webhook_id: str, request: Request
) -> Response:
    """Receive the reports of a request; core would log the secret id of the webhook if this raised."""
    if request.method != METH_POST:
        LOGGER.debug("Delivery report refused: it came by %s", request.method)
        return Response(status=HTTPStatus.METHOD_NOT_ALLOWED, headers={"Allow": METH_POST})
    try:
        body = await _read_body(request)
        reports = parse_reports(request.headers.get("Content-Type", ""), body, request.query_string)
    except Exception as error:  # noqa: BLE001 - whatever comes from outside, this must not raise
        LOGGER.debug("Delivery report refused: %s", type(error).__name__)
        return Response(status=HTTPStatus.BAD_REQUEST)
    for report in reports:
        try:
            receive(report)
        except Exception as error:  # noqa: BLE001 - the other reports count all the same
            LOGGER.error("Delivery report not processed: %s", type(error).__name__)
    return Response()


async def _read_body(request: Request) -> bytes:
    """Return the body of a request; raise ValueError if it is too long, TimeoutError if it takes too long."""
    content = request.content
    # Nearly always it is here already, and needs no timer.
    if isinstance(content, StreamReader) and content.is_eof():
        body = content.read_nowait(MAX_BODY + 1)
    else:
        body = b""
        async with asyncio.timeout(READ_TIMEOUT):
            while len(body) <= MAX_BODY and (chunk := await content.read(MAX_BODY + 1 - len(body))):
                body += chunk
    if len(body) > MAX_BODY:
        raise ValueError("body too long")
    return body

"""Delivery reports in: the address that we give the gateway, and what it posts there."""

import asyncio
from collections.abc import Iterable, Iterator
from email import message_from_bytes
from http import HTTPStatus
from itertools import pairwise
import json
from types import ModuleType
from typing import Any
from urllib.parse import parse_qsl

from aiohttp.hdrs import METH_POST
from aiohttp.web import Request, Response
from homeassistant.components import webhook
from homeassistant.const import CONF_WEBHOOK_ID
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.network import NoURLAvailableError, get_url

from .api import DeliveryReport
from .const import CONF_CLOUDHOOK_URL, CONF_DELIVERY_REPORTS, DOMAIN, LOGGER
from .coordinator import SmsboxConfigEntry
from .tracker import Tracker

MAX_BODY = 16 * 1024
READ_TIMEOUT = 10

type Pair = tuple[Any, Any]


@callback
def async_register(hass: HomeAssistant, entry: SmsboxConfigEntry, tracker: Tracker) -> None:
    """Take in an account's reports from now on."""

    async def handle(_hass: HomeAssistant, _webhook_id: str, request: Request) -> Response:
        """Answer the gateway; core would log the secret id of the webhook if this raised."""
        if request.method != METH_POST:
            LOGGER.debug("Delivery report refused: it came by %s", request.method)
            return Response(status=HTTPStatus.METHOD_NOT_ALLOWED, headers={"Allow": METH_POST})
        try:
            reports = _parse(request, await _read(request))
        except Exception as error:  # noqa: BLE001 - whatever comes from outside, it must not raise
            LOGGER.debug("Delivery report refused: %s", type(error).__name__)
            return Response(status=HTTPStatus.BAD_REQUEST)
        for report in reports:
            tracker.receive(report)
        return Response()

    async_unregister(hass, entry)
    # For all methods: core logs the secret id of a webhook that gets one it was not registered for.
    webhook.async_register(
        hass, DOMAIN, entry.title, entry.data[CONF_WEBHOOK_ID], handle, allowed_methods=webhook.SUPPORTED_METHODS
    )


@callback
def async_unregister(hass: HomeAssistant, entry: SmsboxConfigEntry) -> None:
    """Take in no more reports of an account."""
    webhook.async_unregister(hass, entry.data[CONF_WEBHOOK_ID])


@callback
def report_url(hass: HomeAssistant, entry: SmsboxConfigEntry) -> str | None:
    """Return where the gateway can send delivery reports to, None if nowhere or if they are switched off."""
    if not entry.options.get(CONF_DELIVERY_REPORTS, True):
        return None
    if (cloudhook_url := entry.data.get(CONF_CLOUDHOOK_URL)) and cloud_active(hass):
        return str(cloudhook_url)
    try:
        url = get_url(hass, allow_internal=False, allow_cloud=False)
    except NoURLAvailableError:
        return None
    return f"{url}{webhook.async_generate_path(entry.data[CONF_WEBHOOK_ID])}"


@callback
def cloud_active(hass: HomeAssistant) -> bool:
    """Return whether Home Assistant Cloud is there and paid for."""
    cloud = _cloud(hass)
    return cloud is not None and bool(cloud.async_active_subscription(hass))


async def async_set_up_cloudhook(hass: HomeAssistant, entry: SmsboxConfigEntry) -> None:
    """Let Home Assistant Cloud take in the reports too, now or as soon as it is connected."""
    if (cloud := _cloud(hass)) is None:
        return

    async def create(_state: object = None) -> None:
        """Create the cloudhook once."""
        if CONF_CLOUDHOOK_URL in entry.data or not cloud.async_is_connected(hass) or not cloud_active(hass):
            return
        try:
            cloudhook_url = await cloud.async_get_or_create_cloudhook(hass, entry.data[CONF_WEBHOOK_ID])
        except Exception as error:  # noqa: BLE001 - whatever ails the cloud, the account has to load
            LOGGER.warning("Home Assistant Cloud does not take in delivery reports: %s", type(error).__name__)
            return
        hass.config_entries.async_update_entry(entry, data={**entry.data, CONF_CLOUDHOOK_URL: cloudhook_url})

    await create()
    entry.async_on_unload(cloud.async_listen_connection_change(hass, create))


async def async_remove_cloudhook(hass: HomeAssistant, entry: SmsboxConfigEntry) -> None:
    """Have Home Assistant Cloud forget the account's address."""
    if CONF_CLOUDHOOK_URL not in entry.data or (cloud := _cloud(hass)) is None:
        return
    try:
        await cloud.async_delete_cloudhook(hass, entry.data[CONF_WEBHOOK_ID])
    except Exception as error:  # noqa: BLE001 - whatever ails the cloud, the account has to go
        LOGGER.debug("The cloudhook is not removed: %s", type(error).__name__)


def _cloud(hass: HomeAssistant) -> ModuleType | None:
    """Return the component of Home Assistant Cloud where it is in use."""
    if "cloud" not in hass.config.components:
        return None
    from homeassistant.components import cloud  # noqa: PLC0415 - heavy, and cannot be imported everywhere

    return cloud


async def _read(request: Request) -> bytes:
    """Return the whole body; raise ValueError if it is too long, TimeoutError if it takes too long."""
    content, body = request.content, b""
    async with asyncio.timeout(READ_TIMEOUT):
        while chunk := await content.read(MAX_BODY + 1 - len(body)):
            body += chunk
            if len(body) > MAX_BODY:
                raise ValueError
    return body


def _parse(request: Request, body: bytes) -> list[DeliveryReport]:
    """Return the well-formed reports of a request; raise ValueError if there is none."""
    reports, malformed = [], 0
    for msgid, status in (
        *_pairs(request.headers.get("Content-Type", ""), body),
        *_form(parse_qsl(request.query_string, keep_blank_values=True)),
    ):
        try:
            reports.append(DeliveryReport.from_response(msgid, status))
        except ValueError:
            malformed += 1
    if not reports:
        raise ValueError
    if malformed:
        LOGGER.debug("Delivery report taken without the parts of it that make no sense: %s", malformed)
    return reports


def _pairs(content_type: str, body: bytes) -> Iterator[Pair]:
    """Yield what may be msgid and status in a body: JSON, a multipart form or a plain one."""
    if body.lstrip()[:1] in (b"{", b"["):
        try:
            # Integers stay digits: one that is too long for Python would make all the others unreadable.
            answer = json.loads(body, parse_int=str)
        except ValueError, RecursionError:
            answer = None
        for element in answer if isinstance(answer, list) else [answer]:
            yield (element.get("msgid"), element.get("status")) if isinstance(element, dict) else (None, None)
    elif content_type.lower().startswith("multipart/form-data"):
        form = message_from_bytes(b"Content-Type: %b\r\n\r\n%b" % (content_type.encode(), body))
        yield from _form(
            (
                str(part.get_param("name", header="Content-Disposition")),
                bytes(part.get_payload(decode=True)).decode(errors="replace"),
            )
            for part in form.walk()
            if not part.is_multipart()
        )
    else:
        yield from _form(parse_qsl(body.decode(errors="replace"), keep_blank_values=True))


def _form(fields: Iterable[tuple[str, str]]) -> Iterable[Pair]:
    """Return msgid and status of a form's fields; a pair of nothing where it is unclear which belong together."""
    relevant = [(key, value.strip()) for key, value in fields if key in {"msgid", "status"}]
    msgids = [value for key, value in relevant if key == "msgid"]
    statuses = [value for key, value in relevant if key == "status"]
    if len(msgids) != len(statuses) and any(first[0] == second[0] for first, second in pairwise(relevant)):
        return [(None, None)]
    return zip(msgids, statuses, strict=False)

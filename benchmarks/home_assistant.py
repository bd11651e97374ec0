"""A real Home Assistant in this process, with the integration and its peers pointed at one gateway."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
import os
from pathlib import Path
import sys
import tempfile
from types import MappingProxyType
from typing import Any, override
from urllib.parse import urlencode

from homeassistant.bootstrap import async_setup_hass
from homeassistant.components import webhook
from homeassistant.components.clicksend import notify as clicksend_notify
from homeassistant.components.notify import DATA_COMPONENT, NotifyEntity
from homeassistant.config_entries import ConfigEntry, ConfigSubentryDataWithId
from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import async_create_clientsession
from homeassistant.runner import RuntimeConfig

CONFIGURATION = """\
http:
  server_host: 127.0.0.1
  server_port: {port}
twilio:
  account_sid: x
  auth_token: x
notify:
  - platform: clicksend
    name: clicksend
    username: x
    api_key: x
    recipient: "+32496123456"
  - platform: twilio_sms
    name: twilio_sms
    from_number: "+3211111111"
logger:
  default: error
  logs:
    urllib3: critical
"""
REPORT_URL = "http://example.org/api/webhook/few"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class FloorEntity(NotifyEntity):
    """The floor: a notify entity that does no more than one bare POST on a shared session."""

    _attr_unique_id = _attr_name = "floor"

    def __init__(self, hass: HomeAssistant, url: str) -> None:
        self._session = async_create_clientsession(hass)
        self._url = f"{url}/api/v1/sendsms"
        self._connections = asyncio.Semaphore(10)

    @override
    async def async_send_message(self, message: str, title: str | None = None) -> None:
        """Send a POST and read its answer."""
        fields = {"numbers": "32496123456", "message": message, "noti": REPORT_URL}
        body = urlencode(fields, safe=",")
        async with self._connections, self._session.post(self._url, data=body, headers=FORM) as response:
            await response.json()


@dataclass
class Bench:
    """What the measurements need."""

    hass: HomeAssistant
    gateway: str
    url: str

    async def add_entry(
        self,
        domain: str,
        data: dict[str, Any],
        *subentries: ConfigSubentryDataWithId,
        options: dict[str, Any] | None = None,
    ) -> ConfigEntry:
        """Add an account and wait until it is loaded."""
        entry: ConfigEntry = ConfigEntry(
            data=data,
            discovery_keys=MappingProxyType({}),
            domain=domain,
            minor_version=1,
            options=options or {},
            source="user",
            subentries_data=subentries,
            title=domain,
            unique_id=None,
            version=1,
        )
        await self.hass.config_entries.async_add(entry)
        await self.hass.async_block_till_done()
        return entry

    async def add_account(
        self, webhook_id: str, *subentries: ConfigSubentryDataWithId, guard: bool = False
    ) -> ConfigEntry:
        """Add an account of the integration, with the spending guard off, or on but out of reach."""
        limit = 1_000_000 if guard else 0
        return await self.add_entry(
            "smsbox",
            {"api_key": webhook_id, "webhook_id": webhook_id},
            *subentries,
            options={"limit_hour": limit, "limit_day": limit},
        )

    async def notify(self, entity_id: str) -> None:
        """Send one message by a notify entity."""
        data = {"entity_id": entity_id, "message": "There is water in the cellar"}
        await self.hass.services.async_call("notify", "send_message", data, blocking=True)

    async def classic(self, service: str) -> None:
        """Send one message by a classic service."""
        data = {"message": "There is water in the cellar", "target": ["+32496123456"]}
        await self.hass.services.async_call("notify", service, data, blocking=True)

    def webhook_url(self, webhook_id: str) -> str:
        """Return the address of a webhook."""
        return f"{self.url}{webhook.async_generate_path(webhook_id)}"

    async def counted(self) -> dict[str, int]:
        """Return what the gateway counted since it was asked last."""
        async with async_create_clientsession(self.hass).get(f"{self.gateway}/counted") as response:
            counted: dict[str, int] = await response.json()
            return counted


def recipient(name: str, *numbers: str, channels: Sequence[str] = ("sms",)) -> ConfigSubentryDataWithId:
    """Return a stored recipient."""
    return ConfigSubentryDataWithId(
        subentry_id=name,
        subentry_type="recipient",
        title=name,
        unique_id=name,
        data={"numbers": list(numbers), "channels": list(channels), "language": "nl", "gender": "male"},
    )


@asynccontextmanager
async def benches(port: int) -> AsyncGenerator[Bench]:
    """Run the gateway and Home Assistant, with every competitor set up."""
    server = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.gateway", "serve", stdout=asyncio.subprocess.PIPE
    )
    if server.stdout is None:
        raise RuntimeError
    gateway = f"http://127.0.0.1:{int(await server.stdout.readline())}"
    os.environ["SMSBOX_API_URL"] = f"{gateway}/api/v1"
    clicksend_notify.BASE_API_URL = f"{gateway}/v3"
    with tempfile.TemporaryDirectory() as directory:
        configuration = Path(directory) / "configuration.yaml"
        await asyncio.to_thread(configuration.write_text, CONFIGURATION.format(port=port))
        hass = await async_setup_hass(RuntimeConfig(config_dir=directory))
        if hass is None:
            raise RuntimeError("Home Assistant did not start")
        bench = Bench(hass, gateway, f"http://127.0.0.1:{port}")
        try:
            await hass.async_start()
            await hass.config.async_update(country="BE", external_url="http://example.org")
            hass.data["twilio"].api.base_url = gateway
            await hass.data[DATA_COMPONENT].async_add_entities([FloorEntity(hass, gateway)])
            yield bench
        finally:
            await hass.async_stop(force=True)
            server.kill()
            await server.wait()

"""A real Home Assistant on loopback, and a client of it."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
import json
from pathlib import Path
import shutil
import sys
from typing import Any, Self

from aiohttp import ClientSession, ClientWebSocketResponse

from .process import ROOT, Process, process

USER = PASSWORD = "demo"  # noqa: S105 - opens nothing but a Home Assistant on loopback
WAIT_TIMEOUT = 30
BLUEPRINTS = "blueprints/automation/ha-smsbox"  # where an import from GitHub puts them

CONFIGURATION = """\
# Written at each start.
homeassistant:
  packages: !include_dir_named packages
automation: !include automations.yaml
config:
counter:
frontend:
history:
http:
  server_host: 127.0.0.1
  server_port: {port}
input_button:
input_text:
logbook:
logger:
  default: warning
  logs:
    custom_components.smsbox: debug
lovelace:
  dashboards:
    smsbox-dashboard:
      mode: yaml
      title: SMSBOX
      icon: mdi:message-text
      filename: dashboard.yaml
repairs:
script: !include scripts.yaml
system_health:
"""


def prepare_configuration(directory: Path, port: int, language: str) -> None:
    """Write a configuration folder with this checkout's integration; keep what is stored in one that exists."""
    for folder in ("custom_components", BLUEPRINTS, "packages", ".storage"):
        (directory / folder).mkdir(parents=True, exist_ok=True)
    (directory / "configuration.yaml").write_text(CONFIGURATION.format(port=port))
    for name, empty in (("automations.yaml", "[]\n"), ("scripts.yaml", "{}\n")):
        if not (directory / name).exists():
            (directory / name).write_text(empty)
    links = {"custom_components/smsbox": ROOT / "custom_components/smsbox"}
    # Home Assistant looks for blueprints in folders, but not in links to folders.
    links |= {f"{BLUEPRINTS}/{file.name}": file for file in ROOT.glob("blueprints/automation/smsbox/*.yaml")}
    for link, target in links.items():
        (directory / link).unlink(missing_ok=True)
        (directory / link).symlink_to(target)
    shutil.copy(ROOT / f"docs/dashboard/{language}.yaml", directory / "dashboard.yaml")
    shutil.copy(ROOT / f"docs/dashboard/{language}-package.yaml", directory / "packages/smsbox.yaml")
    # The port of the last start may have been another one, and Home Assistant reads `http:` only once.
    (directory / ".storage/http").unlink(missing_ok=True)
    onboarding = directory / ".storage/onboarding"
    if not onboarding.exists():
        # Only the user is asked for, over the API; the other steps reach for the internet.
        done = ["core_config", "analytics", "integration"]
        onboarding.write_text(json.dumps({"version": 4, "key": "onboarding", "data": {"done": done}}))


@asynccontextmanager
async def home_assistant(
    directory: Path, port: int, gateway_url: str, *, language: str = "en"
) -> AsyncGenerator[HomeAssistant]:
    """Run Home Assistant in a configuration folder, in Belgium; return who is logged in."""
    prepare_configuration(directory, port, language)
    url = f"http://localhost:{port}"
    async with process(
        str(Path(sys.executable).parent / "hass"),
        "--config",
        str(directory),
        log=directory.parent / "home-assistant.out",
        environment={"SMSBOX_API_URL": f"{gateway_url}/api/v1"},
    ) as running:
        # Only with the frontend is all there that a login needs.
        await running.responds(url)
        async with HomeAssistant(url, running) as instance:
            await instance.log_in(language)
            yield instance


class HomeAssistant:
    """A client of a running Home Assistant, as its frontend is one."""

    def __init__(self, url: str, running: Process) -> None:
        self.url = url
        self.process = running
        self.token = ""

    async def __aenter__(self) -> Self:
        """Begin."""
        self.session = ClientSession(self.url)
        return self

    async def __aexit__(self, *_: object) -> None:
        """End."""
        await self.session.close()

    @property
    def _headers(self) -> dict[str, str]:
        """Return what logs a request in."""
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}

    async def log_in(self, language: str) -> None:
        """Log in; the first time, that makes the user and sets the place."""
        client_id = f"{self.url}/"
        async with self.session.get("/api/onboarding") as response:
            new = response.ok  # gone once it is done
        if new:
            user = {"name": "Demo", "username": USER, "password": PASSWORD, "language": language}
            code = (await self.request("post", "/api/onboarding/users", {**user, "client_id": client_id}))["auth_code"]
        else:
            handler = {"client_id": client_id, "handler": ["homeassistant", None], "redirect_uri": client_id}
            flow = await self.request("post", "/auth/login_flow", handler)
            login = {"client_id": client_id, "username": USER, "password": PASSWORD}
            code = (await self.request("post", f"/auth/login_flow/{flow['flow_id']}", login))["result"]
        grant = {"client_id": client_id, "grant_type": "authorization_code", "code": code}
        async with self.session.post("/auth/token", data=grant) as response:
            self.tokens: dict[str, Any] = await response.json()
        self.token = self.tokens["access_token"]
        # Else Home Assistant would go back to its own port after a while.
        await self.command("http/config/promote")
        await self.command("repairs/ignore_issue", domain="http", issue_id="deprecated_yaml", ignore=True)
        place = {"country": "BE", "time_zone": "Europe/Brussels", "currency": "EUR", "language": language}
        # localhost would count as no external URL; the simulator and browsers take this name for loopback too.
        external_url = self.url.replace("//localhost", "//home.localhost")
        await self.command("config/core/update", external_url=external_url, **(place if new else {}))

    async def request(self, method: str, path: str, data: object = None) -> Any:
        """Send a request to the REST API; return the response, raise if it fails."""
        async with self.session.request(method, path, json=data, headers=self._headers) as response:
            if not response.ok:
                raise RuntimeError(f"{method} {path}: {response.status} {await response.text()}")
            return await response.json()

    @asynccontextmanager
    async def websocket(self) -> AsyncGenerator[ClientWebSocketResponse]:
        """Return a websocket that is logged in."""
        async with self.session.ws_connect("/api/websocket", max_msg_size=0) as socket:
            await socket.receive_json()
            await socket.send_json({"type": "auth", "access_token": self.token})
            response = await socket.receive_json()
            if response["type"] != "auth_ok":
                raise RuntimeError(response["message"])
            yield socket

    async def command(self, command: str, **data: Any) -> Any:
        """Send a command to the websocket API; return its result, raise if it fails."""
        async with self.websocket() as socket:
            await socket.send_json({"id": 1, "type": command, **data})
            response = await socket.receive_json()
            if not response["success"]:
                raise RuntimeError(f"{command}: {response['error']}")
            return response["result"]

    async def action(
        self, action: str, data: Mapping[str, Any], target: Mapping[str, Any] | None = None, *, response: bool = False
    ) -> Any:
        """Perform an action; return its response if that is wanted."""
        domain, service = action.split(".")
        result = await self.command(
            "call_service",
            domain=domain,
            service=service,
            target=target or {},
            service_data=data,
            return_response=response,
        )
        return result.get("response")

    @asynccontextmanager
    async def events(self, event_type: str) -> AsyncGenerator[AsyncIterator[dict[str, Any]]]:
        """Return the data of the events that are fired from now on."""
        async with self.websocket() as socket:
            await socket.send_json({"id": 1, "type": "subscribe_events", "event_type": event_type})
            await socket.receive_json()

            async def data() -> AsyncIterator[dict[str, Any]]:
                """Yield the data of each event."""
                while True:
                    yield (await socket.receive_json())["event"]["data"]

            yield data()

    async def state(self, entity_id: str, *, until: Callable[[dict[str, Any]], object] = bool) -> dict[str, Any]:
        """Wait until an entity is there, and its state as wanted; return the state."""
        template = f"{{{{ states.{entity_id}.last_updated }}}}"
        async with asyncio.timeout(WAIT_TIMEOUT), self.websocket() as socket:
            await socket.send_json({"id": 1, "type": "render_template", "template": template})
            while True:
                await socket.receive_json()
                async with self.session.get(f"/api/states/{entity_id}", headers=self._headers) as response:
                    if response.ok:
                        state: dict[str, Any] = await response.json()
                        if until(state):
                            return state

    async def add_account(self, api_key: str = "demo") -> tuple[str, str]:
        """Add an account by its flow; return the id of its entry and of the flow that leads on to a recipient."""
        flow = await self.request("post", "/api/config/config_entries/flow", {"handler": "smsbox"})
        result = await self.request("post", f"/api/config/config_entries/flow/{flow['flow_id']}", {"api_key": api_key})
        return result["result"]["entry_id"], result["next_flow"][1]

    async def add_recipient(self, flow_id: str, name: str, *numbers: str, channels: list[str]) -> None:
        """Fill in the form of a recipient."""
        recipient = {
            "name": name,
            "numbers": numbers,
            "channels": channels,
            "language": "en",
            "gender": "male",
            "check_numbers": False,
        }
        await self.request("post", f"/api/config/config_entries/subentries/flow/{flow_id}", recipient)

    async def add_subentry(self, entry_id: str, subentry_type: str) -> str:
        """Begin the flow of a recipient or a plan; return its id."""
        new = {"handler": [entry_id, subentry_type]}
        flow = await self.request("post", "/api/config/config_entries/subentries/flow", new)
        return str(flow["flow_id"])

    async def add_plan(
        self, entry_id: str, name: str, *steps: Mapping[str, Any], repeat: int = 1, **more: object
    ) -> None:
        """Add a plan by its flow: steps of `notify` (entity ids) and `wait` (minutes), fields of its section."""
        flow_id = await self.add_subentry(entry_id, "alert_plan")
        plan = {"name": name, "steps": steps, "repeat": repeat, "more": more}
        await self.request("post", f"/api/config/config_entries/subentries/flow/{flow_id}", plan)

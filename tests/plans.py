"""Helpers for tests of plans: stored plans, their alerts and links, another integration's notifier."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from http import HTTPStatus
from pathlib import Path
from types import MappingProxyType
from typing import Any, override

from aiohttp.test_utils import TestClient
from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.notify import DATA_COMPONENT, NotifyEntity, NotifyEntityFeature
from homeassistant.config_entries import ConfigSubentry, ConfigSubentryDataWithId
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events

from custom_components.smsbox.const import EVENT_ALERT
from custom_components.smsbox.plan_form import to_store

from .common import account_entry, advance_time, get_state, recipient_data, set_up
from .gateways import Gateway

type Client = TestClient[Any, Any]

MINUTE = 60
MUM, DAD = "32496123456", "32471000001"


def recipient(name: str, **data: Any) -> ConfigSubentryDataWithId:
    """Return a stored recipient whose subentry has the name as its id."""
    return ConfigSubentryDataWithId(subentry_id=name.lower(), **recipient_data(name, **data))


def target(name: str, channel: str = "sms") -> dict[str, str]:
    """Return how a plan stores a recipient's entity."""
    return {"config_entry_id": "account", "recipient": name.lower(), "channel": channel}


def step(*targets: dict[str, str], wait: float = 5, **fields: Any) -> dict[str, Any]:
    """Return a step as it is stored."""
    return {"notify": list(targets), "wait": wait, **fields}


def plan(*steps: dict[str, Any], name: str = "Cellar", **data: Any) -> ConfigSubentryDataWithId:
    """Return a stored plan whose subentry has the name as its id; Mum and then Dad if no steps are given."""
    steps = steps or (step(target("Mum")), step(target("Dad")))
    return ConfigSubentryDataWithId(
        subentry_id=name.lower(),
        subentry_type="alert_plan",
        title=name,
        unique_id=None,
        data={"steps": list(steps), "repeat": 0, **data},
    )


def subentry(data: ConfigSubentryDataWithId) -> ConfigSubentry:
    """Return what is added to an account that is set up already."""
    return ConfigSubentry(
        data=MappingProxyType(dict(data["data"])),
        subentry_id=data["subentry_id"],
        subentry_type=data["subentry_type"],
        title=data["title"],
        unique_id=None,
    )


async def set_up_plans(
    hass: HomeAssistant, *plans: ConfigSubentryDataWithId, recipients: list[Any] | None = None, **kwargs: Any
) -> MockConfigEntry:
    """Set up an account with Mum, Dad and plans, in Belgium and with an external URL."""
    await hass.config.async_update(external_url="https://example.org", country="BE")
    people = recipients or [recipient("Mum"), recipient("Dad", numbers=[DAD])]
    entry = await set_up(hass, account_entry(*people, *(plans or (plan(),)), **{"entry_id": "account", **kwargs}))
    await settle(hass)
    return entry


async def add_plan(
    hass: HomeAssistant, entry: MockConfigEntry, *steps: list[str], name: str = "Cellar", repeat: int = 0, **more: Any
) -> ConfigSubentry:
    """Add a plan to an account; each step is a list of notify entities, and waits for 5 minutes."""
    data, errors = to_store(
        hass, {"steps": [{"notify": step} for step in steps or (["notify.mum_sms"],)], "repeat": repeat, "more": more}
    )
    assert not errors
    plan = ConfigSubentry(data=MappingProxyType(data), subentry_type="alert_plan", title=name, unique_id=f"plan_{name}")
    hass.config_entries.async_add_subentry(entry, plan)
    await hass.async_block_till_done()
    return plan


async def start(hass: HomeAssistant, message: str = "Water", title: str | None = None, plan: str = "cellar") -> None:
    """Start an alert as automations do, and let its first messages go out."""
    data = {"entity_id": f"notify.{plan}", "message": message}
    await hass.services.async_call(
        "notify", "send_message", data if title is None else {**data, "title": title}, blocking=True
    )
    await settle(hass)


async def settle(hass: HomeAssistant) -> None:
    """Wait until nothing of an alert is under way."""
    await hass.async_block_till_done()
    while under_way := {task for task in asyncio.all_tasks() if _is_of_an_alert(task)}:
        await asyncio.wait(under_way, timeout=10)
        await hass.async_block_till_done()


def _is_of_an_alert(task: asyncio.Task[Any]) -> bool:
    """Return whether a task works for an alert; Home Assistant does not know these."""
    return any(name in repr(task.get_coro()) for name in ("AlertRunner._", "async_follow_up"))


async def pass_minutes(hass: HomeAssistant, freezer: FrozenDateTimeFactory, minutes: float) -> None:
    """Let time pass, and what is due be done."""
    await advance_time(hass, minutes * MINUTE, freezer)
    await settle(hass)


def status(hass: HomeAssistant, plan: str = "cellar") -> str:
    """Return where the alert of a plan stands."""
    return get_state(hass, f"sensor.{plan}_status").state


def attribute(hass: HomeAssistant, name: str, plan: str = "cellar") -> Any:
    """Return what is known of the alert of a plan."""
    return get_state(hass, f"sensor.{plan}_status").attributes[name]


def to(gateway: Gateway) -> list[str]:
    """Return the numbers that messages went to, calls included."""
    return [
        request.fields.get("numbers") or request.fields["number"]
        for request in gateway.requests
        if request.path in {"sendsms", "voice/send"}
    ]


class AlertEvents:
    """The events of alerts, as they come."""

    def __init__(self, hass: HomeAssistant) -> None:
        self.events = async_capture_events(hass, EVENT_ALERT)

    @property
    def types(self) -> list[str]:
        """Return what the events say."""
        return [event.data["type"] for event in self.events]

    @property
    def last(self) -> dict[str, Any]:
        """Return the data of the last event."""
        return dict(self.events[-1].data)

    def whom(self, kind: str) -> list[list[str]]:
        """Return whom the events of a type are about."""
        return [
            [found["name"] for found in event.data["targets"]] for event in self.events if event.data["type"] == kind
        ]


@asynccontextmanager
async def alert_event(hass: HomeAssistant, kind: str, number: int = 1) -> AsyncGenerator[None]:
    """Wait in the end until that many events of a kind have been fired since the beginning."""
    left = number
    fired = asyncio.Event()

    @callback
    def listen(event: Event) -> None:
        """Count an event."""
        nonlocal left
        left -= event.data["type"] == kind
        if left <= 0:
            fired.set()

    unsubscribe = hass.bus.async_listen(EVENT_ALERT, listen)
    yield
    async with asyncio.timeout(10):
        await fired.wait()
    unsubscribe()


def link_in(gateway: Gateway, number: str) -> str:
    """Return the path of the link in the last SMS to a number."""
    [*_, message] = [sms["message"] for sms in gateway.sent if sms["numbers"] == number]
    *_, last_line = message.splitlines()
    assert last_line.startswith("OK? https://example.org/api/smsbox/")
    return last_line.removeprefix("OK? https://example.org")


async def tap(client: Client, link: str) -> None:
    """Tap the button of a page."""
    response = await client.post(link, allow_redirects=False)
    assert response.status == HTTPStatus.SEE_OTHER
    assert response.headers["Location"] == link


async def see(client: Client, link: str, **headers: str) -> str:
    """Return the page of a link that works."""
    response = await client.get(link, headers=headers)
    assert response.status == HTTPStatus.OK
    return await response.text()


def stored_alerts(hass: HomeAssistant, entry: MockConfigEntry) -> str:
    """Return what is on disk."""
    return Path(hass.config.path(".storage", f"smsbox.{entry.entry_id}.alerts")).read_text()


class Notifier(NotifyEntity):
    """A notify entity of another integration."""

    _attr_supported_features = NotifyEntityFeature.TITLE

    def __init__(self, name: str, behave: Callable[[], Awaitable[object]] | None = None, *, title: bool = True) -> None:
        self._attr_name = name
        self._attr_unique_id = name.lower()
        self._behave = behave
        if not title:
            self._attr_supported_features = NotifyEntityFeature(0)
        self.messages: list[tuple[str | None, str]] = []

    @override
    async def async_send_message(self, message: str, title: str | None = None) -> None:
        """Remember the message."""
        self.messages.append((title, message))
        if self._behave is not None:
            await self._behave()

    def disappear(self) -> None:
        """Be unavailable from now on."""
        self._attr_available = False
        self.async_write_ha_state()


async def add_notifiers(hass: HomeAssistant, *notifiers: Notifier) -> None:
    """Add notify entities of another integration."""
    assert await async_setup_component(hass, "notify", {})
    await hass.data[DATA_COMPONENT].async_add_entities(notifiers)

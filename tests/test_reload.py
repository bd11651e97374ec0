"""Reports are taken in from the first second to the last, whatever happens to the account meanwhile."""

import asyncio
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import override

from aiohttp import web
from homeassistant.config_entries import ConfigEntryDisabler, ConfigEntryState, ConfigSubentry
from homeassistant.core import Event, HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.smsbox.const import EVENT_DELIVERY_REPORT
from custom_components.smsbox.tracker import TRACKERS

from .conftest import account_entry, recipient_data
from .gateway import Gateway
from .reports import report
from .sends import FIRST_MSGID, messages_sent, send


@dataclass
class SlowGateway(Gateway):
    """A gateway that tells the balance when a test lets it."""

    asked: asyncio.Event = field(default_factory=asyncio.Event)
    may_answer: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.may_answer.set()

    @override
    async def stop(self) -> None:
        """Let go whoever waits, and listen no longer."""
        self.may_answer.set()
        await super().stop()

    @override
    async def _handle(self, request: web.Request) -> web.StreamResponse:
        """Wait with the balance."""
        if request.match_info["service"] == "balance":
            self.asked.set()
            await self.may_answer.wait()
        return await super()._handle(request)


@pytest.fixture
def gateway_type() -> type[Gateway]:
    """Have a gateway whose balance can be held back."""
    return SlowGateway


@pytest.fixture
def events(hass: HomeAssistant) -> list[Event]:
    """Return the reports on the bus, as they come."""
    return async_capture_events(hass, EVENT_DELIVERY_REPORT)


def seen(events: list[Event]) -> list[tuple[int, str]]:
    """Return message and status of reports."""
    return [(event.data["msgid"], event.data["status"]) for event in events]


def shown(hass: HomeAssistant) -> str | None:
    """Return the last status that Mum's entity shows."""
    state = hass.states.get("event.mum_delivery_report")
    return str(state.attributes["event_type"]) if state else None


async def test_reports_during_set_up(
    hass: HomeAssistant,
    gateway: SlowGateway,
    entry: MockConfigEntry,
    events: list[Event],
    hass_client_no_auth: ClientSessionGenerator,
) -> None:
    """Reports that come while the gateway does not answer are taken in once the entities are there."""
    client = await hass_client_no_auth()
    await send(hass)
    assert await hass.config_entries.async_unload(entry.entry_id)
    gateway.may_answer.clear()
    gateway.asked.clear()
    set_up = asyncio.create_task(hass.config_entries.async_setup(entry.entry_id))
    await gateway.asked.wait()
    assert entry.state is ConfigEntryState.SETUP_IN_PROGRESS
    for code in (10, 11, 13):
        response = await client.post(f"/api/webhook/{entry.data['webhook_id']}?msgid={FIRST_MSGID}&status={code}")
        assert response.ok
    assert not events
    gateway.may_answer.set()
    assert await set_up
    await hass.async_block_till_done()
    assert seen(events) == [(FIRST_MSGID, "sent"), (FIRST_MSGID, "delivered")]
    assert shown(hass) == "delivered"


async def test_reports_with_the_gateway_away_at_the_start(
    hass: HomeAssistant,
    gateway: SlowGateway,
    entry: MockConfigEntry,
    events: list[Event],
    hass_client_no_auth: ClientSessionGenerator,
) -> None:
    """An account whose gateway is away takes reports in all the same."""
    client = await hass_client_no_auth()
    await send(hass)
    assert await hass.config_entries.async_unload(entry.entry_id)
    await report(hass, client, FIRST_MSGID, 10)
    gateway.answers["balance"] = web.Response(status=500)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED
    await report(hass, client, FIRST_MSGID, 11)
    assert seen(events) == [(FIRST_MSGID, "sent"), (FIRST_MSGID, "delivered")]
    assert shown(hass) == "delivered"


async def test_recipient_is_added(
    hass: HomeAssistant,
    gateway: SlowGateway,
    entry: MockConfigEntry,
    events: list[Event],
    hass_client_no_auth: ClientSessionGenerator,
) -> None:
    """Messages, callers that wait and the webhook live through the reload that a new recipient brings."""
    client = await hass_client_no_auth()
    await send(hass)
    call = asyncio.create_task(send(hass, wait_for_report={"minutes": 5}))
    await messages_sent(hass, 2)
    gateway.may_answer.clear()
    gateway.asked.clear()
    hass.config_entries.async_add_subentry(
        entry, ConfigSubentry(**recipient_data("Dad") | {"data": MappingProxyType(recipient_data("Dad")["data"])})
    )
    await gateway.asked.wait()
    for msgid in (FIRST_MSGID, FIRST_MSGID + 1):
        response = await client.post(f"/api/webhook/{entry.data['webhook_id']}?msgid={msgid}&status=11")
        assert response.ok
    assert not call.done()
    gateway.may_answer.set()
    assert (await call)["delivered"]
    await hass.async_block_till_done()
    assert sorted(seen(events)) == [(FIRST_MSGID, "delivered"), (FIRST_MSGID + 1, "delivered")]
    assert hass.states.get("event.dad_delivery_report") is not None


async def test_disabled_for_a_while(
    hass: HomeAssistant,
    gateway: SlowGateway,
    entry: MockConfigEntry,
    events: list[Event],
    hass_client_no_auth: ClientSessionGenerator,
) -> None:
    """A disabled account takes no report; enabled again it still knows what was sent."""
    client = await hass_client_no_auth()
    await send(hass)
    await hass.config_entries.async_set_disabled_by(entry.entry_id, ConfigEntryDisabler.USER)
    await report(hass, client, FIRST_MSGID, 10)
    await hass.config_entries.async_set_disabled_by(entry.entry_id, None)
    await hass.async_block_till_done()
    assert not events
    await report(hass, client, FIRST_MSGID, 11)
    assert seen(events) == [(FIRST_MSGID, "delivered")]


async def test_reload_does_not_touch_other_accounts(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Each account has a tracker of its own, which stays the same through reloads."""
    other = account_entry(title="Other", data={**entry.data, "webhook_id": "other"})
    other.add_to_hass(hass)
    assert await hass.config_entries.async_setup(other.entry_id)
    before = [hass.data[TRACKERS][account.entry_id] for account in (entry, other)]
    assert await hass.config_entries.async_reload(entry.entry_id)
    assert [hass.data[TRACKERS][account.entry_id] for account in (entry, other)] == before
    assert before[0] is not before[1]

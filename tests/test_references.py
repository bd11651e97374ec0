"""References: a report tells the result of a request whose outcome stayed unknown, and of no other."""

import asyncio
from typing import Any, override

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.test_utils import TestClient
from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import Context, Event, HomeAssistant
from homeassistant.exceptions import HomeAssistantError
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator
from yarl import URL

from custom_components.smsbox.const import DOMAIN

from .common import advance_time, expect_error, post_to, restart, send, shut_down, statuses, totals
from .gateways import FIRST_MSGID, Gateway

HOUR = 3600
MUM = "32496123456"

type Client = TestClient[web.Request, web.Application]


class Cut(web.Response):
    """A response that breaks off."""

    @override
    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Break the connection off, before or in the middle of the response."""
        writer = await super().prepare(request) if self.body else None
        assert request.transport is not None
        request.transport.abort()
        return writer or await super().prepare(request)


FAILURES: dict[str, Any] = {
    "no usable status": lambda _: web.Response(status=502),
    "not JSON": lambda _: web.Response(text='{"code": 100, "mess'),
    "no response": lambda _: Cut(),
    "another number": lambda _: {"code": 100, "message": [{"number": "32471234567", "msgid": FIRST_MSGID}]},
}


@pytest.fixture
async def client(entry: MockConfigEntry, hass_client_no_auth: ClientSessionGenerator) -> Client:
    """Return who posts reports."""
    return await hass_client_no_auth()


async def send_unknown(hass: HomeAssistant, gateway: Gateway, failure: str = "not JSON") -> str:
    """Send to Mum, with an outcome that stays unknown; return where the gateway can report."""
    gateway.responses["sendsms"] = FAILURES[failure]
    await expect_error(hass, "outcome_unknown", "send_sms", message="Hello", entity_id="notify.mum_sms")
    gateway.responses.clear()
    return gateway.sent[-1]["noti"]


@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize("restarted", [False, True])
async def test_report_resolves_an_unknown_outcome(
    hass: HomeAssistant,
    gateway: Gateway,
    entry: MockConfigEntry,
    client: Client,
    events: list[Event],
    failure: str,
    *,
    restarted: bool,
) -> None:
    """The message counts as accepted with its first report, is followed, and reported in the context of its call."""
    context = Context()
    gateway.responses["sendsms"] = FAILURES[failure]
    with pytest.raises(HomeAssistantError) as raised:
        await hass.services.async_call(
            "notify",
            "send_message",
            {"entity_id": "notify.mum_sms", "message": "Hello"},
            blocking=True,
            context=context,
        )
    assert raised.value.translation_key == "outcome_unknown"
    noti = gateway.sent[-1]["noti"]
    (unknown,) = events
    keys = ("msgid", "status", "status_code", "final", "sent_at", "error")
    assert [unknown.data[key] for key in keys] == [None, "unknown", 16, False, None, "outcome_unknown"]
    assert await totals(hass) == [0, 0, 0]
    if restarted:
        await restart(hass)
    for code in (10, 11):
        await post_to(hass, client, noti, 77, code)
    assert statuses(events[1:]) == [(77, "sent"), (77, "delivered")]
    assert {event.context.id for event in events} == {context.id}
    assert events[-1].data["recipient"] == "Mum"
    assert await totals(hass) == [1, 1, 0]


async def test_reference_is_good_for_one_msgid(
    hass: HomeAssistant, gateway: Gateway, client: Client, events: list[Event]
) -> None:
    """A second msgid with the same reference is nobody's."""
    noti = await send_unknown(hass, gateway)
    for msgid in (77, 78):
        await post_to(hass, client, noti, msgid, 11)
    assert statuses(events[1:]) == [(77, "delivered")]
    assert await totals(hass) == [1, 1, 0]


@pytest.mark.parametrize(("hours", "resolved"), [(71, True), (73, False)])
async def test_reference_is_good_for_72_hours(
    hass: HomeAssistant,
    gateway: Gateway,
    client: Client,
    events: list[Event],
    freezer: FrozenDateTimeFactory,
    hours: int,
    *,
    resolved: bool,
) -> None:
    """After 72 hours a reference tells nothing any more."""
    noti = await send_unknown(hass, gateway)
    await advance_time(hass, hours * HOUR, freezer)
    await post_to(hass, client, noti, 77, 11)
    assert bool(events[1:]) is resolved


async def test_reference_of_an_accepted_message_names_no_other(
    hass: HomeAssistant, gateway: Gateway, client: Client, events: list[Event]
) -> None:
    """Once the response told the msgid, the reference counts for nothing."""
    await send(hass)
    noti = gateway.sent[-1]["noti"]
    await post_to(hass, client, noti, 77, 11)
    assert not events
    await post_to(hass, client, noti, FIRST_MSGID, 11)
    assert statuses(events) == [(FIRST_MSGID, "delivered")]


@pytest.mark.parametrize("known", [False, True])
async def test_report_before_the_response(
    hass: HomeAssistant,
    gateway: Gateway,
    entry: MockConfigEntry,
    client: Client,
    events: list[Event],
    *,
    known: bool,
) -> None:
    """A report that is ahead of its response waits for it, and tells the rest if the response is of no use."""
    gateway.hold("sendsms")
    if not known:
        gateway.responses["sendsms"] = FAILURES["not JSON"]
    call = asyncio.create_task(send(hass))
    await gateway.wait_until_held()
    noti = gateway.sent[-1]["noti"]
    for code in (10, 11):
        await post_to(hass, client, noti, FIRST_MSGID, code)
    assert not events
    gateway.release()
    (message,) = (await call)["messages"]
    assert (message["status"], message["msgid"], message["final"]) == ("accepted", FIRST_MSGID, True)
    assert statuses(events) == [(FIRST_MSGID, "sent"), (FIRST_MSGID, "delivered")]
    assert await totals(hass) == [1, 1, 0]


@pytest.mark.parametrize("reports", [True, False])
async def test_report_while_the_account_is_not_loaded(
    hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry, client: Client, events: list[Event], *, reports: bool
) -> None:
    """A reference is kept while the account is not loaded, and so is the report that has it."""
    gateway.hold("sendsms")
    gateway.responses["sendsms"] = FAILURES["not JSON"]
    call = asyncio.create_task(send(hass))
    await gateway.wait_until_held()
    noti = gateway.sent[-1]["noti"]
    assert await hass.config_entries.async_unload(entry.entry_id)
    if reports:
        await post_to(hass, client, noti, 77, 11)
    gateway.release()
    await asyncio.gather(call, return_exceptions=True)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    if not reports:
        await post_to(hass, client, noti, 77, 11)
    assert statuses([event for event in events if event.data["msgid"]]) == [(77, "delivered")]


async def test_reference_is_on_disk_within_a_second(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    gateway: Gateway,
    entry: MockConfigEntry,
    client: Client,
    events: list[Event],
    freezer: FrozenDateTimeFactory,
) -> None:
    """A message whose request was under way when Home Assistant was killed is resolved by its report."""
    gateway.hold("sendsms")
    call = asyncio.create_task(send(hass))
    await gateway.wait_until_held()
    await advance_time(hass, 1, freezer)
    key = f"{DOMAIN}.{entry.entry_id}"
    on_disk = hass_storage[key]
    gateway.release()
    await call
    await shut_down(hass)
    hass_storage[key] = on_disk
    await restart(hass)
    await post_to(hass, client, gateway.sent[-1]["noti"], 77, 11)
    assert statuses(events) == [(77, "delivered")]
    assert await totals(hass) == [1, 1, 0]


async def test_references_are_random_and_for_one_number(hass: HomeAssistant, gateway: Gateway, client: Client) -> None:
    """Each request to one number has its own reference; one to several numbers, and a call, has none."""
    for _ in range(2):
        await send(hass)
    await send(hass, numbers=["0471 23 45 67", "0472 23 45 67"])
    references = [URL(fields["noti"]).query.get("ref") for fields in gateway.sent]
    assert references[2] is None
    assert len({*references}) == 3
    await send(hass, channel="voice", numbers=["0471 23 45 67"])
    assert "noti" not in gateway.received("voice/send")[0].fields


@pytest.mark.parametrize("options", [{"delivery_reports": False}, {}])
async def test_no_reference_without_reports(
    hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry, options: dict[str, bool]
) -> None:
    """Where no report can come, nothing is kept for one."""
    if options:
        hass.config_entries.async_update_entry(entry, options=options)
    else:
        await hass.config.async_update(external_url=None)
    await hass.async_block_till_done(wait_background_tasks=True)
    gateway.responses["sendsms"] = FAILURES["not JSON"]
    await expect_error(hass, "outcome_unknown", "send_sms", message="Hello", entity_id="notify.mum_sms")
    assert "noti" not in gateway.sent[-1]
    assert not entry.runtime_data.store.references

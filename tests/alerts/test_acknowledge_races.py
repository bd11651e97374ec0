"""Taps on the link of an alert at the worst moments."""

import asyncio
from collections.abc import Mapping
from http import HTTPStatus
import threading
from typing import Any
from unittest.mock import Mock

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigSubentryData
from homeassistant.core import CoreState, Event, HomeAssistant
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_capture_events,
    async_fire_time_changed,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.smsbox import store
from custom_components.smsbox.alerts.engine import ENGINES
from custom_components.smsbox.alerts.run import Status
from custom_components.smsbox.alerts.runner import AlertRunner
from custom_components.smsbox.api import SmsboxClient, SmsboxConnectionError
from custom_components.smsbox.const import EVENT_ALERT
from tests.common import call_action, call_for_response, get_state, recipient_data, restart, shut_down
from tests.gateways import Gateway, bound_socket, url
from tests.plans import Client, add_plan, alert_event, link_in, see, start, stored_alerts, tap

MUM, DAD = "32496123456", "32471000001"


@pytest.fixture
def recipients() -> list[ConfigSubentryData]:
    """Return Mum and Dad."""
    return [recipient_data(), recipient_data("Dad", numbers=[DAD], channels=["sms", "voice"])]


@pytest.fixture
async def client(hass: HomeAssistant, entry: MockConfigEntry, hass_client_no_auth: ClientSessionGenerator) -> Client:
    """Return a phone that is not logged in."""
    return await hass_client_no_auth()


@pytest.fixture
def alerts(hass: HomeAssistant) -> list[Event]:
    """Return the events of alerts, as they come."""
    return async_capture_events(hass, EVENT_ALERT)


@pytest.fixture
async def held_disk(hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Return what lets writes of alerts go on once it is cleared."""
    write, go_on = store._write, threading.Event()
    go_on.set()

    def wait_and_write(path: str, content: bytes) -> None:
        assert go_on.wait(10)
        write(path, content)

    monkeypatch.setattr(store, "_write", wait_and_write)
    return go_on


def runner_of(hass: HomeAssistant) -> AlertRunner:
    """Return what runs the alert."""
    [runner] = [runner for engine in hass.data[ENGINES].values() for runner in engine.runners.values()]
    return runner


async def wait_until(hass: HomeAssistant, status: Status, step: int = 0) -> None:
    """Wait until the alert has a status and a step, written or not."""
    alert = runner_of(hass).alert
    async with asyncio.timeout(10):
        while alert.run is None or alert.status is not status or alert.run.progress.step != step:  # noqa: ASYNC110
            await asyncio.sleep(0)  # nothing tells it before it is written


async def test_two_tap_at_the_same_moment(
    hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry, client: Client, alerts: list[Event]
) -> None:
    """The first wins; both see who it was."""
    await add_plan(hass, entry, ["notify.mum_sms", "notify.dad_sms"])
    await start(hass)
    links = [link_in(gateway, DAD), link_in(gateway, MUM)]
    await asyncio.gather(*(tap(client, link) for link in links))
    await hass.async_block_till_done()
    [by] = [event.data["by"] for event in alerts if event.data["type"] == "acknowledged"]
    for link in links:
        assert f"{by} takes care of it" in await see(client, link)


async def test_nobody_sees_what_is_not_on_disk(
    hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry, client: Client, held_disk: threading.Event
) -> None:
    """Neither the answer to a tap nor a page says that it is taken before that is written."""
    await add_plan(hass, entry)
    await start(hass)
    link = link_in(gateway, MUM)
    held_disk.clear()
    taps = [asyncio.create_task(tap(client, link)), asyncio.create_task(tap(client, link))]
    await wait_until(hass, Status.ACKNOWLEDGED)
    looks = asyncio.create_task(see(client, link))
    done, _ = await asyncio.wait([*taps, looks], timeout=0.3)
    assert not done
    assert '"by":"Mum"' not in stored_alerts(hass, entry)
    held_disk.set()
    assert "Mum takes care of it" in await looks
    await asyncio.gather(*taps)
    assert '"by":"Mum"' in stored_alerts(hass, entry)


async def test_tap_while_the_next_step_is_written(
    hass: HomeAssistant,
    gateway: Gateway,
    entry: MockConfigEntry,
    client: Client,
    held_disk: threading.Event,
    freezer: FrozenDateTimeFactory,
) -> None:
    """What is marked but not yet sent stays."""
    await add_plan(hass, entry, ["notify.mum_sms"], ["notify.dad_sms"])
    await start(hass)
    held_disk.clear()
    freezer.tick(301)
    async_fire_time_changed(hass, dt_util.utcnow())
    await wait_until(hass, Status.NOTIFYING, step=1)
    tapped = asyncio.create_task(tap(client, link_in(gateway, MUM)))
    await wait_until(hass, Status.ACKNOWLEDGED, step=1)
    held_disk.set()
    await tapped
    await shut_down(hass)
    assert [sms["numbers"] for sms in gateway.sent] == [MUM]


async def test_tap_while_a_request_is_under_way(
    hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry, client: Client
) -> None:
    """It is confirmed at once, and nothing follows what cannot be called back but the follow-up."""
    await add_plan(hass, entry, ["notify.mum_sms", "notify.dad_sms"], ["notify.dad_sms"], repeat=9)
    gateway.hold("sendsms")
    await call_action(hass, "send_alert", entity_id="notify.cellar", message="Water")
    await gateway.wait_until_held(2)
    await tap(client, link_in(gateway, MUM))
    assert "Mum takes care of it" in await see(client, link_in(gateway, DAD))
    await gateway.wait_until_held(3)
    async with alert_event(hass, "told"):
        gateway.release()
    await gateway.wait_until_held(0)
    assert sorted(sms["numbers"] for sms in gateway.sent) == [DAD, DAD, MUM]
    assert gateway.sent[2]["message"] == "Mum takes care of it: Cellar"


async def test_tap_between_two_attempts_to_connect(
    hass: HomeAssistant,
    gateway: Gateway,
    entry: MockConfigEntry,
    client: Client,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What was not sent because the gateway refused the connection is not sent half a second later."""
    await add_plan(hass, entry, ["notify.mum_sms", "notify.dad_voice_call"])
    api, refused = entry.runtime_data.outbox.client, asyncio.Event()
    working = api._url
    with bound_socket() as refusing:
        gateway.hold("sendsms")
        send_once = SmsboxClient._send_once

        async def send_elsewhere(self: SmsboxClient, method: str, path: str, fields: Mapping[str, str]) -> Any:
            self._url = url(refusing) if path == "voice/send" and not refused.is_set() else working
            try:
                return await send_once(self, method, path, fields)
            except SmsboxConnectionError:
                refused.set()
                raise

        monkeypatch.setattr(SmsboxClient, "_send_once", send_elsewhere)
        await call_action(hass, "send_alert", entity_id="notify.cellar", message="Water")
        async with asyncio.timeout(10):
            await refused.wait()
        await gateway.wait_until_held()
    async with alert_event(hass, "not_told"), alert_event(hass, "told"):
        await tap(client, link_in(gateway, MUM))
        gateway.release()
    assert not gateway.received("voice/send")
    assert [sms["numbers"] for sms in gateway.sent] == [MUM]


async def test_tap_while_others_wait_for_a_connection(
    hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry, client: Client
) -> None:
    """What is queued behind requests that hang does not go out any more."""
    await add_plan(hass, entry)
    gateway.hold("hlr")
    lookups = [asyncio.create_task(call_for_response(hass, "lookup_number", number="+32470000000")) for _ in range(10)]
    await gateway.wait_until_held(10)
    await call_action(hass, "send_alert", entity_id="notify.cellar", message="Water")
    async with asyncio.timeout(10):
        while runner_of(hass).shown.status is not Status.NOTIFYING:  # noqa: ASYNC110 - it is written, then sent at once
            await asyncio.sleep(0)
    run = runner_of(hass).alert.run
    assert run is not None
    [token] = run.tokens.values()
    while not runner_of(hass).alert._out:  # noqa: ASYNC110 - nothing tells that it is under way
        await asyncio.sleep(0)
    async with alert_event(hass, "not_told"):
        await tap(client, f"/api/smsbox/{token.token}")
        gateway.release()
    await asyncio.gather(*lookups)
    assert not gateway.sent


async def test_phone_that_hangs_up(
    hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry, client: Client, held_disk: threading.Event
) -> None:
    """A tap counts also if the connection breaks before the answer."""
    await add_plan(hass, entry)
    await start(hass)
    link = link_in(gateway, MUM)
    held_disk.clear()
    tapped = asyncio.create_task(tap(client, link))
    await wait_until(hass, Status.ACKNOWLEDGED)
    tapped.cancel()
    await asyncio.wait([tapped])
    await asyncio.sleep(0.05)  # the server notices
    held_disk.set()
    assert "Mum takes care of it" in await see(client, link)
    assert '"by":"Mum"' in stored_alerts(hass, entry)


async def test_tap_while_the_account_is_not_loaded(
    hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry, client: Client
) -> None:
    """A reload does not get in the way."""
    await add_plan(hass, entry)
    await start(hass)
    link = link_in(gateway, MUM)
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert "I take care of it" in await see(client, link)
    await tap(client, link)
    assert '"by":"Mum"' in stored_alerts(hass, entry)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    assert get_state(hass, "sensor.cellar_status").attributes["acknowledged_by"] == "Mum"
    assert len(gateway.sent) == 1


async def test_restart(hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry, client: Client) -> None:
    """A link works after a restart as before, and until the account is loaded it says that it will."""
    await add_plan(hass, entry)
    await start(hass)
    link = link_in(gateway, MUM)
    await shut_down(hass)
    assert (await client.post(link)).status == HTTPStatus.SERVICE_UNAVAILABLE
    assert await hass.config_entries.async_setup(entry.entry_id)
    await tap(client, link)
    await restart(hass)
    assert "Mum takes care of it" in await see(client, link)


async def test_stop(hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry, client: Client) -> None:
    """A tap while Home Assistant stops is refused and changes nothing."""
    await add_plan(hass, entry)
    await start(hass)
    link = link_in(gateway, MUM)
    hass.set_state(CoreState.stopping)
    response = await client.post(link, allow_redirects=False)
    assert response.status == HTTPStatus.SERVICE_UNAVAILABLE
    assert "Try again in a minute." in await response.text()
    hass.set_state(CoreState.running)
    assert "I take care of it" in await see(client, link)


async def test_full_disk(
    hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tap is shown as usual."""
    await add_plan(hass, entry)
    await start(hass)
    monkeypatch.setattr(store, "_write", Mock(side_effect=OSError))
    await tap(client, link_in(gateway, MUM))
    assert "Mum takes care of it" in await see(client, link_in(gateway, MUM))

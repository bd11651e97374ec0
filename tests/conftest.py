"""Fixtures of all tests."""

from collections.abc import AsyncGenerator, Callable, Coroutine
from functools import partial
import logging
from pathlib import Path
import sys
from typing import Any
from unittest.mock import AsyncMock, MagicMock

from homeassistant.config_entries import ConfigSubentryData
from homeassistant.core import Event, HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events
from pytest_homeassistant_custom_component.syrupy import HomeAssistantSnapshotExtension
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator
from syrupy.assertion import SnapshotAssertion

from custom_components.smsbox.const import EVENT_DELIVERY_REPORT

from .common import account_entry, post_report, recipient_data, set_up
from .gateways import Gateway

type Report = Callable[..., Coroutine[Any, Any, None]]

# As Home Assistant does; the log of requests cannot show a frozen time either.
logging.getLogger("aiohttp.access").setLevel(logging.WARNING)


@pytest.fixture(autouse=True)
def _environment(request: pytest.FixtureRequest, socket_enabled: None) -> None:
    """Let every test speak HTTP on loopback, and load the integration if it has a Home Assistant."""
    if "hass" in request.fixturenames:
        request.getfixturevalue("enable_custom_integrations")


@pytest.fixture
def enable_event_loop_debug() -> None:
    """Leave the event loop at full speed: in debug mode it keeps the stack of every task and timer."""


@pytest.fixture
def hass_config_dir(tmp_path: Path) -> str:
    """Keep the files of each test apart."""
    return str(tmp_path)


@pytest.fixture
def snapshot(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    """Keep snapshots as Home Assistant does."""
    return snapshot.use_extension(HomeAssistantSnapshotExtension)


@pytest.fixture
async def gateway(monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Gateway]:
    """Start a gateway and point the integration at it."""
    gateway = Gateway()
    await gateway.start()
    monkeypatch.setenv("SMSBOX_API_URL", gateway.url)
    yield gateway
    await gateway.stop()


@pytest.fixture
def recipients() -> list[ConfigSubentryData]:
    """Return the recipients of the account, which tests replace."""
    return [recipient_data()]


@pytest.fixture
async def entry(hass: HomeAssistant, gateway: Gateway, recipients: list[ConfigSubentryData]) -> MockConfigEntry:
    """Set up an account, in Belgium and with an external URL."""
    await hass.config.async_update(external_url="https://example.org", country="BE")
    return await set_up(hass, account_entry(*recipients))


@pytest.fixture
def events(hass: HomeAssistant) -> list[Event]:
    """Return the report events, as they come."""
    return async_capture_events(hass, EVENT_DELIVERY_REPORT)


@pytest.fixture
async def report(hass: HomeAssistant, entry: MockConfigEntry, hass_client_no_auth: ClientSessionGenerator) -> Report:
    """Return how the gateway posts a report, given its msgid and status."""
    return partial(post_report, hass, await hass_client_no_auth())


@pytest.fixture
def cloud(hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch) -> MagicMock:
    """Return a subscribed Home Assistant Cloud, whose real component cannot be imported without camera libraries."""
    cloud = MagicMock(async_delete_cloudhook=AsyncMock(), CloudNotAvailable=Exception)
    cloud.async_is_connected.return_value = False  # makes no cloudhook
    monkeypatch.setitem(sys.modules, "homeassistant.components.cloud", cloud)
    monkeypatch.setattr("homeassistant.components.cloud", cloud, raising=False)
    hass.config.components.add("cloud")
    return cloud

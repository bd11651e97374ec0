"""Fixtures of all tests."""

from collections.abc import AsyncGenerator
from typing import Any

from homeassistant.config_entries import ConfigSubentryData
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.syrupy import HomeAssistantSnapshotExtension
from syrupy.assertion import SnapshotAssertion

from custom_components.smsbox.const import DOMAIN

from .gateway import API_KEY, Gateway

WEBHOOK_ID = "an-address-that-nobody-may-see"


@pytest.fixture(autouse=True)
def _environment(enable_custom_integrations: None, socket_enabled: None) -> None:
    """Let every test load the integration and speak HTTP on loopback."""


@pytest.fixture
def snapshot(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    """Keep snapshots as Home Assistant does."""
    return snapshot.use_extension(HomeAssistantSnapshotExtension)


@pytest.fixture
def gateway_type() -> type[Gateway]:
    """Return the kind of gateway to start."""
    return Gateway


@pytest.fixture
async def gateway(monkeypatch: pytest.MonkeyPatch, gateway_type: type[Gateway]) -> AsyncGenerator[Gateway]:
    """Start a gateway and point the integration at it."""
    gateway = gateway_type()
    await gateway.start()
    monkeypatch.setenv("SMSBOX_API_URL", gateway.url)
    yield gateway
    await gateway.stop()


def recipient_data(name: str = "Mum", **data: Any) -> ConfigSubentryData:
    """Return a stored recipient."""
    return ConfigSubentryData(
        subentry_type="recipient",
        title=name,
        unique_id=name.casefold(),
        data={"numbers": ["32496123456"], "channels": ["sms"], "language": "nl", "gender": "male"} | data,
    )


def account_entry(*recipients: ConfigSubentryData, **kwargs: Any) -> MockConfigEntry:
    """Return a stored account."""
    return MockConfigEntry(
        **{
            "domain": DOMAIN,
            "title": "SMSBOX",
            "data": {"api_key": API_KEY, "webhook_id": WEBHOOK_ID},
            "subentries_data": list(recipients),
        }
        | kwargs
    )


@pytest.fixture
def recipients() -> list[ConfigSubentryData]:
    """Return the recipients of the account; a test may say others."""
    return [recipient_data()]


@pytest.fixture
async def entry(hass: HomeAssistant, gateway: Gateway, recipients: list[ConfigSubentryData]) -> MockConfigEntry:
    """Set up an account, in Belgium and with an address on the internet."""
    hass.config.country = "BE"
    await hass.config.async_update(external_url="https://example.org", country="BE")
    entry = account_entry(*recipients)
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    return entry

"""Where Home Assistant Cloud is active, reports come by its cloudhook."""

import asyncio
from collections.abc import Awaitable, Callable
import sys
from types import ModuleType

from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.smsbox.report_url import cloud_active, link_base_url, report_url
from custom_components.smsbox.webhook import async_remove_cloudhook, async_set_up_cloudhook

from .common import WEBHOOK_ID, account_entry
from .gateways import API_KEY

CLOUDHOOK = "https://hooks.nabu.casa/a-secret"
REMOTE_UI = "https://abcdef.ui.nabu.casa"


class Cloud(ModuleType):
    """What the integration uses of Home Assistant Cloud."""

    class CloudNotAvailable(Exception):  # noqa: N818 - as Home Assistant calls it
        """Raised where the cloud is not there."""

    def __init__(self, hass: HomeAssistant) -> None:
        super().__init__("homeassistant.components.cloud")
        self.hass = hass
        self.connected = True
        self.subscribed = True
        self.failure: Exception | None = None
        self.ready = asyncio.Event()
        self.ready.set()
        self.hooks: dict[str, str] = {}
        self.listeners: list[Callable[[object], Awaitable[None]]] = []

    def async_active_subscription(self, hass: HomeAssistant) -> bool:
        """Return whether there is a subscription."""
        assert hass is self.hass
        return self.subscribed

    def async_is_connected(self, hass: HomeAssistant) -> bool:
        """Return whether the cloud is connected."""
        assert hass is self.hass
        return self.connected

    def async_listen_connection_change(
        self, hass: HomeAssistant, target: Callable[[object], Awaitable[None]]
    ) -> Callable[[], None]:
        """Listen for the connection."""
        assert hass is self.hass
        self.listeners.append(target)
        return lambda: self.listeners.remove(target)

    def async_remote_ui_url(self, hass: HomeAssistant) -> str:
        """Return the URL of the frontend in the cloud."""
        assert hass is self.hass
        return REMOTE_UI

    async def async_get_or_create_cloudhook(self, hass: HomeAssistant, webhook_id: str) -> str:
        """Return the URL of a cloudhook."""
        assert hass is self.hass
        await self.ready.wait()
        if self.failure:
            raise self.failure
        return self.hooks.setdefault(webhook_id, CLOUDHOOK)

    async def async_delete_cloudhook(self, hass: HomeAssistant, webhook_id: str) -> None:
        """Delete a cloudhook."""
        assert hass is self.hass
        if self.failure:
            raise self.failure
        del self.hooks[webhook_id]


@pytest.fixture
def cloud(hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch) -> Cloud:
    """Have Home Assistant Cloud, whose real component cannot be imported without libraries for cameras."""
    cloud = Cloud(hass)
    monkeypatch.setitem(sys.modules, cloud.__name__, cloud)
    monkeypatch.setattr("homeassistant.components.cloud", cloud, raising=False)
    hass.config.components.add("cloud")
    return cloud


@pytest.fixture
def entry(hass: HomeAssistant) -> MockConfigEntry:
    """Return an account."""
    entry: MockConfigEntry = account_entry()
    entry.add_to_hass(hass)
    return entry


async def set_up(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Set the account's cloudhook up, as loading the account does."""
    async_set_up_cloudhook(hass, entry)
    await hass.async_block_till_done(wait_background_tasks=True)


async def test_cloudhook(hass: HomeAssistant, cloud: Cloud, entry: MockConfigEntry) -> None:
    """The gateway gets the cloudhook while the subscription is active, else the external URL."""
    await set_up(hass, entry)
    assert entry.data == {"api_key": API_KEY, "webhook_id": WEBHOOK_ID, "cloudhook_url": CLOUDHOOK}
    assert cloud_active(hass)
    assert report_url(hass, entry) == CLOUDHOOK
    assert link_base_url(hass) == REMOTE_UI
    hass.config.external_url = "https://example.org"
    assert report_url(hass, entry) == CLOUDHOOK
    assert link_base_url(hass) == "https://example.org"
    cloud.subscribed = False
    assert not cloud_active(hass)
    assert report_url(hass, entry) == f"https://example.org/api/webhook/{WEBHOOK_ID}"
    await async_remove_cloudhook(hass, entry)
    assert not cloud.hooks


async def test_link_needs_a_public_url(hass: HomeAssistant, cloud: Cloud) -> None:
    """A link is refused if the external URL cannot be reached from outside, as a report URL is."""
    hass.config.external_url = "http://192.168.1.5:8123"
    assert link_base_url(hass) is None


@pytest.mark.parametrize("lacking", ["connected", "subscribed"])
async def test_cloud_comes_later(hass: HomeAssistant, cloud: Cloud, entry: MockConfigEntry, lacking: str) -> None:
    """The cloudhook is created once, as soon as the cloud is connected."""
    setattr(cloud, lacking, False)
    await set_up(hass, entry)
    for there in (False, True, True):
        setattr(cloud, lacking, there)
        for listener in cloud.listeners:
            await listener(None)
        assert report_url(hass, entry) == (CLOUDHOOK if there else None)
    assert len(cloud.listeners) == len(cloud.hooks) == 1


async def test_nobody_waits_for_the_cloud(hass: HomeAssistant, cloud: Cloud, entry: MockConfigEntry) -> None:
    """An account does not wait for a slow cloud, and gets the cloudhook when it comes."""
    cloud.ready.clear()
    async_set_up_cloudhook(hass, entry)
    await hass.async_block_till_done()
    assert report_url(hass, entry) is None
    cloud.ready.set()
    await hass.async_block_till_done(wait_background_tasks=True)
    assert report_url(hass, entry) == CLOUDHOOK


@pytest.mark.parametrize("failure", [Cloud.CloudNotAvailable(), ValueError(), TimeoutError(), RuntimeError()])
async def test_cloud_fails(
    hass: HomeAssistant,
    cloud: Cloud,
    entry: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
    failure: Exception,
) -> None:
    """Whatever is wrong with the cloud, an account is set up and removed, and tries again."""
    cloud.failure = failure
    await set_up(hass, entry)
    assert report_url(hass, entry) is None
    assert [record.levelname for record in caplog.records if "smsbox" in record.name] == ["WARNING"]
    cloud.failure = None
    await cloud.listeners[0](None)
    assert report_url(hass, entry) == CLOUDHOOK
    cloud.failure = failure
    await async_remove_cloudhook(hass, entry)
    assert WEBHOOK_ID not in caplog.text


async def test_account_is_removed_meanwhile(
    hass: HomeAssistant, cloud: Cloud, entry: MockConfigEntry, caplog: pytest.LogCaptureFixture
) -> None:
    """A cloudhook that comes too late is nobody's."""
    await hass.config_entries.async_remove(entry.entry_id)
    await set_up(hass, entry)
    assert "cloudhook_url" not in entry.data
    assert WEBHOOK_ID not in caplog.text


async def test_without_cloud(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """A cloudhook is of no use, and in nobody's way, once Home Assistant Cloud is not set up any more."""
    hass.config_entries.async_update_entry(entry, data={**entry.data, "cloudhook_url": CLOUDHOOK})
    await set_up(hass, entry)
    assert not cloud_active(hass)
    assert report_url(hass, entry) is None
    await async_remove_cloudhook(hass, entry)


async def test_nothing_to_remove(hass: HomeAssistant, cloud: Cloud, entry: MockConfigEntry) -> None:
    """An account without a cloudhook asks nothing of the cloud."""
    cloud.failure = ValueError()
    await async_remove_cloudhook(hass, entry)

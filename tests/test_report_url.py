"""The URL at which Home Assistant can be reached from outside, and what counts as none."""

from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.smsbox.report_url import is_public_url, link_base_url, report_url

from .common import WEBHOOK_ID, account_entry, send
from .gateways import Gateway

PATH = f"/api/webhook/{WEBHOOK_ID}"

PUBLIC = [
    "https://example.org",
    "http://example.org:8123",
    "https://EXAMPLE.org./",
    "https://user:password@home.example.org",
    "https://home_1.example.org",
    "https://local.example.org",
    "https://mylocal.lan.org",
    "https://localhost.org",
    "https://b\u00fccher.example",
    "https://\u0434\u043e\u043c.\u0440\u0444",
    "https://abc.ui.nabu.casa",
    "http://smsbox.localhost:8123",
    "http://a.b.LOCALHOST.",
    "http://8.8.8.8",
    "http://8.8.8.8:8123",
    "http://100.128.0.1",
    "http://172.32.0.1",
    "http://[2606:4700::1111]:8123",
    "http://[::ffff:8.8.8.8]",
]
NOT_PUBLIC = [
    # names
    "http://localhost",
    "http://LOCALHOST.:8123",
    "http://homeassistant",
    "http://homeassistant:8123",
    "http://homeassistant.local:8123",
    "http://homeassistant.LOCAL.",
    "http://a.b.local",
    "http://nas.lan",
    "http://nas.home",
    "http://nas.internal",
    "http://localhost.localdomain",
    "http://nas.home.arpa",
    "http://b\u00fccher.local",
    "http://homeassistant\u3002local",
    "http://user@example.org@homeassistant.local",
    "http://example.org@homeassistant.local",
    "http://.local",
    "http://a..org",
    "http://exa mple.org",
    "http://example.org\\@10.0.0.1",
    "http://homeassistant.local%2e",
    f"http://{'a' * 64}.org",
    # addresses
    "http://192.168.1.5:8123",
    "http://192.168.1.5.",
    "http://user:password@192.168.1.5",
    "http://10.0.0.1",
    "http://172.16.0.1",
    "http://172.31.255.255",
    "http://127.0.0.1",
    "http://169.254.1.1",
    "http://100.64.0.1",
    "http://100.127.255.255",
    "http://192.0.2.1",
    "http://0.0.0.0",
    "http://224.0.0.1",
    "http://255.255.255.255",
    "http://[::1]:8123",
    "http://[::]",
    "http://[fe80::1]",
    "http://[fe80::1%25eth0]",
    "http://[fd00::1]",
    "http://[fec0::1]",
    "http://[ff0e::1]",
    "http://[2001:db8::1]",
    "http://[::ffff:192.168.1.5]",
    "http://[::ffff:c0a8:105]",
    "http://[2002:c0a8:105::1]",
    # addresses in disguise
    "http://2130706433",
    "http://0x7f000001",
    "http://127.1",
    "http://0300.0250.01.05",
    "http://0xc0.0xa8.1.5",
    "http://192.168.1.0x5",
    "http://\uff11\uff19\uff12.168.1.5",
    # nothing
    "",
    "http://",
    "/api/webhook",
    "http://example.org:99999",
    "http://[fe80::1",
]


@pytest.mark.parametrize("url", PUBLIC)
def test_public_url(url: str) -> None:
    """A host on the internet can be reached from outside."""
    assert is_public_url(url)
    assert is_public_url(f"{url}{PATH}") or url.endswith(".")


@pytest.mark.parametrize("url", NOT_PUBLIC)
def test_url_that_is_not_public(url: str) -> None:
    """A host that is known at home only cannot be reached from outside, however it is written."""
    assert not is_public_url(url)


@pytest.mark.parametrize(
    ("external_url", "base"),
    [
        ("https://example.org", "https://example.org"),
        ("http://example.org:8123/", "http://example.org:8123"),
        ("http://smsbox.localhost:8123", "http://smsbox.localhost:8123"),
        ("http://8.8.8.8:8123", "http://8.8.8.8:8123"),
        ("http://192.168.1.5:8123", None),
        ("http://homeassistant.local:8123", None),
        ("http://localhost", None),
        ("http://example.org:99999", None),
        (None, None),
    ],
)
@pytest.mark.parametrize("internal_url", ["http://192.168.1.2:8123", "https://at-home.example.org", None])
async def test_urls(hass: HomeAssistant, external_url: str | None, internal_url: str | None, base: str | None) -> None:
    """Reports and links use the external URL if it can be reached from outside, never the internal one."""
    entry = account_entry()
    hass.config.external_url = external_url
    hass.config.internal_url = internal_url
    assert report_url(hass, entry) == (base and f"{base}{PATH}")
    assert link_base_url(hass) == base


async def test_changed_url_counts_for_the_next_message(
    hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry
) -> None:
    """Another external URL, or none, counts at once, without a reload; so does the first one when it is back."""
    urls = ["https://example.org", "https://other.example.org", None, "http://192.168.1.5:8123", "https://example.org"]
    for url in urls:
        await hass.config.async_update(external_url=url)
        await send(hass)
    sent_to = [message.get("noti", "").partition(PATH)[0] for message in gateway.sent]
    assert sent_to == ["https://example.org", "https://other.example.org", "", "", "https://example.org"]


async def test_reports_switched_off(hass: HomeAssistant) -> None:
    """With the option off there is no report URL, while links have one."""
    await hass.config.async_update(external_url="https://example.org")
    assert report_url(hass, account_entry(options={"delivery_reports": True}))
    assert report_url(hass, account_entry(options={"delivery_reports": False})) is None
    assert link_base_url(hass) == "https://example.org"

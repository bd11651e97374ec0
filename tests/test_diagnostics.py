"""Diagnostics show counts and statuses, and nothing about people, texts or keys."""

from aiohttp import web
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.diagnostics import get_diagnostics_for_config_entry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator
from syrupy.assertion import SnapshotAssertion

from .common import WEBHOOK_ID, account_entry, post_report, send
from .gateways import API_KEY, FIRST_MSGID, Gateway
from .plans import plan, recipient, start, step, target

SECRETS = (
    API_KEY,
    WEBHOOK_ID,
    "hooks.example.org",
    "Mum",
    "Dad",
    "496123456",
    "479123456",
    "471234567",
    "Hello",
    "MYHOME",
    "Flood",
    "Attic",
)


@pytest.fixture
async def entry(hass: HomeAssistant, gateway: Gateway) -> MockConfigEntry:
    """Add an account with secrets, some of them stored by a future version."""
    assert await async_setup_component(hass, "diagnostics", {})
    await hass.config.async_update(external_url="https://example.org", country="BE")
    entry = account_entry(
        recipient("Mum", channels=["sms", "voice"], numbers=["32496123456", "32479123456"], sender="MYHOME"),
        recipient("Dad", address="Hello Street 1"),
        plan(step(target("Mum"), target("Mum", "voice")), name="Attic"),
        entry_id="account",
        data={
            "api_key": API_KEY,
            "webhook_id": WEBHOOK_ID,
            "cloudhook_url": "https://hooks.example.org/secret",
            "password": API_KEY,
        },
        options={"low_credits": 10, "forward_to": "0471234567"},
    )
    entry.add_to_hass(hass)
    return entry


async def test_only_listed_values_are_shown(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    hass_client: ClientSessionGenerator,
    hass_client_no_auth: ClientSessionGenerator,
    snapshot: SnapshotAssertion,
) -> None:
    """Only what is on a list is shown; new data stays out until it is added to the list."""
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    for data in ({"entity_id": "notify.mum_sms"}, {"numbers": ["0471 23 45 67"]}):
        await hass.services.async_call("smsbox", "send_sms", {"message": "Hello", **data}, blocking=True)
    await post_report(hass, await hass_client_no_auth(), FIRST_MSGID, 11)
    await start(hass, "Flood", plan="attic")
    diagnostics = await get_diagnostics_for_config_entry(hass, hass_client, entry)
    assert diagnostics == snapshot


@pytest.mark.parametrize("away", [False, True])
async def test_whole_file_holds_no_secret(
    hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry, hass_client: ClientSessionGenerator, *, away: bool
) -> None:
    """The file, with all that Home Assistant adds to it, holds no secret."""
    gateway.balance = "3"
    if away:
        gateway.responses["balance"] = lambda _: web.Response(status=502, text=API_KEY)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    await send(hass)
    await start(hass, "Flood", plan="attic")
    client = await hass_client()
    response = await client.get(f"/api/diagnostics/config_entry/{entry.entry_id}")
    text = await response.text()
    assert '"balance": null' in text if away else '"balance": 3.0' in text
    assert ('"last_error": "cannot_connect"' in text) is away
    for secret in SECRETS:
        assert secret not in text, secret

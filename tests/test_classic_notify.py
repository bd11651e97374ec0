"""The classic action `notify.smsbox`, called by users and by other integrations."""

from typing import Any

from homeassistant.auth import auth_manager_from_config
from homeassistant.auth.mfa_modules.notify import NotifyAuthModule
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from .common import account_entry, call_action, expect_error, recipient_data, set_up
from .gateways import Gateway, set_response

NUMBER = "0471 23 45 67"


async def notify(hass: HomeAssistant, **data: Any) -> None:
    """Call the action."""
    await call_action(hass, "smsbox", domain="notify", **data)


async def test_names_and_numbers_go_together(hass: HomeAssistant, entry: MockConfigEntry, gateway: Gateway) -> None:
    """Names of recipients and numbers go together, with the title as the first line."""
    await notify(hass, title="Cellar", message="Water", target=["mum ", NUMBER], data={"numbers": NUMBER})
    (request,) = gateway.sent
    assert (request["numbers"], request["message"]) == ("32496123456,32471234567", "Cellar\nWater")


@pytest.mark.parametrize(
    ("channel", "path", "language"), [("tts", "sendsms", ("ttslng", "2")), ("voice", "voice/send", ("lang", "FR"))]
)
async def test_data_chooses_the_channel(
    hass: HomeAssistant, entry: MockConfigEntry, gateway: Gateway, channel: str, path: str, language: tuple[str, str]
) -> None:
    """The data chooses the channel and takes the fields of its action."""
    await notify(hass, message="Water", target="Mum", data={"channel": channel, "language": "fr"})
    (request,) = gateway.received(path)
    assert language in request.fields.items()


@pytest.mark.parametrize(
    ("data", "error"),
    [
        ({"target": "Nobody"}, "invalid_number"),
        ({}, "no_recipients"),
        ({"target": "Mum", "data": {"channel": "fax"}}, "invalid_channel"),
    ],
)
async def test_wrong_call_is_refused(
    hass: HomeAssistant, entry: MockConfigEntry, gateway: Gateway, data: dict[str, Any], error: str
) -> None:
    """A wrong call is refused before anything is sent."""
    await expect_error(hass, error, "smsbox", domain="notify", message="Water", **data)
    assert not gateway.sent


async def test_error_is_raised(hass: HomeAssistant, entry: MockConfigEntry, gateway: Gateway) -> None:
    """If the gateway rejects the message, the action raises."""
    set_response(gateway, "sendsms", {"code": 10, "message": "Not enough credits"})
    await expect_error(hass, "insufficient_credits", "smsbox", domain="notify", message="Water", target="Mum")


async def test_ambiguous_name_needs_the_account(hass: HomeAssistant, entry: MockConfigEntry, gateway: Gateway) -> None:
    """A name that two accounts have is refused unless the call names the account."""
    other = account_entry(recipient_data(numbers=["32471000001"]), data={"api_key": "other", "webhook_id": "b"})
    other.add_to_hass(hass)
    gateway.responses["balance"] = lambda _: {"code": 100, "message": "5"}
    assert await hass.config_entries.async_setup(other.entry_id)
    await expect_error(hass, "several_accounts", "smsbox", domain="notify", message="Water", target="Mum")
    await notify(hass, message="Water", target="Mum", data={"config_entry_id": entry.entry_id})
    assert gateway.sent[0]["numbers"] == "32496123456"

    await hass.config_entries.async_unload(entry.entry_id)
    await hass.config_entries.async_remove(other.entry_id)
    assert hass.services.has_service("notify", "smsbox")
    await hass.config_entries.async_remove(entry.entry_id)
    assert not hass.services.has_service("notify", "smsbox")


async def test_alert_sends_sms(hass: HomeAssistant, entry: MockConfigEntry, gateway: Gateway) -> None:
    """Core's alert, which can pass no target, sends to the numbers in its data."""
    alert = {
        "name": "Freezer",
        "entity_id": "binary_sensor.freezer",
        "repeat": 30,
        "notifiers": "smsbox",
        "title": "Freezer",
        "message": "Too warm",
        "data": {"numbers": ["Mum"]},
    }
    assert await async_setup_component(hass, "alert", {"alert": {"freezer": alert}})
    hass.states.async_set("binary_sensor.freezer", "on")
    await hass.async_block_till_done()
    assert gateway.sent[0]["message"] == "Freezer\nToo warm"
    hass.states.async_set("binary_sensor.freezer", "off")
    await hass.async_block_till_done()


async def test_notify_group_sends_sms(hass: HomeAssistant, gateway: Gateway) -> None:
    """A notify group in YAML passes targets on."""
    group = {"platform": "group", "name": "all", "services": [{"service": "smsbox", "data": {"target": ["Mum"]}}]}
    assert await async_setup_component(hass, "notify", {"notify": [group]})
    await set_up(hass, account_entry(recipient_data()))
    await call_action(hass, "all", domain="notify", message="Water")
    assert gateway.sent[0]["numbers"] == "32496123456"


async def test_login_code_is_sent(hass: HomeAssistant, entry: MockConfigEntry, gateway: Gateway) -> None:
    """The multi-factor module sends its login code by SMS."""
    hass.auth = await auth_manager_from_config(hass, [], [{"type": "notify", "message": "Code {}"}])
    user = await hass.auth.async_create_user("Somebody")
    module = hass.auth.get_auth_mfa_module("notify")
    assert isinstance(module, NotifyAuthModule)
    await module.async_setup_user(user.id, {"notify_service": "smsbox", "target": NUMBER})
    await module.async_initialize_login_mfa_step(user.id)
    await hass.async_block_till_done()
    assert gateway.sent[0]["numbers"] == "32471234567"
    assert gateway.sent[0]["message"].removeprefix("Code ").isdigit()

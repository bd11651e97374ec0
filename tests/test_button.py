"""The button that sends a test message."""

from typing import Any

from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from .common import account_entry, call_action, expect_error, recipient_data, set_up
from .gateways import Gateway, set_response

BUTTON: dict[str, Any] = {"domain": "button", "entity_id": "button.mum_send_test_message"}


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "This is a test message from Home Assistant."),
        ("nl", "Dit is een testbericht van Home Assistant."),
        ("fr", "Ceci est un message de test de Home Assistant."),
        ("de", "Dies ist eine Testnachricht von Home Assistant."),
    ],
)
async def test_message_is_in_home_assistants_language(
    hass: HomeAssistant, gateway: Gateway, language: str, text: str
) -> None:
    """The test message is in Home Assistant's language."""
    hass.config.language = language
    await set_up(hass, account_entry(recipient_data()))
    (button,) = hass.states.async_entity_ids("button")
    await call_action(hass, "press", domain="button", entity_id=button)
    assert [(sent["numbers"], sent["message"]) for sent in gateway.sent] == [("32496123456", text)]


@pytest.mark.parametrize(
    ("recipients", "path", "fields"),
    [
        ([recipient_data(channels=["tts", "sms"], language="fr")], "sendsms", {"tts": "1", "ttslng": "2"}),
        ([recipient_data(channels=["voice", "sms"])], "voice/send", {"lang": "NL", "gender": "M"}),
    ],
)
async def test_message_is_sent_by_the_first_channel(
    hass: HomeAssistant, entry: MockConfigEntry, gateway: Gateway, path: str, fields: dict[str, str]
) -> None:
    """The button sends by the recipient's first channel."""
    await call_action(hass, "press", **BUTTON)
    (request,) = gateway.received(path)
    assert fields.items() <= request.fields.items()


async def test_error_is_raised(hass: HomeAssistant, entry: MockConfigEntry, gateway: Gateway) -> None:
    """If the gateway rejects the message, the button raises its error."""
    response: dict[str, Any] = {"code": 9, "message": "No valid number"}
    set_response(gateway, "sendsms", response)
    raised = await expect_error(hass, "rejected", "press", **BUTTON)
    assert raised.translation_placeholders == {"code": "9", "message": "No valid number"}

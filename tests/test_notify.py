"""The notify entities: what they send, what they raise, what their state shows."""

from typing import Any

from homeassistant.const import STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.smsbox.const import DOMAIN

from .common import call_action, call_for_response, expect_error, recipient_data
from .gateways import Gateway, set_response

NUMBERS = ["32496123456", "33612345678"]
NOTIFY = ("notify.mum_sms", "notify.mum_text_to_speech", "notify.mum_voice_call")


@pytest.fixture
def recipients() -> list[Any]:
    """Have a recipient with everything."""
    return [
        recipient_data(numbers=NUMBERS, channels=["sms", "tts", "voice"], sender="HOME", language="fr", gender="female")
    ]


def used(hass: HomeAssistant) -> list[str]:
    """Return the notify entities that show that something was sent."""
    states = {entity_id: hass.states.get(entity_id) for entity_id in NOTIFY}
    return [entity_id for entity_id, state in states.items() if state and state.state != STATE_UNKNOWN]


async def send(hass: HomeAssistant, entity_id: str, **data: Any) -> None:
    """Send by core's action."""
    await call_action(hass, "send_message", domain="notify", entity_id=entity_id, **{"message": "Hello", **data})


@pytest.mark.parametrize(
    ("entity_id", "path", "requests"),
    [
        (
            "notify.mum_sms",
            "sendsms",
            [{"numbers": ",".join(NUMBERS), "message": "Alarm\nHello", "from": "HOME"}],
        ),
        (
            "notify.mum_text_to_speech",
            "sendsms",
            [{"numbers": ",".join(NUMBERS), "message": "Alarm\nHello", "tts": "1", "ttslng": "2"}],
        ),
        (
            "notify.mum_voice_call",
            "voice/send",
            [{"number": number, "message": "Alarm\nHello", "lang": "FR", "gender": "F"} for number in NUMBERS],
        ),
    ],
)
async def test_entity_sends_by_its_channel(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    gateway: Gateway,
    entity_id: str,
    path: str,
    requests: list[dict[str, str]],
) -> None:
    """Each entity sends to all numbers with the recipient's settings, title first, and its state shows it."""
    await send(hass, entity_id, title="Alarm")
    sent = [
        {key: value for key, value in request.fields.items() if key != "noti"} for request in gateway.received(path)
    ]
    assert sorted(sent, key=str) == sorted(requests, key=str)
    assert used(hass) == [entity_id]


async def test_error_is_raised_and_leaves_the_state(
    hass: HomeAssistant, entry: MockConfigEntry, gateway: Gateway
) -> None:
    """A message that did not go to every number raises, and the entity's state does not change."""
    for response, error in (
        ({"code": 10, "message": "Not enough credits"}, "insufficient_credits"),
        ({"code": 100, "message": [{"number": NUMBERS[0], "msgid": 1}]}, "not_accepted"),
        (500, "outcome_unknown"),
    ):
        set_response(gateway, "sendsms", response)
        raised = await expect_error(
            hass, error, "send_message", domain="notify", entity_id="notify.mum_sms", message="Hello"
        )
        if error != "insufficient_credits":
            assert raised.translation_placeholders == {"numbers": "Mum"}
    await expect_error(
        hass, "empty_message", "send_message", domain="notify", entity_id="notify.mum_sms", message="\t\n"
    )
    assert not used(hass)
    assert len(gateway.sent) == 3


@pytest.mark.parametrize(
    ("domain", "action", "data", "entity_id"),
    [
        (DOMAIN, "send_sms", {"entity_id": "notify.mum_sms"}, "notify.mum_sms"),
        (DOMAIN, "send_tts", {"entity_id": "notify.mum_sms"}, "notify.mum_text_to_speech"),
        (DOMAIN, "send_voice", {"entity_id": "notify.mum_sms"}, "notify.mum_voice_call"),
        ("notify", "smsbox", {"target": "Mum", "data": {"channel": "tts"}}, "notify.mum_text_to_speech"),
    ],
)
async def test_actions_show_on_the_entity(
    hass: HomeAssistant, entry: MockConfigEntry, domain: str, action: str, data: dict[str, Any], entity_id: str
) -> None:
    """A message that another action sent to a recipient shows on the entity of its channel."""
    await call_action(hass, action, domain=domain, message="Hello", **data)
    assert used(hass) == [entity_id]


async def test_only_accepted_messages_show_on_the_entity(
    hass: HomeAssistant, entry: MockConfigEntry, gateway: Gateway
) -> None:
    """A message to others or one that was not accepted does not show; an entity may be missing."""
    data: dict[str, Any] = {"message": "Hello", "numbers": ["0471 23 45 67"]}
    await call_action(hass, "send_sms", **data)
    set_response(gateway, "sendsms", {"code": 100, "message": [{"number": "32471234567", "msgid": 1}]})
    response = await call_for_response(hass, "send_sms", **data, entity_id="notify.mum_sms")
    assert [message["status"] for message in response["messages"]] == ["outcome_unknown", "outcome_unknown", "accepted"]
    gateway.responses.clear()
    er.async_get(hass).async_remove("notify.mum_text_to_speech")
    await hass.async_block_till_done()
    await call_action(hass, "send_tts", message="Hello", entity_id="notify.mum_sms")
    assert not used(hass)

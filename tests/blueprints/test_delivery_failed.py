"""The blueprint `delivery_failed`: delivery failed: tell another way."""

from typing import Any

from homeassistant.core import HomeAssistant, ServiceCall, State
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_mock_service,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from tests.common import post_report, send
from tests.gateways import FIRST_MSGID

from .conftest import automate, tell

MESSAGE = "{{ channel }} {{ recipient }} {{ status }}"


@pytest.mark.parametrize(
    ("channel", "data", "code", "said"),
    [
        ("sms", {}, 13, ["sms Mum undelivered"]),
        ("tts", {"entity_id": "notify.mum_sms"}, 14, ["tts Mum expired"]),
        ("sms", {"numbers": ["0470 11 22 33"]}, 20, ["sms 32470112233 blacklisted"]),
        ("sms", {}, 11, []),
        ("sms", {}, 12, []),
    ],
)
async def test_tells(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    told: list[ServiceCall],
    hass_client_no_auth: ClientSessionGenerator,
    channel: str,
    data: dict[str, Any],
    code: int,
    said: list[str],
) -> None:
    """The actions run once for each message that failed for good, and know which."""
    await automate(
        hass,
        "delivery_failed",
        recipients={"entity_id": "event.smsbox_delivery_report"},
        actions=tell(message=MESSAGE),
    )
    await send(hass, channel=channel, **data)
    client = await hass_client_no_auth()
    for _ in range(2):
        await post_report(hass, client, FIRST_MSGID, code)
    assert [call.data["message"] for call in told] == said


async def test_default(
    hass: HomeAssistant, entry: MockConfigEntry, hass_client_no_auth: ClientSessionGenerator
) -> None:
    """Without actions of one's own it is told on the screen."""
    calls = async_mock_service(hass, "persistent_notification", "create")
    await automate(hass, "delivery_failed", recipients={"entity_id": "event.mum_delivery_report"})
    await send(hass)
    await post_report(hass, await hass_client_no_auth(), FIRST_MSGID, 13)
    assert [call.data["message"] for call in calls] == ["The SMS to Mum failed: undelivered."]


@pytest.mark.parametrize(
    ("attributes", "text"),
    [
        (
            {"channel": "voice", "event_type": "not_sent", "error": "insufficient_credits"},
            "The call to 32470112233 failed: not sent, insufficient credits.",
        ),
        ({"channel": "sms", "event_type": "undelivered"}, "The SMS to 32470112233 failed: undelivered."),
        ({"channel": "sms", "event_type": "expired", "error": None}, "The SMS to 32470112233 failed: expired."),
    ],
)
async def test_default_names_the_reason(
    hass: HomeAssistant, entry: MockConfigEntry, attributes: dict[str, Any], text: str
) -> None:
    """The default says why a message was not sent."""
    calls = async_mock_service(hass, "persistent_notification", "create")
    await automate(hass, "delivery_failed", recipients={"entity_id": "event.mum_delivery_report"})
    to_state = State(
        "event.mum_delivery_report", "2026-10-05", {"recipient": None, "number": "32470112233"} | attributes
    )
    [automation] = hass.data["automation"].entities
    await automation.async_trigger({"trigger": {"platform": "smsbox.message_failed", "to_state": to_state}})
    await hass.async_block_till_done()
    assert [call.data["message"] for call in calls] == [text]

"""The blueprint `sms_then_call`: tell me by SMS, and call me if it was not delivered."""

from typing import Any

from homeassistant.config_entries import ConfigSubentryData
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from tests.common import WEBHOOK_ID, post_report, recipient_data, wait_until_sent
from tests.gateways import FIRST_MSGID, Gateway, Received, Response

from .conftest import automate

DAD, MUM, MUMS_SECOND = range(FIRST_MSGID, FIRST_MSGID + 3)
LEAK = {"friendly_name": "Cellar", "device_class": "moisture"}
SMS = "32470112233,32496123456,32496123457"


@pytest.fixture
def recipients() -> list[ConfigSubentryData]:
    """Return Mum with two numbers, and Dad, who speaks French."""
    return [
        recipient_data(numbers=["32496123456", "32496123457"]),
        recipient_data("Dad", numbers=["32470112233"], language="fr"),
    ]


async def alarm(hass: HomeAssistant, minutes: float) -> None:
    """Have an automation that waits so long, and let happen what it waits for."""
    hass.states.async_set("binary_sensor.leak", "off", LEAK)
    await automate(
        hass,
        "sms_then_call",
        triggers=[{"trigger": "state", "entity_id": "binary_sensor.leak"}],
        recipients=["notify.mum_sms", "notify.dad_sms"],
        minutes=minutes,
    )
    hass.states.async_set("binary_sensor.leak", "on", LEAK)


@pytest.mark.parametrize(
    ("statuses", "minutes", "called"),
    [
        ({MUM: 11, MUMS_SECOND: 11, DAD: 11}, 60, []),
        ({MUM: 13, MUMS_SECOND: 11, DAD: 11}, 60, []),
        ({MUM: 11, MUMS_SECOND: 11, DAD: 14}, 60, [("32470112233", "2")]),
        ({MUM: 13, MUMS_SECOND: 20, DAD: 11}, 60, [("32496123456,32496123457", "0")]),
        ({MUM: 11, MUMS_SECOND: 11}, 0.0005, [("32470112233", "2")]),
        ({MUM: 11, DAD: 12}, 0.0005, [("32470112233", "2")]),
        ({}, 0.0005, [("32470112233", "2"), ("32496123456,32496123457", "0")]),
    ],
    ids=[
        "all have it",
        "a second number has it",
        "one has not",
        "no number has it",
        "one has not in time",
        "one is off",
        "nobody in time",
    ],
)
async def test_who_did_not_get_it_is_called(
    hass: HomeAssistant,
    gateway: Gateway,
    entry: MockConfigEntry,
    hass_client_no_auth: ClientSessionGenerator,
    statuses: dict[int, int],
    minutes: float,
    called: list[tuple[str, str]],
) -> None:
    """Only those are called whom the SMS did not reach, in their language; the rest is left in peace."""
    client = await hass_client_no_auth()
    for msgid, status in statuses.items():
        await post_report(hass, client, msgid, status)
    await alarm(hass, minutes)
    await hass.async_block_till_done()
    sms, *calls = gateway.sent
    assert (sms["numbers"], sms["message"]) == (SMS, "Cellar: Wet")
    assert [(call["numbers"], call["ttslng"]) for call in calls] == called
    assert {(call["tts"], call["message"]) for call in calls} <= {("1", "Cellar: Wet")}


async def test_nobody_is_called_before(
    hass: HomeAssistant,
    gateway: Gateway,
    entry: MockConfigEntry,
    hass_client_no_auth: ClientSessionGenerator,
) -> None:
    """While an SMS is on its way nobody is called, and the next alarm does not wait for it."""
    client = await hass_client_no_auth()
    await alarm(hass, minutes=60)
    await wait_until_sent(hass, 3)
    hass.states.async_set("binary_sensor.leak", "off")
    await wait_until_sent(hass, 6)
    assert [sms.get("tts") for sms in gateway.sent] == [None, None]
    for msgid in range(FIRST_MSGID, FIRST_MSGID + 6):
        response = await client.post(f"/api/webhook/{WEBHOOK_ID}", data={"msgid": msgid, "status": 13})
        assert response.ok
    await hass.async_block_till_done()
    assert [sms.get("tts") for sms in gateway.sent] == [None, None, "1", "1", "1", "1"]


@pytest.mark.parametrize("refusal", [{"code": 10, "message": "Not enough credits"}, {"code": 100, "message": "?"}])
async def test_sms_that_fails_leads_to_the_call(
    hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry, refusal: dict[str, Any]
) -> None:
    """Everybody is called at once if the gateway refuses the SMS or its response is malformed."""

    def refuse_sms(received: Received) -> Response:
        return gateway._accept(received) if "tts" in received.fields else refusal

    gateway.responses["sendsms"] = refuse_sms
    await alarm(hass, minutes=60)
    await hass.async_block_till_done()
    assert sorted(sms["numbers"] for sms in gateway.sent if "tts" in sms) == [
        "32470112233",
        "32496123456,32496123457",
    ]


async def test_message_without_a_state(hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry) -> None:
    """If no state changed, the message is the name of the automation."""
    triggers = [{"trigger": "event", "event_type": "flood"}]
    await automate(hass, "sms_then_call", triggers=triggers, recipients=["notify.mum_sms"])
    hass.bus.async_fire("flood")
    await wait_until_sent(hass, 2)
    assert [sms["message"] for sms in gateway.sent] == ["Test"]


async def test_no_reports(hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry) -> None:
    """If no report can come, everybody is called."""
    hass.config_entries.async_update_entry(entry, options={"delivery_reports": False})
    await hass.async_block_till_done()
    await alarm(hass, minutes=60)
    await hass.async_block_till_done()
    assert [sms["tts"] for sms in gateway.sent] == ["1", "1"]


def text_of(length: int, char: str = "a") -> str:
    """Return a text of nine-letter words of this length."""
    return "".join(" " if place % 10 == 9 and place + 1 < length else char for place in range(length))


@pytest.mark.parametrize(
    ("message", "longest"),
    [
        (text_of(918), 918),
        (text_of(919), 918),
        (text_of(960), 918),
        (text_of(5000), 918),
        ("a" * 960, 918),
        (text_of(960, "€"), 400),
        (text_of(700, "€"), 400),
        ("\n".join(f"- Battery {number} is low" for number in range(80)), 918),
    ],
    ids=["fits", "one more", "a few more", "many more", "one word", "wide characters", "fits a call only", "a list"],
)
@pytest.mark.parametrize("removed", [[], ["notify.gone"]], ids=["", "a recipient is gone"])
async def test_message_that_is_too_long_is_shortened(
    hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry, message: str, longest: int, removed: list[str]
) -> None:
    """As much as an SMS can hold is sent, and as much as a call can say is read aloud."""
    triggers = [{"trigger": "event", "event_type": "flood"}]
    recipients = [*removed, "notify.mum_sms"]
    await automate(hass, "sms_then_call", triggers=triggers, recipients=recipients, message=message, minutes=0.0005)
    hass.bus.async_fire("flood")
    await hass.async_block_till_done()
    sms, call = gateway.sent
    assert [sms.get("tts"), call["tts"]] == [None, "1"]
    for sent, limit in ((sms["message"], longest), (call["message"], 918)):
        if len(message) <= limit:
            assert sent == message
        else:
            assert sent.endswith("...")
            assert message.startswith(sent.removesuffix("..."))
            assert limit - 30 < len(sent) <= limit


async def test_long_message_of_an_account_that_sends_unicode(
    hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry
) -> None:
    """The option of the account decides how much an SMS can hold."""
    hass.config_entries.async_update_entry(entry, options={"unsupported_characters": "unicode"})
    await hass.async_block_till_done()
    triggers = [{"trigger": "event", "event_type": "flood"}]
    message = text_of(500, "ş")
    await automate(
        hass, "sms_then_call", triggers=triggers, recipients=["notify.mum_sms"], message=message, minutes=0.0005
    )
    hass.bus.async_fire("flood")
    await hass.async_block_till_done()
    assert [len(sms["message"]) for sms in gateway.sent] == [392, 500]


@pytest.mark.parametrize("message", [{}, {"message": "It changed: {{ trigger.to_state.state }}"}])
async def test_removed_entity_is_not_told(
    hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry, message: dict[str, str]
) -> None:
    """An entity that is removed has no new state, and nobody is told."""
    hass.states.async_set("binary_sensor.leak", "off", LEAK)
    triggers = [{"trigger": "state", "entity_id": "binary_sensor.leak"}]
    await automate(hass, "sms_then_call", triggers=triggers, recipients=["notify.mum_sms"], **message)
    hass.states.async_remove("binary_sensor.leak")
    await hass.async_block_till_done()
    assert not gateway.sent


@pytest.mark.parametrize(
    ("entity_id", "state", "device_class", "told"),
    [
        ("binary_sensor.it", "on", "smoke", "It: Detected"),
        ("binary_sensor.it", "off", "door", "It: Closed"),
        ("sensor.it", "21.5", None, "It: 21.5"),
        ("input_text.it", "{{ 1 }}", None, "It: {{ 1 }}"),
    ],
)
async def test_default_message(
    hass: HomeAssistant,
    gateway: Gateway,
    entry: MockConfigEntry,
    entity_id: str,
    state: str,
    device_class: str | None,
    told: str,
) -> None:
    """By default the new state is told in words."""
    hass.states.async_set(entity_id, "before")
    triggers = [{"trigger": "state", "entity_id": entity_id}]
    await automate(hass, "sms_then_call", triggers=triggers, recipients=["notify.mum_sms"])
    hass.states.async_set(entity_id, state, {"friendly_name": "It", "device_class": device_class})
    await wait_until_sent(hass, 2)
    assert [sms["message"] for sms in gateway.sent] == [told]

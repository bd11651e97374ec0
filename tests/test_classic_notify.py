"""`notify.smsbox` and its like: calls of any shape, and when the actions are there."""

import asyncio
import logging
from types import MappingProxyType
from typing import Any

from homeassistant.config_entries import ConfigEntryDisabler, ConfigSubentry, ConfigSubentryData
from homeassistant.const import EVENT_SERVICE_REGISTERED
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.exceptions import ServiceNotFound
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_mock_service

from custom_components.smsbox import classic_notify
from custom_components.smsbox.const import DOMAIN

from .common import account_entry, call_action, expect_error, recipient_data, restart, set_up
from .gateways import API_KEY, Gateway, set_response
from .plans import plan, set_up_plans, settle, step, target, to

MUM, DAD, OTHER = "32496123456", "32471234567", "32477234599"
NUMBER = "0477 23 45 99"


@pytest.fixture
def recipients() -> list[ConfigSubentryData]:
    """Have two recipients."""
    return [recipient_data(), recipient_data("Dad", numbers=[DAD], channels=["voice", "sms"], language="fr")]


async def notify(hass: HomeAssistant, action: str = "smsbox", **data: Any) -> None:
    """Call the action."""
    await call_action(hass, action, domain="notify", **{"message": "Water"} | data)


async def refuse(hass: HomeAssistant, key: str, action: str = "smsbox", **data: Any) -> dict[str, str] | None:
    """Call the action, which has to raise; return the placeholders of the error."""
    error = await expect_error(hass, key, action, domain="notify", **{"message": "Water"} | data)
    return error.translation_placeholders


def sent_to(gateway: Gateway) -> list[str]:
    """Return the numbers that were sent to."""
    return [number for sent in gateway.sent for number in sent["numbers"].split(",")]


def errors(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return our lines in the log that say that something failed."""
    ours = (record for record in caplog.records if record.name == "custom_components.smsbox")
    return [record.getMessage() for record in ours if record.levelno >= logging.ERROR]


@pytest.mark.parametrize(
    ("data", "numbers"),
    [
        ({"target": "Mum"}, [MUM]),
        ({"target": " mUM "}, [MUM]),
        ({"target": ["Mum", "Dad"]}, [MUM, DAD]),
        ({"target": ("Mum", ["Dad", [NUMBER]])}, [MUM, DAD, OTHER]),
        ({"target": {"Mum"}}, [MUM]),
        ({"target": "Mum, Dad"}, [MUM, DAD]),
        ({"target": "Mum;Dad\n0477/23.45.99"}, [MUM, DAD, OTHER]),
        ({"target": "Mum, Dad,"}, [MUM, DAD]),
        ({"target": "['Mum', 'Dad']"}, [MUM, DAD]),
        ({"target": '["Mum", null, "Dad"]'}, [MUM, DAD]),
        ({"target": "['Mum', None]"}, [MUM]),
        ({"target": "[Mum, Dad]"}, [MUM, DAD]),
        ({"target": "['Mum']"}, [MUM]),
        ({"target": "'Mum'"}, [MUM]),
        ({"target": "('Mum', 'Dad')"}, [MUM, DAD]),
        ({"target": "(0477) 23 45 99"}, [OTHER]),
        ({"target": "- Mum\n- Dad\n"}, [MUM, DAD]),
        ({"target": '{"entity_id": ["notify.mum_sms"]}'}, [MUM]),
        ({"target": ["Mum", None, "", " ", "[]", [], {}]}, [MUM]),
        ({"target": ["Mum", "Mum", "+32 496 12 34 56"]}, [MUM]),
        ({"target": 32477234599}, [OTHER]),
        ({"target": [3211111111, "Mum"]}, [MUM, "3211111111"]),
        ({"target": "notify.mum_sms"}, [MUM]),
        ({"target": ["Notify.Dad_Voice_Call"]}, [DAD]),
        ({"target": {"entity_id": "notify.mum_sms"}}, [MUM]),
        ({"target": {"entity_id": ["notify.mum_sms", "notify.dad_sms"], "device_id": []}}, [MUM, DAD]),
        ({"target": [{"entity_id": "notify.mum_sms"}, "Dad"]}, [MUM, DAD]),
        ({"entity_id": "notify.mum_sms"}, [MUM]),
        ({"numbers": ["Mum"]}, [MUM]),
        ({"data": {"numbers": ["Mum", NUMBER]}}, [MUM, OTHER]),
        ({"data": {"target": "Mum"}}, [MUM]),
        ({"target": "Mum", "data": {"target": ["Dad"], "numbers": NUMBER}}, [MUM, DAD, OTHER]),
        ({"target": None, "data": {"numbers": "Mum"}}, [MUM]),
        ({"target": "Mum", "data": {"entity_id": "camera.porch"}}, [MUM]),
    ],
)
async def test_target_of_any_shape_is_understood(
    hass: HomeAssistant, entry: MockConfigEntry, gateway: Gateway, data: dict[str, Any], numbers: list[str]
) -> None:
    """Names, numbers and entities are found in whatever they come in, and each number is sent to once."""
    await notify(hass, **data)
    assert sent_to(gateway) == numbers


@pytest.mark.parametrize("recipients", [[recipient_data("Smith, John"), recipient_data("O'Neil", numbers=[DAD])]])
@pytest.mark.parametrize(
    ("target", "numbers"),
    [
        ("Smith, John", [MUM]),
        (["smith, john", "O'Neil"], [MUM, DAD]),
        ("['Smith, John', \"O'Neil\"]", [MUM, DAD]),
        ("O'Neil, 0477 23 45 99", [DAD, OTHER]),
    ],
)
async def test_name_may_hold_commas_and_quotes(
    hass: HomeAssistant, entry: MockConfigEntry, gateway: Gateway, target: Any, numbers: list[str]
) -> None:
    """A text is taken apart only if it is not a name itself."""
    await notify(hass, target=target)
    assert sent_to(gateway) == numbers


@pytest.mark.parametrize("recipients", [[recipient_data("Zoë")]])
@pytest.mark.parametrize("name", ["Zoe\u0308", "ZOË", "zoe\u0308 ", "Zoë"])
async def test_name_is_found_however_it_is_composed(
    hass: HomeAssistant, entry: MockConfigEntry, gateway: Gateway, name: str
) -> None:
    """Neither case nor Unicode's ways to write a letter matter."""
    await notify(hass, target=name)
    await call_action(hass, "send_sms", message="Water", numbers=name)
    assert sent_to(gateway) == [MUM, MUM]


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ({"title": "Cellar"}, "Cellar\nWater"),
        ({"title": ""}, "Water"),
        ({"title": None}, "Water"),
        ({"title": " "}, "Water"),
        ({"title": []}, "Water"),
        ({"title": 7}, "7\nWater"),
        ({"title": 0}, "0\nWater"),
        ({"title": "Cellar", "message": ""}, "Cellar"),
        ({"title": "Cellar", "message": None}, "Cellar"),
        ({"title": "Cellar", "message": " \n"}, "Cellar"),
        ({"title": "Open", "message": []}, "Open"),
        ({"message": ["Door", "Window", None]}, "Door, Window"),
        ({"message": 21.5}, "21.5"),
        ({"message": 0}, "0"),
        ({"message": False}, "False"),
        ({"message": {"door": "open"}}, "{'door': 'open'}"),
    ],
)
async def test_title_and_message_of_any_shape_are_understood(
    hass: HomeAssistant, entry: MockConfigEntry, gateway: Gateway, data: dict[str, Any], text: str
) -> None:
    """What is empty is left out, and everything else becomes text."""
    await notify(hass, target="Mum", **data)
    assert [sent["message"] for sent in gateway.sent] == [text]


@pytest.mark.parametrize("message", ["", None, " ", "\t\n", "\u200b", [], "🔔"])
@pytest.mark.parametrize("title", [None, "", " "])
async def test_nothing_to_say_is_refused(
    hass: HomeAssistant, entry: MockConfigEntry, gateway: Gateway, message: Any, title: Any
) -> None:
    """A call without any text is refused."""
    await refuse(hass, "empty_message", target="Mum", message=message, title=title)
    assert not gateway.sent


@pytest.mark.parametrize(
    "data",
    [
        None,
        "urgent",
        7,
        ["urgent"],
        {},
        {"tag": "door", "ttl": 0, "priority": "high", "push": {"sound": "default"}, "actions": [{"action": "OPEN"}]},
        {"notification_id": "x", "parse_mode": "markdown", "image": "/local/a.jpg", "entity_id": "camera.porch"},
        {"channel": "alarm_stream"},
        {"channel": "General", "importance": "high"},
        {"channel": ""},
        {"channel": []},
        {"channel": ["sms"]},
        {"channel": {"a": 1}},
        {"channel": 7},
        {"channel": None},
        {"channel": " SMS "},
        {"config_entry_id": ["x"]},
        {"config_entry_id": ""},
        {"sender": None, "long_sms": "", "unsupported_characters": [], "valid_for": None, "wait_for_report": ""},
        {"unsupported_characters": "klingon", "long_sms": "maybe", "language": "klingon"},
        {1: 2},
    ],
)
async def test_data_of_others_is_ignored(
    hass: HomeAssistant, entry: MockConfigEntry, gateway: Gateway, data: Any
) -> None:
    """What others mean by the data does not keep the SMS from going out."""
    await notify(hass, target="Mum", data=data, somebody="else's")
    assert [(sent["numbers"], sent["message"]) for sent in gateway.sent] == [(MUM, "Water")]


@pytest.mark.parametrize("channel", ["alarm_stream 0496123456", "", ["0496 12 34 56"], 496123456])
async def test_foreign_channel_gets_a_warning_that_shows_no_number(
    hass: HomeAssistant, entry: MockConfigEntry, caplog: pytest.LogCaptureFixture, channel: Any
) -> None:
    """The log says that the channel is ignored, and not what it was."""
    caplog.clear()
    await notify(hass, target="Mum", data={"channel": channel})
    [warning] = [
        record.getMessage()
        for record in caplog.records
        if record.name == "custom_components.smsbox" and record.levelno > logging.INFO
    ]
    assert "channel" in warning
    assert "123456" not in warning.replace(" ", "")


@pytest.mark.parametrize(
    ("data", "path", "fields"),
    [
        ({"data": {"channel": "tts", "language": "fr"}}, "sendsms", {"tts": "1", "ttslng": "2"}),
        (
            {"data": {"channel": "Voice", "language": "en", "gender": "female"}},
            "voice/send",
            {"lang": "EN", "gender": "F"},
        ),
        ({"data": {"sender": "Alarm"}}, "sendsms", {"from": "Alarm"}),
        ({"data": {"sender": 12345}}, "sendsms", {"from": "12345"}),
        ({"channel": "tts"}, "sendsms", {"tts": "1", "ttslng": "0"}),
    ],
)
async def test_data_takes_the_fields_of_the_channel(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    gateway: Gateway,
    data: dict[str, Any],
    path: str,
    fields: dict[str, str],
) -> None:
    """The data chooses the channel and takes the fields of its action; they may stand beside the message too."""
    await notify(hass, target="Mum", **data)
    (request,) = gateway.received(path)
    assert fields.items() <= request.fields.items()


@pytest.mark.parametrize(
    ("data", "error"),
    [
        ({}, "no_recipients"),
        ({"target": None}, "no_recipients"),
        ({"target": []}, "no_recipients"),
        ({"target": ["", None, {}]}, "no_recipients"),
        ({"target": {"entity_id": None}}, "no_recipients"),
        ({"target": "Nobody"}, "invalid_number"),
        ({"target": True}, "invalid_number"),
        ({"target": 4.5}, "invalid_number"),
        ({"target": object()}, "invalid_number"),
        ({"target": "[" * 5000}, "no_recipients"),
        ({"target": "[" * 5000 + "x"}, "invalid_number"),
        ({"target": "mum@example.com"}, "invalid_number"),
        ({"target": "notify.nobody_sms"}, "invalid_number"),
        ({"target": "light.kitchen"}, "invalid_number"),
        ({"target": {"device_id": "abc"}}, "invalid_number"),
        ({"target": 471234567}, "invalid_number"),
        ({"target": "474123456.0"}, "invalid_number"),
        ({"target": "Mum", "data": {"sender": "+32496123456"}}, "invalid_sender"),
        ({"target": "Mum", "data": {"valid_for": "soon"}}, "invalid_duration"),
        ({"target": "Mum", "data": {"channel": "voice", "send_at": "tomorrow"}}, "invalid_send_at"),
        ({"target": "Mum", "data": {"channel": "voice", "send_at": "2026-13-45 08:00"}}, "invalid_send_at"),
    ],
)
async def test_what_cannot_be_understood_is_refused(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    gateway: Gateway,
    caplog: pytest.LogCaptureFixture,
    data: dict[str, Any],
    error: str,
) -> None:
    """A call that cannot be understood raises an error of ours and is logged in one line."""
    await refuse(hass, error, **data)
    assert not gateway.sent
    (line,) = errors(caplog)
    assert "496123456" not in line


@pytest.mark.parametrize(
    ("wrong", "shown"),
    [
        ("0471", "***471"),
        ("mum@example.com", "mum@example.com"),
        ("Nobody", "Nobody"),
        (496123456, "***456"),
        ("0496123456 Mum", "***456 Mum"),
        ({"device_id": "abc"}, "abc"),
        (["0471", "Nobody", "0471"], "***471, Nobody"),
        ("32,496,12,34,56", "***456"),
    ],
)
async def test_wrong_target_silences_nobody_else(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    gateway: Gateway,
    caplog: pytest.LogCaptureFixture,
    wrong: Any,
    shown: str,
) -> None:
    """The others are sent to; then the error and one line in the log name what is wrong, without a full number."""
    assert await refuse(hass, "invalid_number", target=["Mum", wrong, "Dad"]) == {"number": shown}
    assert sent_to(gateway) == [MUM, DAD]
    (line,) = errors(caplog)
    assert line.startswith(f"notify.smsbox to {shown} failed: ")


async def test_one_line_tells_all_that_failed(
    hass: HomeAssistant, entry: MockConfigEntry, gateway: Gateway, caplog: pytest.LogCaptureFixture
) -> None:
    """If sending fails and a target is wrong too, one line tells both, with masked numbers."""
    set_response(gateway, "sendsms", {"code": 10, "message": "Not enough credits"})
    await refuse(hass, "insufficient_credits", target=["Mum", "0471", NUMBER])
    (line,) = errors(caplog)
    assert line.startswith("notify.smsbox to Mum, ********599, ***471 failed: ")
    assert "too few credits" in line
    assert "***471 is neither" in line


@pytest.mark.parametrize(
    ("response", "key", "words"),
    [
        ({"code": 10, "message": ""}, "insufficient_credits", "credits"),
        ({"code": 4, "message": ""}, "invalid_auth", "API key"),
        ({"code": 9, "message": "No valid number 0496123456"}, "rejected", "No valid number ***456"),
        ({"code": 100, "message": []}, "not_accepted", "not accepted for Mum"),
        (500, "outcome_unknown", "may have been sent (Mum)"),
        (503, "try_again_later", "busy"),
    ],
)
@pytest.mark.parametrize("action", ["smsbox", "smsbox_mum"])
async def test_failure_is_raised_and_logged(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    gateway: Gateway,
    caplog: pytest.LogCaptureFixture,
    action: str,
    response: Any,
    key: str,
    words: str,
) -> None:
    """A failure raises, and one line in the log says who did not get it and why."""
    set_response(gateway, "sendsms", response)
    await refuse(hass, key, action, target="Mum")
    (line,) = errors(caplog)
    assert line.startswith(f"notify.{action} to Mum failed: ")
    assert words in line
    assert MUM not in line


@pytest.mark.parametrize("recipients", [[recipient_data("0496 12 34 56")]])
async def test_name_that_is_a_number_is_masked(
    hass: HomeAssistant, entry: MockConfigEntry, gateway: Gateway, caplog: pytest.LogCaptureFixture
) -> None:
    """A name counts before a number, and is masked like one."""
    set_response(gateway, "sendsms", {"code": 100, "message": []})
    assert await refuse(hass, "not_accepted", target="0496 12 34 56") == {"numbers": "***456"}
    assert errors(caplog)[0].startswith("notify.smsbox to ***456 failed: ")


@pytest.mark.parametrize(
    "message",
    [
        "clear_notification",
        "clear_badge",
        "remove_channel",
        "request_location_update",
        "update_complications",
        "update_widgets",
        "command_dnd",
        "command_screen_on",
        "command_",
        "kiosk_refresh",
        " clear_notification\n",
        "TTS",
    ],
)
@pytest.mark.parametrize("how", ["smsbox", "smsbox_mum", "send_message"])
async def test_commands_to_the_companion_app_are_not_sent(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    gateway: Gateway,
    caplog: pytest.LogCaptureFixture,
    message: str,
    how: str,
) -> None:
    """What is meant for a phone's app costs nobody an SMS, and is no error."""
    whom = {"entity_id": "notify.mum_sms"} if how == "send_message" else {"target": ["Mum", "Nobody"]}
    await notify(hass, how, message=message, **whom)
    assert not gateway.sent
    assert not errors(caplog)


@pytest.mark.parametrize(
    "message",
    ["clear_notifications", "command dnd", "Command_dnd", "command_dnd now", "tts", "TTS on", "kiosk", "commands_x"],
)
async def test_what_only_looks_like_a_command_is_sent(
    hass: HomeAssistant, entry: MockConfigEntry, gateway: Gateway, message: str
) -> None:
    """Everything else goes out."""
    await notify(hass, target="Mum", message=message)
    await notify(hass, "send_message", entity_id="notify.mum_sms", message=message)
    assert [sent["message"] for sent in gateway.sent] == [message, message]


@pytest.mark.parametrize(
    ("data", "sent"),
    [
        ({"tts_text": "Water in the cellar"}, ["Water in the cellar"]),
        ({"tts_text": 12}, ["12"]),
        ({"tts_text": 0}, ["0"]),
        ({"tts_text": ""}, []),
        ({"tts_text": " "}, []),
        ({"tts_text": None}, []),
        ({}, []),
        ("loud", []),
    ],
)
async def test_text_to_be_spoken_is_sent(
    hass: HomeAssistant, entry: MockConfigEntry, gateway: Gateway, data: Any, sent: list[str]
) -> None:
    """`TTS` stands for the text in the data."""
    await notify(hass, target="Mum", message="TTS", data=data)
    assert [request["message"] for request in gateway.sent] == sent


@pytest.mark.parametrize(
    ("title", "message"),
    [
        ("Batteries", "\n".join(f"Sensor {number}: 5 %" for number in range(100))),
        (" ", "word " * 400),
        ("", "x" * 2000),
        ("T" * 2000, "Hello"),
        ("Lights", "💡 on\n" * 2000),
    ],
    ids=["lines", "words", "one word", "title", "emoji"],
)
@pytest.mark.parametrize("how", ["smsbox", "smsbox_mum", "send_message"])
async def test_long_text_is_cut_with_a_warning(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    gateway: Gateway,
    caplog: pytest.LogCaptureFixture,
    how: str,
    title: str,
    message: str,
) -> None:
    """A text that is too long is cut, its title included, and a line in the log says so."""
    whom = {"entity_id": "notify.mum_sms"} if how == "send_message" else {"target": "Mum"}
    await notify(hass, how, title=title, message=message, **whom)
    (sent,) = gateway.sent
    assert sent["message"].endswith("...")
    assert 400 < len(sent["message"]) <= 918
    assert sent["message"].startswith((title.strip() or message)[:100])
    assert "A message is cut" in caplog.text


@pytest.mark.parametrize("how", ["smsbox", "send_message"])
async def test_text_with_nothing_to_send_is_refused_however_long(
    hass: HomeAssistant, entry: MockConfigEntry, gateway: Gateway, how: str
) -> None:
    """Thousands of emoji are an empty message, not an error of the program."""
    whom = {"entity_id": "notify.mum_sms"} if how == "send_message" else {"target": "Mum"}
    await refuse(hass, "empty_message", how, message="🔔" * 6000, **whom)


async def test_action_is_there_with_its_account(hass: HomeAssistant, gateway: Gateway) -> None:
    """The action comes with the first account and goes with the last one."""
    entry = account_entry(recipient_data())
    entry.add_to_hass(hass)
    assert not hass.services.has_service("notify", "smsbox")
    with pytest.raises(ServiceNotFound):
        await notify(hass, target="Mum")
    assert await hass.config_entries.async_setup(entry.entry_id)
    assert hass.services.has_service("notify", "smsbox")
    await hass.config_entries.async_unload(entry.entry_id)
    assert hass.services.has_service("notify", "smsbox")
    await refuse(hass, "service_config_entry_not_loaded", target="Mum")
    assert await hass.config_entries.async_setup(entry.entry_id)
    for action in ("smsbox", "smsbox_mum"):
        await notify(hass, action, target="Mum")
    await hass.config_entries.async_set_disabled_by(entry.entry_id, ConfigEntryDisabler.USER)
    assert not hass.services.async_services_for_domain("notify").keys() & {"smsbox", "smsbox_mum"}
    await hass.config_entries.async_set_disabled_by(entry.entry_id, None)
    assert {"smsbox", "smsbox_mum"} <= hass.services.async_services_for_domain("notify").keys()
    await hass.config_entries.async_remove(entry.entry_id)
    assert not hass.services.async_services_for_domain("notify").keys() & {"smsbox", "smsbox_mum"}


@pytest.mark.parametrize("action", ["smsbox", "smsbox_mum"])
async def test_call_waits_for_a_reload(
    hass: HomeAssistant, entry: MockConfigEntry, gateway: Gateway, action: str
) -> None:
    """A call that comes while the account is being set up again is sent as soon as it is there."""
    async with entry.setup_lock:
        assert await entry.async_unload(hass)
        call = asyncio.create_task(notify(hass, action, target="Mum"))
        await asyncio.sleep(0)
        assert not call.done()
        await entry.async_setup(hass)
    await call
    assert sent_to(gateway) == [MUM]


async def test_first_message_after_the_start_waits_for_all_accounts(
    hass: HomeAssistant, gateway: Gateway, caplog: pytest.LogCaptureFixture
) -> None:
    """A call in the very moment in which the action appears reaches the recipients of each account."""
    accounts = [
        account_entry(recipient_data()),
        account_entry(recipient_data("Dad", numbers=[DAD]), data={"api_key": API_KEY, "webhook_id": "another"}),
    ]
    for account in accounts:
        account.add_to_hass(hass)

    @callback
    def call(event: Event) -> None:
        """Call the action as soon as it is there."""
        if event.data["service"] == DOMAIN:
            hass.async_create_task(notify(hass, target=["Mum", "Dad", NUMBER]))

    hass.bus.async_listen(EVENT_SERVICE_REGISTERED, call)
    assert await async_setup_component(hass, DOMAIN, {})
    await hass.async_block_till_done()
    assert sorted(sent_to(gateway)) == sorted([MUM, DAD, OTHER])
    assert not errors(caplog)


async def test_call_does_not_wait_forever(
    hass: HomeAssistant, entry: MockConfigEntry, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A set-up that takes too long is waited for no more."""
    monkeypatch.setattr(classic_notify, "SETUP_TIMEOUT", 0)
    async with entry.setup_lock:
        await notify(hass, target="Mum")
    assert sent_to(gateway) == [MUM]


async def test_each_recipient_has_an_action(hass: HomeAssistant, entry: MockConfigEntry, gateway: Gateway) -> None:
    """It sends by the recipient's first channel unless the data says otherwise, and the target counts for nothing."""
    await notify(
        hass, "smsbox_mum", target="Dad", numbers=NUMBER, data={"target": "Dad", "config_entry_id": "nonsense"}
    )
    assert sent_to(gateway) == [MUM]
    await notify(hass, "smsbox_dad", title="Cellar", data={"channel": "General"})
    (call,) = gateway.received("voice/send")
    assert call.fields == {"number": DAD, "message": "Cellar\nWater", "lang": "FR", "gender": "M"}
    await notify(hass, "smsbox_dad", data={"channel": "sms"})
    assert sent_to(gateway) == [MUM, DAD]


def as_subentry(data: ConfigSubentryData) -> ConfigSubentry:
    """Return a recipient to be added."""
    return ConfigSubentry(
        data=MappingProxyType(data["data"]),
        subentry_type=data["subentry_type"],
        title=data["title"],
        unique_id=data["unique_id"],
    )


def rename(hass: HomeAssistant, entry: MockConfigEntry, name: str, new_name: str) -> None:
    """Rename a recipient."""
    (subentry,) = [subentry for subentry in entry.subentries.values() if subentry.title == name]
    hass.config_entries.async_update_subentry(entry, subentry, title=new_name)


async def test_renamed_recipient_keeps_its_action_and_answers_to_former_names(
    hass: HomeAssistant, entry: MockConfigEntry, gateway: Gateway
) -> None:
    """Renaming disarms no alarm, before and after a restart; a new recipient with the old name has it for itself."""
    for name, new_name in (("Mum", "MUM"), ("MUM", "Mama"), ("Mama", "Mam"), ("Mam", "Zoë")):
        rename(hass, entry, name, new_name)
        await hass.async_block_till_done()
    for _ in range(2):
        for name in ("Mum", "mama", "Mam", "Zoe\u0308"):
            gateway.requests.clear()
            await notify(hass, target=name)
            await call_action(hass, "send_sms", message="Water", numbers=[name])
            assert sent_to(gateway) == [MUM, MUM]
        await notify(hass, "smsbox_mum")
        assert not hass.services.has_service("notify", "smsbox_zoe")
        await restart(hass)
    rename(hass, entry, "Dad", "Mum")
    await hass.async_block_till_done()
    gateway.requests.clear()
    await notify(hass, target=["Mum", "Dad"])
    assert sent_to(gateway) == [DAD]
    await notify(hass, "smsbox_mum")
    assert sent_to(gateway) == [DAD, MUM]
    rename(hass, entry, "Mum", "Papa")
    await hass.async_block_till_done()
    assert await refuse(hass, "ambiguous_recipient", target="Mum") == {"name": "Mum"}


async def test_action_whose_name_is_taken_is_left_out(
    hass: HomeAssistant, entry: MockConfigEntry, gateway: Gateway, caplog: pytest.LogCaptureFixture
) -> None:
    """A name that is taken already is left out with a line in the log, and used once it is free."""
    async_mock_service(hass, "notify", "smsbox_gran")
    hass.config_entries.async_add_subentry(entry, subentry := as_subentry(recipient_data("Gran", numbers=[OTHER])))
    await hass.async_block_till_done()
    assert "notify.smsbox_gran is taken" in caplog.text
    await notify(hass, "smsbox_gran")
    assert not gateway.sent
    hass.services.async_remove("notify", "smsbox_gran")
    hass.config_entries.async_add_subentry(entry, as_subentry(recipient_data("Grän", numbers=[DAD])))
    await hass.async_block_till_done()
    await notify(hass, "smsbox_gran")
    assert sent_to(gateway) == [OTHER]
    hass.config_entries.async_remove_subentry(entry, subentry.subentry_id)
    await hass.async_block_till_done()
    await notify(hass, "smsbox_gran")
    assert sent_to(gateway) == [OTHER, DAD]


async def test_action_of_a_recipient_that_has_just_gone_is_refused(
    hass: HomeAssistant, entry: MockConfigEntry, gateway: Gateway, caplog: pytest.LogCaptureFixture
) -> None:
    """A call that is late finds nobody."""
    mum = next(iter(entry.subentries.values()))
    async with entry.setup_lock:
        call = asyncio.create_task(refuse(hass, "no_recipients", "smsbox_mum"))
        await asyncio.sleep(0)
        hass.config_entries.async_remove_subentry(entry, mum.subentry_id)
    await call
    assert errors(caplog)[0].startswith("notify.smsbox_mum to nobody failed: ")


async def test_plan_that_has_nobody_is_refused(hass: HomeAssistant, gateway: Gateway) -> None:
    """The others are sent to; the actions that send to people take no plan."""
    plan = ConfigSubentryData(
        subentry_type="alert_plan", title="Cellar", unique_id="alert_plan_cellar", data={"steps": []}
    )
    await set_up(hass, account_entry(recipient_data(), plan))
    assert await refuse(hass, "plan_without_recipients", target=["Cellar", "Mum"]) == {"plan": "Cellar"}
    assert await refuse(hass, "plan_without_recipients", "smsbox_cellar") == {"plan": "Cellar"}
    await expect_error(hass, "invalid_number", "send_sms", message="Water", numbers="cellar")
    assert sent_to(gateway) == [MUM]


async def test_what_was_not_sent_fires_an_event(
    hass: HomeAssistant, entry: MockConfigEntry, gateway: Gateway, events: list[Event]
) -> None:
    """Who drops the error of the call can still react to the report."""
    set_response(gateway, "sendsms", 503)
    await refuse(hass, "try_again_later", target=["Mum", NUMBER])
    assert [(event.data["recipient"], event.data["status"], event.data["error"]) for event in events] == [
        ("Mum", "not_sent", "try_again_later"),
        (None, "not_sent", "try_again_later"),
    ]


@pytest.mark.parametrize("channel", ["sms", "tts", "voice"])
async def test_message_is_kept_while_the_gateway_is_busy(
    hass: HomeAssistant, entry: MockConfigEntry, gateway: Gateway, channel: str
) -> None:
    """With `valid_for`, a busy gateway is no failure; with none of it, it is."""
    set_response(gateway, "sendsms", 503)
    set_response(gateway, "voice/send", 503)
    data = {"channel": channel, "valid_for": {"hours": 1}}
    await notify(hass, target="Mum", data=data)
    await refuse(hass, "try_again_later", target="Mum", data=data | {"valid_for": 0})


async def test_disabled_entity_is_nobodys_name(hass: HomeAssistant, entry: MockConfigEntry, gateway: Gateway) -> None:
    """An entity that is disabled leads to nobody, but the name still does."""
    er.async_get(hass).async_update_entity("notify.mum_sms", disabled_by=er.RegistryEntryDisabler.USER)
    await hass.async_block_till_done()
    await refuse(hass, "invalid_number", target="notify.mum_sms")
    await notify(hass, target="Mum")
    assert sent_to(gateway) == [MUM]


async def test_plans_and_people_are_told_at_once(hass: HomeAssistant, gateway: Gateway) -> None:
    """A call that is cancelled while the alert of a plan begins has told the others too."""
    await set_up_plans(hass, plan(step(target("Mum"))))
    call = asyncio.create_task(notify(hass, target=["Cellar", "Dad"]))
    await asyncio.sleep(0)
    call.cancel()
    await settle(hass)
    assert sorted(to(gateway)) == ["32471000001", MUM]

"""The actions: what they send, how they respond and what they raise."""

from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers import (
    area_registry as ar,
    device_registry as dr,
    entity_registry as er,
    floor_registry as fr,
    label_registry as lr,
)
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from .common import call_action, call_for_response, expect_error, recipient_data
from .gateways import Gateway, set_response

MUM, DAD = "32496123456", "32471234567"
NUMBER = "0496 12 34 56"


@pytest.fixture
def recipients() -> list[Any]:
    """Have a recipient with every channel and one with two numbers and a custom sender and voice."""
    return [
        recipient_data(channels=["sms", "tts", "voice"]),
        recipient_data("Dad", numbers=[DAD, "33612345678"], sender="Home", language="fr", gender="female"),
    ]


def good_call(action: str) -> dict[str, Any]:
    """Return the data of a good call."""
    if action == "verify_otp":
        return {"otp": "123456"}
    return {"number": NUMBER} if action in {"send_otp", "lookup_number"} else {"message": "Hello", "numbers": [NUMBER]}


async def test_response_of_send_sms(hass: HomeAssistant, entry: MockConfigEntry, gateway: Gateway) -> None:
    """The response tells the result for a recipient and for a bare number, and the text that was sent."""
    response = await call_for_response(
        hass, "send_sms", message="Één", entity_id="notify.mum_sms", numbers=["0471 23 45 67", NUMBER]
    )
    accepted = {"status": "accepted", "final": False, "error": None}
    assert response == {
        "messages": [
            {"number": MUM, "recipient": "Mum", "msgid": 15547355, **accepted},
            {"number": DAD, "recipient": None, "msgid": 15547356, **accepted},
        ],
        "text": "Één",
        "encoding": "gsm7",
        "parts": 1,
        "replaced": [],
    }
    (request,) = gateway.sent
    assert request["numbers"] == f"{MUM},{DAD}"
    assert request["noti"].startswith("https://example.org/api/webhook/")
    assert "longsms" not in request


@pytest.mark.parametrize(
    ("data", "fields"),
    [
        ({"message": "x" * 160}, {}),
        ({"message": "x" * 161}, {"longsms": "1"}),
        ({"message": "ï 🙂", "unsupported_characters": "unicode"}, {"message": "ï 🙂", "unicode": "1"}),
        ({"message": "é", "unsupported_characters": "unicode"}, {"message": "é"}),
        ({"message": "ï"}, {"message": "i"}),
        ({"message": "Hello", "sender": "Alarm"}, {"from": "Alarm"}),
    ],
)
async def test_sms_sends_only_needed_fields(
    hass: HomeAssistant, entry: MockConfigEntry, gateway: Gateway, data: dict[str, Any], fields: dict[str, str]
) -> None:
    """The request holds only the fields that the message needs."""
    await call_action(hass, "send_sms", numbers=[NUMBER], **data)
    (request,) = gateway.sent
    assert request == {"numbers": MUM, "message": data["message"], "noti": request["noti"]} | fields


async def test_option_decides_on_unsupported_characters(
    hass: HomeAssistant, entry: MockConfigEntry, gateway: Gateway
) -> None:
    """The account's option decides on characters outside the SMS alphabet unless the action does."""
    hass.config_entries.async_update_entry(entry, options={"unsupported_characters": "unicode"})
    await hass.async_block_till_done()
    await call_action(hass, "send_sms", message="ж", numbers=[NUMBER])
    await call_action(hass, "send_sms", message="ж", numbers=[NUMBER], unsupported_characters="replace")
    assert [(request["message"], request.get("unicode")) for request in gateway.sent] == [("ж", "1"), ("zh", None)]


@pytest.mark.parametrize(
    ("action", "data", "error"),
    [
        ("send_sms", {"message": " "}, "empty_message"),
        ("send_voice", {"message": ""}, "empty_message"),
        ("send_sms", {"numbers": []}, "no_recipients"),
        ("send_sms", {"numbers": [], "entity_id": "notify.of_another"}, "no_recipients"),
        ("send_sms", {"numbers": ["Mother"]}, "invalid_number"),
        ("send_sms", {"numbers": [471234567]}, "invalid_number"),
        ("send_sms", {"sender": "Somebody else"}, "invalid_sender"),
        ("send_otp", {"text": "Hello"}, "otp_text_without_code"),
        ("send_otp", {"number": "112"}, "invalid_number"),
        ("verify_otp", {"number": "0496 12 34 56 ext. 7"}, "invalid_number"),
        ("lookup_number", {"number": "abc"}, "invalid_number"),
        ("preview_sms", {"message": "\t"}, "empty_message"),
    ],
)
async def test_wrong_call_is_refused(
    hass: HomeAssistant, entry: MockConfigEntry, gateway: Gateway, action: str, data: dict[str, Any], error: str
) -> None:
    """A wrong call is refused before anything is sent."""
    call = data if action == "preview_sms" else good_call(action) | data
    await expect_error(hass, error, action, **call)
    assert {request.path for request in gateway.requests} == {"balance"}


SENDSMS_CODES = {
    **dict.fromkeys((1, 5, 6, 7, 8, 9, 11, 13, 77), "rejected"),
    4: "invalid_auth",
    10: "insufficient_credits",
}
OTHER_CODES = {
    **dict.fromkeys((30, 31, 41, 42, 50, 90, 99, 77), "rejected"),
    **dict.fromkeys((4, 20, 21), "invalid_auth"),
    60: "insufficient_credits",
    98: "try_again_later",
}
CODES: dict[str, tuple[str, dict[int, str]]] = {
    "send_sms": ("sendsms", SENDSMS_CODES),
    "send_tts": ("sendsms", SENDSMS_CODES),
    "send_voice": ("voice/send", OTHER_CODES | {40: "rejected", 51: "rejected"}),
    "send_otp": ("otp/send", OTHER_CODES | {11: "rejected", 40: "rejected", 51: "rejected"}),
    "verify_otp": ("otp/verify", OTHER_CODES | {10: "rejected"}),
    "lookup_number": ("hlr", OTHER_CODES | {40: "rejected", 51: "rejected"}),
}
STATUSES = {401: "invalid_auth", 429: "try_again_later", 503: "try_again_later", 500: "outcome_unknown"}


@pytest.mark.parametrize("action", CODES)
async def test_gateway_codes_become_errors(
    hass: HomeAssistant, entry: MockConfigEntry, gateway: Gateway, action: str
) -> None:
    """Each code of each service becomes its error, as a number and as a string; `rejected` shows the message."""
    path, codes = CODES[action]
    responses: list[tuple[int | dict[str, Any], str]] = list(STATUSES.items())
    for code, error in codes.items():
        responses += (({"code": form, "message": "In its own words"}, error) for form in (code, f"{code:02}"))
    for response, expected in responses:
        set_response(gateway, path, response)
        raised = await expect_error(hass, expected, action, **good_call(action))
        assert (response, raised.translation_key) == (response, expected)
        if expected == "rejected" and isinstance(response, dict):
            assert raised.translation_placeholders == {
                "code": str(int(response["code"])),
                "message": "In its own words",
            }
        elif expected == "outcome_unknown":
            assert raised.translation_placeholders == {"numbers": "OTP" if action == "verify_otp" else "********456"}
    assert len(gateway.received(path)) == len(responses)


async def test_many_numbers_are_split_into_requests(
    hass: HomeAssistant, entry: MockConfigEntry, gateway: Gateway
) -> None:
    """1,201 numbers make three requests, and repeated numbers are sent to once."""
    numbers = [f"+32496{number:06}" for number in range(100_000, 101_201)]
    response = await call_for_response(hass, "send_sms", message="Hello", numbers=[*numbers, *numbers[:5]])
    assert [len(request["numbers"].split(",")) for request in gateway.sent] == [500, 500, 201]
    assert [message["number"] for message in response["messages"]] == [number[1:] for number in numbers]


async def test_recipients_settings_are_used(hass: HomeAssistant, entry: MockConfigEntry, gateway: Gateway) -> None:
    """A recipient gets its own sender, language and voice; a bare number gets Home Assistant's language."""
    targets = ["notify.mum_sms", "notify.dad_sms"]
    await call_action(hass, "send_sms", message="Hello", entity_id=targets)
    assert {(request["numbers"], request.get("from")) for request in gateway.sent} == {
        (MUM, None),
        (f"{DAD},33612345678", "Home"),
    }
    gateway.requests.clear()
    await call_action(hass, "send_tts", message="Hello", entity_id=targets, numbers=["0478 11 11 11"])
    assert {(request["numbers"], request["ttslng"]) for request in gateway.sent} == {
        (MUM, "0"),
        (f"{DAD},33612345678", "2"),
        ("32478111111", "1"),
    }
    await call_action(hass, "send_voice", message="Hello", entity_id="notify.dad_sms", send_at="2026-12-24 08:00:00")
    calls = [request.fields for request in gateway.received("voice/send")]
    assert {(call["number"], call["lang"], call["gender"]) for call in calls} == {
        (DAD, "FR", "F"),
        ("33612345678", "FR", "F"),
    }
    assert all(call["send_at"] == "2026-12-24T16:00:00Z" for call in calls)  # the tests live in US/Pacific


async def test_one_time_password(hass: HomeAssistant, entry: MockConfigEntry, gateway: Gateway) -> None:
    """A one-time password is sent and verified; a wrong one is no error."""
    assert await call_for_response(hass, "send_otp", number=NUMBER, text="Code {OTP}") == {"number": MUM}
    assert gateway.received("otp/send")[0].fields == {"number": MUM, "text": "Code {OTP}"}
    assert await call_for_response(hass, "verify_otp", otp=" 123456 ", number=NUMBER) == {
        "verified": True,
        "number": MUM,
        "code": 11,
    }
    assert gateway.received("otp/verify")[0].fields == {"otp": "123456", "number": MUM}
    for code in (40, 51):
        set_response(gateway, "otp/verify", {"code": code, "message": "OTP not correct"})
        assert await call_for_response(hass, "verify_otp", otp="1") == {"verified": False, "number": None, "code": code}
    set_response(gateway, "otp/verify", 500)
    await expect_error(hass, "outcome_unknown", "verify_otp", otp="1", response=True)


async def test_lookup_and_preview(hass: HomeAssistant, entry: MockConfigEntry, gateway: Gateway) -> None:
    """The lookup returns both networks; the preview makes no request."""
    lookup = await call_for_response(hass, "lookup_number", number=NUMBER)
    belgium = {"country_code": 32, "location": "Belgium", "timezone": "Europe/Brussels", "verified": True}
    assert lookup == {
        "number": MUM,
        "reachable": True,
        "status": "Delivered",
        "error_code": 0,
        "error_text": "Live",
        "type": "Mobile",
        "mccmnc": "20601",
        "ported": True,
        "roaming": False,
        "issuing_network": {"name": "Orange", **belgium},
        "home_network": {"name": "Proximus", **belgium},
    }
    gateway.requests.clear()
    assert await call_for_response(hass, "preview_sms", message="“Ça va ?” " + "€" * 80) == {
        "text": '"Ça va ?" ' + "€" * 80,
        "encoding": "gsm7",
        "length": 170,
        "parts": 2,
        "remaining": 135,
        "replaced": ["“", "”"],
    }
    assert not gateway.requests


@pytest.mark.parametrize(
    ("action", "character", "limit", "data"),
    [
        ("send_sms", "x", 918, {}),
        ("send_sms", "x", 160, {"long_sms": False}),
        ("send_sms", "ж", 402, {"unsupported_characters": "unicode"}),
        ("send_sms", "ж", 70, {"unsupported_characters": "unicode", "long_sms": False}),
        ("preview_sms", "x", 918, {}),
        ("preview_sms", "x", 160, {"long_sms": False}),
        ("preview_sms", "ж", 402, {"unsupported_characters": "unicode"}),
        ("preview_sms", "ж", 70, {"unsupported_characters": "unicode", "long_sms": False}),
        ("send_tts", "ж", 918, {}),
        ("send_voice", "ж", 5000, {}),
    ],
)
async def test_message_length_is_limited(
    hass: HomeAssistant, entry: MockConfigEntry, action: str, character: str, limit: int, data: dict[str, Any]
) -> None:
    """A message of the maximum length is accepted, one character more is refused."""
    data |= {} if action == "preview_sms" else {"numbers": [NUMBER]}
    assert await call_for_response(hass, action, message=character * limit, **data)
    wrong = await expect_error(hass, "message_too_long", action, message=character * (limit + 1), **data)
    assert wrong.translation_placeholders == {"length": str(limit + 1), "limit": str(limit)}


async def test_speech_is_sent_as_written(hass: HomeAssistant, entry: MockConfigEntry, gateway: Gateway) -> None:
    """Speech is changed only in line ends and tabs; language, voice and time are sent, and a call has no msgid."""
    for length, long in ((160, None), (161, "1")):
        await call_action(hass, "send_tts", message="ж" * length, entity_id="notify.mum_sms", language="fr")
        assert (gateway.sent[-1]["ttslng"], gateway.sent[-1].get("longsms")) == ("2", long)
    data = {"numbers": [NUMBER], "language": "en", "gender": "female", "message": "“Oei”\r\n\tж"}
    expected = {"number": MUM, "message": "“Oei”\n ж", "lang": "EN", "gender": "F"}
    for send_at, sent in (("2026-12-24T08:00:00+01:00", "07:00:00"), ("2026-12-24 08:00", "16:00:00")):
        response = await call_for_response(hass, "send_voice", **data, send_at=send_at)
        assert gateway.received("voice/send")[-1].fields == expected | {"send_at": f"2026-12-24T{sent}Z"}
    assert response == {
        "messages": [
            {"number": MUM, "recipient": None, "msgid": None, "status": "accepted", "final": True, "error": None}
        ]
    }


@pytest.mark.parametrize(
    ("language", "lang"), [("nl", "NL"), ("fr", "FR"), ("en-GB", "EN"), ("de", "NL"), ("zh-Hans", "NL")]
)
async def test_bare_number_gets_home_assistants_language(
    hass: HomeAssistant, entry: MockConfigEntry, gateway: Gateway, language: str, lang: str
) -> None:
    """A call to a bare number is in Home Assistant's language if the gateway speaks it, else in Dutch."""
    hass.config.language = language
    await call_action(hass, "send_voice", message="Hello", numbers=[NUMBER])
    (request,) = gateway.received("voice/send")
    assert request.fields == {"number": MUM, "message": "Hello", "lang": lang, "gender": "M"}


async def test_numbers_that_are_integers(hass: HomeAssistant, entry: MockConfigEntry, gateway: Gateway) -> None:
    """An integer is accepted only if it is an international number; the error shows its last digits."""
    await call_action(hass, "send_sms", message="Hello", numbers=[3211111111, 32496123456, "(0032) 496-12.34/56"])
    assert gateway.sent[0]["numbers"] == f"3211111111,{MUM}"
    shown = {471234567: "***567", 0o471234567: "***319", 32496123456.0: "***560", True: "True", -32496123456: "-***456"}
    for number, masked in shown.items():
        wrong = await expect_error(hass, "invalid_number", "send_sms", message="Hello", numbers=number)
        assert wrong.translation_placeholders == {"number": masked}
    assert len(gateway.sent) == 1


@pytest.mark.parametrize(
    ("sender", "shown"),
    [("+32496123456", "***456"), ("0496 12 34 56 78 90 12", "***012"), ("Somebody else", "Somebody else"), ("", "")],
)
async def test_sender_in_the_error_is_masked(
    hass: HomeAssistant, entry: MockConfigEntry, gateway: Gateway, sender: str, shown: str
) -> None:
    """The error names the sender without most of its digits."""
    wrong = await expect_error(hass, "invalid_sender", "send_sms", message="Hello", numbers=NUMBER, sender=sender)
    assert wrong.translation_placeholders == {"sender": shown}


@pytest.mark.parametrize("kind", ["area", "device", "entity label", "device label", "area label", "floor", "group"])
async def test_target_leads_to_recipients(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    gateway: Gateway,
    caplog: pytest.LogCaptureFixture,
    kind: str,
) -> None:
    """A target that leads to a notify entity reaches its recipient; the rest of it is ignored."""
    entities, devices, areas = er.async_get(hass), dr.async_get(hass), ar.async_get(hass)
    floor = fr.async_get(hass).async_create("Ground floor")
    label = lr.async_get(hass).async_create("Family").label_id
    area = areas.async_create("Kitchen", floor_id=floor.floor_id, labels={label} if kind == "area label" else None)
    dad = entities.async_get("notify.dad_sms")
    assert dad
    assert dad.device_id
    devices.async_update_device(
        dad.device_id,
        area_id=area.id if kind in {"area", "area label", "floor"} else None,
        labels={label} if kind == "device label" else set(),
    )
    entities.async_update_entity(dad.entity_id, labels={label} if kind == "entity label" else set())
    hass.states.async_set("group.family", "on", {"entity_id": ["notify.dad_sms"]})
    target = {
        "area": {"area_id": area.id},
        "device": {"device_id": dad.device_id},
        "floor": {"floor_id": floor.floor_id},
        "group": {"entity_id": "group.family"},
    }.get(kind, {"label_id": label})
    await call_action(hass, "send_sms", message="Hello", **target)
    assert [request["numbers"] for request in gateway.sent] == [f"{DAD},33612345678"]
    assert "missing" not in caplog.text


async def test_target_without_recipients_is_refused(
    hass: HomeAssistant, entry: MockConfigEntry, gateway: Gateway, caplog: pytest.LogCaptureFixture
) -> None:
    """Targets that lead to no recipient are ignored with a warning, and refused if nothing is left."""
    entities = er.async_get(hass)
    left_over = entities.async_get_or_create("notify", "smsbox", "left over").entity_id
    foreign = entities.async_get_or_create("notify", "other", "foreign").entity_id
    disabled = entities.async_update_entity("notify.dad_sms", disabled_by=er.RegistryEntryDisabler.USER).entity_id
    mum = entities.async_get("notify.mum_sms")
    assert mum
    account = dr.async_get(hass).async_get_device_by_identifier(("smsbox", entry.entry_id), entry.entry_id)
    assert account
    nobody = [left_over, foreign, disabled, "notify.typing_error", "event.mum_delivery_report", "light.kitchen"]
    targets: list[dict[str, Any]] = [
        {"entity_id": nobody},
        {"device_id": account.id},
        {"entity_id": "none"},
        {"entity_id": []},
        {},
    ]
    for target in targets:
        await expect_error(hass, "no_recipients", "send_sms", message="Hello", **target)
    assert all(entity_id in caplog.text for entity_id in nobody)
    await call_action(hass, "send_sms", message="Hello", entity_id=[*nobody, "notify.mum_sms"], device_id=mum.device_id)
    assert [request["numbers"] for request in gateway.sent] == [MUM]

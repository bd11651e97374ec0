"""The actions: what goes out, what they answer and what they raise."""

import asyncio
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from .actions import SlowGateway, act, answering, ask, failure, refusal
from .conftest import account_entry, recipient_data
from .gateway import Gateway

MUM, DAD = "32496123456", "32471234567"
NUMBER = "0496 12 34 56"
SENDING = ("send_sms", "send_tts", "send_voice", "send_otp", "lookup_number")


@pytest.fixture
def recipients() -> list[Any]:
    """Have a recipient with every channel and one with two numbers and a voice of its own."""
    return [
        recipient_data(channels=["sms", "tts", "voice"]),
        recipient_data("Dad", numbers=[DAD, "33612345678"], sender="Home", language="fr", gender="female"),
    ]


def everybody(action: str) -> dict[str, Any]:
    """Return the data of a call that is right."""
    return {"number": NUMBER} if action in {"send_otp", "lookup_number"} else {"message": "Hello", "numbers": [NUMBER]}


async def test_send_sms_answers(hass: HomeAssistant, entry: MockConfigEntry, gateway: Gateway) -> None:
    """A call to a recipient and a bare number answers letter for letter as the contract says."""
    answer = await ask(hass, "send_sms", message="Één", entity_id="notify.mum_sms", numbers=["0471 23 45 67", NUMBER])
    accepted = {"status": "accepted", "final": False, "error": None}
    assert answer == {
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
async def test_sms_fields(
    hass: HomeAssistant, entry: MockConfigEntry, gateway: Gateway, data: dict[str, Any], fields: dict[str, str]
) -> None:
    """Only what is needed goes to the gateway."""
    await act(hass, "send_sms", numbers=[NUMBER], **data)
    (request,) = gateway.sent
    assert request == {"numbers": MUM, "message": data["message"], "noti": request["noti"]} | fields


@pytest.mark.parametrize(
    ("action", "data", "error"),
    [
        ("send_sms", {"message": "x" * 919}, "message_too_long"),
        ("send_sms", {"message": "x" * 161, "long_sms": False}, "message_too_long"),
        ("send_sms", {"message": "Ж" * 403, "unsupported_characters": "unicode"}, "message_too_long"),
        ("send_sms", {"message": "Ж" * 71, "unsupported_characters": "unicode", "long_sms": False}, "message_too_long"),
        ("send_tts", {"message": "x" * 919}, "message_too_long"),
        ("send_voice", {"message": "x" * 5001}, "message_too_long"),
        ("send_sms", {"message": " "}, "empty_message"),
        ("send_voice", {"message": ""}, "empty_message"),
        ("send_sms", {"numbers": []}, "no_recipients"),
        ("send_sms", {"numbers": [], "entity_id": "notify.of_another"}, "no_recipients"),
        ("send_sms", {"numbers": ["Mum"]}, "invalid_number"),
        ("send_sms", {"numbers": [471234567]}, "invalid_number"),
        ("send_sms", {"sender": "Somebody else"}, "invalid_sender"),
        ("send_otp", {"text": "Hello"}, "otp_text_without_code"),
        ("lookup_number", {"number": "abc"}, "invalid_number"),
    ],
)
async def test_wrong_calls(
    hass: HomeAssistant, entry: MockConfigEntry, gateway: Gateway, action: str, data: dict[str, Any], error: str
) -> None:
    """A call that is wrong is refused before anything goes out."""
    assert (await refusal(hass, action, **everybody(action) | data)).translation_key == error
    assert {request.path for request in gateway.requests} == {"balance"}


@pytest.mark.parametrize("action", SENDING)
@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ({"code": 4, "message": "Apikey not allowed"}, "invalid_auth"),
        (401, "invalid_auth"),
        ({"code": "60", "message": "Credits low"}, "insufficient_credits"),
        ({"code": 98, "message": "Try again later"}, "try_again_later"),
        (503, "try_again_later"),
        ({"code": 77, "message": "Something new"}, "rejected"),
        (500, "outcome_unknown"),
        ({"code": [], "message": ""}, "outcome_unknown"),
    ],
)
async def test_gateway_errors(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    gateway: Gateway,
    action: str,
    answer: int | dict[str, Any],
    error: str,
) -> None:
    """Each answer of the gateway has its error, for every service."""
    for path in ("sendsms", "voice/send", "otp/send", "hlr"):
        answering(gateway, path, answer)
    raised = await failure(hass, action, **everybody(action))
    assert raised.translation_key == error
    assert NUMBER not in str(raised)


async def test_partial_success(hass: HomeAssistant, entry: MockConfigEntry, gateway: Gateway) -> None:
    """A number that the answer leaves out is found in a response, and raised where nobody takes one."""
    answering(gateway, "sendsms", {"code": 100, "message": [{"number": int(MUM)}]})
    data: dict[str, Any] = {"message": "Hello", "numbers": [NUMBER, "0471 23 45 67"]}
    accepted, missing = (await ask(hass, "send_sms", **data))["messages"]
    assert (accepted["status"], accepted["msgid"], accepted["final"]) == ("accepted", None, True)
    assert (missing["status"], missing["final"], missing["error"]) == ("not_accepted", True, "not_accepted")
    raised = await failure(hass, "send_sms", **data)
    assert (raised.translation_key, raised.translation_placeholders) == ("not_accepted", {"numbers": "********567"})


async def test_many_numbers(hass: HomeAssistant, entry: MockConfigEntry, gateway: Gateway) -> None:
    """1,201 numbers are three requests, and numbers that come twice are sent to once."""
    numbers = [f"+32496{number:06}" for number in range(100_000, 101_201)]
    answer = await ask(hass, "send_sms", message="Hello", numbers=[*numbers, *numbers[:5]])
    assert [len(request["numbers"].split(",")) for request in gateway.sent] == [500, 500, 201]
    assert [message["number"] for message in answer["messages"]] == [number[1:] for number in numbers]


async def test_recipients_have_their_own_way(hass: HomeAssistant, entry: MockConfigEntry, gateway: Gateway) -> None:
    """Sender, language and voice are the recipient's; a bare number has Home Assistant's language."""
    targets = ["notify.mum_sms", "notify.dad_sms"]
    await act(hass, "send_sms", message="Hello", entity_id=targets)
    assert {(request["numbers"], request.get("from")) for request in gateway.sent} == {
        (MUM, None),
        (f"{DAD},33612345678", "Home"),
    }
    gateway.requests.clear()
    await act(hass, "send_tts", message="Hello", entity_id=targets, numbers=["0478 11 11 11"])
    assert {(request["numbers"], request["ttslng"]) for request in gateway.sent} == {
        (MUM, "0"),
        (f"{DAD},33612345678", "2"),
        ("32478111111", "1"),
    }
    await act(hass, "send_voice", message="Hello", entity_id="notify.dad_sms", send_at="2026-12-24 08:00:00")
    calls = [request.fields for request in gateway.received("voice/send")]
    assert {(call["number"], call["lang"], call["gender"]) for call in calls} == {
        (DAD, "FR", "F"),
        ("33612345678", "FR", "F"),
    }
    assert all(call["send_at"] == "2026-12-24T16:00:00Z" for call in calls)  # the tests live in US/Pacific


async def test_voice_calls_five_at_a_time(hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls go out at most five at a time, and one that fails does not stop the others."""
    gateway = SlowGateway()
    await gateway.start()
    monkeypatch.setenv("SMSBOX_API_URL", gateway.url)
    entry = account_entry(recipient_data())
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    gateway.answers["voice/send"] = lambda received: (
        {"code": 50, "message": "Send voice failed"} if received.fields["number"].endswith("3") else {"code": 10}
    )
    numbers = [f"+3249612345{number}" for number in range(8)]
    call = hass.async_create_task(ask(hass, "send_voice", message="Hello", numbers=numbers))
    await gateway.holds(5)
    gateway.released.set()
    answer = await call
    assert gateway.most == 5
    assert [message["status"] for message in answer["messages"]].count("accepted") == 7
    assert answer["messages"][3]["error"] == "rejected"
    await gateway.server.close()


async def test_target_without_recipient(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """A notify entity that belongs to no recipient any more is ignored, as any other entity."""
    left = er.async_get(hass).async_get_or_create("notify", "smsbox", "left over")
    raised = await refusal(hass, "send_sms", message="Hello", entity_id=left.entity_id)
    assert raised.translation_key == "no_recipients"


async def test_key_refused_that_was_changed_meanwhile(hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key that is refused after the account got another one asks for no new key."""
    gateway = SlowGateway()
    await gateway.start()
    monkeypatch.setenv("SMSBOX_API_URL", gateway.url)
    entry = account_entry(recipient_data())
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    answering(gateway, "sendsms", 401)
    call = hass.async_create_task(failure(hass, "send_sms", message="Hello", numbers=[NUMBER]))
    await gateway.holds(1)
    await hass.config_entries.async_reload(entry.entry_id)
    gateway.released.set()
    assert (await call).translation_key == "invalid_auth"
    await hass.async_block_till_done()
    assert not hass.config_entries.flow.async_progress_by_handler("smsbox")
    await gateway.server.close()


async def test_send_while_the_account_reloads_or_goes(hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch) -> None:
    """A message that is under way is answered for, whatever becomes of the account meanwhile."""
    gateway = SlowGateway()
    await gateway.start()
    monkeypatch.setenv("SMSBOX_API_URL", gateway.url)
    entry = account_entry(recipient_data())
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    for change in (hass.config_entries.async_reload, hass.config_entries.async_remove):
        gateway.released.clear()
        call = hass.async_create_task(ask(hass, "send_sms", message="Hello", numbers=[NUMBER]))
        await gateway.holds(1)
        await change(entry.entry_id)
        gateway.released.set()
        (message,) = (await call)["messages"]
        assert message["status"] == "accepted"
    await hass.async_block_till_done()
    await gateway.server.close()


async def test_otp(hass: HomeAssistant, entry: MockConfigEntry, gateway: Gateway) -> None:
    """A one-time password is sent and checked; a wrong one is an answer, not an error."""
    assert await ask(hass, "send_otp", number=NUMBER, text="Code {OTP}") == {"number": MUM}
    assert gateway.received("otp/send")[0].fields == {"number": MUM, "text": "Code {OTP}"}
    assert await ask(hass, "verify_otp", otp=" 123456 ", number=NUMBER) == {
        "verified": True,
        "number": MUM,
        "code": 11,
    }
    assert gateway.received("otp/verify")[0].fields == {"otp": "123456", "number": MUM}
    for code in (40, 51):
        answering(gateway, "otp/verify", {"code": code, "message": "OTP not correct"})
        assert await ask(hass, "verify_otp", otp="1") == {"verified": False, "number": None, "code": code}
    answering(gateway, "otp/verify", 500)
    raised = await failure(hass, "verify_otp", otp="1", response=True)
    assert raised.translation_key == "outcome_unknown"


async def test_lookup_and_preview(hass: HomeAssistant, entry: MockConfigEntry, gateway: Gateway) -> None:
    """A look-up answers with both networks; a preview asks nobody."""
    lookup = await ask(hass, "lookup_number", number=NUMBER)
    assert (lookup["number"], lookup["reachable"], lookup["ported"], lookup["error_code"]) == (MUM, True, True, 0)
    assert lookup["issuing_network"] == {
        "name": "Orange",
        "country_code": 32,
        "location": "Belgium",
        "timezone": "Europe/Brussels",
        "verified": True,
    }
    gateway.requests.clear()
    assert await ask(hass, "preview_sms", message="“Ça va ?” " + "€" * 80) == {
        "text": '"Ça va ?" ' + "€" * 80,
        "encoding": "gsm7",
        "length": 170,
        "parts": 2,
        "remaining": 135,
        "replaced": ["“", "”"],
    }
    assert not gateway.requests


async def test_several_accounts(hass: HomeAssistant, entry: MockConfigEntry, gateway: Gateway) -> None:
    """A bare number needs to know the account; recipients are served by their own."""
    other = account_entry(recipient_data("Gran", numbers=["32471000001"]), data={"api_key": "other", "webhook_id": "b"})
    other.add_to_hass(hass)
    gateway.answers["sendsms"] = lambda received: {
        "code": 100,
        "message": [{"number": number, "msgid": 1} for number in received.fields["numbers"].split(",")],
    }
    gateway.answers["balance"] = lambda _: {"code": 100, "message": "5"}
    assert await hass.config_entries.async_setup(other.entry_id)
    await hass.async_block_till_done()
    both = ["notify.mum_sms", "notify.gran_sms"]
    data: dict[str, Any] = {"message": "Hello", "numbers": ["0471 00 00 02"]}
    assert (await refusal(hass, "send_sms", **data)).translation_key == "several_accounts"
    assert (await refusal(hass, "send_sms", **data, entity_id=both)).translation_key == "several_accounts"
    gateway.requests.clear()
    await act(hass, "send_sms", **data, entity_id=both, config_entry_id=other.entry_id)
    sent = {request.api_key: request.fields["numbers"] for request in gateway.received("sendsms")}
    assert sent == {entry.data["api_key"]: MUM, "other": "32471000001,32471000002"}


async def test_key_refused_everywhere_starts_reauth_once(
    hass: HomeAssistant, entry: MockConfigEntry, gateway: Gateway
) -> None:
    """A hundred refused sends are one prompt for a new key."""
    gateway.api_key = "another"
    results = await asyncio.gather(
        *(act(hass, "send_sms", message="Hello", numbers=[NUMBER]) for _ in range(100)), return_exceptions=True
    )
    assert {result.translation_key for result in results if isinstance(result, HomeAssistantError)} == {"invalid_auth"}
    await hass.async_block_till_done()
    assert len(hass.config_entries.flow.async_progress_by_handler("smsbox")) == 1

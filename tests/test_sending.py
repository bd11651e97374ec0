"""Sending: requests that succeed in part, requests under way, and keys that are refused."""

import asyncio
from typing import Any

from homeassistant.config_entries import SOURCE_IGNORE
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.smsbox.const import DOMAIN

from .common import advance_time, call_action, call_for_response, expect_error, recipient_data, totals
from .gateways import REFUSED_KEY, Gateway, Received, Response, set_response

MUM, DAD, STRANGER = "32496123456", "32471234567", "32477234599"
TO_STRANGER: dict[str, Any] = {"message": "Hello", "numbers": [f"+{STRANGER}"]}
TO_ALL: dict[str, Any] = {**TO_STRANGER, "entity_id": ["notify.dad_sms", "notify.mum_sms"]}
REJECTED = {"code": 50, "message": "send voice failed"}
MALFORMED = {"code": "?"}


@pytest.fixture
def recipients() -> list[Any]:
    """Have two recipients."""
    return [recipient_data(), recipient_data("Dad", numbers=[DAD])]


def set_call_responses(gateway: Gateway, responses: dict[str, Response]) -> None:
    """Make the gateway respond to calls to some numbers as it should not."""

    def respond(received: Received) -> Response:
        return responses.get(received.fields["number"], {"code": 10, "message": "Voice is sent"})

    gateway.responses["voice/send"] = respond


def results(response: dict[str, Any]) -> list[tuple[str, str | None]]:
    """Return status and error of each message."""
    return [(message["status"], message["error"]) for message in response["messages"]]


@pytest.mark.parametrize(
    ("responses", "expected", "error", "numbers"),
    [
        (
            {DAD: REJECTED, STRANGER: {"code": 60, "message": "credits low"}},
            [("not_accepted", "rejected"), ("accepted", None), ("not_accepted", "insufficient_credits")],
            "not_accepted",
            "Dad, ********599",
        ),
        (
            {MUM: MALFORMED},
            [("accepted", None), ("outcome_unknown", "outcome_unknown"), ("accepted", None)],
            "outcome_unknown",
            "Mum",
        ),
        (
            {DAD: REJECTED, MUM: MALFORMED},
            [("not_accepted", "rejected"), ("outcome_unknown", "outcome_unknown"), ("accepted", None)],
            "outcome_unknown",
            "Dad, Mum",
        ),
    ],
)
async def test_partial_success_is_in_the_response_or_raised(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    gateway: Gateway,
    responses: dict[str, Response],
    expected: list[tuple[str, str | None]],
    error: str,
    numbers: str,
) -> None:
    """A caller that takes the response finds each number's result there; any other gets an error that names them."""
    set_call_responses(gateway, responses)
    response = await call_for_response(hass, "send_voice", **TO_ALL)
    assert results(response) == expected
    assert [message["recipient"] for message in response["messages"]] == ["Dad", "Mum", None]
    assert all(message["final"] for message in response["messages"])
    raised = await expect_error(hass, error, "send_voice", **TO_ALL)
    assert raised.translation_placeholders == {"numbers": numbers}
    assert len(gateway.received("voice/send")) == 6


@pytest.mark.parametrize(
    ("responses", "error", "placeholders"),
    [
        ({DAD: REJECTED, MUM: REJECTED}, "rejected", {"code": "50", "message": "send voice failed"}),
        ({DAD: REJECTED, MUM: MALFORMED}, "outcome_unknown", {"numbers": "Dad, Mum"}),
    ],
)
@pytest.mark.parametrize("response", [False, True])
async def test_complete_failure_is_raised(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    gateway: Gateway,
    responses: dict[str, Response],
    error: str,
    placeholders: dict[str, str],
    *,
    response: bool,
) -> None:
    """If nothing was accepted the error itself is raised, also to callers that take the response."""
    set_call_responses(gateway, responses)
    raised = await expect_error(hass, error, "send_voice", response=response, **TO_ALL | {"numbers": []})
    assert raised.translation_placeholders == placeholders


@pytest.mark.parametrize("response", [False, True])
async def test_no_number_is_accepted(
    hass: HomeAssistant, entry: MockConfigEntry, gateway: Gateway, *, response: bool
) -> None:
    """If the gateway's response is an empty list, the error names all recipients."""
    set_response(gateway, "sendsms", {"code": 100, "message": []})
    raised = await expect_error(hass, "not_accepted", "send_sms", response=response, **TO_ALL)
    assert raised.translation_placeholders == {"numbers": "Dad, Mum, ********599"}


async def test_number_without_msgid_is_accepted(hass: HomeAssistant, entry: MockConfigEntry, gateway: Gateway) -> None:
    """A number without a msgid is accepted, and final because no report can come; a missing one is not accepted."""
    set_response(gateway, "sendsms", {"code": 100, "message": [{"number": int(MUM)}]})
    data: dict[str, Any] = {"message": "Hello", "entity_id": ["notify.dad_sms", "notify.mum_sms"]}
    dad, mum = (await call_for_response(hass, "send_sms", **data))["messages"]
    assert mum == {
        "number": MUM,
        "recipient": "Mum",
        "msgid": None,
        "status": "accepted",
        "final": True,
        "error": None,
    }
    assert dad == mum | {"number": DAD, "recipient": "Dad", "status": "not_accepted", "error": "not_accepted"}
    raised = await expect_error(hass, "not_accepted", "send_sms", **data)
    assert raised.translation_placeholders == {"numbers": "Dad"}


async def test_failed_request_does_not_fail_the_others(
    hass: HomeAssistant, entry: MockConfigEntry, gateway: Gateway
) -> None:
    """Of more numbers than one request takes, those of a request that failed are not accepted, the others are."""
    refused = {"code": 9, "message": "No valid number"}
    accepted = {"code": 100, "message": [{"number": "32470000499", "msgid": 1}]}
    gateway.responses["sendsms"] = lambda received: refused if MUM in received.fields["numbers"] else accepted
    numbers = [f"+32470000{number:03}" for number in range(500)]
    response = await call_for_response(hass, "send_sms", message="Hello", entity_id="notify.mum_sms", numbers=numbers)
    assert results(response) == [*[("not_accepted", "rejected")] * 500, ("accepted", None)]


@pytest.mark.parametrize(("limit", "action"), [("limit_hour", "send_sms"), ("limit_day", "send_voice")])
async def test_limit_refuses_the_message(
    hass: HomeAssistant, entry: MockConfigEntry, gateway: Gateway, limit: str, action: str
) -> None:
    """What the spending guard refuses is an outcome like any other: the others are sent to."""
    hass.config_entries.async_update_entry(entry, options={"limit_hour": 0, "limit_day": 0, limit: 1})
    await hass.async_block_till_done(wait_background_tasks=True)
    to_mum: dict[str, Any] = {"message": "Hello", "entity_id": "notify.mum_sms"}
    await call_action(hass, action, **to_mum)
    for with_response in (False, True):
        raised = await expect_error(hass, limit, action, response=with_response, **to_mum)
        assert raised.translation_placeholders == {"numbers": "Mum"}
    response = await call_for_response(hass, action, **TO_ALL)
    assert results(response) == [("accepted", None), ("not_accepted", limit), ("accepted", None)]
    raised = await expect_error(hass, "not_accepted", action, **to_mum, numbers=["+32471000001"])
    assert raised.translation_placeholders == {"numbers": "Mum"}
    await call_action(hass, "send_otp", number="+32471000002")
    raised = await expect_error(hass, limit, "send_otp", number="+32471000002")
    assert raised.translation_placeholders == {"numbers": "********002"}


async def test_five_voice_calls_at_a_time(hass: HomeAssistant, entry: MockConfigEntry, gateway: Gateway) -> None:
    """At most five voice calls of an action are under way at once."""
    gateway.hold()
    numbers = [f"+3249612345{number}" for number in range(8)]
    call = asyncio.create_task(call_for_response(hass, "send_voice", message="Hello", numbers=numbers))
    await gateway.wait_until_held(5)
    gateway.release()
    assert results(await call) == [("accepted", None)] * 8
    assert gateway.most_held == 5


async def test_a_thousand_messages_at_once(hass: HomeAssistant, entry: MockConfigEntry, gateway: Gateway) -> None:
    """Each message goes out exactly once, over ten connections at most, and no task is left running."""
    hass.config_entries.async_update_entry(entry, options={"limit_hour": 0, "limit_day": 0})
    await hass.async_block_till_done(wait_background_tasks=True)
    tasks = asyncio.all_tasks()
    gateway.requests.clear()
    gateway.connections.clear()
    gateway.hold("sendsms")
    messages = [f"Message {number}" for number in range(1000)]
    data = {"domain": "notify", "entity_id": "notify.mum_sms"}
    calls = [asyncio.create_task(call_action(hass, "send_message", **data, message=message)) for message in messages]
    await gateway.wait_until_held(10)
    gateway.release()
    await asyncio.gather(*calls)
    assert sorted(sent["message"] for sent in gateway.sent) == sorted(messages)
    assert gateway.most_held == 10
    assert len(gateway.connections) <= 10
    await advance_time(hass, 3)
    assert len(gateway.received("balance")) <= 2
    assert await totals(hass) == [len(messages), 0, 0]
    left = {task.get_name() for task in asyncio.all_tasks() - tasks if "RequestHandler" not in repr(task)}
    assert not left  # but for the fake gateway's own


@pytest.mark.parametrize("change", ["rekey", "remove"])
async def test_refusal_of_a_former_key_asks_for_none(
    hass: HomeAssistant, entry: MockConfigEntry, gateway: Gateway, change: str
) -> None:
    """If a key is refused that the account has no longer, nobody is asked for another."""
    gateway.api_key = "new"
    gateway.hold()
    call = asyncio.create_task(expect_error(hass, "invalid_auth", "send_sms", **TO_STRANGER))
    await gateway.wait_until_held()
    if change == "remove":
        await hass.config_entries.async_remove(entry.entry_id)
    else:
        flow = await entry.start_reconfigure_flow(hass)
        await hass.config_entries.flow.async_configure(flow["flow_id"], {"api_key": "new"})
        await hass.async_block_till_done()
    gateway.release()
    await call
    await hass.async_block_till_done()
    assert not hass.config_entries.flow.async_progress()


@pytest.mark.parametrize(
    ("action", "data"),
    [
        ("send_sms", TO_STRANGER),
        ("send_tts", TO_STRANGER),
        ("send_voice", TO_STRANGER),
        ("send_otp", {"number": f"+{STRANGER}"}),
        ("verify_otp", {"otp": "123456"}),
        ("lookup_number", {"number": f"+{STRANGER}"}),
    ],
)
async def test_refused_key_starts_one_reauth(
    hass: HomeAssistant, entry: MockConfigEntry, gateway: Gateway, action: str, data: dict[str, Any]
) -> None:
    """Of many requests whose key is refused, all raise and one starts reauth."""
    gateway.responses |= dict.fromkeys(("sendsms", "voice/send", "otp/send", "otp/verify", "hlr"), REFUSED_KEY)
    errors = await asyncio.gather(*(call_action(hass, action, **data) for _ in range(20)), return_exceptions=True)
    assert [error.translation_key for error in errors if isinstance(error, HomeAssistantError)] == ["invalid_auth"] * 20
    await hass.async_block_till_done()
    (flow,) = hass.config_entries.flow.async_progress()
    assert (flow["context"]["source"], flow["context"]["entry_id"]) == ("reauth", entry.entry_id)


async def test_number_is_read_for_home_assistants_country(
    hass: HomeAssistant, entry: MockConfigEntry, gateway: Gateway
) -> None:
    """A national number is read as one of Home Assistant's country."""
    hass.config.country = "NL"
    await call_action(hass, "send_sms", message="Hello", numbers=["06 12345678"])
    assert gateway.sent[-1]["numbers"] == "31612345678"


async def test_only_account_needs_no_naming(hass: HomeAssistant, entry: MockConfigEntry, gateway: Gateway) -> None:
    """The only account sends, whatever other integrations there are and whatever was ignored."""
    MockConfigEntry(domain="other").add_to_hass(hass)
    MockConfigEntry(domain=DOMAIN, source=SOURCE_IGNORE).add_to_hass(hass)
    await call_action(hass, "send_sms", **TO_STRANGER)
    assert gateway.sent[-1]["numbers"] == STRANGER

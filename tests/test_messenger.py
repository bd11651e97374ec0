"""Sends that succeed in part, that are under way while the account changes, and whose key is refused."""

import asyncio
from typing import Any

from homeassistant.config_entries import SOURCE_IGNORE
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import HomeAssistantError
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.smsbox.const import DOMAIN, EVENT_DELIVERY_REPORT

from .actions import SlowGateway, act, answering, ask, failure, refusal
from .clock import later
from .conftest import recipient_data
from .gateway import REFUSED_KEY, Answer, Gateway, Received
from .reports import report
from .sends import FIRST_MSGID, totals

MUM, DAD, STRANGER = "32496123456", "32471234567", "32477234599"
EVERYBODY: dict[str, Any] = {
    "message": "Hello",
    "entity_id": ["notify.dad_sms", "notify.mum_sms"],
    "numbers": [f"+{STRANGER}"],
}
REJECTED = {"code": 50, "message": "send voice failed"}
NONSENSE = {"code": "?"}


@pytest.fixture
def recipients() -> list[Any]:
    """Have two recipients."""
    return [recipient_data(), recipient_data("Dad", numbers=[DAD])]


@pytest.fixture
def gateway_type() -> type[Gateway]:
    """Have a gateway that holds its answers while a test wants it."""
    return SlowGateway


def calling(gateway: SlowGateway, answers: dict[str, Answer]) -> None:
    """Have the gateway answer to calls to some numbers as it should not."""

    def answer(received: Received) -> Answer:
        return answers.get(received.fields["number"], {"code": 10, "message": "Voice is sent"})

    gateway.answers["voice/send"] = answer


def statuses(answer: dict[str, Any]) -> list[tuple[str, str | None]]:
    """Return status and error of each message."""
    return [(message["status"], message["error"]) for message in answer["messages"]]


@pytest.mark.parametrize(
    ("answers", "messages", "error", "placeholders"),
    [
        (
            {DAD: REJECTED, STRANGER: {"code": 60, "message": "credits low"}},
            [("not_accepted", "rejected"), ("accepted", None), ("not_accepted", "insufficient_credits")],
            "not_accepted",
            {"numbers": "Dad, ********599"},
        ),
        (
            {MUM: NONSENSE},
            [("accepted", None), ("outcome_unknown", "outcome_unknown"), ("accepted", None)],
            "outcome_unknown",
            {"numbers": "Mum"},
        ),
        (
            {DAD: REJECTED, MUM: NONSENSE},
            [("not_accepted", "rejected"), ("outcome_unknown", "outcome_unknown"), ("accepted", None)],
            "outcome_unknown",
            {"numbers": "Dad, Mum"},
        ),
    ],
)
async def test_partial_success(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    gateway: SlowGateway,
    answers: dict[str, Answer],
    messages: list[tuple[str, str | None]],
    error: str,
    placeholders: dict[str, str],
) -> None:
    """Who takes the answer finds there what became of each number; who does not, is told."""
    calling(gateway, answers)
    answer = await ask(hass, "send_voice", **EVERYBODY)
    assert statuses(answer) == messages
    assert [message["recipient"] for message in answer["messages"]] == ["Dad", "Mum", None]
    assert all(message["final"] for message in answer["messages"])
    raised = await failure(hass, "send_voice", **EVERYBODY)
    assert (raised.translation_key, raised.translation_placeholders) == (error, placeholders)
    assert len(gateway.received("voice/send")) == 6


@pytest.mark.parametrize(
    ("answers", "error", "placeholders"),
    [
        ({DAD: REJECTED, MUM: REJECTED}, "rejected", {"code": "50", "message": "send voice failed"}),
        ({DAD: REJECTED, MUM: NONSENSE}, "outcome_unknown", {"numbers": "Dad, Mum"}),
    ],
)
@pytest.mark.parametrize("response", [False, True])
async def test_no_success(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    gateway: SlowGateway,
    answers: dict[str, Answer],
    error: str,
    placeholders: dict[str, str],
    *,
    response: bool,
) -> None:
    """Where nothing was accepted, the error itself is raised, also to those who take an answer."""
    calling(gateway, answers)
    data = {**EVERYBODY, "numbers": []}
    raised = await failure(hass, "send_voice", response=response, **data)
    assert raised.translation_key == error
    assert raised.translation_placeholders == placeholders


async def test_incomplete_answers(hass: HomeAssistant, entry: MockConfigEntry, gateway: SlowGateway) -> None:
    """A number that the answer leaves out is not accepted; one without msgid is, and nothing more comes of it."""
    answering(gateway, "sendsms", {"code": 100, "message": [{"number": int(MUM)}, {"number": "32470000000"}]})
    dad, mum, _ = (await ask(hass, "send_sms", **EVERYBODY))["messages"]
    assert mum == {
        "number": MUM,
        "recipient": "Mum",
        "msgid": None,
        "status": "accepted",
        "final": True,
        "error": None,
    }
    assert dad == {
        "number": DAD,
        "recipient": "Dad",
        "msgid": None,
        "status": "not_accepted",
        "final": True,
        "error": "not_accepted",
    }
    raised = await failure(hass, "send_sms", **EVERYBODY)
    assert raised.translation_placeholders == {"numbers": "Dad, ********599"}
    answering(gateway, "sendsms", {"code": 100, "message": []})
    raised = await failure(hass, "send_sms", response=True, **EVERYBODY)
    assert raised.translation_key == "not_accepted"


async def test_requests_are_independent(hass: HomeAssistant, entry: MockConfigEntry, gateway: SlowGateway) -> None:
    """Of many numbers, those of a request that failed are not accepted, whatever became of the others."""
    refused = {"code": 9, "message": "No valid number"}
    accepted = {"code": 100, "message": [{"number": "32470000499", "msgid": 1}]}
    gateway.answers["sendsms"] = lambda received: refused if MUM in received.fields["numbers"] else accepted
    numbers = [f"+32470000{number:03}" for number in range(500)]
    answer = await ask(hass, "send_sms", message="Hello", entity_id="notify.mum_sms", numbers=numbers)
    assert statuses(answer) == [*[("not_accepted", "rejected")] * 500, ("accepted", None)]


async def test_voice_calls_five_at_a_time(hass: HomeAssistant, entry: MockConfigEntry, gateway: SlowGateway) -> None:
    """Calls go out at most five at a time."""
    gateway.released.clear()
    numbers = [f"+3249612345{number}" for number in range(8)]
    call = asyncio.create_task(ask(hass, "send_voice", message="Hello", numbers=numbers))
    await gateway.holds(5)
    gateway.released.set()
    assert statuses(await call) == [("accepted", None)] * 8
    assert gateway.most == 5


async def test_account_reloads_meanwhile(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    gateway: SlowGateway,
    hass_client_no_auth: ClientSessionGenerator,
) -> None:
    """A message that was under way while its account reloaded is answered for and followed to its end."""
    events = async_capture_events(hass, EVENT_DELIVERY_REPORT)
    gateway.released.clear()
    call = asyncio.create_task(ask(hass, "send_sms", message="Hello", entity_id="notify.mum_sms"))
    await gateway.holds(1)
    assert await hass.config_entries.async_reload(entry.entry_id)
    gateway.released.set()
    assert statuses(await call) == [("accepted", None)]
    await report(hass, await hass_client_no_auth(), FIRST_MSGID, 11)
    assert [(event.data["recipient"], event.data["status"]) for event in events] == [("Mum", "delivered")]
    assert await totals(hass) == [1, 1, 0]


@pytest.mark.parametrize("wait", [{}, {"wait_for_report": {"hours": 1}}])
async def test_account_is_removed_meanwhile(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    gateway: SlowGateway,
    caplog: pytest.LogCaptureFixture,
    wait: dict[str, Any],
) -> None:
    """A message that was under way while its account was removed is answered for, and leaves nothing behind."""
    gateway.released.clear()
    call = asyncio.create_task(ask(hass, "send_sms", message="Hello", entity_id="notify.mum_sms", **wait))
    await gateway.holds(1)
    await hass.config_entries.async_remove(entry.entry_id)
    gateway.released.set()
    assert statuses(await call) == [("accepted", None)]
    await later(hass, 61)
    assert not hass.states.async_all()
    assert "Traceback" not in caplog.text


@pytest.mark.parametrize("change", ["rekey", "remove"])
async def test_key_is_refused_too_late(
    hass: HomeAssistant, entry: MockConfigEntry, gateway: SlowGateway, change: str
) -> None:
    """A refusal of a key that an account has no longer does not ask for another."""
    gateway.api_key = "new"
    gateway.released.clear()
    call = asyncio.create_task(failure(hass, "send_sms", message="Hello", entity_id="notify.mum_sms"))
    await gateway.holds(1)
    if change == "remove":
        await hass.config_entries.async_remove(entry.entry_id)
    else:
        flow = await entry.start_reconfigure_flow(hass)
        await hass.config_entries.flow.async_configure(flow["flow_id"], {"api_key": "new"})
        await hass.async_block_till_done()
    gateway.released.set()
    assert (await call).translation_key == "invalid_auth"
    await hass.async_block_till_done()
    assert not hass.config_entries.flow.async_progress()


@pytest.mark.parametrize(
    ("action", "data"),
    [
        ("send_sms", {"message": "Hello", "numbers": [f"+{STRANGER}"]}),
        ("send_tts", {"message": "Hello", "numbers": [f"+{STRANGER}"]}),
        ("send_voice", {"message": "Hello", "numbers": [f"+{STRANGER}"]}),
        ("send_otp", {"number": f"+{STRANGER}"}),
        ("verify_otp", {"otp": "123456"}),
        ("lookup_number", {"number": f"+{STRANGER}"}),
    ],
)
async def test_reauth_starts_once(
    hass: HomeAssistant, entry: MockConfigEntry, gateway: SlowGateway, action: str, data: dict[str, Any]
) -> None:
    """Of a hundred requests whose key is refused, all raise and one starts reauth."""
    gateway.answers |= dict.fromkeys(("sendsms", "voice/send", "otp/send", "otp/verify", "hlr"), REFUSED_KEY)
    results = await asyncio.gather(*(act(hass, action, **data) for _ in range(100)), return_exceptions=True)
    assert [result.translation_key for result in results if isinstance(result, HomeAssistantError)] == (
        ["invalid_auth"] * 100
    )
    await hass.async_block_till_done()
    (flow,) = hass.config_entries.flow.async_progress()
    assert (flow["context"]["source"], flow["context"]["entry_id"]) == ("reauth", entry.entry_id)


@pytest.mark.parametrize(
    ("domain", "action", "data"),
    [
        (DOMAIN, "send_sms", {"message": "Hello", "entity_id": "notify.mum_sms"}),
        (DOMAIN, "send_tts", {"message": "Hello", "numbers": [f"+{STRANGER}"]}),
        ("notify", "send_message", {"message": "Hello", "entity_id": "notify.mum_sms"}),
        ("notify", "smsbox", {"message": "Hello", "target": "Mum"}),
        ("button", "press", {"entity_id": "button.mum_send_test_message"}),
    ],
)
async def test_reports_have_the_context_of_the_call(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    hass_client_no_auth: ClientSessionGenerator,
    domain: str,
    action: str,
    data: dict[str, Any],
) -> None:
    """The logbook can tell which automation sent what was delivered."""
    events = async_capture_events(hass, EVENT_DELIVERY_REPORT)
    context = Context()
    await hass.services.async_call(domain, action, data, blocking=True, context=context)
    await report(hass, await hass_client_no_auth(), FIRST_MSGID, 11)
    (event,) = events
    assert event.context is context


async def test_number_of_another_country(hass: HomeAssistant, entry: MockConfigEntry, gateway: SlowGateway) -> None:
    """A national number is read as one of Home Assistant's country."""
    hass.config.country = "NL"
    await act(hass, "send_sms", message="Hello", numbers=["06 12345678"])
    assert gateway.sent[-1]["numbers"] == "31612345678"


async def test_only_account(hass: HomeAssistant, entry: MockConfigEntry, gateway: SlowGateway) -> None:
    """The only account sends, whatever other integrations there are and whatever was ignored."""
    MockConfigEntry(domain="other").add_to_hass(hass)
    MockConfigEntry(domain=DOMAIN, source=SOURCE_IGNORE).add_to_hass(hass)
    await act(hass, "send_sms", message="Hello", numbers=[f"+{STRANGER}"])
    assert gateway.sent[-1]["numbers"] == STRANGER


async def test_nothing_accepted(hass: HomeAssistant, entry: MockConfigEntry, gateway: SlowGateway) -> None:
    """Where the gateway takes no number, the error names all."""
    gateway.answers["sendsms"] = {"code": 100, "message": []}
    error = await failure(hass, "send_sms", **EVERYBODY)
    assert error.translation_key == "not_accepted"
    assert error.translation_placeholders == {"numbers": "Dad, Mum, ********599"}


async def test_sender_that_is_none(hass: HomeAssistant, entry: MockConfigEntry, gateway: SlowGateway) -> None:
    """The error says what was given as a sender."""
    error = await refusal(hass, "send_sms", **EVERYBODY, sender="not a sender")
    assert error.translation_key == "invalid_sender"
    assert error.translation_placeholders == {"sender": "not a sender"}
    assert not gateway.sent

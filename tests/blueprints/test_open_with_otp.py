"""The blueprint `open_with_otp`: open with a one-time password."""

from datetime import timedelta
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant, ServiceCall, State
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    mock_restore_cache,
)

from tests.gateways import Gateway, set_response

from .conftest import MORNING, automate, tell

WAITING = timedelta(minutes=15)
BEFORE = {"input_text.code": "999999", "input_button.send": MORNING.isoformat()}


@pytest.fixture
def stored() -> dict[str, str]:
    """Return the states of helpers that were stored; a test may say others."""
    return {}


@pytest.fixture(autouse=True)
def _restored(hass: HomeAssistant, stored: dict[str, str], freezer: FrozenDateTimeFactory) -> None:
    """Begin with what was stored, and let no time pass that a test does not let pass."""
    states = {"input_text.number": "0496 12 34 56", **stored}
    mock_restore_cache(hass, [State(entity_id, state) for entity_id, state in states.items()])


async def gate(hass: HomeAssistant) -> None:
    """Have the helpers and the automation."""
    for domain, helpers in {
        "input_text": ["number", "code"],
        "input_button": ["send"],
        "counter": ["wrong_codes"],
    }.items():
        assert await async_setup_component(hass, domain, {domain: dict.fromkeys(helpers)})
    await automate(
        hass,
        "open_with_otp",
        number="input_text.number",
        code="input_text.code",
        button="input_button.send",
        wrong_codes="counter.wrong_codes",
        actions=tell(that="right"),
        wrong_actions=tell(that="wrong"),
    )


async def press(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> None:
    """Ask for a code, a second later than anything before."""
    freezer.tick()
    await hass.services.async_call("input_button", "press", {"entity_id": "input_button.send"}, blocking=True)
    await hass.async_block_till_done()


async def enter(hass: HomeAssistant, *codes: str) -> None:
    """Type codes, each at once after the one before."""
    for code in codes:
        data = {"entity_id": "input_text.code", "value": code}
        await hass.services.async_call("input_text", "set_value", data, blocking=True)
    await hass.async_block_till_done()


def otp(gateway: Gateway, code: str, **answer: str) -> None:
    """Let this be the right code."""
    right = {"code": 11, "message": "Number is verified", "number": "32496123456"} | answer
    wrong = {"code": 51, "message": "OTP not correct", "number": "32496123456"}
    gateway.responses["otp/verify"] = lambda received: right if received.fields["otp"] == code else wrong


def that(told: list[ServiceCall]) -> list[str]:
    """Return what was told."""
    return [call.data["that"] for call in told]


async def test_right_code(
    hass: HomeAssistant,
    gateway: Gateway,
    entry: MockConfigEntry,
    told: list[ServiceCall],
    freezer: FrozenDateTimeFactory,
) -> None:
    """The button sends a code to the number, and the right code runs the actions, once."""
    await gate(hass)
    await press(hass, freezer)
    [sent] = gateway.received("otp/send")
    assert sent.fields == {"number": "32496123456", "text": "Your code is {OTP}"}
    otp(gateway, "012345")
    await enter(hass, "012345")
    assert that(told) == ["right"]
    [checked] = gateway.received("otp/verify")
    assert checked.fields == {"number": "32496123456", "otp": "012345"}
    assert hass.states.is_state("input_text.code", "")


async def test_wrong_codes_lock_out(
    hass: HomeAssistant,
    gateway: Gateway,
    entry: MockConfigEntry,
    told: list[ServiceCall],
    freezer: FrozenDateTimeFactory,
) -> None:
    """After three wrong codes the right one is not even checked; a new one is sent only after the waiting time."""
    await gate(hass)
    await press(hass, freezer)
    otp(gateway, "444444")
    await enter(hass, "111111", "222222", "333333", "444444")
    await enter(hass, "444444")
    assert that(told) == ["wrong"] * 3
    freezer.tick(WAITING - timedelta(seconds=2))
    await press(hass, freezer)
    assert len(gateway.received("otp/send")) == 1
    freezer.tick()
    await enter(hass, "444444")
    assert len(gateway.received("otp/verify")) == 3
    await press(hass, freezer)
    assert len(gateway.received("otp/send")) == 2
    await enter(hass, "444444")
    assert that(told) == [*["wrong"] * 3, "right"]


async def test_new_code_brings_no_new_tries(
    hass: HomeAssistant,
    gateway: Gateway,
    entry: MockConfigEntry,
    told: list[ServiceCall],
    freezer: FrozenDateTimeFactory,
) -> None:
    """Who asks for a new code after two wrong ones has one try left; the right code brings all three back."""
    await gate(hass)
    otp(gateway, "444444")
    await enter(hass, "111111", "222222")
    await press(hass, freezer)
    await enter(hass, "444444", "111111", "222222")
    await press(hass, freezer)
    await enter(hass, "333333", "444444")
    assert that(told) == ["wrong", "wrong", "right", "wrong", "wrong", "wrong"]


async def test_code_of_somebody_else(
    hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry, told: list[ServiceCall]
) -> None:
    """A code that was sent to another number is a wrong one."""
    await gate(hass)
    otp(gateway, "444444", number="32470112233")
    await enter(hass, "444444")
    assert that(told) == ["wrong"]
    assert hass.states.is_state("counter.wrong_codes", "1")


@pytest.mark.parametrize(
    "stored",
    [{"input_text.number": number} for number in ("0496 12 34 56", "+32 496/12.34.56", "0032496123456", "32496123456")],
)
async def test_spelling_of_the_number(
    hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry, told: list[ServiceCall]
) -> None:
    """Any usual spelling of the number works."""
    await gate(hass)
    otp(gateway, "444444")
    await enter(hass, "444444")
    assert that(told) == ["right"]


async def test_code_of_nobody_knows_whom(
    hass: HomeAssistant,
    gateway: Gateway,
    entry: MockConfigEntry,
    told: list[ServiceCall],
    freezer: FrozenDateTimeFactory,
) -> None:
    """A code that may be anybody's opens nothing and counts as nothing; the next one can be tried."""
    await gate(hass)
    otp(gateway, "444444", number="")
    await enter(hass, "444444")
    assert not told
    assert hass.states.is_state("counter.wrong_codes", "0")
    await press(hass, freezer)
    otp(gateway, "555555")
    await enter(hass, "555555")
    assert that(told) == ["right"]


@pytest.mark.parametrize("answer", [500, {"code": 98, "message": "Try again later"}, {"code": 4, "message": "?"}])
async def test_no_answer(
    hass: HomeAssistant,
    gateway: Gateway,
    entry: MockConfigEntry,
    told: list[ServiceCall],
    caplog: pytest.LogCaptureFixture,
    answer: int | dict[str, Any],
) -> None:
    """A code that cannot be checked opens nothing, counts as nothing, and is an error that one can see."""
    await gate(hass)
    set_response(gateway, "otp/verify", answer)
    await enter(hass, "444444")
    assert not told
    assert hass.states.is_state("counter.wrong_codes", "0")
    assert "Error while executing automation automation.test" in caplog.text
    otp(gateway, "444444")
    await enter(hass, "444444")
    assert that(told) == ["right"]


@pytest.mark.parametrize(
    ("stored", "count", "opened"),
    [({**BEFORE, "counter.wrong_codes": "2"}, "0", ["right"]), ({**BEFORE, "counter.wrong_codes": "3"}, "3", [])],
)
async def test_restart(
    hass: HomeAssistant,
    gateway: Gateway,
    entry: MockConfigEntry,
    told: list[ServiceCall],
    freezer: FrozenDateTimeFactory,
    count: str,
    opened: list[str],
) -> None:
    """A restart neither sends or checks anything by itself, nor forgets a code or who is locked out."""
    await gate(hass)
    otp(gateway, "444444")
    await enter(hass, "444444")
    assert that(told) == opened
    assert hass.states.is_state("counter.wrong_codes", count)
    await press(hass, freezer)
    assert len(gateway.received("otp/send")) == len(opened)
    freezer.tick(WAITING)
    await press(hass, freezer)
    assert len(gateway.received("otp/send")) == len(opened) + 1


async def test_counter_that_is_gone(
    hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry, told: list[ServiceCall]
) -> None:
    """Without the counter nothing is checked: there would be no end to the tries."""
    await gate(hass)
    hass.states.async_set("counter.wrong_codes", "unavailable")
    otp(gateway, "444444")
    await enter(hass, "444444")
    assert not told
    assert not gateway.received("otp/verify")


async def test_helpers_that_are_loaded_again(
    hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry, told: list[ServiceCall]
) -> None:
    """A helper that goes, or comes back with what it held, was neither pressed nor filled in."""
    await gate(hass)
    for entity_id, state in (("input_button.send", MORNING.isoformat()), ("input_text.code", "444444")):
        hass.states.async_remove(entity_id)
        await hass.async_block_till_done()
        hass.states.async_set(entity_id, state)
        await hass.async_block_till_done()
    assert not gateway.received("otp/send")
    assert not gateway.received("otp/verify")
    assert hass.states.is_state("counter.wrong_codes", "0")

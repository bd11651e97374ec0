"""The blueprints, run in Home Assistant as the automation editor sets them up."""

from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.automation import DOMAIN as AUTOMATION_DOMAIN
from homeassistant.components.automation.config import AUTOMATION_BLUEPRINT_SCHEMA
from homeassistant.components.blueprint import Blueprint
from homeassistant.config_entries import ConfigSubentryData
from homeassistant.core import CoreState, HomeAssistant, ServiceCall, State
from homeassistant.setup import async_setup_component
from homeassistant.util.yaml import load_yaml_dict
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
    async_mock_service,
    mock_restore_cache,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from .common import WEBHOOK_ID, account_entry, advance_time, post_report, recipient_data, send, wait_until_sent
from .gateways import FIRST_MSGID, Gateway, Received, Response, set_response

BLUEPRINTS = Path("blueprints").resolve()
PATHS = sorted(BLUEPRINTS.glob("automation/smsbox/*.yaml"))
HACS = load_yaml_dict("hacs.json")

MORNING = datetime(2026, 10, 5, 8, 59, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _configuration(hass: HomeAssistant, tmp_path: Path) -> None:
    """Have our blueprints in the configuration, and a clock that shows UTC."""
    hass.config.config_dir = str(tmp_path)
    (tmp_path / "blueprints").symlink_to(BLUEPRINTS)


@pytest.fixture
def told(hass: HomeAssistant) -> list[ServiceCall]:
    """Return the calls of the actions that a user puts into a blueprint."""
    return async_mock_service(hass, "test", "tell")


def tell(**data: str) -> list[dict[str, Any]]:
    """Return a user's actions."""
    return [{"action": "test.tell", "data": data}]


async def automate(hass: HomeAssistant, blueprint: str, **inputs: Any) -> None:
    """Add an automation from a blueprint, which has to be valid."""
    config = {"alias": "Test", "use_blueprint": {"path": f"smsbox/{blueprint}.yaml", "input": inputs}}
    assert await async_setup_component(hass, AUTOMATION_DOMAIN, {AUTOMATION_DOMAIN: config})
    await hass.async_block_till_done()
    automation = hass.states.get("automation.test")
    assert automation is not None
    assert automation.state == "on"


@pytest.mark.parametrize("path", PATHS, ids=lambda path: str(path.stem))
def test_inputs_are_explained(path: Path) -> None:
    """Each input says what it is for and is asked for by a selector; the rest is where and since when it works."""
    blueprint = Blueprint(load_yaml_dict(str(path)), expected_domain="automation", schema=AUTOMATION_BLUEPRINT_SCHEMA)
    metadata = blueprint.metadata
    assert metadata["description"]
    assert metadata["source_url"].endswith(f"/ha-smsbox/ha-smsbox/blob/main/{path.relative_to(BLUEPRINTS.parent)}")
    assert metadata["homeassistant"]["min_version"] == HACS["homeassistant"]
    for definition in blueprint.inputs.values():
        assert definition["name"]
        assert definition["description"]
        assert definition["selector"]


class TestSmsThenCall:
    """Tell me by SMS, and call me if it was not delivered."""

    DAD, MUM, MUMS_SECOND = range(FIRST_MSGID, FIRST_MSGID + 3)
    SMS = "32470112233,32496123456,32496123457"

    @pytest.fixture
    def recipients(self) -> list[ConfigSubentryData]:
        """Return Mum with two numbers, and Dad, who speaks French."""
        return [
            recipient_data(numbers=["32496123456", "32496123457"]),
            recipient_data("Dad", numbers=["32470112233"], language="fr"),
        ]

    async def alarm(self, hass: HomeAssistant, minutes: float) -> None:
        """Have an automation that waits so long, and let happen what it waits for."""
        hass.states.async_set("binary_sensor.leak", "off", {"friendly_name": "Cellar"})
        await automate(
            hass,
            "sms_then_call",
            triggers=[{"trigger": "state", "entity_id": "binary_sensor.leak"}],
            recipients=["notify.mum_sms", "notify.dad_sms"],
            minutes=minutes,
        )
        hass.states.async_set("binary_sensor.leak", "on", {"friendly_name": "Cellar"})

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
        self,
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
        await self.alarm(hass, minutes)
        await hass.async_block_till_done()
        sms, *calls = gateway.sent
        assert (sms["numbers"], sms["message"]) == (self.SMS, "Cellar: on")
        assert [(call["numbers"], call["ttslng"]) for call in calls] == called
        assert {(call["tts"], call["message"]) for call in calls} <= {("1", "Cellar: on")}

    async def test_nobody_is_called_before(
        self,
        hass: HomeAssistant,
        gateway: Gateway,
        entry: MockConfigEntry,
        hass_client_no_auth: ClientSessionGenerator,
    ) -> None:
        """While an SMS is on its way nobody is called, and the next alarm does not wait for it."""
        client = await hass_client_no_auth()
        await self.alarm(hass, minutes=60)
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
        self, hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry, refusal: dict[str, Any]
    ) -> None:
        """Everybody is called at once where the gateway refuses the SMS, or what it says makes no sense."""

        def refuse_sms(received: Received) -> Response:
            return gateway._accept(received) if "tts" in received.fields else refusal

        gateway.responses["sendsms"] = refuse_sms
        await self.alarm(hass, minutes=60)
        await hass.async_block_till_done()
        assert sorted(sms["numbers"] for sms in gateway.sent if "tts" in sms) == [
            "32470112233",
            "32496123456,32496123457",
        ]

    async def test_message_without_a_state(self, hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry) -> None:
        """Where it is no state that changed, the message is the name of the automation."""
        triggers = [{"trigger": "event", "event_type": "flood"}]
        await automate(hass, "sms_then_call", triggers=triggers, recipients=["notify.mum_sms"])
        hass.bus.async_fire("flood")
        await wait_until_sent(hass, 2)
        assert [sms["message"] for sms in gateway.sent] == ["Test"]

    async def test_no_reports(self, hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry) -> None:
        """Where no report can come, everybody is called."""
        hass.config_entries.async_update_entry(entry, options={"delivery_reports": False})
        await hass.async_block_till_done()
        await self.alarm(hass, minutes=60)
        await hass.async_block_till_done()
        assert [sms["tts"] for sms in gateway.sent] == ["1", "1"]


class TestDeliveryFailed:
    """Delivery failed: tell another way."""

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
        self,
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
            actions=tell(message=self.MESSAGE),
        )
        await send(hass, channel=channel, **data)
        client = await hass_client_no_auth()
        for _ in range(2):
            await post_report(hass, client, FIRST_MSGID, code)
        assert [call.data["message"] for call in told] == said

    async def test_default(
        self, hass: HomeAssistant, entry: MockConfigEntry, hass_client_no_auth: ClientSessionGenerator
    ) -> None:
        """Without actions of one's own it is told on the screen."""
        calls = async_mock_service(hass, "persistent_notification", "create")
        await automate(hass, "delivery_failed", recipients={"entity_id": "event.mum_delivery_report"})
        await send(hass)
        await post_report(hass, await hass_client_no_auth(), FIRST_MSGID, 13)
        assert [call.data["message"] for call in calls] == ["The SMS to Mum failed: undelivered."]


class TestCreditsLow:
    """Credits low: remind me daily until topped up."""

    @pytest.fixture(autouse=True)
    async def _morning(self, hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> AsyncGenerator[None]:
        """Begin a minute before the reminder is due; end without a reminder that is still to come."""
        await hass.config.async_set_time_zone("UTC")
        freezer.move_to(MORNING)
        yield
        await hass.services.async_call("automation", "turn_off", {"entity_id": "all"}, blocking=True)

    async def remind(self, hass: HomeAssistant) -> None:
        """Have the automation."""
        await automate(
            hass,
            "credits_low",
            low_credits="binary_sensor.smsbox_low_credits",
            credits="sensor.smsbox_credits",
            actions=tell(message="{{ credits }}"),
        )

    async def balance(self, hass: HomeAssistant, gateway: Gateway, balance: str | None) -> None:
        """Have the balance polled; None is a gateway that is away."""
        gateway.responses.pop("balance", None)
        if balance is None:
            set_response(gateway, "balance", 500)
        else:
            gateway.balance = balance
        await advance_time(hass)
        await advance_time(hass, 1)

    async def at(self, hass: HomeAssistant, freezer: FrozenDateTimeFactory, moment: datetime) -> None:
        """Let it be that time."""
        freezer.move_to(moment)
        async_fire_time_changed(hass, moment)
        await hass.async_block_till_done(wait_background_tasks=True)

    async def test_at_once_and_daily_until_topped_up(
        self,
        hass: HomeAssistant,
        gateway: Gateway,
        entry: MockConfigEntry,
        told: list[ServiceCall],
        freezer: FrozenDateTimeFactory,
    ) -> None:
        """It tells when the credits become low, every day at nine, and no more once there are enough."""
        await self.remind(hass)
        await self.at(hass, freezer, MORNING + timedelta(minutes=1))
        assert not told
        await self.balance(hass, gateway, "24.50")
        assert [call.data["message"] for call in told] == [24.5]
        for day in (1, 2):
            await self.at(hass, freezer, MORNING + timedelta(days=day))
            assert len(told) == day
            await self.at(hass, freezer, MORNING + timedelta(days=day, minutes=1))
            assert len(told) == day + 1
        await self.balance(hass, gateway, "1000")
        await self.at(hass, freezer, MORNING + timedelta(days=3, minutes=1))
        assert len(told) == 3
        await self.balance(hass, gateway, "10")
        assert len(told) == 4

    async def test_outage_does_not_tell_twice(
        self,
        hass: HomeAssistant,
        gateway: Gateway,
        entry: MockConfigEntry,
        told: list[ServiceCall],
        freezer: FrozenDateTimeFactory,
    ) -> None:
        """Once the gateway is back it tells what became low meanwhile, and nothing that was told that day."""
        await self.remind(hass)
        await self.balance(hass, gateway, None)
        await self.balance(hass, gateway, "10")
        assert len(told) == 1
        await self.balance(hass, gateway, None)
        await self.balance(hass, gateway, "10")
        assert len(told) == 1

    @pytest.mark.parametrize(
        ("last", "balance", "count"),
        [
            (None, "10", 1),
            (timedelta(hours=25), "10", 1),
            (timedelta(hours=2), "10", 0),
            (None, "1000", 0),
        ],
    )
    async def test_restart(
        self,
        hass: HomeAssistant,
        gateway: Gateway,
        told: list[ServiceCall],
        last: timedelta | None,
        balance: str,
        count: int,
    ) -> None:
        """A start tells what became low while Home Assistant was off, unless it was told less than a day ago."""
        triggered = {"last_triggered": (MORNING - last).isoformat()} if last else {}
        mock_restore_cache(hass, [State("automation.test", "on", triggered)])
        gateway.balance = balance
        hass.set_state(CoreState.not_running)
        entry = account_entry(recipient_data())
        entry.add_to_hass(hass)
        assert await hass.config_entries.async_setup(entry.entry_id)
        await self.remind(hass)
        assert not told
        await hass.async_start()
        await hass.async_block_till_done()
        assert len(told) == count


class TestOpenWithOtp:
    """Open with a one-time password."""

    WAITING = timedelta(minutes=15)
    BEFORE = {"input_text.code": "999999", "input_button.send": MORNING.isoformat()}

    @pytest.fixture
    def stored(self) -> dict[str, str]:
        """Return the states of helpers that were stored; a test may say others."""
        return {}

    @pytest.fixture(autouse=True)
    def _restored(self, hass: HomeAssistant, stored: dict[str, str], freezer: FrozenDateTimeFactory) -> None:
        """Begin with what was stored, and let no time pass that a test does not let pass."""
        states = {"input_text.number": "0496 12 34 56", **stored}
        mock_restore_cache(hass, [State(entity_id, state) for entity_id, state in states.items()])

    async def gate(self, hass: HomeAssistant) -> None:
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

    async def press(self, hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> None:
        """Ask for a code, a second later than anything before."""
        freezer.tick()
        await hass.services.async_call("input_button", "press", {"entity_id": "input_button.send"}, blocking=True)
        await hass.async_block_till_done()

    async def enter(self, hass: HomeAssistant, *codes: str) -> None:
        """Type codes, each at once after the one before."""
        for code in codes:
            data = {"entity_id": "input_text.code", "value": code}
            await hass.services.async_call("input_text", "set_value", data, blocking=True)
        await hass.async_block_till_done()

    def otp(self, gateway: Gateway, code: str, **answer: str) -> None:
        """Let this be the right code."""
        right = {"code": 11, "message": "Number is verified", "number": "32496123456"} | answer
        wrong = {"code": 51, "message": "OTP not correct", "number": "32496123456"}
        gateway.responses["otp/verify"] = lambda received: right if received.fields["otp"] == code else wrong

    def that(self, told: list[ServiceCall]) -> list[str]:
        """Return what was told."""
        return [call.data["that"] for call in told]

    async def test_right_code(
        self,
        hass: HomeAssistant,
        gateway: Gateway,
        entry: MockConfigEntry,
        told: list[ServiceCall],
        freezer: FrozenDateTimeFactory,
    ) -> None:
        """The button sends a code to the number, and the right code runs the actions, once."""
        await self.gate(hass)
        await self.press(hass, freezer)
        [sent] = gateway.received("otp/send")
        assert sent.fields == {"number": "32496123456", "text": "Your code is {OTP}"}
        self.otp(gateway, "012345")
        await self.enter(hass, "012345")
        assert self.that(told) == ["right"]
        [checked] = gateway.received("otp/verify")
        assert checked.fields == {"number": "32496123456", "otp": "012345"}
        assert hass.states.is_state("input_text.code", "")

    async def test_wrong_codes_lock_out(
        self,
        hass: HomeAssistant,
        gateway: Gateway,
        entry: MockConfigEntry,
        told: list[ServiceCall],
        freezer: FrozenDateTimeFactory,
    ) -> None:
        """After three wrong codes the right one is not even checked; a new one is sent only after the waiting time."""
        await self.gate(hass)
        await self.press(hass, freezer)
        self.otp(gateway, "444444")
        await self.enter(hass, "111111", "222222", "333333", "444444")
        await self.enter(hass, "444444")
        assert self.that(told) == ["wrong"] * 3
        freezer.tick(self.WAITING - timedelta(seconds=2))
        await self.press(hass, freezer)
        assert len(gateway.received("otp/send")) == 1
        freezer.tick()
        await self.enter(hass, "444444")
        assert len(gateway.received("otp/verify")) == 3
        await self.press(hass, freezer)
        assert len(gateway.received("otp/send")) == 2
        await self.enter(hass, "444444")
        assert self.that(told) == [*["wrong"] * 3, "right"]

    async def test_new_code_brings_no_new_tries(
        self,
        hass: HomeAssistant,
        gateway: Gateway,
        entry: MockConfigEntry,
        told: list[ServiceCall],
        freezer: FrozenDateTimeFactory,
    ) -> None:
        """Who asks for a new code after two wrong ones has one try left; the right code brings all three back."""
        await self.gate(hass)
        self.otp(gateway, "444444")
        await self.enter(hass, "111111", "222222")
        await self.press(hass, freezer)
        await self.enter(hass, "444444", "111111", "222222")
        await self.press(hass, freezer)
        await self.enter(hass, "333333", "444444")
        assert self.that(told) == ["wrong", "wrong", "right", "wrong", "wrong", "wrong"]

    async def test_code_of_somebody_else(
        self, hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry, told: list[ServiceCall]
    ) -> None:
        """A code that was sent to another number is a wrong one."""
        await self.gate(hass)
        self.otp(gateway, "444444", number="32470112233")
        await self.enter(hass, "444444")
        assert self.that(told) == ["wrong"]
        assert hass.states.is_state("counter.wrong_codes", "1")

    @pytest.mark.parametrize(
        "stored",
        [
            {"input_text.number": number}
            for number in ("0496 12 34 56", "+32 496/12.34.56", "0032496123456", "32496123456")
        ],
    )
    async def test_spelling_of_the_number(
        self, hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry, told: list[ServiceCall]
    ) -> None:
        """The number may be written as one likes."""
        await self.gate(hass)
        self.otp(gateway, "444444")
        await self.enter(hass, "444444")
        assert self.that(told) == ["right"]

    async def test_code_of_nobody_knows_whom(
        self,
        hass: HomeAssistant,
        gateway: Gateway,
        entry: MockConfigEntry,
        told: list[ServiceCall],
        freezer: FrozenDateTimeFactory,
    ) -> None:
        """A code that may be anybody's opens nothing and counts as nothing; the next one can be tried."""
        await self.gate(hass)
        self.otp(gateway, "444444", number="")
        await self.enter(hass, "444444")
        assert not told
        assert hass.states.is_state("counter.wrong_codes", "0")
        await self.press(hass, freezer)
        self.otp(gateway, "555555")
        await self.enter(hass, "555555")
        assert self.that(told) == ["right"]

    @pytest.mark.parametrize("answer", [500, {"code": 98, "message": "Try again later"}, {"code": 4, "message": "?"}])
    async def test_no_answer(
        self,
        hass: HomeAssistant,
        gateway: Gateway,
        entry: MockConfigEntry,
        told: list[ServiceCall],
        caplog: pytest.LogCaptureFixture,
        answer: int | dict[str, Any],
    ) -> None:
        """A code that cannot be checked opens nothing, counts as nothing, and is an error that one can see."""
        await self.gate(hass)
        set_response(gateway, "otp/verify", answer)
        await self.enter(hass, "444444")
        assert not told
        assert hass.states.is_state("counter.wrong_codes", "0")
        assert "Error while executing automation automation.test" in caplog.text
        self.otp(gateway, "444444")
        await self.enter(hass, "444444")
        assert self.that(told) == ["right"]

    @pytest.mark.parametrize(
        ("stored", "count", "opened"),
        [({**BEFORE, "counter.wrong_codes": "2"}, "0", ["right"]), ({**BEFORE, "counter.wrong_codes": "3"}, "3", [])],
    )
    async def test_restart(
        self,
        hass: HomeAssistant,
        gateway: Gateway,
        entry: MockConfigEntry,
        told: list[ServiceCall],
        freezer: FrozenDateTimeFactory,
        count: str,
        opened: list[str],
    ) -> None:
        """A restart neither sends or checks anything by itself, nor forgets a code or who is locked out."""
        await self.gate(hass)
        self.otp(gateway, "444444")
        await self.enter(hass, "444444")
        assert self.that(told) == opened
        assert hass.states.is_state("counter.wrong_codes", count)
        await self.press(hass, freezer)
        assert len(gateway.received("otp/send")) == len(opened)
        freezer.tick(self.WAITING)
        await self.press(hass, freezer)
        assert len(gateway.received("otp/send")) == len(opened) + 1

    async def test_counter_that_is_gone(
        self, hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry, told: list[ServiceCall]
    ) -> None:
        """Without the counter nothing is checked: there would be no end to the tries."""
        await self.gate(hass)
        hass.states.async_set("counter.wrong_codes", "unavailable")
        self.otp(gateway, "444444")
        await self.enter(hass, "444444")
        assert not told
        assert not gateway.received("otp/verify")

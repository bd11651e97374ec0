"""The alert of a plan in Home Assistant: who is told, when and how, over HTTP."""

from pathlib import Path
from typing import Any

from aiohttp.test_utils import unused_port
from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.smsbox import store
from tests.common import account_entry, advance_time, call_action, expect_error, get_state, post_report, set_up
from tests.gateways import FIRST_MSGID, Gateway, set_response
from tests.plans import (
    DAD,
    MUM,
    AlertEvents,
    attribute,
    pass_minutes,
    plan,
    recipient,
    set_up_plans,
    settle,
    start,
    status,
    step,
    target,
    to,
)


@pytest.fixture
def alerts(hass: HomeAssistant) -> AlertEvents:
    """Return the events of alerts, as they come."""
    return AlertEvents(hass)


def link(gateway: Gateway, position: int = -1) -> str | None:
    """Return the last line of an SMS if it is a link."""
    last_line = gateway.sent[position]["message"].splitlines()[-1]
    return last_line if last_line.startswith("OK? https://example.org/api/smsbox/") else None


async def test_plan_is_told_on_until_its_last_round(
    hass: HomeAssistant, gateway: Gateway, alerts: AlertEvents, freezer: FrozenDateTimeFactory
) -> None:
    """Each step is told when the wait of the one before is over, with the same link in each round."""
    await set_up_plans(hass, plan(repeat=1))
    await start(hass, title="Cellar")
    assert gateway.sent[0]["message"].startswith("Cellar\nWater\nOK? https://example.org/api/smsbox/")
    assert len(gateway.sent[0]["message"].rpartition("/")[2]) == 16
    for numbers in ([MUM], [MUM, DAD], [MUM, DAD, MUM], [MUM, DAD, MUM, DAD]):
        assert to(gateway) == numbers
        assert status(hass) == "notifying"
        await pass_minutes(hass, freezer, 4.9)
        assert to(gateway) == numbers
        await pass_minutes(hass, freezer, 0.6)
    assert status(hass) == "unanswered"
    assert link(gateway, 0) == link(gateway, 2) != link(gateway, 1)
    assert alerts.types == ["started", "told", "told", "told", "told", "unanswered"]
    assert [(event.data["step"], event.data["round"]) for event in alerts.events[1:5]] == [
        (1, 1),
        (2, 1),
        (1, 2),
        (2, 2),
    ]


@pytest.mark.parametrize(
    ("channel", "service", "text"),
    [
        ("sms", "sendsms", "Cellar\nWater\nOK? "),
        ("tts", "sendsms", "Cellar\nWater"),
        ("voice", "voice/send", "Cellar\nWater"),
    ],
)
async def test_texts(hass: HomeAssistant, gateway: Gateway, channel: str, service: str, text: str) -> None:
    """Only an SMS carries a link; it has a request and a reference of its own."""
    people = [recipient("Mum", channels=[channel], numbers=[MUM, DAD])]
    await set_up_plans(hass, plan(step(target("Mum", channel))), recipients=people)
    await start(hass, title="Cellar")
    requests = [request.fields for request in gateway.received(service)]
    assert len(requests) == 2
    assert all(request["message"].startswith(text) for request in requests)
    assert all((link(gateway, n) is not None) is (channel == "sms") for n in range(len(gateway.sent)))
    if service == "sendsms":
        assert len({request["noti"].partition("?ref=")[2] for request in requests} - {""}) == 2


async def test_no_link_without_external_url_or_if_switched_off(hass: HomeAssistant, gateway: Gateway) -> None:
    """Without a link, the message is sent as it is."""
    await set_up_plans(hass, plan(link=False), plan(name="Attic"))
    await start(hass)
    await hass.config.async_update(external_url="http://192.168.1.5:8123")
    await start(hass, plan="attic")
    assert [request["message"] for request in gateway.sent] == ["Water", "Water"]


async def test_long_causes_are_kept_and_cut(hass: HomeAssistant, gateway: Gateway) -> None:
    """Of a cause 5,000 characters are kept; what goes out is cut, but never the link."""
    await set_up_plans(hass)
    await start(hass, "battery " * 1000)
    assert len(attribute(hass, "causes")[0]["message"]) == 5000
    assert len(gateway.sent[0]["message"]) <= 918
    assert "...\nOK? https://" in gateway.sent[0]["message"]


async def test_delay_and_hold(
    hass: HomeAssistant, gateway: Gateway, alerts: AlertEvents, freezer: FrozenDateTimeFactory
) -> None:
    """Nobody is told before the delay is over, nor while an entity says to hold."""
    await set_up_plans(hass, plan(delay=2, hold_while="schedule.night"))
    hass.states.async_set("schedule.night", "on")
    await start(hass)
    assert (status(hass), attribute(hass, "reason")) == ("waiting", "hold")
    await pass_minutes(hass, freezer, 5)
    assert to(gateway) == []
    hass.states.async_set("schedule.night", "unavailable")
    await pass_minutes(hass, freezer, 0.5)
    assert (status(hass), to(gateway)) == ("notifying", [MUM])


@pytest.mark.parametrize(
    ("state", "numbers"),
    [
        ("on", [MUM]),
        ("home", [MUM]),
        ("open", [MUM]),
        ("unknown", [MUM]),
        (None, [MUM]),
        ("off", [DAD]),
        ("away", [DAD]),
    ],
)
async def test_only_while(hass: HomeAssistant, gateway: Gateway, state: str | None, numbers: list[str]) -> None:
    """A step is passed over while its entity is not active; what nobody knows counts as active."""
    await set_up_plans(hass, plan(step(target("Mum"), only_while="person.mum"), step(target("Dad"))))
    if state is not None:
        hass.states.async_set("person.mum", state)
    await start(hass)
    assert to(gateway) == numbers


async def test_refused_goes_on_at_once(hass: HomeAssistant, gateway: Gateway, alerts: AlertEvents) -> None:
    """What the gateway refuses for everybody fails at once, and repairs say so."""
    await set_up_plans(hass)
    set_response(gateway, "sendsms", {"code": 10, "message": "No credits"})
    await start(hass)
    assert to(gateway) == [MUM, DAD]
    assert status(hass) == "failed"
    assert alerts.types == ["started", "not_told", "not_told", "failed"]
    assert {event.data["reason"] for event in alerts.events[1:3]} == {"insufficient_credits"}


async def test_unknown_outcome_counts_as_told(hass: HomeAssistant, gateway: Gateway, alerts: AlertEvents) -> None:
    """Nobody gets the same twice because an answer did not come."""
    await set_up_plans(hass)
    set_response(gateway, "sendsms", 500)
    await start(hass)
    assert alerts.types == ["started", "told"]
    assert to(gateway) == [MUM]


async def test_guard_refuses(hass: HomeAssistant, gateway: Gateway, alerts: AlertEvents) -> None:
    """What the spending guard refuses is not told, and the next step is."""
    await set_up_plans(hass, options={"limit_hour": 1, "limit_day": 1})
    await call_action(hass, "send_sms", numbers=[MUM], message="Hello")
    await start(hass)
    assert to(gateway) == [MUM, DAD]
    assert (alerts.events[1].data["reason"], alerts.types) == ("limit_hour", ["started", "not_told", "told"])


async def test_nothing_delivered_goes_on_at_once(
    hass: HomeAssistant, gateway: Gateway, alerts: AlertEvents, hass_client_no_auth: ClientSessionGenerator
) -> None:
    """A report that nothing was delivered ends the step; one of another message does not."""
    await set_up_plans(hass)
    await call_action(hass, "send_sms", numbers=[MUM], message="Hello")
    await start(hass)
    client = await hass_client_no_auth()
    await post_report(hass, client, FIRST_MSGID, 13)
    await settle(hass)
    assert to(gateway) == [MUM, MUM]
    await post_report(hass, client, FIRST_MSGID + 1, 13)
    await settle(hass)
    assert to(gateway) == [MUM, MUM, DAD]
    assert (alerts.events[2].data["type"], alerts.events[2].data["reason"]) == ("not_told", "undelivered")


async def test_gateway_is_away_and_back(
    hass: HomeAssistant, gateway: Gateway, alerts: AlertEvents, freezer: FrozenDateTimeFactory
) -> None:
    """What cannot go out is tried again after a minute, and at once when the gateway answers anything."""
    await set_up_plans(hass)
    set_response(gateway, "sendsms", 503)
    await start(hass)
    assert (attribute(hass, "reason"), alerts.last["reason"]) == ("unreachable", "try_again_later")
    assert to(gateway) == [MUM]
    await pass_minutes(hass, freezer, 0.5)
    assert to(gateway) == [MUM]
    await pass_minutes(hass, freezer, 0.6)
    assert to(gateway) == [MUM] * 2
    gateway.responses.clear()
    await call_action(hass, "lookup_number", number="0496 12 34 56")
    await settle(hass)
    assert to(gateway) == [MUM] * 3
    assert alerts.types == ["started", "not_told", "told"]
    assert attribute(hass, "told") == ["Mum"]


async def test_outage_ends_the_alert(
    hass: HomeAssistant, gateway: Gateway, alerts: AlertEvents, freezer: FrozenDateTimeFactory
) -> None:
    """After `give_up_after` an alert that could tell nobody has failed."""
    await set_up_plans(hass, plan(step(target("Mum")), give_up_after=10))
    set_response(gateway, "sendsms", 503)
    await start(hass)
    for _ in range(21):
        await pass_minutes(hass, freezer, 0.5)
    assert status(hass) == "failed"
    assert alerts.types == ["started", "not_told", "failed"]


async def test_slow_gateway_holds_nobody_up(hass: HomeAssistant, gateway: Gateway, alerts: AlertEvents) -> None:
    """The automation goes on as soon as the alert is on disk; an acknowledgement stops what did not go out."""
    await set_up_plans(hass, plan(step(target("Mum"), target("Dad"))))
    gateway.hold("sendsms")
    await hass.services.async_call(
        "notify", "send_message", {"entity_id": "notify.cellar", "message": "Water"}, blocking=True
    )
    await gateway.wait_until_held(2)
    await call_action(hass, "acknowledge_alert", by="Dad")
    assert (status(hass), alerts.types) == ("acknowledged", ["started", "acknowledged"])
    gateway.release()
    await settle(hass)
    assert sorted(to(gateway)) == sorted([MUM, DAD, MUM])
    assert gateway.sent[-1]["message"] == "Dad takes care of it: Cellar"


async def test_answers_that_come_together_are_one_event(
    hass: HomeAssistant, gateway: Gateway, alerts: AlertEvents
) -> None:
    """The event names all whose answers came together."""
    await set_up_plans(hass, plan(step(target("Mum"), target("Dad"))))
    await start(hass)
    assert alerts.whom("told") == [["Mum", "Dad"]]


async def test_new_cause_is_told_at_once(hass: HomeAssistant, gateway: Gateway, alerts: AlertEvents) -> None:
    """Who is told already hears of a new cause, but not twice of a known one."""
    await set_up_plans(hass)
    await start(hass)
    await start(hass, "Smoke")
    await start(hass, "Smoke")
    assert [request["message"].splitlines()[0] for request in gateway.sent] == ["Water", "Smoke"]
    assert alerts.types == ["started", "told", "added", "told"]


async def test_life_after_an_acknowledgement(
    hass: HomeAssistant, gateway: Gateway, alerts: AlertEvents, freezer: FrozenDateTimeFactory
) -> None:
    """Known causes stay quiet, a new one starts again, and in the end the plan is idle."""
    await set_up_plans(hass, plan(quiet_after=60, follow_up=False))
    await start(hass)
    await call_action(hass, "acknowledge_alert")
    await start(hass)
    assert (status(hass), to(gateway)) == ("acknowledged", [MUM])
    await start(hass, "Smoke")
    assert gateway.sent[-1]["message"].splitlines()[0] == "Smoke"
    await call_action(hass, "acknowledge_alert")
    await pass_minutes(hass, freezer, 61)
    assert (status(hass), attribute(hass, "causes")) == ("idle", [])
    assert alerts.types == ["started", "told", "acknowledged", "added", "told", "acknowledged"]


async def test_message_right_after_the_quiet_time(
    hass: HomeAssistant, gateway: Gateway, alerts: AlertEvents, freezer: FrozenDateTimeFactory
) -> None:
    """It starts an alert, although nobody has looked at the clock since."""
    await set_up_plans(hass, plan(quiet_after=60, follow_up=False))
    await start(hass)
    old = attribute(hass, "alert_id")
    await call_action(hass, "acknowledge_alert")
    freezer.tick(60 * 60 - 1)
    await start(hass)
    assert status(hass) == "acknowledged"
    freezer.tick(1)
    await start(hass)
    assert (status(hass), to(gateway)) == ("notifying", [MUM] * 2)
    assert alerts.types == ["started", "told", "acknowledged", "started", "told"]
    assert attribute(hass, "alert_id") == alerts.last["alert_id"] != old


@pytest.mark.parametrize("message", ["Water", "Smoke"])
async def test_message_right_after_the_last_round(
    hass: HomeAssistant, gateway: Gateway, alerts: AlertEvents, freezer: FrozenDateTimeFactory, message: str
) -> None:
    """It starts the alert anew, although nobody has looked at the clock since."""
    await set_up_plans(hass, plan(step(target("Mum"))))
    await start(hass)
    freezer.tick(5 * 60)
    await start(hass, message)
    assert (status(hass), to(gateway)) == ("notifying", [MUM] * 2)
    assert alerts.types == ["started", "told", "unanswered", "started", "told"]


async def test_follow_ups(hass: HomeAssistant, gateway: Gateway, alerts: AlertEvents) -> None:
    """Who was told in writing hears who took it, and that it is over, in Home Assistant's language."""
    hass.config.language = "nl"
    await set_up_plans(hass, plan(step(target("Mum"), target("Dad"))))
    await start(hass)
    await call_action(hass, "acknowledge_alert", by="Dad")
    await settle(hass)
    assert to(gateway)[2:] == [MUM]
    assert "Dad" in gateway.sent[2]["message"]
    assert "Cellar" in gateway.sent[2]["message"]
    await call_action(hass, "resolve_alert", entity_id="notify.cellar", message="Dry again")
    await settle(hass)
    assert sorted(to(gateway)[3:]) == sorted([MUM, DAD])
    assert {request["message"] for request in gateway.sent[3:]} == {"Dry again"}


async def test_follow_up_waits_for_the_gateway(hass: HomeAssistant, gateway: Gateway) -> None:
    """A follow-up that cannot go out is queued."""
    await set_up_plans(hass)
    await start(hass)
    set_response(gateway, "sendsms", 503)
    await call_action(hass, "acknowledge_alert")
    await settle(hass)
    assert get_state(hass, "sensor.smsbox_messages_waiting").state == "1"


@pytest.mark.parametrize("account", ["loaded", "unloaded", "removed"])
async def test_follow_up_that_is_refused(
    hass: HomeAssistant, gateway: Gateway, caplog: pytest.LogCaptureFixture, account: str
) -> None:
    """A follow-up that is not sent leaves a line in the log, without text or number."""
    entry = await set_up_plans(hass)
    other = account_entry(
        plan(name="Attic"), entry_id="other", data={"api_key": "a-key-that-nobody-may-see", "webhook_id": "other"}
    )
    await set_up(hass, other)
    await start(hass, plan="attic")
    set_response(gateway, "sendsms", {"code": 10, "message": "No credits"})
    if account == "unloaded":
        assert await hass.config_entries.async_unload(entry.entry_id)
    elif account == "removed":
        assert await hass.config_entries.async_remove(entry.entry_id)
    await call_action(hass, "acknowledge_alert", entity_id="notify.attic")
    await settle(hass)
    reason = "insufficient_credits" if account == "loaded" else "unavailable"
    assert f"A follow-up of an alert to Mum was not sent: {reason}" in caplog.text
    assert MUM not in caplog.text


async def test_recipients_of_other_accounts(hass: HomeAssistant, gateway: Gateway, alerts: AlertEvents) -> None:
    """A recipient is told by his own account; while that is not loaded, he counts as refused."""
    entry = await set_up_plans(hass)
    other = account_entry(plan(name="Attic"), entry_id="other", data={"api_key": "b", "webhook_id": "other"})
    gateway.api_key = None
    await set_up(hass, other)
    await start(hass, plan="attic")
    assert [request.api_key for request in gateway.received("sendsms")] == ["a-key-that-nobody-may-see"]
    await call_action(hass, "resolve_alert", entity_id="notify.attic")
    assert await hass.config_entries.async_unload(entry.entry_id)
    alerts.events.clear()
    await start(hass, plan="attic")
    assert [event.data["reason"] for event in alerts.events if event.data["type"] == "not_told"] == ["unavailable"] * 2
    assert status(hass, "attic") == "failed"


async def test_disabled_entity_is_told_all_the_same(hass: HomeAssistant, gateway: Gateway) -> None:
    """A plan needs no entity of a recipient to be enabled."""
    await set_up_plans(hass)
    er.async_get(hass).async_update_entity("notify.mum_sms", disabled_by=er.RegistryEntryDisabler.USER)
    await hass.async_block_till_done()
    await start(hass)
    assert to(gateway) == [MUM]


async def test_shared_number_is_told_once(hass: HomeAssistant, gateway: Gateway, alerts: AlertEvents) -> None:
    """A number that two recipients share gets one message, and both count as told."""
    people = [recipient("Mum"), recipient("Dad", numbers=[MUM])]
    await set_up_plans(hass, plan(step(target("Mum"), target("Dad"))), recipients=people)
    await start(hass)
    assert to(gateway) == [MUM]
    assert alerts.whom("told") == [["Mum", "Dad"]]


@pytest.mark.parametrize(
    ("message", "title", "key"), [("", None, "empty_message"), (" \u200b", "", "empty_message"), ("Water", None, None)]
)
async def test_empty_messages(
    hass: HomeAssistant, gateway: Gateway, message: str, title: str | None, key: str | None
) -> None:
    """A message that says nothing starts no alert."""
    await set_up_plans(hass)
    data: dict[str, Any] = {"entity_id": "notify.cellar", "message": message, **({"title": title} if title else {})}
    if key is None:
        await call_action(hass, "send_message", domain="notify", **data)
    else:
        await expect_error(hass, key, "send_message", domain="notify", **data)
    await settle(hass)
    assert status(hass) == ("idle" if key else "notifying")


async def test_plan_without_anybody(hass: HomeAssistant, gateway: Gateway) -> None:
    """A plan with nobody left cannot be started."""
    await set_up_plans(hass, plan(step(target("Nobody"))))
    await expect_error(
        hass, "plan_without_recipients", "send_message", domain="notify", entity_id="notify.cellar", message="Water"
    )


async def test_test_alert(hass: HomeAssistant, gateway: Gateway) -> None:
    """The button sends a real alert that says that it is a test, but not while a real one is running."""
    await set_up_plans(hass)
    press: dict[str, Any] = {"domain": "button", "entity_id": "button.cellar_send_test_alert"}
    await call_action(hass, "press", **press)
    await settle(hass)
    assert gateway.sent[0]["message"].startswith("Test alert\n")
    await start(hass)
    assert gateway.sent[1]["message"].startswith("Water\n")
    assert [cause["message"] for cause in attribute(hass, "causes")] == ["Water"]
    await expect_error(hass, "alert_running", "press", **press)


async def test_one_write_for_each_stage(hass: HomeAssistant, gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    """A start, the marking of a step and the answers that came together cost one write each; idle costs none."""
    await set_up_plans(hass, plan(step(target("Mum"), target("Dad"))))
    writes: list[str] = []
    write = store._write

    def counted(path: str, content: bytes) -> None:
        if path.endswith(".alerts"):
            writes.append(path)
        write(path, content)

    monkeypatch.setattr(store, "_write", counted)
    await advance_time(hass, 31)
    assert not writes
    await start(hass)
    assert len(writes) == 3
    await advance_time(hass, 31)
    assert len(writes) == 3


async def test_disk_takes_nothing(
    hass: HomeAssistant, gateway: Gateway, alerts: AlertEvents, caplog: pytest.LogCaptureFixture
) -> None:
    """The alert counts and is shown as usual, with one error in the log."""
    await set_up_plans(hass)
    await hass.async_add_executor_job(
        lambda: Path(hass.config.path(".storage/smsbox.account.alerts")).mkdir(parents=True)
    )
    await start(hass)
    await call_action(hass, "acknowledge_alert")
    await settle(hass)
    assert (status(hass), to(gateway)) == ("acknowledged", [MUM, MUM])
    assert alerts.types == ["started", "told", "acknowledged"]
    assert caplog.text.count(".alerts cannot be written") == 1


async def test_failing_part_does_not_end_the_alert(
    hass: HomeAssistant, gateway: Gateway, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever fails, the alert goes on and the log says so."""
    await set_up_plans(hass)

    def fail(*_: object) -> None:
        raise RuntimeError("Water")

    monkeypatch.setattr("custom_components.smsbox.alerts.runner.async_fire_alert", fail)
    await start(hass)
    assert to(gateway) == [MUM]
    assert "Fire of an alert failed: RuntimeError" in caplog.text
    monkeypatch.setattr("custom_components.smsbox.alerts.send.async_send_single", fail)
    await start(hass, "Smoke")
    assert "A message of an alert was not sent: RuntimeError" in caplog.text
    await call_action(hass, "acknowledge_alert")
    await settle(hass)
    assert "A follow-up of an alert to Mum was not sent: other" in caplog.text
    assert status(hass) == "acknowledged"


async def test_connection_refused(
    hass: HomeAssistant, gateway: Gateway, alerts: AlertEvents, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A gateway that nobody answers for keeps the alert trying."""
    monkeypatch.setenv("SMSBOX_API_URL", f"http://127.0.0.1:{unused_port()}/api/v1")
    await set_up_plans(hass)
    monkeypatch.setattr("custom_components.smsbox.api.client.RETRY_AFTER", ())
    await start(hass)
    assert alerts.last["reason"] == "cannot_connect"
    assert attribute(hass, "reason") == "unreachable"

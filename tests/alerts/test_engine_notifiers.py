"""Alerts that tell notifiers of other integrations, and groups."""

import asyncio
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import Context, Event, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er, issue_registry as ir
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser

from tests.common import account_entry, call_action, set_up
from tests.gateways import Gateway
from tests.plans import (
    DAD,
    MUM,
    AlertEvents,
    Notifier,
    add_notifiers,
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


def notifier(hass: HomeAssistant, entity_id: str) -> dict[str, str]:
    """Return how a plan stores another integration's notify entity."""
    registered = er.async_get(hass).async_get(entity_id)
    return {"notifier": registered.id if registered else entity_id}


async def add_group(hass: HomeAssistant, name: str, *entity_ids: str) -> None:
    """Add a notify group, as the UI does."""
    options: dict[str, Any] = {
        "group_type": "notify",
        "name": name,
        "entities": list(entity_ids),
        "hide_members": False,
    }
    entry = MockConfigEntry(domain="group", title=name, options=options)
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()


@pytest.mark.parametrize(("supported", "title", "message"), [(True, "Cellar", "Water"), (False, None, "Cellar\nWater")])
async def test_what_a_notifier_gets(
    hass: HomeAssistant, gateway: Gateway, alerts: AlertEvents, *, supported: bool, title: str | None, message: str
) -> None:
    """It gets the title where it can, the rest as message, and a link of its own; a follow-up too."""
    phone = Notifier("Phone", title=supported)
    await add_notifiers(hass, phone)
    await set_up_plans(hass, plan(step(notifier(hass, "notify.phone"), target("Mum"))))
    await start(hass, title="Cellar")
    (sent,) = phone.messages
    assert sent[0] == title
    text, _, last_line = sent[1].rpartition("\n")
    assert (text, last_line[:37]) == (message, "OK? https://example.org/api/smsbox/"[:37] + last_line[35:37])
    assert last_line != gateway.sent[0]["message"].splitlines()[-1]
    assert alerts.last["targets"] == [{"name": "Phone", "channel": None}, {"name": "Mum", "channel": "sms"}]
    await call_action(hass, "acknowledge_alert", by="Dad")
    await settle(hass)
    assert phone.messages[1:] == [(None, "Dad takes care of it: Cellar")]


async def fail(error: Exception) -> None:
    """Raise an error."""
    raise error


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (HomeAssistantError("no"), "other"),
        (HomeAssistantError(translation_domain="test", translation_key="offline"), "offline"),
        (TimeoutError(), "other"),
        (RuntimeError("secret"), "other"),
    ],
)
async def test_notifier_that_raises(
    hass: HomeAssistant,
    gateway: Gateway,
    alerts: AlertEvents,
    caplog: pytest.LogCaptureFixture,
    error: Exception,
    reason: str,
) -> None:
    """Whatever it raises, the next step begins at once."""
    phone = Notifier("Phone", lambda: fail(error))
    await add_notifiers(hass, phone)
    await set_up_plans(hass, plan(step(notifier(hass, "notify.phone")), step(target("Dad"))))
    await start(hass)
    assert to(gateway) == [DAD]
    assert (alerts.types, alerts.events[1].data["reason"]) == (["started", "not_told", "told"], reason)
    assert f"notify.phone did not take a message of an alert: {type(error).__name__}" in caplog.text


async def test_notifier_that_does_not_answer(
    hass: HomeAssistant, gateway: Gateway, alerts: AlertEvents, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After 30 s it counts as told, and is not cut off."""
    monkeypatch.setattr("custom_components.smsbox.alerts.send.NOTIFIER_TIMEOUT", 0.01)
    answered = asyncio.Event()
    phone = Notifier("Phone", answered.wait)
    await add_notifiers(hass, phone)
    await set_up_plans(hass, plan(step(notifier(hass, "notify.phone"))))

    @callback
    def answer(event: Event) -> None:
        if event.data["type"] == "told":
            answered.set()

    hass.bus.async_listen("smsbox_alert", answer)
    await start(hass)
    assert alerts.whom("told") == [["Phone"]]


async def test_notifier_that_is_cancelled(hass: HomeAssistant, gateway: Gateway, alerts: AlertEvents) -> None:
    """A call that is cancelled may have been told."""
    await add_notifiers(hass, Notifier("Phone", lambda: fail(asyncio.CancelledError())))  # type: ignore[arg-type] # no Exception
    await set_up_plans(hass, plan(step(notifier(hass, "notify.phone"))))
    await start(hass)
    assert alerts.whom("told") == [["Phone"]]


@pytest.mark.parametrize("state", ["unavailable", None])
async def test_notifier_that_is_unavailable(
    hass: HomeAssistant, gateway: Gateway, alerts: AlertEvents, state: str | None
) -> None:
    """It counts as refused, whether or not it is in the registry."""
    if state:
        hass.states.async_set("notify.yaml", state)
    await set_up_plans(hass, plan(step({"notifier": "notify.yaml"}), step(target("Dad"))))
    await start(hass)
    assert (alerts.types, alerts.events[1].data["reason"]) == (["started", "not_told", "told"], "unavailable")
    assert alerts.whom("not_told") == [["yaml"]]


async def test_notifier_that_goes_meanwhile(
    hass: HomeAssistant, gateway: Gateway, alerts: AlertEvents, freezer: FrozenDateTimeFactory
) -> None:
    """A removed notifier leaves its step, and repairs say so; it gets no follow-up."""
    phone = Notifier("Phone")
    await add_notifiers(hass, phone)
    await set_up_plans(hass, plan(step(notifier(hass, "notify.phone")), step(target("Dad")), repeat=1))
    await start(hass)
    assert ir.async_get(hass).async_get_issue("smsbox", "plan_without_recipients_cellar") is None
    er.async_get(hass).async_remove("notify.phone")
    await hass.async_block_till_done()
    issue = ir.async_get(hass).async_get_issue("smsbox", "plan_without_recipients_cellar")
    assert issue
    assert (issue.severity, issue.translation_placeholders) == (ir.IssueSeverity.WARNING, {"plan": "Cellar"})
    for _ in range(2):
        await pass_minutes(hass, freezer, 5.5)
    assert to(gateway) == [DAD, DAD]
    assert [event.data["reason"] for event in alerts.events if event.data["type"] == "not_told"] == ["nobody"]
    await call_action(hass, "acknowledge_alert")
    await settle(hass)
    assert len(phone.messages) == 1


async def test_notifier_that_comes_back(hass: HomeAssistant, gateway: Gateway) -> None:
    """Then its step has somebody again, and there is nothing to repair."""
    await add_notifiers(hass, Notifier("Phone"))
    await set_up_plans(hass, plan(step(notifier(hass, "notify.phone"))))
    er.async_get(hass).async_remove("notify.phone")
    await hass.async_block_till_done()
    assert ir.async_get(hass).async_get_issue("smsbox", "plan_without_recipients_cellar")
    await add_notifiers(hass, Notifier("Phone"))
    await hass.async_block_till_done()
    assert ir.async_get(hass).async_get_issue("smsbox", "plan_without_recipients_cellar") is None


async def test_recipient_of_another_account_that_gets_his_channel_back(hass: HomeAssistant, gateway: Gateway) -> None:
    """His plan has somebody again as soon as he has the channel."""
    other = await set_up(hass, account_entry(recipient("Gran"), title="Other", entry_id="other"))
    await set_up_plans(hass, plan(step(target("Gran"))))
    gran = other.subentries["gran"]
    for channels, incomplete in ((["voice"], True), (["voice", "sms"], False)):
        hass.config_entries.async_update_subentry(other, gran, data={**gran.data, "channels": channels})
        await settle(hass)
        issue = ir.async_get(hass).async_get_issue("smsbox", "plan_without_recipients_cellar")
        assert (issue is not None) is incomplete


async def test_notifier_that_goes_while_it_is_marked(
    hass: HomeAssistant, gateway: Gateway, alerts: AlertEvents, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is gone when its turn comes is unavailable."""
    await add_notifiers(hass, Notifier("Phone"))
    await set_up_plans(hass, plan(step(notifier(hass, "notify.phone"))))
    monkeypatch.setattr("custom_components.smsbox.alerts.send.entity_id_of", lambda *_: None)
    await start(hass)
    assert alerts.types == ["started", "not_told", "failed"]
    assert alerts.events[1].data["reason"] == "unavailable"


async def test_notifier_that_is_unavailable_when_another_cause_comes(
    hass: HomeAssistant, gateway: Gateway, alerts: AlertEvents
) -> None:
    """It was told the first cause, and of the next one the event says that it was not."""
    phone = Notifier("Phone")
    await add_notifiers(hass, phone)
    await set_up_plans(hass, plan(step(notifier(hass, "notify.phone"))))
    await start(hass, title="Water")
    phone.disappear()
    await start(hass, title="Smoke")
    assert [message[0] for message in phone.messages] == ["Water"]
    assert (alerts.last["type"], alerts.last["reason"], alerts.last["title"]) == ("not_told", "unavailable", "Smoke")
    assert status(hass) == "notifying"


async def test_who_starts_an_alert_needs_no_right_to_whom_it_tells(
    hass: HomeAssistant, gateway: Gateway, alerts: AlertEvents, hass_read_only_user: MockUser
) -> None:
    """The right to control the plan is enough; the notifier is called in the name of nobody."""
    phone = Notifier("Phone")
    await add_notifiers(hass, phone)
    await set_up_plans(hass, plan(step(notifier(hass, "notify.phone"))))
    hass_read_only_user.mock_policy({"entities": {"entity_ids": {"notify.cellar": True}}})
    await hass.services.async_call(
        "notify",
        "send_message",
        {"entity_id": "notify.cellar", "message": "Water"},
        blocking=True,
        context=Context(user_id=hass_read_only_user.id),
    )
    await settle(hass)
    assert alerts.whom("told") == [["Phone"]]
    assert alerts.events[1].context.user_id == hass_read_only_user.id


async def test_group_is_taken_apart(
    hass: HomeAssistant, gateway: Gateway, alerts: AlertEvents, caplog: pytest.LogCaptureFixture
) -> None:
    """Members are told each in its own way, once; plans are left out, and groups in circles end."""
    phone = Notifier("Phone")
    await add_notifiers(hass, phone)
    await set_up_plans(hass)
    await add_group(hass, "Inner", "notify.phone", "notify.family", "notify.dad_sms")
    await add_group(hass, "Family", "notify.mum_sms", "notify.inner", "notify.cellar", "notify.phone")
    entry = hass.config_entries.async_get_known_entry("account")
    steps = plan(step(notifier(hass, "notify.family"), target("Mum")))["data"]
    hass.config_entries.async_update_subentry(entry, entry.subentries["cellar"], data=steps)
    await settle(hass)
    await start(hass)
    assert sorted(to(gateway)) == sorted([MUM, DAD])
    assert len(phone.messages) == 1
    (told,) = alerts.whom("told")
    assert sorted(told) == ["Dad", "Mum", "Phone"]
    assert caplog.text.count("notify.cellar is left out of a step: a plan cannot be told") == 1


async def test_group_of_nobody(hass: HomeAssistant, gateway: Gateway) -> None:
    """A group with nobody in it leaves its step empty, which shows once Home Assistant has started."""
    assert await async_setup_component(hass, "notify", {})
    hass.states.async_set("notify.family", "unknown", {"entity_id": ["notify.cellar"]})
    await set_up_plans(hass, plan(step({"notifier": "notify.family"}), step(target("Mum"))))
    assert ir.async_get(hass).async_get_issue("smsbox", "plan_without_recipients_cellar")
    hass.states.async_set("notify.family", "unknown", {"entity_id": ["notify.mum_sms"]})
    hass.bus.async_fire("homeassistant_started")
    await settle(hass)
    assert ir.async_get(hass).async_get_issue("smsbox", "plan_without_recipients_cellar") is None
    await start(hass)
    assert (status(hass), to(gateway)) == ("notifying", [MUM])


@pytest.mark.parametrize("gone", ["recipient", "channel"])
async def test_recipient_or_channel_that_goes(hass: HomeAssistant, gateway: Gateway, gone: str) -> None:
    """A removed recipient or channel leaves its steps, and repairs say so."""
    entry = await set_up_plans(hass)
    if gone == "recipient":
        assert hass.config_entries.async_remove_subentry(entry, "mum")
    else:
        mum = entry.subentries["mum"]
        hass.config_entries.async_update_subentry(entry, mum, data={**mum.data, "channels": ["voice"]})
    await settle(hass)
    assert ir.async_get(hass).async_get_issue("smsbox", "plan_without_recipients_cellar")
    await start(hass)
    assert to(gateway) == [DAD]
    hass.config_entries.async_update_subentry(entry, entry.subentries["cellar"], data=plan(step(target("Dad")))["data"])
    await settle(hass)
    assert ir.async_get(hass).async_get_issue("smsbox", "plan_without_recipients_cellar") is None


async def test_recipient_that_loses_a_number_meanwhile(
    hass: HomeAssistant, gateway: Gateway, alerts: AlertEvents, freezer: FrozenDateTimeFactory
) -> None:
    """A number that is no longer his is not sent to when the gateway is back."""
    entry = await set_up_plans(hass)
    gateway.responses["sendsms"] = {"code": 98, "message": "Later"}
    await start(hass)
    mum = entry.subentries["mum"]
    hass.config_entries.async_update_subentry(entry, mum, data={**mum.data, "numbers": ["32496999999"]})
    gateway.responses.clear()
    await settle(hass)
    await pass_minutes(hass, freezer, 1.1)
    assert to(gateway) == [MUM, DAD]
    assert alerts.events[2].data["reason"] == "unavailable"

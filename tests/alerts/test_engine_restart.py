"""Alerts through reloads, restarts, crashes, damaged files and removals."""

from collections.abc import Callable
import json
from pathlib import Path
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryDisabler
from homeassistant.const import EVENT_HOMEASSISTANT_STARTED, EVENT_HOMEASSISTANT_STOP
from homeassistant.core import Context, CoreState, HomeAssistant
from homeassistant.helpers import issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.smsbox import store
from tests.common import account_entry, call_action, get_state, restart, set_up, shut_down, totals
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
    subentry,
    target,
    to,
)


@pytest.fixture
def alerts(hass: HomeAssistant) -> AlertEvents:
    """Return the events of alerts, as they come."""
    return AlertEvents(hass)


@pytest.fixture
def file(hass: HomeAssistant) -> Path:
    """Return the file of the alerts."""
    return Path(hass.config.path(".storage/smsbox.account.alerts"))


def stored(file: Path) -> Any:
    """Return the alerts of a file, None without one."""
    return json.loads(file.read_text())["alerts"] if file.exists() else None


def write(file: Path, content: str) -> None:
    """Write a file."""
    file.parent.mkdir(parents=True)
    file.write_text(content)


def damage(file: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Change a file."""
    data = json.loads(file.read_text())
    change(data)
    file.write_text(json.dumps(data))


def mark_as_sending(data: dict[str, Any]) -> None:
    """Make it as if a crash came before the gateway's answer."""
    run = data["alerts"][0]["state"]["run"]
    run["progress"]["messages"][0]["state"] = "sending"
    run["progress"]["told_at"], run["told"] = None, []


async def crash(hass: HomeAssistant, file: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Restart Home Assistant with a file as a crash left it, and without what the account has stored."""
    await shut_down(hass)
    damage(file, change)
    await restart(hass)
    await settle(hass)


async def test_reload_in_the_middle(
    hass: HomeAssistant, gateway: Gateway, alerts: AlertEvents, freezer: FrozenDateTimeFactory
) -> None:
    """A reload neither repeats nor forgets anything."""
    entry = await set_up_plans(hass)
    await start(hass)
    assert await hass.config_entries.async_reload(entry.entry_id)
    await settle(hass)
    assert (status(hass), attribute(hass, "told"), to(gateway)) == ("notifying", ["Mum"], [MUM])
    await pass_minutes(hass, freezer, 5.5)
    assert to(gateway) == [MUM, DAD]
    assert alerts.types == ["started", "told", "told"]


async def test_step_that_is_due_during_a_reload(
    hass: HomeAssistant, gateway: Gateway, freezer: FrozenDateTimeFactory
) -> None:
    """What came due while the account was not loaded is told by it as soon as it is."""
    entry = await set_up_plans(hass)
    await start(hass)
    assert await hass.config_entries.async_unload(entry.entry_id)
    await pass_minutes(hass, freezer, 6)
    assert to(gateway) == [MUM]
    assert await hass.config_entries.async_setup(entry.entry_id)
    await settle(hass)
    assert to(gateway) == [MUM, DAD]


async def test_alert_that_starts_while_the_account_is_not_loaded(hass: HomeAssistant, gateway: Gateway) -> None:
    """It is on disk, and told once the account is loaded."""
    entry = await set_up_plans(hass)
    assert await hass.config_entries.async_unload(entry.entry_id)
    await call_action(hass, "send_alert", entity_id="notify.cellar", message="Water")
    await settle(hass)
    assert to(gateway) == []
    assert await hass.config_entries.async_setup(entry.entry_id)
    await settle(hass)
    assert to(gateway) == [MUM]


async def test_unload_between_marking_and_sending(
    hass: HomeAssistant, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was marked as sending when the account is unloaded goes out when it is back."""
    entry = await set_up_plans(hass)
    write_file = store._write

    def unload(path: str, content: bytes) -> None:
        write_file(path, content)
        if b'"sending"' in content:
            monkeypatch.setattr(store, "_write", write_file)
            hass.add_job(hass.config_entries.async_reload, entry.entry_id)

    monkeypatch.setattr(store, "_write", unload)
    await start(hass)
    assert to(gateway) == [MUM]
    assert attribute(hass, "told") == ["Mum"]


async def test_restart_goes_on_in_the_same_context(
    hass: HomeAssistant, gateway: Gateway, alerts: AlertEvents, freezer: FrozenDateTimeFactory
) -> None:
    """After a restart the alert goes on as it was; time has passed meanwhile."""
    await set_up_plans(hass, plan(step(target("Mum")), step(target("Dad")), step(target("Mum"))))
    context = Context()
    await hass.services.async_call(
        "smsbox", "send_alert", {"entity_id": "notify.cellar", "message": "Water"}, blocking=True, context=context
    )
    await settle(hass)
    before = get_state(hass, "sensor.cellar_status").attributes
    await restart(hass)
    await settle(hass)
    assert get_state(hass, "sensor.cellar_status").attributes == before
    assert to(gateway) == [MUM]
    await shut_down(hass)
    freezer.tick(11 * 60)
    for entry in hass.config_entries.async_entries("smsbox"):
        assert await hass.config_entries.async_setup(entry.entry_id)
    await settle(hass)
    assert (attribute(hass, "step"), to(gateway)) == (3, [MUM, MUM])
    assert alerts.types == ["started", "told", "told"]
    assert {event.context.id for event in alerts.events} == {context.id}


async def test_nothing_is_due_before_home_assistant_has_started(
    hass: HomeAssistant, gateway: Gateway, freezer: FrozenDateTimeFactory
) -> None:
    """An alert at boot is on disk at once and told when everything is there."""
    await set_up_plans(hass)
    hass.set_state(CoreState.starting)
    await start(hass)
    await pass_minutes(hass, freezer, 1)
    assert (status(hass), to(gateway)) == ("waiting", [])
    hass.set_state(CoreState.running)
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STARTED)
    await settle(hass)
    assert (status(hass), to(gateway)) == ("notifying", [MUM])


@pytest.mark.parametrize("channel", ["sms", "voice"])
async def test_crash_while_sending(
    hass: HomeAssistant,
    gateway: Gateway,
    alerts: AlertEvents,
    file: Path,
    hass_client_no_auth: ClientSessionGenerator,
    channel: str,
) -> None:
    """What is found as sending counts as told, is not sent again, and its report is taken."""
    people = [recipient("Mum", channels=[channel])]
    entry = await set_up_plans(hass, plan(step(target("Mum", channel))), recipients=people)
    set_response(gateway, "sendsms" if channel == "sms" else "voice/send", 500)
    await start(hass)
    entry.runtime_data.store.references.clear()  # the crash came before they were on disk
    entry.runtime_data.store.async_schedule_save()
    alerts.events.clear()
    await crash(hass, file, mark_as_sending)
    assert (attribute(hass, "told"), alerts.types, to(gateway)) == (["Mum"], ["told"], [MUM])
    if channel == "sms":
        reference = gateway.sent[0]["noti"].partition("?ref=")[2]
        client = await hass_client_no_auth()
        url = f"/api/webhook/an-address-that-nobody-may-see?ref={reference}"
        await client.post(url, data={"msgid": FIRST_MSGID, "status": 13})
        await settle(hass)
        assert await totals(hass) == [1, 0, 1]
        assert alerts.types == ["told", "not_told", "unanswered"]


async def test_crash_while_sending_by_another_account(
    hass: HomeAssistant, gateway: Gateway, alerts: AlertEvents, file: Path
) -> None:
    """The report of a message by another account is taken too, also if that is loaded later."""
    gateway.api_key = None
    await hass.config.async_update(external_url="https://example.org", country="BE")
    await set_up_plans(hass)
    other = account_entry(recipient("Eve"), entry_id="other", data={"api_key": "b", "webhook_id": "other"})
    await set_up(hass, other)
    entry = hass.config_entries.async_get_known_entry("account")
    cellar = plan(step(target("Eve")), name="Attic")
    hass.config_entries.async_add_subentry(entry, subentry(cellar))
    await hass.async_block_till_done()
    set_response(gateway, "sendsms", 500)
    await start(hass, plan="attic")
    reference = gateway.sent[0]["noti"].partition("?ref=")[2]
    other.runtime_data.store.references.clear()  # the crash came before they were on disk
    other.runtime_data.store.async_schedule_save()
    await shut_down(hass)
    damage(file, mark_as_sending)
    hass.set_state(CoreState.starting)
    for entry_id in ("account", "other"):
        assert await hass.config_entries.async_setup(entry_id)
    await settle(hass)
    assert attribute(hass, "told", "attic") == ["Eve"]
    assert other.runtime_data.store.references == {}
    hass.set_state(CoreState.running)
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STARTED)
    await settle(hass)
    assert list(other.runtime_data.store.references) == [reference]


async def test_known_reference_is_left_alone(hass: HomeAssistant, gateway: Gateway, file: Path) -> None:
    """What the account follows already stays as it is."""
    await set_up_plans(hass)
    await start(hass)
    await shut_down(hass)
    damage(file, mark_as_sending)
    await restart(hass)
    await settle(hass)
    assert hass.config_entries.async_get_known_entry("account").runtime_data.store.references == {}


async def test_stop_waits_for_what_is_under_way(
    hass: HomeAssistant, gateway: Gateway, alerts: AlertEvents, file: Path
) -> None:
    """When Home Assistant stops, the requests under way are waited for, and their outcome is on disk."""
    await set_up_plans(hass)
    gateway.hold("sendsms")
    await call_action(hass, "send_alert", entity_id="notify.cellar", message="Water")
    await gateway.wait_until_held()
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STOP)
    assert not alerts.whom("told")
    gateway.release()
    await settle(hass)
    assert alerts.whom("told") == [["Mum"]]
    assert stored(file)[0]["state"]["run"]["progress"]["messages"][0]["state"] == "told"


async def test_stop_does_not_wait_forever(
    hass: HomeAssistant, gateway: Gateway, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A request that takes too long stays marked as sending, and counts as told later."""
    monkeypatch.setattr("custom_components.smsbox.alerts.runner.STOP_TIMEOUT", 0.01)
    monkeypatch.setattr("custom_components.smsbox.outbox.STOP_TIMEOUT", 0.01)
    await set_up_plans(hass)
    gateway.hold("sendsms")
    await call_action(hass, "send_alert", entity_id="notify.cellar", message="Water")
    await gateway.wait_until_held()
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STOP)
    await hass.async_block_till_done()
    assert stored(file)[0]["state"]["run"]["progress"]["messages"][0]["state"] == "sending"
    gateway.release()
    await settle(hass)


async def test_stop_between_marking_and_sending(
    hass: HomeAssistant, gateway: Gateway, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What did not go out before the stop goes out after the start; whoever waits is let go."""
    await set_up_plans(hass)
    write_file = store._write

    def stop(path: str, content: bytes) -> None:
        write_file(path, content)
        if b'"sending"' in content:
            monkeypatch.setattr(store, "_write", write_file)
            hass.loop.call_soon_threadsafe(hass.bus.async_fire, EVENT_HOMEASSISTANT_STOP)

    monkeypatch.setattr(store, "_write", stop)
    await call_action(
        hass, "send_alert", entity_id="notify.cellar", message="Water", wait_for_acknowledgement="01:00:00"
    )
    await settle(hass)
    assert to(gateway) == []
    assert stored(file)[0]["state"]["run"]["progress"]["messages"][0]["state"] == "waiting"
    await restart(hass)
    await settle(hass)
    assert to(gateway) == [MUM]


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data["alerts"].append("nothing"),
        lambda data: data["alerts"].append({"plan": 3, "state": {}}),
        lambda data: data["alerts"].insert(0, {"plan": "attic", "state": {"run": {"status": "asleep"}}}),
    ],
)
async def test_damaged_row(
    hass: HomeAssistant,
    gateway: Gateway,
    file: Path,
    caplog: pytest.LogCaptureFixture,
    change: Callable[[dict[str, Any]], object],
) -> None:
    """A row that cannot be read does not silence the others."""
    await set_up_plans(hass, plan(), plan(name="Attic"))
    await start(hass)
    await crash(hass, file, change)
    assert (status(hass), status(hass, "attic")) == ("notifying", "idle")
    assert caplog.text.count("cannot be read") == 1


@pytest.mark.parametrize("content", ["", "{", "[]", '{"version": 99}', '{"version": 1, "alerts": {}}'])
async def test_damaged_file(hass: HomeAssistant, gateway: Gateway, file: Path, content: str) -> None:
    """Whatever lies there, the account loads and an alert can start."""
    write(file, content)
    await set_up_plans(hass)
    assert status(hass) == "idle"
    await start(hass)
    assert to(gateway) == [MUM]


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"steps": None},
        {"steps": [3]},
        {"steps": [{"notify": [{"recipient": "mum", "channel": "pigeon"}]}]},
        {"steps": [{"notify": [{"notifier": 3}]}]},
        {"steps": [{"notify": [], "wait": "soon"}]},
        {"steps": [], "only_while": 3, "hold_while": 3},
    ],
)
async def test_plan_that_cannot_be_read(
    hass: HomeAssistant, gateway: Gateway, caplog: pytest.LogCaptureFixture, data: dict[str, Any]
) -> None:
    """It does not keep the account from loading, and repairs say that it tells nobody."""
    entry = await set_up_plans(hass, plan(name="Attic") | {"data": data}, plan())
    assert ir.async_get(hass).async_get_issue("smsbox", "plan_without_recipients_attic")
    assert status(hass, "attic") == "idle"
    assert "The plan Attic cannot be read" in caplog.text
    await start(hass)
    assert to(gateway) == [MUM]
    flow = await entry.start_subentry_reconfigure_flow(hass, "attic")
    assert flow["step_id"] == "reconfigure"


async def test_removed_plan_takes_its_alert_along(
    hass: HomeAssistant, gateway: Gateway, alerts: AlertEvents, file: Path, freezer: FrozenDateTimeFactory
) -> None:
    """Nothing more happens, not even of what is under way, and nothing stays on disk."""
    entry = await set_up_plans(hass, plan(), plan(name="Attic"))
    gateway.hold("sendsms")
    await call_action(hass, "send_alert", entity_id="notify.cellar", message="Water")
    await gateway.wait_until_held()
    assert hass.config_entries.async_remove_subentry(entry, "cellar")
    await hass.async_block_till_done()
    gateway.release()
    await settle(hass)
    await pass_minutes(hass, freezer, 6)
    assert (alerts.types, to(gateway)) == (["started"], [MUM])
    assert stored(file) == []
    assert hass.states.get("sensor.cellar_status") is None
    assert status(hass, "attic") == "idle"


async def test_removed_account_takes_its_alerts_along(
    hass: HomeAssistant, gateway: Gateway, alerts: AlertEvents, file: Path
) -> None:
    """File and repair issues go too, and no follow-up is sent."""
    entry = await set_up_plans(hass, plan(step(target("Nobody")), step(target("Mum"))))
    await start(hass)
    assert stored(file)
    assert await hass.config_entries.async_remove(entry.entry_id)
    await settle(hass)
    assert stored(file) is None
    assert to(gateway) == [MUM]
    assert not [issue for issue in ir.async_get(hass).issues if "plan_without" in issue[1]]


async def test_disabled_account(
    hass: HomeAssistant, gateway: Gateway, alerts: AlertEvents, freezer: FrozenDateTimeFactory
) -> None:
    """The alerts of a disabled account stand still without repair issues; both go on when it is enabled."""
    entry = await set_up_plans(hass, plan(step(target("Nobody")), step(target("Mum"))), plan(name="Attic"))
    set_response(gateway, "sendsms", {"code": 10, "message": "No credits"})
    await start(hass, plan="attic")
    gateway.responses.clear()
    await start(hass)
    issues = ir.async_get(hass)
    names = ("plan_without_recipients_cellar", "alert_failed_attic")
    assert all(issues.async_get_issue("smsbox", name) for name in names)
    await hass.config_entries.async_set_disabled_by(entry.entry_id, ConfigEntryDisabler.USER)
    assert not any(issues.async_get_issue("smsbox", name) for name in names)
    await hass.config_entries.async_set_disabled_by(entry.entry_id, None)
    await settle(hass)
    assert all(issues.async_get_issue("smsbox", name) for name in names)
    assert status(hass) == "notifying"


async def test_failed_alert_is_told_again_after_a_restart(hass: HomeAssistant, gateway: Gateway) -> None:
    """Repair issues are not stored, so this one is raised again."""
    await set_up_plans(hass)
    set_response(gateway, "sendsms", {"code": 10, "message": "No credits"})
    await start(hass)
    registry = ir.async_get(hass)
    ir.async_delete_issue(hass, "smsbox", "alert_failed_cellar")
    await restart(hass)
    await settle(hass)
    assert registry.async_get_issue("smsbox", "alert_failed_cellar")


async def test_plan_that_is_added_and_changed_while_an_alert_runs(
    hass: HomeAssistant, gateway: Gateway, freezer: FrozenDateTimeFactory
) -> None:
    """A changed plan counts from the next step on; a new one works at once."""
    entry = await set_up_plans(hass)
    await start(hass)
    changed = plan(step(target("Dad")), step(target("Mum")))["data"]
    hass.config_entries.async_update_subentry(entry, entry.subentries["cellar"], data=changed)
    hass.config_entries.async_add_subentry(entry, subentry(plan(step(target("Dad")), name="Attic")))
    await settle(hass)
    await start(hass, plan="attic")
    assert to(gateway) == [MUM, DAD]
    await pass_minutes(hass, freezer, 5.5)
    assert to(gateway)[2:] == [MUM]

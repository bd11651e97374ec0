"""The actions that start, acknowledge and resolve alerts."""

import asyncio
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import Unauthorized
from homeassistant.helpers import device_registry as dr, entity_registry as er, label_registry as lr
import pytest
from pytest_homeassistant_custom_component.common import MockUser

from custom_components.smsbox import store

from .common import call_action, call_for_response, expect_error, restart, shut_down
from .gateways import Gateway, set_response
from .plans import (
    DAD,
    MUM,
    AlertEvents,
    attribute,
    pass_minutes,
    plan,
    set_up_plans,
    settle,
    start,
    status,
    step,
    target,
    to,
)

CELLAR: dict[str, Any] = {"entity_id": "notify.cellar"}
ATTIC: dict[str, Any] = {"entity_id": "notify.attic"}


@pytest.fixture
async def _plans(hass: HomeAssistant, gateway: Gateway) -> None:
    """Have two plans."""
    await set_up_plans(hass, plan(), plan(name="Attic"))


pytestmark = pytest.mark.usefixtures("_plans")


async def send(hass: HomeAssistant, **data: Any) -> list[dict[str, Any]]:
    """Start alerts, and return what the response says of them without their ids."""
    response = await call_for_response(hass, "send_alert", **{"message": "Water", **CELLAR, **data})
    await settle(hass)
    for alert in response["alerts"]:
        assert len(alert.pop("alert_id")) == 16
    alerts: list[dict[str, Any]] = response["alerts"]
    return alerts


def message(action: str) -> dict[str, Any]:
    """Return the message that an action needs."""
    return {"message": "Water"} if action == "send_alert" else {}


async def call_as(hass: HomeAssistant, user: MockUser, action: str, **data: Any) -> dict[str, Any]:
    """Call an action as a user, and return its response."""
    response = await hass.services.async_call(
        "smsbox", action, data, blocking=True, return_response=True, context=Context(user_id=user.id)
    )
    await settle(hass)
    return dict(response or {})


async def test_what_a_message_does(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> None:
    """The response says whether the alert started, got another cause, or stays as it is."""
    assert [alert["result"] for alert in await send(hass)] == ["started"]
    assert [alert["result"] for alert in await send(hass)] == ["updated"]
    assert [alert["result"] for alert in await send(hass, message="Smoke")] == ["added"]
    await call_action(hass, "acknowledge_alert")
    assert await send(hass) == [{"plan": "Cellar", "result": "quiet", "status": "acknowledged"}]
    await settle(hass)


async def test_devices_lead_to_their_plans(hass: HomeAssistant) -> None:
    """A device is a target too, and so are several; a call without a response works."""
    device = dr.async_get(hass).async_get_device_by_identifier(("smsbox", "cellar"), "account")
    assert device is not None
    alerts = await send(hass, entity_id=["notify.attic", "notify.mum_sms"], device_id=[device.id])
    assert sorted(alert["plan"] for alert in alerts) == ["Attic", "Cellar"]
    await call_action(hass, "send_alert", message="Smoke", **CELLAR)
    await call_action(hass, "resolve_alert", **CELLAR)
    await call_action(hass, "acknowledge_alert")
    await settle(hass)
    assert (status(hass), status(hass, "attic")) == ("idle", "acknowledged")


async def test_every_entity_of_a_plan_is_a_target(hass: HomeAssistant) -> None:
    """Its sensor leads to the plan as its notify entity does."""
    alerts = await send(hass, entity_id=["sensor.cellar_status", "button.cellar_acknowledge", "event.attic_alert"])
    assert sorted(alert["plan"] for alert in alerts) == ["Attic", "Cellar"]


async def test_label_of_any_entity_leads_to_its_plan(hass: HomeAssistant) -> None:
    """It need not be that of the notify entity; the labels of others lead nowhere."""
    label = lr.async_get(hass).async_create("House").label_id
    for entity_id in ("sensor.cellar_status", "notify.mum_sms", "sensor.smsbox_credits"):
        er.async_get(hass).async_update_entity(entity_id, labels={label})
    assert [alert["plan"] for alert in await send(hass, entity_id=[], label_id=label)] == ["Cellar"]


async def test_account_that_was_never_loaded(hass: HomeAssistant) -> None:
    """Its plans are known but cannot start, and the error says so."""
    await shut_down(hass)
    await expect_error(hass, "service_config_entry_not_loaded", "send_alert", message="Water", **CELLAR)


@pytest.mark.parametrize("action", ["send_alert", "acknowledge_alert", "resolve_alert"])
@pytest.mark.parametrize(
    "data",
    [
        {"entity_id": []},
        {"entity_id": "none"},
        {"label_id": []},
        {"entity_id": "notify.mum_sms"},
        {"entity_id": "sensor.smsbox_credits"},
        {"entity_id": "notify.gone"},
        {"area_id": "gone"},
    ],
)
async def test_target_without_a_plan(hass: HomeAssistant, action: str, data: dict[str, Any]) -> None:
    """A target that leads to no plan is an error, and an empty one does not mean all plans."""
    await start(hass)
    await expect_error(hass, "no_plan", action, **data, **message(action))
    assert status(hass) == "notifying"


@pytest.mark.parametrize("action", ["send_alert", "resolve_alert"])
async def test_target_is_required(hass: HomeAssistant, action: str) -> None:
    """Only who acknowledges may leave the target out."""
    await expect_error(hass, "no_plan", action, **message(action))


async def test_each_plan_is_tried(hass: HomeAssistant, gateway: Gateway) -> None:
    """What one plan raises is raised when the others have started."""
    entry = hass.config_entries.async_get_known_entry("account")
    nobody = plan(step(target("Nobody")))["data"]
    hass.config_entries.async_update_subentry(entry, entry.subentries["attic"], data=nobody)
    await settle(hass)
    error = await expect_error(
        hass, "plan_without_recipients", "send_alert", entity_id=["notify.attic", "notify.cellar"], message="Water"
    )
    assert error.translation_placeholders == {"plan": "Attic"}
    await settle(hass)
    assert (status(hass), to(gateway)) == ("notifying", [MUM])
    await expect_error(hass, "empty_message", "send_alert", message=" ", **CELLAR)


async def test_wait_for_acknowledgement(hass: HomeAssistant) -> None:
    """The action answers when somebody takes the alert, and says who."""
    wait = asyncio.create_task(send(hass, wait_for_acknowledgement="00:10:00"))
    await settle(hass)
    assert not wait.done()
    await call_action(hass, "acknowledge_alert", by="Dad", **CELLAR)
    assert await wait == [
        {
            "plan": "Cellar",
            "result": "started",
            "status": "acknowledged",
            "acknowledged": True,
            "by": "Dad",
            "via": "action",
        }
    ]


@pytest.mark.parametrize("end", ["time", "resolved", "removed", "anew"])
async def test_wait_that_ends_without_acknowledgement(hass: HomeAssistant, end: str) -> None:
    """It ends when the time is over, and with any end of the alert."""
    wait = asyncio.create_task(send(hass, wait_for_acknowledgement={"seconds": 0.01 if end == "time" else 600}))
    await settle(hass)
    if end == "removed":
        assert hass.config_entries.async_remove_subentry(hass.config_entries.async_get_known_entry("account"), "cellar")
    elif end != "time":
        await call_action(hass, "resolve_alert", **CELLAR)
    if end == "anew":
        await call_action(hass, "send_alert", message="Smoke", **CELLAR)
        await call_action(hass, "acknowledge_alert", **CELLAR)
    (alert,) = await wait
    assert (alert["acknowledged"], alert["by"], alert["via"]) == (False, None, None)
    await settle(hass)


async def test_wait_of_several_plans(hass: HomeAssistant) -> None:
    """Each plan has its own end, as it was then."""
    wait = asyncio.create_task(
        send(hass, entity_id=["notify.cellar", "notify.attic"], wait_for_acknowledgement="00:10:00")
    )
    await settle(hass)
    await call_action(hass, "acknowledge_alert", by="Dad", **CELLAR)
    await call_action(hass, "resolve_alert", **CELLAR)
    await call_action(hass, "resolve_alert", **ATTIC)
    alerts = {alert["plan"]: (alert["acknowledged"], alert["by"]) for alert in await wait}
    assert alerts == {"Cellar": (True, "Dad"), "Attic": (False, None)}


async def test_wait_for_what_is_quiet(hass: HomeAssistant) -> None:
    """What is acknowledged already is not waited for."""
    await send(hass)
    await call_action(hass, "acknowledge_alert", by=" Dad ")
    (alert,) = await send(hass, wait_for_acknowledgement="01:00:00")
    assert (alert["result"], alert["acknowledged"], alert["by"]) == ("quiet", True, "Dad")


@pytest.mark.parametrize("wait", ["soon", 1e300, -1, "200:00:00:00"])
async def test_wait_that_makes_no_sense(hass: HomeAssistant, wait: object) -> None:
    """It is refused in words, and nothing starts."""
    await expect_error(hass, "invalid_duration", "send_alert", message="Water", wait_for_acknowledgement=wait, **CELLAR)
    assert status(hass) == "idle"


async def test_nothing_to_acknowledge_or_to_resolve(hass: HomeAssistant) -> None:
    """It is no error, and the response names only plans that had something."""
    assert await call_for_response(hass, "acknowledge_alert") == {"plans": []}
    assert await call_for_response(hass, "resolve_alert", **CELLAR) == {"plans": []}
    await send(hass)
    assert await call_for_response(hass, "resolve_alert", title="Smoke", **CELLAR) == {"plans": []}
    assert await call_for_response(hass, "acknowledge_alert") == {"plans": ["Cellar"]}
    assert await call_for_response(hass, "acknowledge_alert") == {"plans": []}
    await settle(hass)


async def test_resolving_one_cause(hass: HomeAssistant) -> None:
    """A cause is known by its title, or without one by its message."""
    alerts = AlertEvents(hass)
    await start(hass, "Water", "Cellar")
    await start(hass, "Smoke")
    assert await call_for_response(hass, "resolve_alert", title="Cellar", **CELLAR) == {"plans": ["Cellar"]}
    assert (status(hass), alerts.last["type"], alerts.last["title"]) == ("notifying", "resolved", "Cellar")
    assert attribute(hass, "causes") == [{"title": None, "message": "Smoke"}]
    assert await call_for_response(hass, "resolve_alert", title="Smoke", **CELLAR) == {"plans": ["Cellar"]}
    assert (status(hass), alerts.last["title"]) == ("idle", None)
    await settle(hass)


@pytest.mark.parametrize("known", ["by", "blank", "person", "user", "nobody", "system"])
async def test_who_acknowledged(hass: HomeAssistant, hass_admin_user: MockUser, known: str) -> None:
    """It is who is named, else the caller's person, else the user, else nobody."""
    await send(hass)
    data = {"by": {"by": "Eve", "blank": " "}[known]} if known in {"by", "blank"} else {}
    hass.states.async_set("person.other", "home", {"user_id": "other", "friendly_name": "Other"})
    if known != "user":
        hass.states.async_set("person.dad", "home", {"user_id": hass_admin_user.id, "friendly_name": "Dad"})
    if known == "nobody":
        await call_action(hass, "acknowledge_alert", by=" ")
    elif known == "system":
        await call_action(hass, "acknowledge_alert")
    else:
        await call_as(hass, hass_admin_user, "acknowledge_alert", **data)
    names = {"by": "Eve", "blank": "Dad", "person": "Dad", "user": hass_admin_user.name}
    assert attribute(hass, "acknowledged_by") == names.get(known)
    await settle(hass)


@pytest.mark.parametrize("action", ["send_alert", "acknowledge_alert", "resolve_alert"])
async def test_caller_needs_the_right(hass: HomeAssistant, hass_read_only_user: MockUser, action: str) -> None:
    """The right to control the plan's notify entity is needed, and enough."""
    await send(hass)
    message = {"message": "Smoke"} if action == "send_alert" else {}
    with pytest.raises(Unauthorized):
        await call_as(hass, hass_read_only_user, action, **CELLAR, **message)
    hass_read_only_user.mock_policy({"entities": {"entity_ids": {"notify.cellar": True}}})
    response = await call_as(hass, hass_read_only_user, action, **CELLAR, **message)
    assert [alert["plan"] for alert in response["alerts"]] if message else response == {"plans": ["Cellar"]}


async def test_without_a_target_all_that_the_caller_may_control(
    hass: HomeAssistant, hass_read_only_user: MockUser
) -> None:
    """Plans that the caller may not control stay as they are, without an error."""
    await send(hass, entity_id=["notify.cellar", "notify.attic"])
    hass_read_only_user.mock_policy({"entities": {"entity_ids": {"notify.cellar": True}}})
    assert await call_as(hass, hass_read_only_user, "acknowledge_alert") == {"plans": ["Cellar"]}
    assert (status(hass), status(hass, "attic")) == ("acknowledged", "notifying")
    er.async_get(hass).async_remove("notify.attic")
    assert await call_as(hass, hass_read_only_user, "acknowledge_alert") == {"plans": []}


async def test_acknowledgement_survives_a_restart(hass: HomeAssistant) -> None:
    """What was confirmed is on disk."""
    await send(hass)
    await call_action(hass, "acknowledge_alert", by="Dad")
    await settle(hass)
    await restart(hass)
    await settle(hass)
    assert (status(hass), attribute(hass, "acknowledged_by")) == ("acknowledged", "Dad")


async def test_nothing_is_seen_before_it_is_on_disk(
    hass: HomeAssistant, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An acknowledgement shows only once its own write is done, not with one that was under way."""
    seen: list[str] = []
    write = store._write

    def look(path: str, content: bytes) -> None:
        seen.append(status(hass))
        write(path, content)

    await send(hass)
    monkeypatch.setattr(store, "_write", look)
    await asyncio.gather(
        call_action(hass, "send_alert", message="Smoke", **CELLAR), call_action(hass, "acknowledge_alert", **CELLAR)
    )
    assert seen[:2] == ["notifying", "notifying"]
    assert status(hass) == "acknowledged"
    await settle(hass)


async def test_alert_of_a_caller_that_is_cancelled(hass: HomeAssistant, gateway: Gateway) -> None:
    """A script that is stopped in the middle has started the alert all the same."""
    call = asyncio.create_task(call_action(hass, "send_alert", message="Water", **CELLAR))
    await asyncio.sleep(0)
    call.cancel()
    await settle(hass)
    assert (status(hass), to(gateway)) == ("notifying", [MUM])


async def test_unanswered_alert_starts_anew(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> None:
    """Another message starts it with a new id; a wait ends when nobody answered."""
    wait = asyncio.create_task(send(hass, wait_for_acknowledgement="01:00:00"))
    await settle(hass)
    first = attribute(hass, "alert_id")
    for _ in range(2):
        await pass_minutes(hass, freezer, 5.5)
    (alert,) = await wait
    assert (alert["status"], alert["acknowledged"]) == ("unanswered", False)
    assert [alert["result"] for alert in await send(hass)] == ["started"]
    assert attribute(hass, "alert_id") != first


async def test_name_in_the_classic_action(hass: HomeAssistant, gateway: Gateway) -> None:
    """A plan's name starts its alert, beside recipients and numbers, and what is meant for these changes nothing."""
    data = {"target": ["cellar", "Dad"], "message": "Water", "title": "Cellar", "data": {"channel": "tts"}}
    await call_action(hass, "smsbox", domain="notify", **data)
    await settle(hass)
    assert (status(hass), status(hass, "attic")) == ("notifying", "idle")
    assert attribute(hass, "causes") == [{"title": "Cellar", "message": "Water"}]
    assert sorted((sent["numbers"], sent.get("tts")) for sent in gateway.sent) == [(DAD, "1"), (MUM, None)]


async def test_classic_action_of_a_plan(hass: HomeAssistant, gateway: Gateway) -> None:
    """It starts the alert, in the context of the call; a command to a phone's app is nothing to tell."""
    alerts = AlertEvents(hass)
    context = Context()
    for words in "Water", "clear_notification", "Smoke":
        await hass.services.async_call("notify", "smsbox_cellar", {"message": words}, blocking=True, context=context)
    await settle(hass)
    assert [cause["message"] for cause in attribute(hass, "causes")] == ["Water", "Smoke"]
    assert (alerts.types[0], alerts.events[0].context.id) == ("started", context.id)
    assert set(to(gateway)) == {MUM}


async def test_classic_actions_raise_only_what_makes_the_alert_impossible(
    hass: HomeAssistant, gateway: Gateway
) -> None:
    """An empty message, or nobody to tell; the other plans start all the same."""
    await expect_error(hass, "empty_message", "smsbox_cellar", domain="notify", message=" ")
    entry = hass.config_entries.async_get_known_entry("account")
    nobody = plan(step(target("Nobody")))["data"]
    hass.config_entries.async_update_subentry(entry, entry.subentries["attic"], data=nobody)
    await settle(hass)
    names = ["Attic", "Cellar"]
    await expect_error(hass, "plan_without_recipients", "smsbox", domain="notify", message="Water", target=names)
    await settle(hass)
    assert (status(hass), status(hass, "attic")) == ("notifying", "idle")
    set_response(gateway, "sendsms", 503)
    await call_action(hass, "smsbox_cellar", domain="notify", message="Smoke")
    await settle(hass)
    assert attribute(hass, "reason") == "unreachable"

"""What Home Assistant's own integrations hand over arrives: alerts, groups, login codes, scripts and automations."""

import logging
from typing import Any

from homeassistant.auth import auth_manager_from_config
from homeassistant.auth.mfa_modules.notify import NotifyAuthModule
from homeassistant.components.group import DOMAIN as GROUP
from homeassistant.config_entries import ConfigSubentryData
from homeassistant.core import HomeAssistant
from homeassistant.helpers.service import async_call_from_config
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_mock_service

from .common import account_entry, call_action, recipient_data, set_up
from .gateways import Gateway

MUM, DAD, OTHER = "32496123456", "32471234567", "32477234599"
PHONE_OPTIONS = {"tag": "door", "ttl": 0, "priority": "high", "channel": "alarm_stream", "notification_id": "door"}


@pytest.fixture
def recipients() -> list[ConfigSubentryData]:
    """Have two recipients."""
    return [recipient_data(), recipient_data("Dad", numbers=[DAD])]


def sent(gateway: Gateway) -> list[tuple[str, str]]:
    """Return the numbers and the text of each SMS."""
    return [(request["numbers"], request["message"]) for request in gateway.sent]


def errors(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return our lines in the log that say that something failed."""
    ours = (record for record in caplog.records if record.name == "custom_components.smsbox")
    return [record.getMessage() for record in ours if record.levelno >= logging.ERROR]


@pytest.mark.parametrize(
    ("notifier", "data", "numbers"),
    [
        ("smsbox", {"numbers": ["Mum"]}, MUM),
        ("smsbox", {"target": "Mum, Dad"}, f"{MUM},{DAD}"),
        ("smsbox", {"numbers": "0477 23 45 99", **PHONE_OPTIONS}, OTHER),
        ("smsbox_dad", {}, DAD),
        ("smsbox_dad", PHONE_OPTIONS, DAD),
    ],
)
async def test_alert(
    hass: HomeAssistant, entry: MockConfigEntry, gateway: Gateway, notifier: str, data: dict[str, Any], numbers: str
) -> None:
    """Core's alert can pass no target: it sends to the numbers in its data, and says when it is over."""
    alert = {
        "name": "Freezer",
        "entity_id": "binary_sensor.freezer",
        "repeat": 30,
        "notifiers": notifier,
        "title": "{{ 'Freezer' }}",
        "message": "Too warm",
        "done_message": "{{ '' }}",
        "data": data,
    }
    assert await async_setup_component(hass, "alert", {"alert": {"freezer": alert}})
    for state in "on", "off":
        hass.states.async_set("binary_sensor.freezer", state)
        await hass.async_block_till_done()
    assert sent(gateway) == [(numbers, "Freezer\nToo warm"), (numbers, "Freezer")]


@pytest.mark.parametrize(
    "service",
    [{"action": "smsbox", "data": {"target": ["Mum"]}}, {"action": "smsbox_mum"}],
    ids=["target", "recipient"],
)
@pytest.mark.parametrize("data", [PHONE_OPTIONS, {}, {"push": {"sound": "default"}, "image": "/local/a.jpg"}])
async def test_group_in_yaml(
    hass: HomeAssistant, gateway: Gateway, service: dict[str, Any], data: dict[str, Any]
) -> None:
    """A group hands the same data to all its members; what is another's costs nobody the SMS."""
    group = {"platform": "group", "name": "all", "services": [{"action": "persistent_notification"}, service]}
    assert await async_setup_component(hass, "notify", {"notify": [group]})
    await set_up(hass, account_entry(recipient_data()))
    shown = async_mock_service(hass, "notify", "persistent_notification")
    await call_action(hass, "all", domain="notify", title="Cellar", message="Water", data=data)
    assert sent(gateway) == [(MUM, "Cellar\nWater")]
    assert len(shown) == 1


async def test_group_in_yaml_drops_the_error_but_the_log_has_it(
    hass: HomeAssistant, gateway: Gateway, recipients: list[ConfigSubentryData], caplog: pytest.LogCaptureFixture
) -> None:
    """Who calls a group learns nothing of a failure: our line in the log tells who did not get what, and why."""
    services = [{"action": "smsbox", "data": {"target": target}} for target in (["Mum", "Nobody"], "0471", ["Dad"])]
    group = {"platform": "group", "name": "all", "services": services}
    assert await async_setup_component(hass, "notify", {"notify": [group]})
    await set_up(hass, account_entry(*recipients))
    hass.loop.set_exception_handler(lambda *_: None)  # what the group does with errors ends here
    await call_action(hass, "all", domain="notify", message="Water")
    assert sent(gateway) == [(MUM, "Water"), (DAD, "Water")]
    assert [line.partition(" failed")[0] for line in sorted(errors(caplog))] == [
        "notify.smsbox to ***471",
        "notify.smsbox to Nobody",
    ]


async def ui_group(hass: HomeAssistant, name: str, *entities: str) -> str:
    """Make a notify group as the user interface does, and return its entity."""
    options = {"group_type": "notify", "entities": list(entities), "name": name, "hide_members": False}
    group = MockConfigEntry(domain=GROUP, title=name, options=options)
    group.add_to_hass(hass)
    assert await hass.config_entries.async_setup(group.entry_id)
    await hass.async_block_till_done()
    return f"notify.{name.lower()}"


async def test_group_in_the_user_interface(
    hass: HomeAssistant, entry: MockConfigEntry, gateway: Gateway, caplog: pytest.LogCaptureFixture
) -> None:
    """Its members are reached by core's action, by ours, beside a recipient, in another group, and as a name."""
    await set_up(
        hass,
        account_entry(
            recipient_data("Gran", numbers=[OTHER]), data={"api_key": "a-key-that-nobody-may-see", "webhook_id": "b"}
        ),
    )
    parents = await ui_group(hass, "Parents", "notify.mum_sms", "notify.dad_sms")
    family = await ui_group(hass, "Family", parents, "notify.gran_sms", "notify.phone")
    hass.states.async_set("group.everybody", "on", {"entity_id": [family, "light.kitchen"]})
    await call_action(hass, "send_message", domain="notify", entity_id=parents, title="A", message="B")
    assert sorted(sent(gateway)) == [(DAD, "A\nB"), (MUM, "A\nB")]
    for target in ({"entity_id": family}, {"entity_id": "group.everybody"}, {"entity_id": [family, "notify.mum_sms"]}):
        gateway.requests.clear()
        await call_action(hass, "send_sms", message="C", **target)
        assert sorted(number for numbers, _ in sent(gateway) for number in numbers.split(",")) == [DAD, OTHER, MUM]
    for name in (family, "group.everybody", {"entity_id": [family]}):
        gateway.requests.clear()
        caplog.clear()
        await call_action(hass, "smsbox", domain="notify", message="D", target=name)
        assert sorted(number for numbers, _ in sent(gateway) for number in numbers.split(",")) == [DAD, OTHER, MUM]
        assert "notify.phone" in caplog.text


async def test_groups_that_hold_each_other(
    hass: HomeAssistant, entry: MockConfigEntry, gateway: Gateway, caplog: pytest.LogCaptureFixture
) -> None:
    """Circles of groups end, and each member is reached once."""
    hass.states.async_set("notify.a", "unknown", {"entity_id": ["notify.b", "notify.mum_sms", "notify.a"]})
    hass.states.async_set("notify.b", "unknown", {"entity_id": ["group.c", "notify.mum_sms"]})
    hass.states.async_set("group.c", "on", {"entity_id": ("notify.a", "group.c", "notify.dad_sms")})
    for entity_id in "notify.a", "notify.b", "group.c":
        gateway.requests.clear()
        await call_action(hass, "send_sms", message="C", entity_id=entity_id)
        await call_action(hass, "smsbox", domain="notify", message="C", target=entity_id)
        assert [set(numbers.split(",")) for numbers, _ in sent(gateway)] == [{DAD, MUM}] * 2
    assert "missing" not in caplog.text


@pytest.mark.parametrize(
    ("service", "target", "numbers"),
    [("smsbox", "0477 23 45 99", OTHER), ("smsbox", "Mum", MUM), ("smsbox_dad", None, DAD)],
)
async def test_login_code(
    hass: HomeAssistant, entry: MockConfigEntry, gateway: Gateway, service: str, target: str | None, numbers: str
) -> None:
    """The multi-factor module sends its login code, with a second account too."""
    gateway.api_key = None
    await set_up(hass, account_entry(title="Second", data={"api_key": "second", "webhook_id": "second"}))
    hass.auth = await auth_manager_from_config(hass, [], [{"type": "notify", "message": "Code {}"}])
    user = await hass.auth.async_create_user("Somebody")
    module = hass.auth.get_auth_mfa_module("notify")
    assert isinstance(module, NotifyAuthModule)
    assert {"smsbox", "smsbox_mum", "smsbox_dad"} <= set(module.aync_get_available_notify_services())
    await module.async_setup_user(user.id, {"notify_service": service, "target": target})
    await module.async_initialize_login_mfa_step(user.id)
    await hass.async_block_till_done()
    [(sent_to, text)] = sent(gateway)
    assert sent_to == numbers
    assert text.removeprefix("Code ").isdigit()


@pytest.mark.parametrize(
    ("data", "numbers", "text"),
    [
        ({"message": "Water", "target": "{{ ['Mum', 'Dad'] }}"}, f"{MUM},{DAD}", "Water"),
        ({"message": "Water", "target": "{{ ['Mum', none] | to_json }}"}, MUM, "Water"),
        ({"message": "Water", "target": "{{ 'Mum' if false }}", "data": {"numbers": "{{ 'Dad' }}"}}, DAD, "Water"),
        ({"message": "{{ [] }}", "title": "Doors", "target": "Mum"}, MUM, "Doors"),
        ({"message": "{{ none }}", "title": "Doors", "target": "Mum"}, MUM, "Doors"),
        ({"message": "{{ ['Front', 'Back'] }}", "title": "", "target": "Mum"}, MUM, "Front, Back"),
        ({"message": "{{ 3 * 7 }}", "title": None, "target": "Mum"}, MUM, "21"),
        ({"message": "Water", "target": "{{ '+32477234599' }}"}, OTHER, "Water"),
        ({"message": "Water", "target": "Mum", "data": "{{ {'tag': 'x'} }}"}, MUM, "Water"),
    ],
)
async def test_script_without_a_response(
    hass: HomeAssistant, entry: MockConfigEntry, gateway: Gateway, data: dict[str, Any], numbers: str, text: str
) -> None:
    """A script sends what its templates give, whatever type that is."""
    script = {"sequence": [{"action": "notify.smsbox", "data": data}]}
    assert await async_setup_component(hass, "script", {"script": {"tell": script}})
    await call_action(hass, "tell", domain="script")
    await hass.async_block_till_done()
    assert sent(gateway) == [(numbers, text)]


@pytest.mark.parametrize(
    "action",
    [
        {"action": "notify.smsbox", "target": {"entity_id": "notify.mum_sms"}, "data": {"message": "Water"}},
        {"action": "notify.smsbox", "data": {"message": "Water", "target": {"entity_id": ["notify.mum_sms"]}}},
        {"action": "notify.smsbox_mum", "data": {"message": "Water", "data": PHONE_OPTIONS}},
        {"action": "notify.send_message", "target": {"entity_id": "notify.mum_sms"}, "data": {"message": "Water"}},
        {"action": "{{ 'notify.' ~ 'smsbox_mum' }}", "data": {"message": "Water"}},
        {"action": "smsbox.send_sms", "target": {}, "data": {"message": "Water", "numbers": "{{ ['Mum'] }}"}},
        {"action": "smsbox.send_sms", "data": {"message": "Water", "numbers": "['Mum', '+32 496 12 34 56']"}},
        {"action": "smsbox.send_sms", "data": {"message": "Water", "numbers": "notify.mum_sms"}},
    ],
)
async def test_automation(
    hass: HomeAssistant, entry: MockConfigEntry, gateway: Gateway, action: dict[str, Any]
) -> None:
    """An automation reaches a recipient in each of the ways that people write."""
    automation = {"triggers": {"trigger": "event", "event_type": "alarm"}, "actions": [action]}
    assert await async_setup_component(hass, "automation", {"automation": automation})
    hass.bus.async_fire("alarm")
    await hass.async_block_till_done()
    assert sent(gateway) == [(MUM, "Water")]


@pytest.mark.parametrize("target", [None, "", [], "Nobody", {"entity_id": "notify.nobody_sms"}])
async def test_what_catches_our_errors_goes_on(
    hass: HomeAssistant, entry: MockConfigEntry, gateway: Gateway, caplog: pytest.LogCaptureFixture, target: Any
) -> None:
    """Integrations that call one action after another, as alarm panels do, get to the siren."""
    siren = async_mock_service(hass, "siren", "turn_on")
    calls: list[dict[str, Any]] = [
        {"action": "notify.smsbox", "data": {"message": "", "title": None, "target": target, "data": "x"}},
        {"action": "siren.turn_on"},
    ]
    for call in calls:
        await async_call_from_config(hass, call)
    await hass.async_block_till_done()
    assert len(siren) == 1
    assert len(errors(caplog)) == 1


async def test_phone_number_of_a_person_as_others_hand_it_over(
    hass: HomeAssistant, entry: MockConfigEntry, gateway: Gateway
) -> None:
    """Notification hubs hand over one target as it is and several as a list, and empty data."""
    for target in "+32477234599", ["+32477234599"], ["+32 477 23 45 99", "+32477234599"]:
        await call_action(hass, "smsbox", domain="notify", message="Water", target=target, data={}, title=None)
    assert sent(gateway) == [(OTHER, "Water")] * 3

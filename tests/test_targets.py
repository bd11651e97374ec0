"""Whom an action sends to: targets, numbers and the settings that each gets."""

from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers import (
    area_registry as ar,
    device_registry as dr,
    entity_registry as er,
    floor_registry as fr,
    label_registry as lr,
)
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from .common import call_action, call_for_response, expect_error, recipient_data
from .gateways import Gateway

MUM, DAD = "32496123456", "32471234567"
NUMBER = "0496 12 34 56"


@pytest.fixture
def recipients() -> list[Any]:
    """Have a recipient with every channel and one with two numbers and a custom sender and voice."""
    return [
        recipient_data(channels=["sms", "tts", "voice"]),
        recipient_data("Dad", numbers=[DAD, "33612345678"], sender="Home", language="fr", gender="female"),
    ]


async def test_many_numbers_are_split_into_requests(
    hass: HomeAssistant, entry: MockConfigEntry, gateway: Gateway
) -> None:
    """1,201 numbers make three requests, and repeated numbers are sent to once."""
    numbers = [f"+32496{number:06}" for number in range(100_000, 101_201)]
    response = await call_for_response(hass, "send_sms", message="Hello", numbers=[*numbers, *numbers[:5]])
    assert [len(request["numbers"].split(",")) for request in gateway.sent] == [500, 500, 201]
    assert [message["number"] for message in response["messages"]] == [number[1:] for number in numbers]


async def test_recipients_settings_are_used(hass: HomeAssistant, entry: MockConfigEntry, gateway: Gateway) -> None:
    """A recipient gets its own sender, language and voice; a bare number gets Home Assistant's language."""
    targets = ["notify.mum_sms", "notify.dad_sms"]
    await call_action(hass, "send_sms", message="Hello", entity_id=targets)
    assert {(request["numbers"], request.get("from")) for request in gateway.sent} == {
        (MUM, None),
        (f"{DAD},33612345678", "Home"),
    }
    gateway.requests.clear()
    await call_action(hass, "send_tts", message="Hello", entity_id=targets, numbers=["0478 11 11 11"])
    assert {(request["numbers"], request["ttslng"]) for request in gateway.sent} == {
        (MUM, "0"),
        (f"{DAD},33612345678", "2"),
        ("32478111111", "1"),
    }
    await call_action(hass, "send_voice", message="Hello", entity_id="notify.dad_sms", send_at="2026-12-24 08:00:00")
    calls = [request.fields for request in gateway.received("voice/send")]
    assert {(call["number"], call["lang"], call["gender"]) for call in calls} == {
        (DAD, "FR", "F"),
        ("33612345678", "FR", "F"),
    }
    assert all(call["send_at"] == "2026-12-24T16:00:00Z" for call in calls)  # the tests live in US/Pacific


@pytest.mark.parametrize(
    ("language", "lang"), [("nl", "NL"), ("fr", "FR"), ("en-GB", "EN"), ("de", "NL"), ("zh-Hans", "NL")]
)
async def test_bare_number_gets_home_assistants_language(
    hass: HomeAssistant, entry: MockConfigEntry, gateway: Gateway, language: str, lang: str
) -> None:
    """A call to a bare number is in Home Assistant's language if the gateway speaks it, else in Dutch."""
    hass.config.language = language
    await call_action(hass, "send_voice", message="Hello", numbers=[NUMBER])
    (request,) = gateway.received("voice/send")
    assert request.fields == {"number": MUM, "message": "Hello", "lang": lang, "gender": "M"}


async def test_numbers_that_are_integers(hass: HomeAssistant, entry: MockConfigEntry, gateway: Gateway) -> None:
    """An integer is accepted only if it is an international number; the error shows what was given."""
    await call_action(hass, "send_sms", message="Hello", numbers=[3211111111, 32496123456, "(0032) 496-12.34/56"])
    assert gateway.sent[0]["numbers"] == f"3211111111,{MUM}"
    for number in (471234567, 0o471234567, 32496123456.0, True, -32496123456, "0496123456,0471234567"):
        wrong = await expect_error(hass, "invalid_number", "send_sms", message="Hello", numbers=number)
        assert wrong.translation_placeholders == {"number": str(number)}
    assert len(gateway.sent) == 1


@pytest.mark.parametrize("kind", ["area", "device", "entity label", "device label", "area label", "floor", "group"])
async def test_target_leads_to_recipients(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    gateway: Gateway,
    caplog: pytest.LogCaptureFixture,
    kind: str,
) -> None:
    """A target that leads to a notify entity reaches its recipient; the rest of it is ignored."""
    entities, devices, areas = er.async_get(hass), dr.async_get(hass), ar.async_get(hass)
    floor = fr.async_get(hass).async_create("Ground floor")
    label = lr.async_get(hass).async_create("Family").label_id
    area = areas.async_create("Kitchen", floor_id=floor.floor_id, labels={label} if kind == "area label" else None)
    dad = entities.async_get("notify.dad_sms")
    assert dad
    assert dad.device_id
    devices.async_update_device(
        dad.device_id,
        area_id=area.id if kind in {"area", "area label", "floor"} else None,
        labels={label} if kind == "device label" else set(),
    )
    entities.async_update_entity(dad.entity_id, labels={label} if kind == "entity label" else set())
    hass.states.async_set("group.family", "on", {"entity_id": ["notify.dad_sms"]})
    target = {
        "area": {"area_id": area.id},
        "device": {"device_id": dad.device_id},
        "floor": {"floor_id": floor.floor_id},
        "group": {"entity_id": "group.family"},
    }.get(kind, {"label_id": label})
    await call_action(hass, "send_sms", message="Hello", **target)
    assert [request["numbers"] for request in gateway.sent] == [f"{DAD},33612345678"]
    assert "missing" not in caplog.text


async def test_target_without_recipients_is_refused(
    hass: HomeAssistant, entry: MockConfigEntry, gateway: Gateway, caplog: pytest.LogCaptureFixture
) -> None:
    """Targets that lead to no recipient are ignored with a warning, and refused if nothing is left."""
    entities = er.async_get(hass)
    left_over = entities.async_get_or_create("notify", "smsbox", "left over").entity_id
    foreign = entities.async_get_or_create("notify", "other", "foreign").entity_id
    disabled = entities.async_update_entity("notify.dad_sms", disabled_by=er.RegistryEntryDisabler.USER).entity_id
    mum = entities.async_get("notify.mum_sms")
    assert mum
    account = dr.async_get(hass).async_get_device_by_identifier(("smsbox", entry.entry_id), entry.entry_id)
    assert account
    nobody = [left_over, foreign, disabled, "notify.typing_error", "event.mum_delivery_report", "light.kitchen"]
    targets: list[dict[str, Any]] = [
        {"entity_id": nobody},
        {"device_id": account.id},
        {"entity_id": "none"},
        {"entity_id": []},
        {},
    ]
    for target in targets:
        await expect_error(hass, "no_recipients", "send_sms", message="Hello", **target)
    assert all(entity_id in caplog.text for entity_id in nobody)
    await call_action(hass, "send_sms", message="Hello", entity_id=[*nobody, "notify.mum_sms"], device_id=mum.device_id)
    assert [request["numbers"] for request in gateway.sent] == [MUM]

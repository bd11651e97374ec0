"""The form of a recipient: adding one and changing it."""

import asyncio
from typing import Any

from homeassistant.config_entries import SOURCE_USER, ConfigSubentry
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from .common import recipient_data
from .gateways import Gateway, lookup, set_response

DAD = {
    "name": "Dad",
    "numbers": ["0471 23 45 67", "+32 471 23 45 67"],
    "channels": ["sms"],
    "language": "nl",
    "gender": "male",
}


async def add(hass: HomeAssistant, entry: MockConfigEntry, *forms: dict[str, Any]) -> list[Any]:
    """Submit the form of a new recipient once for each of `forms`, which change Dad's; return the results."""
    subentries = hass.config_entries.subentries
    flow = await subentries.async_init((entry.entry_id, "recipient"), context={"source": SOURCE_USER})
    assert flow["step_id"] == "user"
    results = [await subentries.async_configure(flow["flow_id"], DAD | form) for form in forms]
    await hass.async_block_till_done()
    return results


def suggested(flow: Any) -> dict[str, Any]:
    """Return what a form suggests."""
    return {
        key.schema: key.description["suggested_value"]
        for key in flow["data_schema"].schema
        if key.description and "suggested_value" in key.description
    }


async def change(hass: HomeAssistant, entry: MockConfigEntry, subentry_id: str, **changes: Any) -> Any:
    """Submit what the form of a recipient suggests, with changes; return the result."""
    flow = await entry.start_subentry_reconfigure_flow(hass, subentry_id)
    assert flow["step_id"] == "reconfigure"
    result = await hass.config_entries.subentries.async_configure(flow["flow_id"], suggested(flow) | changes)
    await hass.async_block_till_done()
    return result


def find(entry: MockConfigEntry, name: str) -> ConfigSubentry:
    """Return the recipient of that name."""
    return next(subentry for subentry in entry.subentries.values() if subentry.title == name)


async def test_mistakes_are_shown_at_their_fields(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Each mistake is an error of its field; then the recipient is stored, with numbers as the gateway wants them."""
    *wrong, right = await add(
        hass,
        entry,
        {"name": " "},
        {"name": "\u200b"},
        {"numbers": ["12"]},
        {"numbers": []},
        {"numbers": ["", " "]},
        {"numbers": ["", "12"]},
        {"channels": []},
        {"sender": "not a sender"},
        {"name": "", "numbers": [], "channels": [], "sender": "?"},
        {"sender": " Home ", "channels": ["tts", "voice"], "numbers": ["", *DAD["numbers"], " "]},
    )
    assert [result["errors"] for result in wrong] == [
        *[{"name": "no_name"}] * 2,
        *[{"numbers": "invalid_number"}] * 4,
        {"channels": "no_channels"},
        {"sender": "invalid_sender"},
        {"name": "no_name", "numbers": "invalid_number", "channels": "no_channels", "sender": "invalid_sender"},
    ]
    assert right["type"] is FlowResultType.CREATE_ENTRY
    assert find(entry, "Dad").data == {
        "numbers": ["32471234567"],
        "channels": ["tts", "voice"],
        "sender": "Home",
        "language": "nl",
        "gender": "male",
    }


async def test_wrong_numbers_are_named(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """The error names each wrong number, masked, and nothing where none was given."""
    named, empty = await add(hass, entry, {"numbers": ["12345", DAD["numbers"][0], "99 988"]}, {"numbers": []})
    first, second = named["description_placeholders"]["number"].split(", ")
    assert first.endswith("*345")
    assert second.endswith("988")
    assert "99 988" not in second
    assert empty["description_placeholders"] == {"number": "-"}


@pytest.mark.parametrize("name", ["MUM", " mum ", "Zoe\u0308", "ZO\u00cb"])
@pytest.mark.parametrize("recipients", [[recipient_data(), recipient_data("Zo\u00eb")]])
async def test_name_that_is_taken(hass: HomeAssistant, entry: MockConfigEntry, name: str) -> None:
    """A name that another recipient has, however it is written, is an error of its field; the form stays filled in."""
    form = {"name": name, "sender": "Home"}
    (result,) = await add(hass, entry, form)
    assert result["type"] is FlowResultType.FORM
    assert result["errors"] == {"name": "already_configured"}
    assert suggested(result) == DAD | form | {"check_numbers": False}


async def test_name_of_its_own(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """A recipient may keep its name and write it differently, but not take another one's."""
    await add(hass, entry, {})
    mum = find(entry, "Mum")
    result = await change(hass, entry, mum.subentry_id, name="dad")
    assert result["errors"] == {"name": "already_configured"}
    result = await change(hass, entry, mum.subentry_id, name="mUm")
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "reconfigure_successful")
    assert mum.title == "mUm"


async def test_name_that_somebody_had(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """After Home Assistant renamed a recipient, its new name is taken and its former name is free."""
    hass.config_entries.async_update_subentry(entry, find(entry, "Mum"), title="Mother")
    await hass.async_block_till_done()
    taken, free = await add(hass, entry, {"name": "MOTHER"}, {"name": "Mum"})
    assert taken["errors"] == {"name": "already_configured"}
    assert free["type"] is FlowResultType.CREATE_ENTRY


async def test_same_name_at_the_same_time(hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry) -> None:
    """Of two forms that look up their numbers at once, one gets the name."""
    results = await asyncio.gather(*(add(hass, entry, {"check_numbers": True}) for _ in range(2)))
    assert len(gateway.received("hlr")) == 2
    assert [result["errors"] for (result,) in results if result["type"] is FlowResultType.FORM] == [
        {"name": "already_configured"}
    ]
    assert [subentry.title for subentry in entry.subentries.values()] == ["Mum", "Dad"]


@pytest.mark.parametrize(("language", "default"), [("fr", "fr"), ("en-GB", "en"), ("de", "nl")])
async def test_defaults(
    hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry, language: str, default: str
) -> None:
    """Name and numbers are enough: an SMS, in Home Assistant's language where the gateway speaks it."""
    hass.config.language = language
    subentries = hass.config_entries.subentries
    flow = await subentries.async_init((entry.entry_id, "recipient"), context={"source": SOURCE_USER})
    form = {"name": " Dad ", "numbers": ["0471 23 45 67"], "sender": ""}
    result = await subentries.async_configure(flow["flow_id"], form)
    await hass.async_block_till_done()
    assert result["title"] == "Dad"
    assert result["data"] == {
        "numbers": ["32471234567"],
        "channels": ["sms"],
        "language": default,
        "gender": "male",
    }
    assert not gateway.received("hlr")


async def test_stored_numbers_in_another_country(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Stored numbers stay the same when the form is submitted in another country."""
    await hass.config.async_update(country="FR")
    await change(hass, entry, find(entry, "Mum").subentry_id, gender="female")
    assert find(entry, "Mum").data == {
        "numbers": ["32496123456"],
        "channels": ["sms"],
        "language": "nl",
        "gender": "female",
    }


@pytest.mark.parametrize(
    ("response", "errors"),
    [
        ({"code": 60, "message": "Credits low"}, {"base": "insufficient_credits"}),
        ({"code": 40, "message": "Lookup failed"}, {"base": "unknown"}),
        (500, {"base": "cannot_connect"}),
        ({"code": 21, "message": "Apikey not allowed"}, {"base": "invalid_auth"}),
        ({"code": 10, "message": lookup("32471234567", error_code=1)}, {"numbers": "not_reachable"}),
    ],
)
async def test_numbers_are_looked_up(
    hass: HomeAssistant, entry: MockConfigEntry, gateway: Gateway, response: Any, errors: dict[str, str]
) -> None:
    """Numbers can be looked up before they are saved; the form says what is wrong and can be submitted again."""
    set_response(gateway, "hlr", response)
    (wrong,) = await add(hass, entry, {"check_numbers": True})
    assert wrong["errors"] == errors
    if "numbers" in errors:
        placeholders = wrong["description_placeholders"]
        assert placeholders["unreachable"].endswith("*567")
        assert placeholders["networks"] == "-"
    reauth = hass.config_entries.flow.async_progress_by_handler("smsbox")
    assert len(reauth) == (errors == {"base": "invalid_auth"})
    del gateway.responses["hlr"]
    result = await hass.config_entries.subentries.async_configure(wrong["flow_id"], DAD | {"check_numbers": True})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert "check_numbers" not in result["data"]
    await hass.async_block_till_done()


async def test_wrong_numbers_are_not_looked_up(hass: HomeAssistant, entry: MockConfigEntry, gateway: Gateway) -> None:
    """Looking up costs, so the rest of the form has to be right first."""
    await add(hass, entry, {"check_numbers": True, "name": "Mum"}, {"check_numbers": True, "channels": []})
    assert not gateway.received("hlr")

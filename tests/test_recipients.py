"""Recipients: adding, changing and removing them."""

from typing import Any

from homeassistant.config_entries import SOURCE_USER, ConfigSubentry
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from .actions import answering
from .gateway import Gateway, lookup

DAD = {
    "name": "Dad",
    "numbers": ["0471 23 45 67", "+32 471 23 45 67"],
    "channels": ["sms"],
    "language": "nl",
    "gender": "male",
}


async def fill_in(hass: HomeAssistant, entry: MockConfigEntry, *forms: dict[str, Any]) -> list[Any]:
    """Fill in the form of a new recipient, again and again; return what comes of each."""
    subentries = hass.config_entries.subentries
    flow = await subentries.async_init((entry.entry_id, "recipient"), context={"source": SOURCE_USER})
    results = [await subentries.async_configure(flow["flow_id"], DAD | form) for form in forms]
    await hass.async_block_till_done()
    return results


def mum(entry: MockConfigEntry) -> ConfigSubentry:
    """Return the recipient that is there."""
    return next(subentry for subentry in entry.subentries.values() if subentry.unique_id == "mum")


async def test_add(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Each mistake is shown at its field; then the recipient is stored, with numbers as the gateway wants them."""
    *wrong, right = await fill_in(
        hass,
        entry,
        {"name": " "},
        {"numbers": ["12"]},
        {"numbers": []},
        {"channels": []},
        {"sender": "not a sender"},
        {"sender": "Home", "channels": ["tts", "voice"]},
    )
    assert [result["errors"] for result in wrong] == [
        {"name": "no_name"},
        {"numbers": "invalid_number"},
        {"numbers": "invalid_number"},
        {"channels": "no_channels"},
        {"sender": "invalid_sender"},
    ]
    assert right["type"] is FlowResultType.CREATE_ENTRY
    dad = next(subentry for subentry in entry.subentries.values() if subentry.title == "Dad")
    assert dad.data == {
        "numbers": ["32471234567"],
        "channels": ["tts", "voice"],
        "sender": "Home",
        "language": "nl",
        "gender": "male",
    }
    assert hass.states.get("notify.dad_text_to_speech")
    assert not hass.states.get("notify.dad_sms")


async def test_name_stands_once(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """A second recipient of the same name is refused, however it is written."""
    (result,) = await fill_in(hass, entry, {"name": "MUM"})
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "already_configured")


@pytest.mark.parametrize(
    ("answer", "errors"),
    [
        ({"code": 60, "message": "Credits low"}, {"base": "insufficient_credits"}),
        ({"code": 40, "message": "Lookup failed"}, {"base": "unknown"}),
        (500, {"base": "cannot_connect"}),
        ({"code": 21, "message": "Apikey not allowed"}, {"base": "invalid_auth"}),
        ({"code": 10, "message": lookup("32471234567", error_code=1)}, {"numbers": "not_reachable"}),
    ],
)
async def test_look_numbers_up(
    hass: HomeAssistant, entry: MockConfigEntry, gateway: Gateway, answer: Any, errors: dict[str, str]
) -> None:
    """Numbers can be looked up before they are saved; what is wrong is said, and can be mended."""
    answering(gateway, "hlr", answer)
    (wrong,) = await fill_in(hass, entry, {"check_numbers": True})
    assert wrong["errors"] == errors
    if "numbers" in errors:
        assert wrong["description_placeholders"] == {"unreachable": "+32471234567", "networks": "-"}
    refused = hass.config_entries.flow.async_progress_by_handler("smsbox")
    assert len(refused) == (errors == {"base": "invalid_auth"})
    del gateway.answers["hlr"]
    result = await hass.config_entries.subentries.async_configure(wrong["flow_id"], DAD | {"check_numbers": True})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert "check_numbers" not in result["data"]
    await hass.async_block_till_done()


async def test_change_and_remove(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Other numbers keep the entities, a lost channel loses its own, and nothing is left of who is removed."""
    registry, subentry_id = er.async_get(hass), mum(entry).subentry_id
    before = registry.async_get("notify.mum_sms")
    flow = await entry.start_subentry_reconfigure_flow(hass, subentry_id)
    data = {
        "name": "Mum",
        "numbers": ["0471 23 45 68"],
        "channels": ["sms", "voice"],
        "language": "fr",
        "gender": "male",
    }
    result = await hass.config_entries.subentries.async_configure(flow["flow_id"], data)
    assert result["reason"] == "reconfigure_successful"
    await hass.async_block_till_done()
    after = registry.async_get("notify.mum_sms")
    assert before
    assert after
    assert before.id == after.id
    assert mum(entry).data["numbers"] == ["32471234568"]

    flow = await entry.start_subentry_reconfigure_flow(hass, subentry_id)
    await hass.config_entries.subentries.async_configure(flow["flow_id"], data | {"channels": ["voice"]})
    await hass.async_block_till_done()
    assert registry.async_get("notify.mum_sms") is None
    assert registry.async_get("notify.mum_voice_call")

    hass.config_entries.async_remove_subentry(entry, subentry_id)
    await hass.async_block_till_done()
    left = er.async_entries_for_config_entry(registry, entry.entry_id)
    assert {entity.config_subentry_id for entity in left} == {None}
    assert len(dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)) == 1

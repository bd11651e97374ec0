"""Recipients: adding, changing and removing them."""

from typing import Any

from homeassistant.config_entries import SOURCE_USER, ConfigSubentry
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from .common import call_action
from .gateways import Gateway, lookup, set_response

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
        {"numbers": ["", " "]},
        {"numbers": ["", "12"]},
        {"channels": []},
        {"sender": "not a sender"},
        {"sender": "Home", "channels": ["tts", "voice"], "numbers": ["", *DAD["numbers"], " "]},
    )
    assert [result["errors"] for result in wrong] == [
        {"name": "no_name"},
        *[{"numbers": "invalid_number"}] * 4,
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


async def change(hass: HomeAssistant, entry: MockConfigEntry, subentry_id: str, **changes: Any) -> Any:
    """Change what the form of a recipient suggests; return what comes of it."""
    flow = await entry.start_subentry_reconfigure_flow(hass, subentry_id)
    assert flow["data_schema"] is not None
    suggested = {
        key.schema: key.description["suggested_value"]
        for key in flow["data_schema"].schema
        if key.description and "suggested_value" in key.description
    }
    result = await hass.config_entries.subentries.async_configure(flow["flow_id"], suggested | changes)
    await hass.async_block_till_done()
    return result


@pytest.mark.parametrize("renamed", [False, True])
async def test_name_stands_once(hass: HomeAssistant, entry: MockConfigEntry, *, renamed: bool) -> None:
    """A second recipient of the same name is refused, however it is written, also after Home Assistant's renaming."""
    if renamed:
        hass.config_entries.async_update_subentry(entry, mum(entry), title="Mother")
        await hass.async_block_till_done()
    (result,) = await fill_in(hass, entry, {"name": "MOTHER " if renamed else "MUM"})
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "already_configured")
    (result,) = await fill_in(hass, entry, {})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    result = await change(hass, entry, mum(entry).subentry_id, name="dad")
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "already_configured")
    result = await change(hass, entry, mum(entry).subentry_id, name="mUm")
    assert (mum(entry).title, result["reason"]) == ("mUm", "reconfigure_successful")


@pytest.mark.parametrize(("language", "suggested"), [("fr", "fr"), ("en-GB", "en"), ("de", "nl")])
async def test_defaults(
    hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry, language: str, suggested: str
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
        "language": suggested,
        "gender": "male",
    }
    assert not gateway.received("hlr")


async def test_other_country(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Stored numbers stay what they are when the form is submitted in another country."""
    await hass.config.async_update(country="FR")
    await change(hass, entry, mum(entry).subentry_id, gender="female")
    assert mum(entry).data == {
        "numbers": ["32496123456"],
        "channels": ["sms"],
        "language": "nl",
        "gender": "female",
    }


async def test_other_name_and_numbers(hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry) -> None:
    """Another name or number keeps the entities with their ids and their history, and goes to the device."""
    await call_action(hass, "send_sms", message="Hello", entity_id="notify.mum_sms")
    subentry_id = mum(entry).subentry_id
    states = {state.entity_id: state.state for state in hass.states.async_all()}
    entities = {entity.entity_id: entity.id for entity in er.async_get(hass).entities.values()}
    await change(hass, entry, subentry_id, name="Mother", numbers=["0471 23 45 68"], language="fr")
    assert {entity.entity_id: entity.id for entity in er.async_get(hass).entities.values()} == entities
    assert {state.entity_id: state.state for state in hass.states.async_all()} == states
    devices = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    assert {device.name for device in devices} == {"SMSBOX", "Mother"}
    assert entry.subentries[subentry_id].unique_id == "mother"
    await call_action(hass, "send_message", domain="notify", message="Hello", entity_id="notify.mum_sms")
    assert gateway.sent[-1]["numbers"] == "32471234568"


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
    set_response(gateway, "hlr", answer)
    (wrong,) = await fill_in(hass, entry, {"check_numbers": True})
    assert wrong["errors"] == errors
    if "numbers" in errors:
        assert wrong["description_placeholders"] == {"unreachable": "+32471234567", "networks": "-"}
    refused = hass.config_entries.flow.async_progress_by_handler("smsbox")
    assert len(refused) == (errors == {"base": "invalid_auth"})
    del gateway.responses["hlr"]
    result = await hass.config_entries.subentries.async_configure(wrong["flow_id"], DAD | {"check_numbers": True})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert "check_numbers" not in result["data"]
    await hass.async_block_till_done()


async def test_other_channels_and_removal(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """A new channel is a new entity, one of a lost channel goes, and nothing is left of who is removed."""
    registry, subentry_id = er.async_get(hass), mum(entry).subentry_id
    for channels, entities in (
        (["voice", "sms"], {"notify.mum_voice_call", "notify.mum_sms"}),
        (["tts"], {"notify.mum_text_to_speech"}),
    ):
        await change(hass, entry, subentry_id, channels=channels)
        assert {entity.entity_id for entity in registry.entities.values() if entity.domain == "notify"} == entities
        assert set(hass.states.async_entity_ids("notify")) == entities

    hass.config_entries.async_remove_subentry(entry, subentry_id)
    await hass.async_block_till_done()
    left = er.async_entries_for_config_entry(registry, entry.entry_id)
    assert {entity.config_subentry_id for entity in left} == {None}
    assert len(dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)) == 1
    assert not [state for state in hass.states.async_all() if ".mum_" in state.entity_id]

"""Recipients: what changing and removing one does to its entities."""

from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
from pytest_homeassistant_custom_component.common import MockConfigEntry

from .common import call_action
from .gateways import Gateway


def get_mum(entry: MockConfigEntry) -> ConfigSubentry:
    """Return the recipient of the account."""
    (subentry,) = entry.subentries.values()
    return subentry


async def change(hass: HomeAssistant, entry: MockConfigEntry, *, name: str = "Mum", **changes: object) -> None:
    """Change the recipient of the account."""
    subentry = get_mum(entry)
    hass.config_entries.async_update_subentry(entry, subentry, title=name, data={**subentry.data, **changes})
    await hass.async_block_till_done()


async def test_other_name_and_numbers(hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry) -> None:
    """Another name or number keeps the entities with their ids and their history, and goes to the device."""
    await call_action(hass, "send_sms", message="Hello", entity_id="notify.mum_sms")
    states = {state.entity_id: state.state for state in hass.states.async_all()}
    entities = {entity.entity_id: entity.id for entity in er.async_get(hass).entities.values()}
    await change(hass, entry, name="Mother", numbers=["32471234568"], language="fr")
    assert {entity.entity_id: entity.id for entity in er.async_get(hass).entities.values()} == entities
    assert {state.entity_id: state.state for state in hass.states.async_all()} == states
    devices = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    assert {device.name for device in devices} == {"SMSBOX", "Mother"}
    await call_action(hass, "send_message", domain="notify", message="Hello", entity_id="notify.mum_sms")
    assert gateway.sent[-1]["numbers"] == "32471234568"


async def test_other_channels_and_removal(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """A new channel adds an entity, a lost one removes its entity, and nothing is left of a removed recipient."""
    registry = er.async_get(hass)
    for channels, entities in (
        (["voice", "sms"], {"notify.mum_voice_call", "notify.mum_sms"}),
        (["tts"], {"notify.mum_text_to_speech"}),
    ):
        await change(hass, entry, channels=channels)
        assert {entity.entity_id for entity in registry.entities.values() if entity.domain == "notify"} == entities
        assert set(hass.states.async_entity_ids("notify")) == entities

    hass.config_entries.async_remove_subentry(entry, get_mum(entry).subentry_id)
    await hass.async_block_till_done()
    left = er.async_entries_for_config_entry(registry, entry.entry_id)
    assert {entity.config_subentry_id for entity in left} == {None}
    assert len(dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)) == 1
    assert not [state for state in hass.states.async_all() if ".mum_" in state.entity_id]

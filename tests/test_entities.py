"""All devices and entities of an account, and what belongs to which."""

from homeassistant.config_entries import ConfigSubentryDataWithId
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.json import json_dumps
from homeassistant.util.json import JsonValueType, json_loads
import pytest
from syrupy.assertion import SnapshotAssertion

from .common import account_entry, recipient_data
from .gateways import Gateway

ENTRY_ID = "account"
# Only what we decide: the registries' own fields change with Home Assistant.
ENTITY_FIELDS = (
    "unique_id",
    "translation_key",
    "original_name",
    "entity_category",
    "original_device_class",
    "supported_features",
    "unit_of_measurement",
    "capabilities",
    "config_subentry_id",
    "disabled_by",
    "options",
)
DEVICE_FIELDS = ("identifiers", "name", "manufacturer", "model", "entry_type", "config_subentry_id")


def plain(obj: object, fields: tuple[str, ...]) -> JsonValueType:
    """Return some fields as they go to the frontend."""
    return json_loads(json_dumps({field: getattr(obj, field) for field in fields}))


async def set_up(hass: HomeAssistant, language: str = "en") -> None:
    """Set up an account with a recipient that has all channels."""
    hass.config.language = language
    await hass.config.async_update(external_url="https://example.org")
    mum = ConfigSubentryDataWithId(**recipient_data(channels=["sms", "tts", "voice"]), subentry_id="mum")
    entry = account_entry(mum, entry_id=ENTRY_ID)
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(ENTRY_ID)
    await hass.async_block_till_done(wait_background_tasks=True)


async def test_entities_match_the_snapshot(hass: HomeAssistant, gateway: Gateway, snapshot: SnapshotAssertion) -> None:
    """Every entity has the expected state and registry entry."""
    await set_up(hass)
    registry = er.async_get(hass)
    entities = sorted(er.async_entries_for_config_entry(registry, ENTRY_ID), key=lambda entity: entity.entity_id)
    assert [entity.entity_id for entity in entities] == snapshot(name="entities")
    for entity in entities:
        assert plain(entity, ENTITY_FIELDS) == snapshot(name=f"{entity.entity_id}-entry")
        state = hass.states.get(entity.entity_id)
        assert plain(state, ("state", "attributes")) == snapshot(name=f"{entity.entity_id}-state")


async def test_devices_match_the_snapshot(hass: HomeAssistant, gateway: Gateway, snapshot: SnapshotAssertion) -> None:
    """The account is a service, and the recipient is a service below it."""
    await set_up(hass)
    registry = dr.async_get(hass)
    devices = {device.name: device for device in dr.async_entries_for_config_entry(registry, ENTRY_ID)}
    assert set(devices) == {"SMSBOX", "Mum"}
    assert devices["Mum"].via_device_id == devices["SMSBOX"].id
    for name, device in devices.items():
        assert plain(device, DEVICE_FIELDS) == snapshot(name=name)


@pytest.mark.parametrize("language", ["en", "nl", "fr", "de"])
async def test_units_are_not_translated(hass: HomeAssistant, gateway: Gateway, language: str) -> None:
    """The states have the same units in every language; only the frontend translates them."""
    await set_up(hass, language)
    units = {state.attributes.get("unit_of_measurement") for state in hass.states.async_all("sensor")}
    assert units == {"credits", "messages"}

"""The triggers that the automation editor offers for recipients."""

from homeassistant.components.automation import DOMAIN as AUTOMATION_DOMAIN
from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.helpers import device_registry as dr, trigger as trigger_helper
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_mock_service

from custom_components.smsbox.const import DOMAIN

from .common import get_state, send
from .conftest import Report
from .gateways import FIRST_MSGID, Gateway


@pytest.fixture
async def calls(hass: HomeAssistant, entry: MockConfigEntry) -> list[ServiceCall]:
    """Set up an automation for each trigger, with the recipient's device as its target."""
    subentry_id = next(iter(entry.subentries))
    device = dr.async_get(hass).async_get_device_by_identifier((DOMAIN, subentry_id), entry.entry_id)
    assert device is not None
    calls: list[ServiceCall] = async_mock_service(hass, "test", "called")
    automations = [
        {
            "alias": trigger,
            "triggers": [{"trigger": trigger, "target": {"device_id": device.id}}],
            "actions": [
                {
                    "action": "test.called",
                    "data": {"trigger": trigger, "to": "{{ trigger.to_state.attributes.event_type }}"},
                }
            ],
        }
        for trigger in ("smsbox.message_delivered", "smsbox.message_failed")
    ]
    assert await async_setup_component(hass, AUTOMATION_DOMAIN, {AUTOMATION_DOMAIN: automations})
    await hass.async_block_till_done()
    return calls


@pytest.mark.parametrize(
    ("code", "trigger", "status"),
    [
        (11, "smsbox.message_delivered", "delivered"),
        (13, "smsbox.message_failed", "undelivered"),
        (14, "smsbox.message_failed", "expired"),
        (15, "smsbox.message_failed", "rejected"),
        (20, "smsbox.message_failed", "blacklisted"),
        (1, "smsbox.message_failed", "error"),
        (10, None, None),
        (12, None, None),
        (16, None, None),
    ],
)
async def test_triggers_follow_the_final_status(
    hass: HomeAssistant,
    gateway: Gateway,
    calls: list[ServiceCall],
    report: Report,
    code: int,
    trigger: str | None,
    status: str | None,
) -> None:
    """Each trigger fires once for its statuses and for no other."""
    await send(hass)
    await report(FIRST_MSGID, code)
    assert [(call.data["trigger"], call.data["to"]) for call in calls] == ([(trigger, status)] if trigger else [])


async def test_reload_does_not_trigger(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    calls: list[ServiceCall],
    report: Report,
) -> None:
    """After a reload the entity's last report does not fire the trigger again."""
    await send(hass)
    await report(FIRST_MSGID, 11)
    assert await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    assert get_state(hass, "event.mum_delivery_report").attributes["event_type"] == "delivered"
    assert len(calls) == 1


async def test_other_integrations_events_do_not_trigger(hass: HomeAssistant, calls: list[ServiceCall]) -> None:
    """An event entity of another integration with the same event type does not fire the trigger."""
    assert await async_setup_component(
        hass,
        AUTOMATION_DOMAIN,
        {
            AUTOMATION_DOMAIN: {
                "triggers": [{"trigger": "smsbox.message_delivered", "target": {"entity_id": "event.foreign"}}],
                "actions": [{"action": "test.called"}],
            }
        },
    )
    hass.states.async_set("event.foreign", "2026-01-01T00:00:00+00:00", {"event_type": "sent"})
    await hass.async_block_till_done()
    hass.states.async_set("event.foreign", "2026-01-01T00:00:01+00:00", {"event_type": "delivered"})
    await hass.async_block_till_done()
    assert not calls


async def test_editor_offers_the_triggers(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Both triggers are described, with our event entities as their target."""
    await async_setup_component(hass, AUTOMATION_DOMAIN, {})
    descriptions = await trigger_helper.async_get_all_descriptions(hass)
    for name in ("smsbox.message_delivered", "smsbox.message_failed"):
        description = descriptions[name]
        assert description is not None
        assert description["target"]["entity"] == [{"domain": ["event"], "integration": DOMAIN}]

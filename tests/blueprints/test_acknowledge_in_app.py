"""The blueprint `acknowledge_in_app`: a notification with a button beside a plan."""

from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.helpers import device_registry as dr
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_mock_service

from tests.common import call_action, get_state
from tests.gateways import Gateway
from tests.plans import add_plan, start

from .conftest import automate

TAG = "smsbox_sensor.cellar_status"


@pytest.fixture
async def shown(hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry) -> list[ServiceCall]:
    """Have the plan, a phone and the automation; return what the phone shows."""
    await add_plan(hass, entry)
    app = MockConfigEntry(domain="mobile_app")
    app.add_to_hass(hass)
    phone = dr.async_get(hass).async_get_or_create(
        config_entry_id=app.entry_id, identifiers={("mobile_app", "phone")}, name="Dad's phone"
    )
    await automate(
        hass, "acknowledge_in_app", plan="notify.cellar", status="sensor.cellar_status", phone=phone.id, by="Dad"
    )
    return async_mock_service(hass, "notify", "mobile_app_dad_s_phone")


async def test_button_acknowledges(hass: HomeAssistant, shown: list[ServiceCall]) -> None:
    """The phone shows the alert once, each new cause again, and nothing once it is taken by its button."""
    await start(hass, "There is water in the cellar.", "Water")
    await start(hass, "It is off.", "Pump")
    await call_action(hass, "send_alert", entity_id="notify.cellar", title="Pump", message="It is off.")
    await hass.async_block_till_done()
    first, second = [call.data for call in shown]
    button = {"action": TAG, "title": "I take care of it"}
    assert first == {
        "title": "Cellar",
        "message": "Water: There is water in the cellar.",
        "data": {"tag": TAG, "actions": [button]},
    }
    assert second["message"] == "Water: There is water in the cellar.\nPump: It is off."
    hass.bus.async_fire("mobile_app_notification_action", {"action": "smsbox_sensor.attic_status"})
    await hass.async_block_till_done()
    assert get_state(hass, "sensor.cellar_status").state == "notifying"
    hass.bus.async_fire("mobile_app_notification_action", {"action": TAG})
    await hass.async_block_till_done()
    status = get_state(hass, "sensor.cellar_status")
    assert (status.state, status.attributes["acknowledged_by"]) == ("acknowledged", "Dad")
    assert [call.data for call in shown[2:]] == [{"message": "clear_notification", "data": {"tag": TAG}}]


async def test_over(hass: HomeAssistant, shown: list[ServiceCall]) -> None:
    """What is over is no longer shown; nothing is cleared twice."""
    await start(hass)
    await call_action(hass, "acknowledge_alert")
    await call_action(hass, "resolve_alert", entity_id="notify.cellar")
    await hass.async_block_till_done()
    assert [call.data["message"] for call in shown][1:] == ["clear_notification"]

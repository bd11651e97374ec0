"""Fixtures of the blueprints' tests: the blueprints in a configuration, and automations from them."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from homeassistant.components.automation import DOMAIN as AUTOMATION_DOMAIN
from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import (
    async_mock_service,
)

BLUEPRINTS = Path("blueprints").resolve()
MORNING = datetime(2026, 10, 5, 8, 59, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _configuration(hass: HomeAssistant, tmp_path: Path) -> None:
    """Have our blueprints in the configuration, and a clock that shows UTC."""
    hass.config.config_dir = str(tmp_path)
    (tmp_path / "blueprints").symlink_to(BLUEPRINTS)


@pytest.fixture
def told(hass: HomeAssistant) -> list[ServiceCall]:
    """Return the calls of the actions that a user puts into a blueprint."""
    return async_mock_service(hass, "test", "tell")


def tell(**data: str) -> list[dict[str, Any]]:
    """Return a user's actions."""
    return [{"action": "test.tell", "data": data}]


async def automate(hass: HomeAssistant, blueprint: str, **inputs: Any) -> None:
    """Add an automation from a blueprint, which has to be valid."""
    config = {"alias": "Test", "use_blueprint": {"path": f"smsbox/{blueprint}.yaml", "input": inputs}}
    assert await async_setup_component(hass, AUTOMATION_DOMAIN, {AUTOMATION_DOMAIN: config})
    await hass.async_block_till_done()
    automation = hass.states.get("automation.test")
    assert automation is not None
    assert automation.state == "on"

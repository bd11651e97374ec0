"""What the blueprints say of themselves."""

from pathlib import Path

from homeassistant.components.automation.config import AUTOMATION_BLUEPRINT_SCHEMA
from homeassistant.components.blueprint import Blueprint
from homeassistant.util.yaml import load_yaml_dict
import pytest

from .conftest import BLUEPRINTS

PATHS = sorted(BLUEPRINTS.glob("automation/smsbox/*.yaml"))
HACS = load_yaml_dict("hacs.json")


@pytest.mark.parametrize("path", PATHS, ids=lambda path: str(path.stem))
def test_inputs_are_explained(path: Path) -> None:
    """Each input is described and has a selector, and the blueprint names its source and the oldest Home Assistant."""
    blueprint = Blueprint(load_yaml_dict(str(path)), expected_domain="automation", schema=AUTOMATION_BLUEPRINT_SCHEMA)
    metadata = blueprint.metadata
    assert metadata["description"]
    assert metadata["source_url"].endswith(f"/ha-smsbox/ha-smsbox/blob/main/{path.relative_to(BLUEPRINTS.parent)}")
    assert metadata["homeassistant"]["min_version"] == HACS["homeassistant"]
    for definition in blueprint.inputs.values():
        assert definition["name"]
        assert definition["description"]
        assert definition["selector"]

"""What hassfest, which is not a package, demands of the manifest of a custom integration."""

import ast
from collections.abc import Iterator
import json
from pathlib import Path
import re
from typing import Any

from awesomeversion import AwesomeVersion, AwesomeVersionStrategy
from homeassistant.const import Platform
from homeassistant.helpers import config_validation as cv
from homeassistant.loader import Manifest
import pytest

INTEGRATION = Path("custom_components/smsbox")
MANIFEST: dict[str, Any] = json.loads((INTEGRATION / "manifest.json").read_text())

# What the loader adds by itself is not for a manifest.
KNOWN = set(Manifest.__annotations__) - {"is_built_in", "overwrites_built_in"}
REQUIRED = {
    "domain",
    "name",
    "codeowners",
    "config_flow",
    "documentation",
    "integration_type",
    "iot_class",
    "issue_tracker",
    "requirements",
    "version",
}

# What hassfest lets an integration import without naming it, besides the platforms.
IMPORTABLE = set(Platform) | {
    "alert",
    "automation",
    "conversation",
    "default_config",
    "device_automation",
    "frontend",
    "group",
    "homeassistant",
    "input_boolean",
    "input_button",
    "input_datetime",
    "input_number",
    "input_select",
    "input_text",
    "media_source",
    "mjpeg",
    "onboarding",
    "panel_custom",
    "persistent_notification",
    "person",
    "script",
    "shopping_list",
    "stream",
    "sun",
    "system_health",
    "system_log",
    "timer",
    "webhook",
    "websocket_api",
    "zone",
}


def test_keys() -> None:
    """Only known keys: domain, name, then the others by the alphabet."""
    assert set(MANIFEST) <= KNOWN
    assert set(MANIFEST) >= REQUIRED
    assert list(MANIFEST) == ["domain", "name", *sorted(set(MANIFEST) - {"domain", "name"})]


def test_values() -> None:
    """What the keys say is what Home Assistant reads."""
    assert MANIFEST["domain"] == INTEGRATION.name
    assert MANIFEST["config_flow"] is True
    assert MANIFEST["integration_type"] == "service"
    assert MANIFEST["iot_class"] == "cloud_push"
    assert MANIFEST["quality_scale"] in {"bronze", "silver", "gold", "platinum"}
    assert AwesomeVersion(MANIFEST["version"]).strategy is AwesomeVersionStrategy.SEMVER
    assert MANIFEST["codeowners"]
    assert all(owner.startswith("@") for owner in MANIFEST["codeowners"])
    assert MANIFEST["loggers"] == ["custom_components.smsbox"]


@pytest.mark.parametrize("key", ["documentation", "issue_tracker"])
def test_addresses(key: str) -> None:
    """Both addresses lead to this project, not to the documentation of Home Assistant."""
    assert cv.url(MANIFEST[key]).startswith("https://github.com/ha-smsbox/ha-smsbox")


def test_requirements_are_pinned_and_tested() -> None:
    """Each requirement has one version, the one that the tests run with."""
    tested = Path("requirements_test.txt").read_text().splitlines()
    for requirement in MANIFEST["requirements"]:
        assert re.fullmatch(r"[\w-]+==[\d.]+", requirement)
        assert requirement in tested


def imported() -> Iterator[tuple[str, str]]:
    """Yield the name of a file and of each integration of Home Assistant that it imports."""
    for file in INTEGRATION.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                modules = [name.name for name in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module:
                modules = [f"{node.module}.{name.name}" for name in node.names]
            else:
                continue
            for module in modules:
                if module.startswith("homeassistant.components."):
                    yield file.stem, module.split(".")[2]


def test_dependencies_cover_imports() -> None:
    """Every integration that the code imports is a dependency, importable anyhow, or the platform that the file is."""
    named = {*MANIFEST["dependencies"], *MANIFEST["after_dependencies"]}
    imports = set(imported())
    assert {component for _, component in imports} >= {"cloud", "webhook"}
    for file, component in imports:
        assert component in named | IMPORTABLE | {file}, f"{file}.py imports {component}"

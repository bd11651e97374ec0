"""What hassfest, which is not a package, demands of translations, icons, triggers and the quality scale."""

import json
from pathlib import Path
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.util.yaml import load_yaml_dict
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.smsbox.config_flow import RecipientFlow, SmsboxConfigFlow, SmsboxOptionsFlow

from .conftest import recipient_data

INTEGRATION = Path("custom_components/smsbox")
STRINGS: dict[str, Any] = json.loads((INTEGRATION / "translations/en.json").read_text())
ICONS: dict[str, Any] = json.loads((INTEGRATION / "icons.json").read_text())

# Bronze, silver, gold and platinum.
RULES = """
action-setup appropriate-polling brands common-modules config-flow config-flow-test-coverage dependency-transparency
docs-actions docs-conditions docs-high-level-description docs-installation-instructions docs-removal-instructions
docs-triggers entity-event-setup entity-unique-id has-entity-name runtime-data test-before-configure test-before-setup
unique-config-entry
action-exceptions config-entry-unloading docs-configuration-parameters docs-installation-parameters entity-unavailable
integration-owner log-when-unavailable parallel-updates reauthentication-flow test-coverage
devices diagnostics discovery discovery-update-info docs-data-update docs-examples docs-known-limitations
docs-supported-devices docs-supported-functions docs-troubleshooting docs-use-cases dynamic-devices entity-category
entity-device-class entity-disabled-by-default entity-translations exception-translations icon-translations
reconfiguration-flow repair-issues stale-devices
async-dependency inject-websession strict-typing
""".split()  # noqa: SIM905 - easier to read than fifty quoted words


def test_quality_scale_has_every_rule() -> None:
    """Each rule is done, or exempt with a reason."""
    rules = load_yaml_dict(str(INTEGRATION / "quality_scale.yaml"))["rules"]
    assert sorted(rules) == sorted(RULES)
    for rule, status in rules.items():
        assert status == "done" or (status["status"] == "exempt" and len(status["comment"]) > 20), rule


def test_only_known_sections() -> None:
    """Translations and icons hold the sections that Home Assistant reads."""
    assert set(STRINGS) == {
        "config",
        "config_subentries",
        "options",
        "entity",
        "services",
        "selector",
        "exceptions",
        "issues",
        "system_health",
        "triggers",
    }
    assert set(ICONS) == {"entity", "services", "triggers"}


@pytest.mark.parametrize(
    ("flow", "strings"),
    [
        (SmsboxConfigFlow, STRINGS["config"]),
        (SmsboxOptionsFlow, STRINGS["options"]),
        (RecipientFlow, STRINGS["config_subentries"]["recipient"]),
    ],
)
def test_steps_have_texts(flow: type, strings: dict[str, Any]) -> None:
    """Each step that shows a form has a title, and each of its fields a name and a description."""
    steps = {name.removeprefix("async_step_") for name in vars(flow) if name.startswith("async_step_")} - {"reauth"}
    assert steps == set(strings["step"])
    for step in strings["step"].values():
        assert step["title"]
        assert set(step["data"]) == set(step["data_description"])


@pytest.fixture
def recipients() -> list[Any]:
    """Have a recipient with every channel."""
    return [recipient_data(channels=["sms", "tts", "voice"])]


async def test_entities_have_names_and_icons(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Each entity has a translated name, and an icon unless its device class has one; no text is left over."""
    keys = {
        (entity.domain, entity.translation_key, entity.original_device_class)
        for entity in er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    }
    named = {(domain, key) for domain, entities in STRINGS["entity"].items() for key in entities}
    with_icon = {(domain, key) for domain, entities in ICONS["entity"].items() for key in entities}
    assert {(domain, key) for domain, key, _ in keys} == named
    assert {(domain, key) for domain, key, device_class in keys if device_class is None} == with_icon


def test_actions_and_triggers_have_texts_and_icons() -> None:
    """Each action, field, section and trigger has a name, a description and an icon; no text is left over."""
    actions = load_yaml_dict(str(INTEGRATION / "services.yaml"))
    actions = {name: action for name, action in actions.items() if not name.startswith(".")}
    assert set(actions) == set(STRINGS["services"]) == set(ICONS["services"])
    for name, action in actions.items():
        texts = STRINGS["services"][name]
        sections = {key: field for key, field in action["fields"].items() if "fields" in field}
        fields = {key for key in action["fields"] if key not in sections}
        for section in sections.values():
            fields |= set(section["fields"])
        assert fields == set(texts["fields"])
        assert set(sections) == set(texts.get("sections", {})) == set(ICONS["services"][name].get("sections", {}))
        for text in (texts, *texts["fields"].values()):
            assert text["name"]
            assert text["description"].endswith(".")
    described = load_yaml_dict(str(INTEGRATION / "triggers.yaml"))
    triggers = {name for name in described if not name.startswith(".")}
    assert triggers == set(STRINGS["triggers"]) == set(ICONS["triggers"])

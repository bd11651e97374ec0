"""What hassfest demands of Home Assistant's own integrations only, and what no check of others demands."""

from collections.abc import Iterator
import json
from pathlib import Path
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.util.yaml import load_yaml_dict
import pytest

from .gateways import Gateway
from .plans import recipient, set_up_plans

INTEGRATION = Path("custom_components/smsbox")
STRINGS: dict[str, Any] = json.loads((INTEGRATION / "translations/en.json").read_text())
ICONS: dict[str, Any] = json.loads((INTEGRATION / "icons.json").read_text())
ACTIONS: dict[str, Any] = load_yaml_dict(str(INTEGRATION / "services.yaml"))
TRIGGERS: dict[str, Any] = load_yaml_dict(str(INTEGRATION / "triggers.yaml"))

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


@pytest.mark.parametrize("flow", ["config", "options", *STRINGS["config_subentries"]])
def test_steps_have_texts(flow: str) -> None:
    """Each step has a title, and each of its fields a name and a description."""
    strings = STRINGS[flow] if flow in STRINGS else STRINGS["config_subentries"][flow]
    for step in strings["step"].values():
        assert step["title"]
        for fields in (step, *step.get("sections", {}).values()):
            assert set(fields.get("data", {})) == set(fields.get("data_description", {}))


async def test_entities_have_names_and_icons(hass: HomeAssistant, gateway: Gateway) -> None:
    """Each entity has a translated name, and an icon unless its device class has one; no text is left over."""
    entry = await set_up_plans(hass, recipients=[recipient("Mum", channels=["sms", "tts", "voice"]), recipient("Dad")])
    keys = {
        (entity.domain, entity.translation_key, entity.original_device_class)
        for entity in er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    }
    named = {(domain, key) for domain, entities in STRINGS["entity"].items() for key in entities}
    with_icon = {(domain, key) for domain, entities in ICONS["entity"].items() for key in entities}
    assert {(domain, key) for domain, key, _ in keys} == named
    assert {(domain, key) for domain, key, device_class in keys if device_class in {None, "enum"}} == with_icon


def fields_of(action: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the fields of an action with their names, those in sections too."""
    for name, field in action.get("fields", {}).items():
        yield from field["fields"].items() if "fields" in field else [(name, field)]


@pytest.mark.parametrize("name", ACTIONS)
def test_actions_have_texts_and_icons(name: str) -> None:
    """Each action, field, section and option has its texts, and the action and its sections an icon; no more."""
    action, texts, icons = ACTIONS[name], STRINGS["services"][name], ICONS["services"][name]
    sections = {key for key, field in action["fields"].items() if "fields" in field}
    assert {key for key, _ in fields_of(action)} == set(texts["fields"])
    assert sections == set(texts.get("sections", {})) == set(icons.get("sections", {}))
    for text in (texts, *texts["fields"].values()):
        assert text["name"]
        assert text["description"].endswith(".")
    for key, field in fields_of(action):
        if select := field["selector"].get("select"):
            assert set(select["options"]) == set(STRINGS["selector"][select["translation_key"]]["options"]), key


def test_triggers_have_texts_and_icons() -> None:
    """Each trigger has a name, a description and an icon."""
    triggers = {name for name in TRIGGERS if not name.startswith(".")}
    assert triggers == set(STRINGS["triggers"]) == set(ICONS["triggers"])
    for text in STRINGS["triggers"].values():
        assert text["name"]
        assert text["description"].endswith(".")


def test_no_action_is_left_over() -> None:
    """Texts and icons belong to actions that there are."""
    assert set(ACTIONS) == set(STRINGS["services"]) == set(ICONS["services"])


def test_requirements_are_pinned_to_what_the_tests_use() -> None:
    """Each requirement has the version that the tests run with."""
    requirements = json.loads((INTEGRATION / "manifest.json").read_text())["requirements"]
    assert set(requirements) <= set(Path("requirements_test.txt").read_text().splitlines())
    assert all("==" in requirement for requirement in requirements)

"""What hassfest, which is not a package, demands of translations, icons, triggers and the quality scale."""

from collections.abc import Iterator
from itertools import chain
import json
from pathlib import Path
import re
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers import config_validation as cv, entity_registry as er
from homeassistant.helpers.selector import TargetSelector, validate_selector
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


ACTIONS: dict[str, Any] = load_yaml_dict(str(INTEGRATION / "services.yaml"))
TRIGGERS: dict[str, Any] = {
    name: trigger for name, trigger in load_yaml_dict(str(INTEGRATION / "triggers.yaml")).items() if name[0] != "."
}


def fields_of(action: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the fields of an action with their names, those in sections too."""
    for name, field in action["fields"].items():
        yield from field["fields"].items() if "fields" in field else [(name, field)]


@pytest.mark.parametrize("name", ACTIONS)
def test_action_is_described(name: str) -> None:
    """Each action is a slug (hassfest takes no dotted keys from us), with a valid target and selectors."""
    action = ACTIONS[name]
    cv.slug(name)
    assert set(action) <= {"target", "fields"}
    if "target" in action:
        TargetSelector(action["target"])
    fields = list(fields_of(action))
    assert len(fields) == len(dict(fields)), "a field stands twice"
    for key, field in fields:
        assert set(field) <= {"required", "example", "default", "selector"}, key
        assert None not in field.values(), key
        ((kind, selector),) = validate_selector(field["selector"]).items()
        if kind == "select":
            assert set(selector["options"]) == set(STRINGS["selector"][selector["translation_key"]]["options"]), key


def test_actions_have_texts_and_icons() -> None:
    """Each action, field and section has a name, a description and an icon; no text is left over."""
    assert set(ACTIONS) == set(STRINGS["services"]) == set(ICONS["services"])
    for name, action in ACTIONS.items():
        texts, icons = STRINGS["services"][name], ICONS["services"][name]
        sections = {key for key, field in action["fields"].items() if "fields" in field}
        assert {key for key, _ in fields_of(action)} == set(texts["fields"])
        assert sections == set(texts.get("sections", {})) == set(icons.get("sections", {}))
        for text in (texts, *texts["fields"].values()):
            assert text["name"]
            assert text["description"].endswith(".")
        for icon in (icons["service"], *icons.get("sections", {}).values()):
            assert icon.startswith("mdi:")


def test_triggers_have_texts_and_icons() -> None:
    """Each trigger has a valid target, a name, a description and an icon; no text is left over."""
    assert set(TRIGGERS) == set(STRINGS["triggers"]) == set(ICONS["triggers"])
    for name, trigger in TRIGGERS.items():
        TargetSelector(trigger["target"])
        assert STRINGS["triggers"][name]["name"]
        assert STRINGS["triggers"][name]["description"].endswith(".")
        assert ICONS["triggers"][name]["trigger"].startswith("mdi:")


def test_issues_and_recipients_have_texts() -> None:
    """Each issue has a title and either a description or steps that repair it; subentries say how they are begun."""
    for issue in STRINGS["issues"].values():
        assert issue["title"]
        assert ("description" in issue) != ("fix_flow" in issue)
    for subentry in STRINGS["config_subentries"].values():
        assert subentry["entry_type"]
        assert set(subentry["initiate_flow"]) == {"user", "reconfigure"}


def test_entity_icons_are_drawn() -> None:
    """Icons are Material Design Icons, and no state repeats the icon that the entity has anyhow."""
    for icon in chain.from_iterable(entities.values() for entities in ICONS["entity"].values()):
        assert icon["default"].startswith("mdi:")
        assert icon["default"] not in icon.get("state", {}).values()


@pytest.mark.parametrize("language", ["en", "nl", "fr", "de"])
def test_placeholders_are_not_quoted(language: str) -> None:
    """No placeholder stands in single quotes, which would keep it from being filled."""
    assert not re.search(r"'\{\w+\}'", (INTEGRATION / f"translations/{language}.json").read_text())

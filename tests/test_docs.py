"""What README and docs show works: every YAML block, entity, action and trigger."""

from collections.abc import Iterator
from contextlib import nullcontext
from itertools import pairwise
from pathlib import Path
import re
from typing import Any

from homeassistant.auth import auth_manager_from_config
from homeassistant.components.notify import DOMAIN as NOTIFY_DOMAIN
from homeassistant.components.recorder import CONFIG_SCHEMA as RECORDER_SCHEMA
from homeassistant.config_entries import ConfigSubentryData
from homeassistant.core import HomeAssistant
from homeassistant.core_config import CORE_CONFIG_SCHEMA
from homeassistant.helpers import condition, config_validation as cv, entity_registry as er
from homeassistant.helpers.script import Script, async_validate_actions_config
from homeassistant.helpers.service import async_get_cached_service_description
from homeassistant.setup import async_setup_component
from homeassistant.util.yaml import parse_yaml
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_mock_service
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.smsbox.const import DOMAIN

from .common import account_entry, post_report, recipient_data
from .gateways import FIRST_MSGID, Gateway
from .pages import ACTIONS, DOCS, README, SERVICES, TEXT, TRANSLATIONS, rows
from .plans import add_plan, alert_event


def blocks_of(path: Path) -> list[Any]:
    """Return the YAML blocks of a page."""
    return [parse_yaml(block) for block in re.findall(r"^```yaml\n(.*?)^```", DOCS[path], re.DOTALL | re.MULTILINE)]


BLOCKS = [block for path in DOCS for block in blocks_of(path)]
CONFIGURATION = [block for block in BLOCKS if set(block) & {"alert", "automation", "script"}]
ACTION_BLOCKS = [block for block in BLOCKS if "action" in block]
GROUPS = [block for block in BLOCKS if NOTIFY_DOMAIN in block]
SILENT = {f"{DOMAIN}.{action}" for action in ("preview_sms", "acknowledge_alert", "resolve_alert")}
RESPONSES = [
    (action, response)
    for path in DOCS
    for action, response in pairwise(blocks_of(path))
    if "response_variable" in action and not {"action", "triggers"} & set(response)
]


def name(block: Any) -> str:
    """Return the name of a block in the list of tests."""
    return str(block.get("action", next(iter(block)))) if isinstance(block, dict) else ""


def actions_in(block: Any) -> Iterator[dict[str, Any]]:
    """Yield the actions inside a block, however deep."""
    if isinstance(block, dict):
        if "action" in block:
            yield block
        block = list(block.values())
    if isinstance(block, list):
        for item in block:
            yield from actions_in(item)


@pytest.fixture
def recipients() -> list[ConfigSubentryData]:
    """Return the recipients in the examples."""
    return [
        recipient_data(channels=["sms", "tts", "voice"]),
        recipient_data("Dad", numbers=["32470112233"]),
    ]


@pytest.fixture
async def entry(hass: HomeAssistant, entry: MockConfigEntry) -> MockConfigEntry:
    """Have the plan in the examples too."""
    await add_plan(hass, entry)
    return entry


async def run(hass: HomeAssistant, client: ClientSessionGenerator, action: Any) -> dict[str, Any]:
    """Run an action as a script would, and return the variables that it sets."""
    hass.states.async_set("input_text.code", "123456")
    if "wait_for_report" in action["data"]:
        await post_report(hass, await client(), FIRST_MSGID, 11)
    sequence = await async_validate_actions_config(hass, cv.SCRIPT_SCHEMA([action]))
    result = await Script(hass, sequence, "docs", "test").async_run()
    assert result is not None
    return dict(result.variables)


@pytest.mark.parametrize("action", ACTION_BLOCKS, ids=name)
async def test_action_runs(
    hass: HomeAssistant,
    gateway: Gateway,
    entry: MockConfigEntry,
    hass_client_no_auth: ClientSessionGenerator,
    action: dict[str, Any],
) -> None:
    """Each action runs, and sends a request to the gateway if it sends or asks for something."""
    to_plan = re.search(r"notify\.(smsbox_)?cellar\b", str(action)) and action["action"] not in SILENT
    async with alert_event(hass, "told") if to_plan else nullcontext():
        await run(hass, hass_client_no_auth, action)
    await hass.async_block_till_done()
    requests = [request for request in gateway.requests if request.path != "balance"]
    assert bool(requests) is (action["action"] not in SILENT)


@pytest.mark.parametrize(("action", "response"), RESPONSES, ids=name)
async def test_response_is_the_real_one(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    hass_client_no_auth: ClientSessionGenerator,
    action: dict[str, Any],
    response: dict[str, Any],
) -> None:
    """Each response that is shown is the one that the action gives."""
    actual = (await run(hass, hass_client_no_auth, action))[action["response_variable"]]
    for alert, shown in zip(actual.get("alerts", ()), response.get("alerts", ()), strict=True):
        alert["alert_id"] = shown["alert_id"]
    assert actual == response


def test_all_responses_are_shown() -> None:
    """Every action has an example and its response."""
    assert [action["action"] for action, _ in RESPONSES] == [f"{DOMAIN}.{action}" for action in SERVICES]


@pytest.mark.parametrize("configuration", CONFIGURATION, ids=name)
async def test_configuration_loads(
    hass: HomeAssistant, entry: MockConfigEntry, caplog: pytest.LogCaptureFixture, configuration: dict[str, Any]
) -> None:
    """Each piece of configuration is valid, loads without a warning, and gives our actions fields that they have."""
    caplog.clear()
    for domain in configuration:
        assert await async_setup_component(hass, domain, configuration)
    await hass.async_block_till_done()
    ours = ("homeassistant.components.", f"custom_components.{DOMAIN}")
    warnings = [record for record in caplog.records if record.levelname in {"WARNING", "ERROR"}]
    assert not [record.getMessage() for record in warnings if record.name.startswith(ours)]
    assert all(state.state == "on" for state in hass.states.async_all("automation"))
    for action in actions_in(configuration):
        domain, service = action["action"].split(".")
        if domain in {DOMAIN, NOTIFY_DOMAIN}:
            schema: Any = hass.services.async_services_for_domain(domain)[service].schema
            assert schema({**action["data"], **action.get("target", {})})


async def test_login_codes(hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry) -> None:
    """The module for login codes accepts its configuration, and sends by our action."""
    [configuration] = [block["homeassistant"] for block in BLOCKS if "homeassistant" in block]
    modules = CORE_CONFIG_SCHEMA(configuration)["auth_mfa_modules"]
    hass.auth = await auth_manager_from_config(hass, [], modules)
    module: Any = hass.auth.get_auth_mfa_module("notify")
    assert module.aync_get_available_notify_services() == ["smsbox"]
    await module.async_notify("123456", "smsbox", "0496 12 34 56")
    await hass.async_block_till_done()
    assert [sms["message"] for sms in gateway.sent] == ["Your login code is 123456"]


@pytest.mark.parametrize("configuration", GROUPS, ids=lambda block: str(block[NOTIFY_DOMAIN][0]["name"]))
async def test_notify_group(
    hass: HomeAssistant, gateway: Gateway, recipients: list[ConfigSubentryData], configuration: dict[str, Any]
) -> None:
    """Each group reaches everybody in it."""
    assert await async_setup_component(hass, NOTIFY_DOMAIN, configuration)
    entry = account_entry(*recipients)
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    shown = async_mock_service(hass, NOTIFY_DOMAIN, "persistent_notification")
    [group] = configuration[NOTIFY_DOMAIN]
    await hass.services.async_call(NOTIFY_DOMAIN, group["name"], {"message": "Hello"}, blocking=True)
    numbers = {number for sms in gateway.sent for number in sms["numbers"].split(",")}
    assert numbers == {"32496123456", "32470112233"}
    assert len(shown) == 1


def test_recorder() -> None:
    """The recorder accepts what is shown for it."""
    [configuration] = [block for block in BLOCKS if "recorder" in block]
    assert RECORDER_SCHEMA(configuration)


async def test_statistic_card(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """The card shows an entity that there is."""
    [card] = [block for block in BLOCKS if block.get("type") == "statistic"]
    assert hass.states.get(card["entity"])


async def test_trigger(
    hass: HomeAssistant, entry: MockConfigEntry, hass_client_no_auth: ClientSessionGenerator
) -> None:
    """The trigger that is shown fires."""
    [block] = [block for block in BLOCKS if "triggers" in block]
    calls = async_mock_service(hass, "test", "called")
    automation = {**block, "actions": [{"action": "test.called"}]}
    assert await async_setup_component(hass, "automation", {"automation": automation})
    await hass.services.async_call(
        NOTIFY_DOMAIN, "send_message", {"entity_id": "notify.mum_sms", "message": "Hello"}, blocking=True
    )
    await post_report(hass, await hass_client_no_auth(), FIRST_MSGID, 13)
    assert len(calls) == 1


@pytest.mark.parametrize("block", BLOCKS, ids=name)
def test_every_block_is_tested(block: dict[str, Any]) -> None:
    """No block is of a kind that no test covers."""
    other = {"condition", "homeassistant", "recorder", "triggers"} & set(block) or block.get("type") == "statistic"
    assert block in [*CONFIGURATION, *ACTION_BLOCKS, *GROUPS, *(response for _, response in RESPONSES)] or other


async def test_entities_exist(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Each entity of ours in the docs exists, and the README names all of the account and of Mum."""
    entity = r"\b(?:(?:binary_sensor|button|event|sensor)\.(?:mum|dad|smsbox)|notify\.(?:mum|dad))_\w+"
    ours = {entity.entity_id for entity in er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)}
    assert set(re.findall(entity, TEXT)) <= ours
    of_account_and_mum = {entity_id for entity_id in ours if re.search(r"\.(smsbox|mum)_", entity_id)}
    assert of_account_and_mum <= set(re.findall(entity, DOCS[README]))


async def test_actions_conditions_and_triggers_exist(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Each action, condition and trigger of ours in the docs exists, and the README names all."""
    automations = {f"{DOMAIN}.{name}" for name in (*TRANSLATIONS["conditions"], *TRANSLATIONS["triggers"])}
    actions = {f"{DOMAIN}.{action}" for action in hass.services.async_services_for_domain(DOMAIN)}
    ours = r"(?<![\w./])smsbox\.(?!zip)\w+\b(?!\*)"
    assert set(re.findall(ours, TEXT)) == set(re.findall(ours, DOCS[README])) == actions | automations


async def test_condition(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """The condition that is shown is valid."""
    [block] = [block for block in BLOCKS if "condition" in block]
    assert await condition.async_validate_condition_config(hass, cv.CONDITION_SCHEMA(block))


async def test_notify_actions_exist(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Each notify action of ours in the docs exists."""
    for action in set(re.findall(r"\bnotify\.(smsbox\w*)", TEXT)):
        assert hass.services.has_service(NOTIFY_DOMAIN, action)


async def test_fields_of_notify_are_explained(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Every field of `notify.smsbox` is explained once."""
    description = async_get_cached_service_description(hass, NOTIFY_DOMAIN, DOMAIN)
    assert description is not None
    assert sorted(rows(ACTIONS, "notifysmsbox")) == sorted(description["fields"])

"""What the README shows works: every YAML block, link, entity, action and script in it."""

from functools import cache
from itertools import pairwise
from pathlib import Path
import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

from homeassistant.auth import auth_manager_from_config
from homeassistant.components.notify import DOMAIN as NOTIFY_DOMAIN
from homeassistant.config_entries import ConfigSubentryData
from homeassistant.core import HomeAssistant
from homeassistant.core_config import CORE_CONFIG_SCHEMA
from homeassistant.helpers import config_validation as cv, entity_registry as er
from homeassistant.helpers.script import Script, async_validate_actions_config
from homeassistant.setup import async_setup_component
from homeassistant.util.yaml import parse_yaml
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_mock_service
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.smsbox.const import DOMAIN
from custom_components.smsbox.services import ACTIONS, CLASSIC_SCHEMA

from .conftest import account_entry, recipient_data
from .gateway import Gateway
from .reports import report
from .sends import FIRST_MSGID

README = Path("README.md").read_text()
REPOSITORY = "https://github.com/ha-smsbox/ha-smsbox/"
BLOCKS = [block.removesuffix("```") for block in re.findall(r"```yaml\n(.*?```)", README, re.DOTALL)]
PARSED: list[Any] = [parse_yaml(block) for block in BLOCKS]
CONFIGURATION = [block for block in PARSED if set(block) & {"alert", "automation", "logger", "script"}]
ACTION_BLOCKS = [block for block in PARSED if "action" in block]
ANSWERS = [
    (action, answer)
    for action, answer in pairwise(PARSED)
    if "response_variable" in action and not {"action", "triggers"} & set(answer)
]


def name(block: Any) -> str:
    """Return what to call a block in the list of tests."""
    return str(block.get("action", next(iter(block)))) if isinstance(block, dict) else ""


@cache
def sections() -> dict[str, str]:
    """Return the text below each heading, by its anchor."""
    parts = re.split(r"^#+ (.+)$", re.sub(r"```.*?```", "", README, flags=re.DOTALL), flags=re.MULTILINE)
    return {
        re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-"): text
        for heading, text in zip(parts[1::2], parts[2::2], strict=True)
    }


@pytest.fixture
def recipients() -> list[ConfigSubentryData]:
    """Return those whom the README speaks of."""
    return [
        recipient_data(channels=["sms", "tts", "voice"]),
        recipient_data("Dad", numbers=["32470112233"]),
        recipient_data("Test phone", numbers=["3211111111"]),
    ]


async def run(hass: HomeAssistant, client: ClientSessionGenerator, action: Any) -> dict[str, Any]:
    """Run an action as a script would, and return the variables that it leaves behind."""
    hass.states.async_set("input_text.code", "123456")
    if "wait_for_report" in action["data"]:
        await report(hass, await client(), FIRST_MSGID, 11)
    sequence = await async_validate_actions_config(hass, cv.SCRIPT_SCHEMA([action]))
    result = await Script(hass, sequence, "README", "test").async_run()
    assert result is not None
    return dict(result.variables)


@pytest.mark.parametrize("action", ACTION_BLOCKS, ids=name)
async def test_actions(
    hass: HomeAssistant,
    gateway: Gateway,
    entry: MockConfigEntry,
    hass_client_no_auth: ClientSessionGenerator,
    action: dict[str, Any],
) -> None:
    """Each action can be carried out, and asks the gateway unless it is the preview."""
    await run(hass, hass_client_no_auth, action)
    asked = [request for request in gateway.requests if request.path != "balance"]
    assert bool(asked) is (action["action"] != "smsbox.preview_sms")


@pytest.mark.parametrize(("action", "answer"), ANSWERS, ids=name)
async def test_answers(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    hass_client_no_auth: ClientSessionGenerator,
    action: dict[str, Any],
    answer: dict[str, Any],
) -> None:
    """Each answer is the one that comes."""
    assert (await run(hass, hass_client_no_auth, action))[action["response_variable"]] == answer


def test_all_answers_are_shown() -> None:
    """Every action has an example and its answer."""
    assert [action["action"] for action, _ in ANSWERS] == [f"{DOMAIN}.{action}" for action in ACTIONS]


@pytest.mark.parametrize("configuration", CONFIGURATION, ids=name)
async def test_configuration(
    hass: HomeAssistant, entry: MockConfigEntry, caplog: pytest.LogCaptureFixture, configuration: dict[str, Any]
) -> None:
    """Each piece of configuration is valid and loads without a complaint."""
    caplog.clear()
    for domain in configuration:
        assert await async_setup_component(hass, domain, configuration)
    await hass.async_block_till_done()
    assert not [record.getMessage() for record in caplog.records if record.levelname in {"WARNING", "ERROR"}]
    for automation in hass.states.async_all("automation"):
        assert automation.state == "on"


async def test_login_codes(hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry) -> None:
    """The module for login codes takes its configuration, and sends by our action."""
    [configuration] = [block["homeassistant"] for block in PARSED if "homeassistant" in block]
    modules = CORE_CONFIG_SCHEMA(configuration)["auth_mfa_modules"]
    hass.auth = await auth_manager_from_config(hass, [], modules)
    module: Any = hass.auth.get_auth_mfa_module("notify")
    assert module.aync_get_available_notify_services() == ["smsbox"]
    await module.async_notify("123456", "smsbox", "0496 12 34 56")
    await hass.async_block_till_done()
    assert [sms["message"] for sms in gateway.sent] == ["Your login code is 123456"]


async def test_notify_group(hass: HomeAssistant, gateway: Gateway, recipients: list[ConfigSubentryData]) -> None:
    """The group reaches everybody in it."""
    [configuration] = [block for block in PARSED if NOTIFY_DOMAIN in block]
    assert await async_setup_component(hass, NOTIFY_DOMAIN, configuration)
    entry = account_entry(*recipients)
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    seen = async_mock_service(hass, NOTIFY_DOMAIN, "persistent_notification")
    await hass.services.async_call(NOTIFY_DOMAIN, "family", {"message": "Hello"}, blocking=True)
    assert [sms["numbers"] for sms in gateway.sent] == ["32496123456,32470112233"]
    assert len(seen) == 1


async def test_names(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Each entity of ours that is named exists, and so does each action; all of ours are named."""
    named = set(
        re.findall(r"\b(?:binary_sensor|button|event|notify|sensor)\.(?:mum|dad|test_phone|smsbox_)\w*", README)
    )
    ours = {entity.entity_id for entity in er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)}
    assert named <= ours
    of_account_and_mum = {entity_id for entity_id in ours if re.search(r"\.(smsbox|mum)_", entity_id)}
    assert of_account_and_mum - named == {"sensor.smsbox_messages_delivered", "sensor.smsbox_messages_failed"} - named
    await async_setup_component(hass, "trigger", {})
    actions = {f"{DOMAIN}.{action}" for action in hass.services.async_services_for_domain(DOMAIN)}
    triggers = {f"{DOMAIN}.message_delivered", f"{DOMAIN}.message_failed"}
    assert set(re.findall(r"(?<![\w./])smsbox\.(?!zip)\w+", README)) - triggers == actions - triggers
    assert hass.services.has_service(NOTIFY_DOMAIN, DOMAIN)


@pytest.mark.parametrize(
    ("anchor", "schema"),
    [
        *((f"{DOMAIN}{action}", fields) for action, (_, fields, _) in ACTIONS.items()),
        ("classic-notify", CLASSIC_SCHEMA.schema),
    ],
)
def test_fields(anchor: str, schema: dict[Any, Any]) -> None:
    """Every field of every action is explained."""
    explained = re.findall(r"^\| `(\w+)` \|", sections()[anchor], re.MULTILINE)
    assert len(explained) == len(set(explained))
    assert set(explained) == {str(field) for field in schema} - set(map(str, cv.TARGET_SERVICE_FIELDS)) - {
        "config_entry_id"
    }


def test_links() -> None:
    """Each link to a file, a heading or a blueprint leads somewhere; each heading can be reached from the contents."""
    links = set(re.findall(r"\]\(([^)\s]+)\)", README))
    for link in links:
        url = urlsplit(link)
        if not url.scheme:
            assert not url.path or Path(url.path).exists()
            assert not url.fragment or url.fragment in sections()
        for blueprint in parse_qs(url.query).get("blueprint_url", []):
            assert blueprint.startswith(f"{REPOSITORY}blob/main/")
            assert Path(blueprint.removeprefix(f"{REPOSITORY}blob/main/")).exists()
    for blueprint in Path("blueprints").rglob("*.yaml"):
        assert README.count(f"%2F{blueprint.name})") == 1
    headings = re.findall(r"^## (.+)$", README, re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
    assert {link.removeprefix("#") for link in re.findall(r"\]\((#[^)]+)\)", sections()["contents"])} >= anchors - {
        "contents"
    }


def test_pictures() -> None:
    """Each picture of ours is small and shown once, with words for those who do not see it."""
    shown = re.findall(r"!\[.+\]\((docs/images/.+)\)", README)
    pictures = sorted(Path("docs/images").iterdir())
    assert sorted(shown) == [str(picture) for picture in pictures]
    assert max(picture.stat().st_size for picture in pictures) < 2**16


def test_scripts() -> None:
    """Each script is listed, and what is listed is there."""
    listed = re.findall(r"^\| `scripts/(\w+)` \|", README, re.MULTILINE)
    assert sorted(listed) == sorted(
        path.name for path in Path("scripts").iterdir() if path.is_file() and not path.suffix
    )


@pytest.mark.parametrize("block", PARSED, ids=name)
def test_every_block_is_tested(block: dict[str, Any]) -> None:
    """No block is of a kind that no test knows."""
    shown = [answer for _, answer in ANSWERS]
    other = {"homeassistant", NOTIFY_DOMAIN, "views", "input_select"} & set(block) or block.get("type") == "statistic"
    assert block in [*CONFIGURATION, *ACTION_BLOCKS, *shown] or "triggers" in block or other


async def test_trigger(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    hass_client_no_auth: ClientSessionGenerator,
) -> None:
    """The trigger that is shown fires."""
    [block] = [block for block in PARSED if "triggers" in block]
    calls = async_mock_service(hass, "test", "called")
    automation = {**block, "actions": [{"action": "test.called"}]}
    assert await async_setup_component(hass, "automation", {"automation": automation})
    await hass.services.async_call(
        NOTIFY_DOMAIN, "send_message", {"entity_id": "notify.mum_sms", "message": "Hello"}, blocking=True
    )
    await report(hass, await hass_client_no_auth(), FIRST_MSGID, 13)
    assert len(calls) == 1

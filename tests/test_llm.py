"""The tools for assistants with a language model."""

from collections.abc import AsyncGenerator
from typing import Any

from homeassistant.auth.models import User
from homeassistant.components.homeassistant.exposed_entities import async_expose_entity
from homeassistant.components.llm import async_get_tools
from homeassistant.core import Context, HomeAssistant
from homeassistant.helpers import entity_registry as er, llm
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser

from .common import call_action, get_state, recipient_data, shut_down
from .gateways import Gateway
from .plans import plan, recipient, set_up_plans, step, target

SEND, ACKNOWLEDGE = "smsbox__send_message", "smsbox__acknowledge_alert"


@pytest.fixture
async def entry(hass: HomeAssistant, gateway: Gateway) -> AsyncGenerator[MockConfigEntry]:
    """Set up an account with two plans and two recipients of one name, of whom nobody is exposed."""
    for domain in ("homeassistant", "llm"):
        assert await async_setup_component(hass, domain, {})
    ann = [recipient_data("Ann", numbers=[number]) for number in ("32470112234", "32470112235")]
    ann[1]["unique_id"] = "another ann"
    mum = recipient("Mum", channels=["sms", "voice"])
    dad = recipient("Dad", numbers=["32470112233"], channels=["voice", "sms"])
    plans = [plan(step(target("Mum")), name=name) for name in ("Cellar", "Attic")]
    yield await set_up_plans(hass, *plans, recipients=[mum, dad, *ann])
    await hass.async_block_till_done(wait_background_tasks=True)
    await shut_down(hass)


def expose(hass: HomeAssistant, *entity_ids: str, exposed: bool = True) -> None:
    """Expose entities to Home Assistant's own assistant."""
    for entity_id in entity_ids:
        get_state(hass, entity_id)
        async_expose_entity(hass, "conversation", entity_id, exposed)


async def tools(hass: HomeAssistant, context: Context | None = None, api: str = "assist") -> dict[str, llm.Tool]:
    """Return the tools of ours that an assistant gets."""
    found = await async_get_tools(hass, llm_context(context), api)
    return {tool.name: tool for tool in found.tools if tool.name.startswith("smsbox")}


def llm_context(context: Context | None) -> llm.LLMContext:
    """Return what the assistant knows of who speaks."""
    return llm.LLMContext(platform="test", context=context, language="en", assistant="conversation", device_id=None)


async def use(
    hass: HomeAssistant, name: str, context: Context | None = None, tool: llm.Tool | None = None, **arguments: str
) -> Any:
    """Use a tool and return its result."""
    tool = tool or (await tools(hass))[name]
    return await tool.async_call(hass, llm.ToolInput(tool_name=name, tool_args=arguments), llm_context(context))


async def data_of(hass: HomeAssistant, name: str, *, error: bool = False, **arguments: Any) -> dict[str, Any]:
    """Use a tool and return the data of its result, which has to be an error or none."""
    result = await use(hass, name, **arguments)
    if isinstance(result, dict):
        assert result.pop("success") is not error
        return result
    assert result.error is error
    return dict(result.data)


def choices(tool: llm.Tool, key: str) -> list[str]:
    """Return the names among which an assistant can choose."""
    [names] = [validator.container for marker, validator in tool.parameters.schema.items() if marker == key]
    return list(names)


async def start(hass: HomeAssistant, *plans: str) -> None:
    """Start the alerts of plans."""
    await call_action(hass, "send_alert", entity_id=[f"notify.{plan}" for plan in plans], message="Water")
    await hass.async_block_till_done(wait_background_tasks=True)


@pytest.fixture
def user(hass_read_only_user: MockUser) -> User:
    """Return a user who may control Mum's and the cellar's entity only."""
    hass_read_only_user.mock_policy({"entities": {"entity_ids": {"notify.mum_sms": True, "notify.cellar": True}}})
    return hass_read_only_user


@pytest.mark.usefixtures("entry")
async def test_no_tool_without_an_exposed_entity(hass: HomeAssistant) -> None:
    """Nothing is exposed by default, and then there is no tool; nor is there for anything but Assist."""
    assert not await tools(hass)
    expose(hass, "notify.mum_sms")
    assert list(await tools(hass)) == [SEND]
    expose(hass, "notify.cellar")
    assert list(await tools(hass)) == [SEND, ACKNOWLEDGE]
    assert not await tools(hass, api="other")


@pytest.mark.usefixtures("entry")
async def test_only_exposed_names_can_be_chosen(hass: HomeAssistant) -> None:
    """A recipient is known by name, and each exposed entity by its names; plans are no recipients."""
    er.async_get(hass).async_update_entity("notify.mum_voice_call", aliases=["Mother"])
    expose(hass, "notify.mum_sms", "notify.mum_voice_call", "notify.cellar")
    found = await tools(hass)
    assert choices(found[SEND], "recipient") == ["Mother", "Mum", "Mum SMS"]
    assert choices(found[ACKNOWLEDGE], "plan") == ["Cellar"]


@pytest.mark.usefixtures("entry")
@pytest.mark.parametrize(
    ("exposed", "recipient", "path"),
    [
        (["notify.mum_voice_call", "notify.mum_sms"], "Mum", "sendsms"),
        (["notify.mum_voice_call", "notify.mum_sms"], "Mum Voice call", "voice/send"),
        (["notify.mum_voice_call"], "Mum", "voice/send"),
        (["notify.dad_sms", "notify.dad_voice_call"], "Dad", "voice/send"),
    ],
    ids=["first channel", "named entity", "only exposed channel", "other order"],
)
async def test_message_goes_by_the_first_channel_unless_named(
    hass: HomeAssistant, gateway: Gateway, exposed: list[str], recipient: str, path: str
) -> None:
    """The name of a person stands for the first exposed channel, the name of an entity for that one."""
    expose(hass, *exposed)
    assert await data_of(hass, SEND, recipient=recipient, message="Dinner is ready") == {"sent_to": recipient}
    assert [request.path for request in gateway.requests if request.path != "balance"] == [path]
    assert "Dinner is ready" in gateway.received(path)[0].fields.values()


@pytest.mark.usefixtures("entry")
async def test_errors_answer_in_words(hass: HomeAssistant, gateway: Gateway) -> None:
    """What the gateway refuses and what is wrong with the message is told, and nothing is claimed to be sent."""
    expose(hass, "notify.mum_sms", "notify.ann_sms", "notify.ann_sms_2")
    empty = await data_of(hass, SEND, recipient="Mum", message=" ", error=True)
    assert "The message is empty" in empty["error"]
    ambiguous = await data_of(hass, SEND, recipient="Ann", message="Hello", error=True)
    assert "More than one recipient is called Ann" in ambiguous["error"]
    assert not gateway.sent
    gateway.responses["sendsms"] = {"code": 10, "message": "Not enough credits"}
    refused = await data_of(hass, SEND, recipient="Mum", message="Hello", error=True)
    assert "credits" in refused["error"]


async def test_entity_that_is_gone(hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry) -> None:
    """What can no longer be reached is told, where core's action would let the message pass as sent."""
    expose(hass, "notify.mum_sms", "notify.cellar")
    found = await tools(hass)
    assert await hass.config_entries.async_unload(entry.entry_id)
    gone = await data_of(hass, SEND, tool=found[SEND], recipient="Mum", message="Hello", error=True)
    assert "nobody to send to" in gone["error"]
    for arguments in ({}, {"plan": "Cellar"}):
        gone = await data_of(hass, ACKNOWLEDGE, tool=found[ACKNOWLEDGE], error=True, **arguments)
        assert "leads to an alert plan" in gone["error"]
    assert not gateway.sent
    er.async_get(hass).async_remove("notify.mum_sms")
    assert not await tools(hass)


@pytest.mark.usefixtures("entry")
async def test_rights_of_the_caller(hass: HomeAssistant, gateway: Gateway, user: User) -> None:
    """Who may not control an entity cannot reach it through an assistant either."""
    expose(hass, "notify.mum_sms", "notify.dad_voice_call", "notify.cellar", "notify.attic")
    context = Context(user_id=user.id)
    right = {"error": "The user has no right to control this."}
    assert await data_of(hass, SEND, context=context, recipient="Dad", message="Hello", error=True) == right
    assert await data_of(hass, SEND, context=context, recipient="Mum", message="Hello") == {"sent_to": "Mum"}
    assert [request.path for request in gateway.requests if request.path != "balance"] == ["sendsms"]
    await start(hass, "cellar", "attic")
    assert await data_of(hass, ACKNOWLEDGE, context=context, plan="Attic", error=True) == right
    assert await data_of(hass, ACKNOWLEDGE, context=context) == {"acknowledged": ["Cellar"]}
    assert get_state(hass, "sensor.attic_status").state == "notifying"
    assert get_state(hass, "sensor.cellar_status").attributes["acknowledged_by"] == user.name
    expose(hass, "notify.cellar", exposed=False)
    assert await data_of(hass, ACKNOWLEDGE, context=context, error=True) == right


@pytest.mark.usefixtures("entry")
async def test_alerts_are_acknowledged(hass: HomeAssistant) -> None:
    """The alert of the named plan is acknowledged, else those of all exposed plans; having none is no error."""
    expose(hass, "notify.cellar", "notify.attic")
    assert await data_of(hass, ACKNOWLEDGE) == {"acknowledged": []}
    await start(hass, "cellar", "attic")
    assert await data_of(hass, ACKNOWLEDGE, plan="Attic") == {"acknowledged": ["Attic"]}
    assert get_state(hass, "sensor.cellar_status").state == "notifying"
    assert await data_of(hass, ACKNOWLEDGE) == {"acknowledged": ["Cellar"]}


@pytest.mark.usefixtures("entry")
async def test_plan_that_is_not_exposed_is_left_alone(hass: HomeAssistant) -> None:
    """Without a named plan, only exposed plans are acknowledged."""
    expose(hass, "notify.cellar")
    await start(hass, "cellar", "attic")
    assert await data_of(hass, ACKNOWLEDGE) == {"acknowledged": ["Cellar"]}
    assert get_state(hass, "sensor.attic_status").state == "notifying"


@pytest.mark.usefixtures("entry")
async def test_result_of_the_oldest_home_assistant(hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch) -> None:
    """Home Assistant 2026.8 takes plain objects for results."""
    monkeypatch.delattr(llm, "ToolResult", raising=False)
    expose(hass, "notify.cellar")
    assert await use(hass, ACKNOWLEDGE) == {"success": True, "acknowledged": []}


@pytest.mark.usefixtures("entry")
async def test_assistant_gets_and_calls_the_tools(
    hass: HomeAssistant, gateway: Gateway, caplog: pytest.LogCaptureFixture
) -> None:
    """Home Assistant's own API gives and calls them without a warning."""
    expose(hass, "notify.mum_sms", "notify.cellar")
    api = await llm.async_get_api(hass, "assist", llm_context(Context()))
    arguments = {"recipient": "Mum", "message": "Hello"}
    await api.async_call_tool(llm.ToolInput(tool_name=SEND, tool_args=arguments))
    assert [sms["message"] for sms in gateway.sent] == ["Hello"]
    assert "smsbox" not in "".join(record.getMessage() for record in caplog.records if record.levelname == "WARNING")

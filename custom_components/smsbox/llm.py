"""Tools for assistants with a language model: send a message to somebody, acknowledge the alert."""

from abc import abstractmethod
from collections.abc import Iterable
from contextlib import suppress
from typing import override

from homeassistant.components.homeassistant import async_should_expose
from homeassistant.components.llm import LLMTools
from homeassistant.components.notify import ATTR_MESSAGE, DOMAIN as NOTIFY_DOMAIN, SERVICE_SEND_MESSAGE
from homeassistant.config_entries import ConfigSubentry
from homeassistant.const import ATTR_ENTITY_ID, STATE_UNAVAILABLE
from homeassistant.core import Context, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError, Unauthorized
from homeassistant.helpers import entity_registry as er, llm
from homeassistant.util.json import JsonObjectType
import voluptuous as vol

from .const import CONF_CHANNELS, DOMAIN, NOTIFY_KEYS, SUBENTRY_PLAN, SUBENTRY_RECIPIENT, Channel
from .errors import validation_error
from .recipients import async_accounts
from .targets import async_check_permission


class _Tool(llm.Tool):
    """A tool whose errors are words that the assistant can say."""

    integration = DOMAIN

    @override
    async def async_call(
        self, hass: HomeAssistant, tool_input: llm.ToolInput, llm_context: llm.LLMContext
    ) -> llm.ToolResult | JsonObjectType:
        """Run the tool, or return why it could not."""
        arguments = self.parameters(tool_input.tool_args)
        try:
            return _result(await self._async_do(hass, arguments, llm_context))
        except Unauthorized:
            return _result({"error": "The user has no right to control this."}, error=True)
        except HomeAssistantError as error:
            return _result({"error": str(error)}, error=True)

    @abstractmethod
    async def _async_do(
        self, hass: HomeAssistant, arguments: dict[str, str], llm_context: llm.LLMContext
    ) -> JsonObjectType:
        """Run the tool, and return what to say; raises HomeAssistantError."""


def _result(data: JsonObjectType, *, error: bool = False) -> llm.ToolResult | JsonObjectType:
    """Return the result of a tool; Home Assistant 2026.8 knows no ToolResult."""
    return llm.ToolResult(data, error) if hasattr(llm, "ToolResult") else {"success": not error, **data}


class SendMessageTool(_Tool):
    """Sends a message to a recipient."""

    name = f"{DOMAIN}__send_message"
    title = "Send SMS or call"
    description = (
        "Sends a message to a person by SMS, or calls and reads it aloud. It costs money and cannot be undone: use it "
        "only if the user asks to tell somebody something."
    )

    def __init__(self, recipients: Iterable[str]) -> None:
        self.parameters = vol.Schema(
            {
                vol.Required(
                    "recipient",
                    description=(
                        "Whom to tell. The name of a person alone means the person's usual way; choose another only "
                        "if the user asks for it."
                    ),
                ): vol.In(sorted(recipients)),
                vol.Required("message", description="The text, as the person is to read or hear it"): str,
            }
        )

    @override
    async def _async_do(
        self, hass: HomeAssistant, arguments: dict[str, str], llm_context: llm.LLMContext
    ) -> JsonObjectType:
        """Send by the notify entity, as the caller."""
        name = arguments["recipient"]
        entity_ids = _async_exposed(hass, llm_context, SUBENTRY_RECIPIENT).get(name)
        # Core's action lets a message to an entity that is not there pass as sent.
        if not entity_ids:
            raise validation_error("no_recipients")
        if len(entity_ids) > 1:
            raise validation_error("ambiguous_recipient", name=name)
        await hass.services.async_call(
            NOTIFY_DOMAIN,
            SERVICE_SEND_MESSAGE,
            {ATTR_ENTITY_ID: entity_ids, ATTR_MESSAGE: arguments["message"]},
            blocking=True,
            context=llm_context.context,
        )
        return {"sent_to": name}


class AcknowledgeAlertTool(_Tool):
    """Acknowledges the alerts of plans."""

    name = f"{DOMAIN}__acknowledge_alert"
    title = "Acknowledge alert"
    description = (
        "Acknowledges an alert: the user takes care of it, and nobody else is alarmed. Returns the plans whose alerts "
        "were acknowledged; without any, there was no alert."
    )

    def __init__(self, plans: Iterable[str]) -> None:
        self.parameters = vol.Schema(
            {
                vol.Optional(
                    "plan", description="Whose alert; only if the user names one, else all are acknowledged"
                ): (vol.In(sorted(plans)))
            }
        )

    @override
    async def _async_do(
        self, hass: HomeAssistant, arguments: dict[str, str], llm_context: llm.LLMContext
    ) -> JsonObjectType:
        """Acknowledge the alert of the named plan, else those of all exposed plans that the caller may control."""
        exposed = _async_exposed(hass, llm_context, SUBENTRY_PLAN)
        if "plan" in arguments:
            entity_ids = exposed.get(arguments["plan"], [])
        else:
            entity_ids = await _async_controllable(hass, llm_context, {one for ids in exposed.values() for one in ids})
        if not entity_ids:
            raise validation_error("no_plan")
        response = await hass.services.async_call(
            DOMAIN,
            "acknowledge_alert",
            {ATTR_ENTITY_ID: entity_ids},
            blocking=True,
            context=llm_context.context,
            return_response=True,
        )
        return {"acknowledged": response["plans"] if response else []}


async def _async_controllable(hass: HomeAssistant, llm_context: llm.LLMContext, entity_ids: set[str]) -> list[str]:
    """Return the entities that the caller may control; raises Unauthorized if there are some, but none of them."""
    controllable = []
    for entity_id in sorted(entity_ids):
        with suppress(Unauthorized):
            await async_check_permission(hass, llm_context.context or Context(), [entity_id])
            controllable.append(entity_id)
    if entity_ids and not controllable:
        raise Unauthorized
    return controllable


@callback
def _async_exposed(hass: HomeAssistant, llm_context: llm.LLMContext, subentry_type: str) -> dict[str, list[str]]:
    """Return the exposed notify entities of recipients or plans by name.

    The name of a recipient stands for the first channel, each entity's own names for that entity.
    """
    registry = er.async_get(hass)
    by_title: dict[str, list[str]] = {}
    by_entity: dict[str, list[str]] = {}
    for entry in async_accounts(hass):
        for subentry in entry.get_subentries_of_type(subentry_type):
            entities = [
                entity
                for entity in _entities(registry, subentry)
                if (state := hass.states.get(entity.entity_id)) is not None
                and state.state != STATE_UNAVAILABLE
                and async_should_expose(hass, llm_context.assistant, entity.entity_id)
            ]
            if entities:
                by_title.setdefault(subentry.title, []).append(entities[0].entity_id)
            for entity in entities:
                for name in er.async_get_entity_aliases(hass, entity):
                    by_entity.setdefault(name, []).append(entity.entity_id)
    return by_entity | by_title


def _entities(registry: er.EntityRegistry, subentry: ConfigSubentry) -> list[er.RegistryEntry]:
    """Return the notify entities of a recipient, in the order of the channels, or the one of a plan."""
    keys = [NOTIFY_KEYS[Channel(channel)] for channel in subentry.data.get(CONF_CHANNELS, [])] or ["alert"]
    ids = [registry.async_get_entity_id(NOTIFY_DOMAIN, DOMAIN, f"{subentry.subentry_id}_{key}") for key in keys]
    return [registry.entities[entity_id] for entity_id in ids if entity_id is not None]


@callback
def async_get_tools(hass: HomeAssistant, llm_context: llm.LLMContext, api_id: str) -> LLMTools | None:
    """Return the tools for which an entity is exposed."""
    if api_id != llm.LLM_API_ASSIST:
        return None
    tools: list[llm.Tool] = []
    if recipients := _async_exposed(hass, llm_context, SUBENTRY_RECIPIENT):
        tools.append(SendMessageTool(recipients))
    if plans := _async_exposed(hass, llm_context, SUBENTRY_PLAN):
        tools.append(AcknowledgeAlertTool(plans))
    return LLMTools(tools) if tools else None

"""Config flow of an account, and the flow of its options."""

from collections.abc import Mapping
from typing import Any, override

from homeassistant.components import webhook
from homeassistant.config_entries import (
    SOURCE_REAUTH,
    SOURCE_RECONFIGURE,
    SOURCE_USER,
    ConfigEntry,
    ConfigFlow,
    ConfigFlowResult,
    ConfigSubentryFlow,
    FlowType,
    OptionsFlow,
    SubentryFlowContext,
)
from homeassistant.const import CONF_API_KEY, CONF_WEBHOOK_ID
from homeassistant.core import callback
from homeassistant.data_entry_flow import section
from homeassistant.helpers.selector import (
    BooleanSelector,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)
import voluptuous as vol

from .account import SmsboxConfigEntry
from .api import SmsboxError
from .const import (
    CONF_DELIVERY_REPORTS,
    CONF_LIMIT_DAY,
    CONF_LIMIT_HOUR,
    CONF_LOW_CREDITS,
    CONF_UNSUPPORTED_CHARACTERS,
    DEFAULT_LIMIT_DAY,
    DEFAULT_LIMIT_HOUR,
    DEFAULT_LOW_CREDITS,
    DOMAIN,
    LOGGER,
    SECTION_SPENDING_GUARD,
    SUBENTRY_PLAN,
    SUBENTRY_RECIPIENT,
    UnsupportedCharacters,
)
from .errors import flow_error
from .gateway import create_client
from .subentry_flows import PlanFlow, RecipientFlow
from .text import strip_invisible

API_KEY_SCHEMA = vol.Schema(
    {vol.Required(CONF_API_KEY): TextSelector(TextSelectorConfig(type=TextSelectorType.PASSWORD, autocomplete="off"))}
)

LIMIT = vol.All(NumberSelector(NumberSelectorConfig(min=0, mode=NumberSelectorMode.BOX)), vol.Coerce(int))
SPENDING_GUARD_SCHEMA = vol.Schema(
    {
        vol.Required(CONF_LIMIT_HOUR, default=DEFAULT_LIMIT_HOUR): LIMIT,
        vol.Required(CONF_LIMIT_DAY, default=DEFAULT_LIMIT_DAY): LIMIT,
    }
)
OPTIONS_SCHEMA = vol.Schema(
    {
        vol.Required(CONF_LOW_CREDITS, default=DEFAULT_LOW_CREDITS): NumberSelector(
            NumberSelectorConfig(min=0, step="any", mode=NumberSelectorMode.BOX)
        ),
        vol.Required(CONF_DELIVERY_REPORTS, default=True): BooleanSelector(),
        vol.Required(CONF_UNSUPPORTED_CHARACTERS, default=UnsupportedCharacters.REPLACE): SelectSelector(
            SelectSelectorConfig(
                options=list(UnsupportedCharacters),
                translation_key=CONF_UNSUPPORTED_CHARACTERS,
                mode=SelectSelectorMode.LIST,
            )
        ),
        vol.Optional(SECTION_SPENDING_GUARD): section(SPENDING_GUARD_SCHEMA, {"collapsed": True}),
    }
)


class SmsboxConfigFlow(ConfigFlow, domain=DOMAIN):
    """Config flow of an account."""

    VERSION = 1
    MINOR_VERSION = 1

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: SmsboxConfigEntry) -> SmsboxOptionsFlow:
        """Return the options flow."""
        return SmsboxOptionsFlow()

    @classmethod
    @callback
    @override
    def async_get_supported_subentry_types(cls, config_entry: ConfigEntry) -> dict[str, type[ConfigSubentryFlow]]:
        """Return the flows of the subentries."""
        return {SUBENTRY_RECIPIENT: RecipientFlow, SUBENTRY_PLAN: PlanFlow}

    async def async_step_reauth(self, entry_data: Mapping[str, Any]) -> ConfigFlowResult:
        """Start asking for a new API key because the gateway refused the stored one."""
        return await self.async_step_user()

    @override
    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the API key of a new account, or for another key of an existing one."""
        errors: dict[str, str] = {}
        if user_input is not None:
            api_key = strip_invisible(user_input[CONF_API_KEY])
            self._async_abort_entries_match({CONF_API_KEY: api_key})
            errors = await self._async_check(api_key)
            # Another flow may have stored the same key meanwhile.
            self._async_abort_entries_match({CONF_API_KEY: api_key})
            if not errors:
                return self._store(api_key)
        return self.async_show_form(
            step_id="reauth_confirm" if self.source == SOURCE_REAUTH else self.source,
            data_schema=API_KEY_SCHEMA,
            errors=errors,
        )

    async_step_reauth_confirm = async_step_user
    async_step_reconfigure = async_step_user

    async def _async_check(self, api_key: str) -> dict[str, str]:
        """Ask for the balance with an API key; return the errors of the form."""
        try:
            await create_client(self.hass, api_key).balance()
        except SmsboxError as error:
            return {"base": flow_error(error)}
        except Exception:  # noqa: BLE001 - whatever it is, the form says that something went wrong
            LOGGER.exception("Unexpected error while checking the API key")
            return {"base": "unknown"}
        return {}

    def _store(self, api_key: str) -> ConfigFlowResult:
        """Store a key that the gateway accepts."""
        if self.source not in {SOURCE_REAUTH, SOURCE_RECONFIGURE}:
            return self.async_create_entry(
                title="SMSBOX", data={CONF_API_KEY: api_key, CONF_WEBHOOK_ID: webhook.async_generate_id()}
            )
        entry = self._get_reauth_entry() if self.source == SOURCE_REAUTH else self._get_reconfigure_entry()
        if entry.data[CONF_API_KEY] == api_key:
            # The update listener only reloads when the key changes, but the balance is missing since the refusal.
            self.hass.config_entries.async_schedule_reload(entry.entry_id)
        return self.async_update_and_abort(entry, data_updates={CONF_API_KEY: api_key})

    @override
    async def async_on_create_entry(self, result: ConfigFlowResult) -> ConfigFlowResult:
        """Continue with the first recipient."""
        recipient = await self.hass.config_entries.subentries.async_init(
            (result["result"].entry_id, SUBENTRY_RECIPIENT), context=SubentryFlowContext(source=SOURCE_USER)
        )
        result["next_flow"] = (FlowType.CONFIG_SUBENTRIES_FLOW, recipient["flow_id"])
        return result


class SmsboxOptionsFlow(OptionsFlow):
    """Flow of an account's options."""

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the options, and store those of the section beside the others."""
        options = self.config_entry.options
        if user_input is not None:
            limits = {key: options[key] for key in (CONF_LIMIT_HOUR, CONF_LIMIT_DAY) if key in options}
            guard = SPENDING_GUARD_SCHEMA(user_input.pop(SECTION_SPENDING_GUARD, limits))
            return self.async_create_entry(data=user_input | guard)
        return self.async_show_form(
            step_id="init",
            data_schema=self.add_suggested_values_to_schema(
                OPTIONS_SCHEMA, {**options, SECTION_SPENDING_GUARD: options}
            ),
        )

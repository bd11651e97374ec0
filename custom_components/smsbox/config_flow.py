"""Flows: an account, its options and its recipients."""

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
    SubentryFlowResult,
)
from homeassistant.const import CONF_API_KEY, CONF_NAME, CONF_WEBHOOK_ID
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import ServiceValidationError
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

from . import create_client
from .api import (
    Gender,
    Language,
    SmsboxAuthenticationError,
    SmsboxCreditsError,
    SmsboxError,
    SmsboxRejectedError,
)
from .const import (
    CONF_CHANNELS,
    CONF_DELIVERY_REPORTS,
    CONF_GENDER,
    CONF_LANGUAGE,
    CONF_LOW_CREDITS,
    CONF_NUMBERS,
    CONF_SENDER,
    CONF_UNSUPPORTED_CHARACTERS,
    DEFAULT_LOW_CREDITS,
    DOMAIN,
    LOGGER,
    SUBENTRY_RECIPIENT,
    Channel,
    UnsupportedCharacters,
)
from .coordinator import SmsboxConfigEntry
from .messenger import SENDER, default_language, normalize_number

CONF_CHECK_NUMBERS = "check_numbers"

ACCOUNT_SCHEMA = vol.Schema(
    {vol.Required(CONF_API_KEY): TextSelector(TextSelectorConfig(type=TextSelectorType.PASSWORD, autocomplete="off"))}
)


def _select(
    options: type[Channel | Gender | Language | UnsupportedCharacters],
    key: str,
    mode: SelectSelectorMode,
    *,
    multiple: bool = False,
) -> SelectSelector:
    """Return a choice of translated options."""
    return SelectSelector(
        SelectSelectorConfig(options=list(options), translation_key=key, mode=mode, multiple=multiple)
    )


OPTIONS_SCHEMA = vol.Schema(
    {
        vol.Required(CONF_LOW_CREDITS, default=DEFAULT_LOW_CREDITS): NumberSelector(
            NumberSelectorConfig(min=0, step="any", mode=NumberSelectorMode.BOX)
        ),
        vol.Required(CONF_DELIVERY_REPORTS, default=True): BooleanSelector(),
        vol.Required(CONF_UNSUPPORTED_CHARACTERS, default=UnsupportedCharacters.REPLACE): _select(
            UnsupportedCharacters, CONF_UNSUPPORTED_CHARACTERS, SelectSelectorMode.LIST
        ),
    }
)


def _flow_error(error: SmsboxError) -> str:
    """Return the error of a form for one of the gateway."""
    match error:
        case SmsboxAuthenticationError():
            return "invalid_auth"
        case SmsboxRejectedError():
            # Without the gateway's words, which may hold anything, even the key.
            LOGGER.error("The gateway refused a request of a flow with code %s", error.code)
            return "unknown"
        case _:
            return "cannot_connect"


async def _validate(hass: HomeAssistant, api_key: str) -> dict[str, str]:
    """Return the form's errors for an API key, none if the gateway takes it."""
    try:
        await create_client(hass, api_key).balance()
    except SmsboxError as error:
        return {"base": _flow_error(error)}
    except Exception:  # noqa: BLE001 - whatever it is, the user gets a form that says so
        LOGGER.exception("Unexpected error while the API key was checked")
        return {"base": "unknown"}
    return {}


class SmsboxConfigFlow(ConfigFlow, domain=DOMAIN):
    """Flow of an account."""

    VERSION = 1
    MINOR_VERSION = 1

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: ConfigEntry) -> SmsboxOptionsFlow:
        """Return the flow of the account's options."""
        return SmsboxOptionsFlow()

    @classmethod
    @callback
    @override
    def async_get_supported_subentry_types(cls, config_entry: ConfigEntry) -> dict[str, type[ConfigSubentryFlow]]:
        """Return the flow of recipients."""
        return {SUBENTRY_RECIPIENT: RecipientFlow}

    @override
    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the API key of a new account."""
        return await self._async_step_api_key("user", user_input)

    async def async_step_reauth(self, entry_data: Mapping[str, Any]) -> ConfigFlowResult:
        """Start asking for a new key because the gateway refused the old one."""
        return await self.async_step_reauth_confirm()

    async def async_step_reauth_confirm(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for a new key."""
        return await self._async_step_api_key("reauth_confirm", user_input)

    async def async_step_reconfigure(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for another key."""
        return await self._async_step_api_key("reconfigure", user_input)

    async def _async_step_api_key(self, step_id: str, user_input: dict[str, Any] | None) -> ConfigFlowResult:
        """Ask for an API key, check it and store it."""
        errors: dict[str, str] = {}
        if user_input is not None:
            api_key = user_input[CONF_API_KEY].strip()
            entry = self._entry_to_change()
            self._async_abort_entries_match({CONF_API_KEY: api_key})
            errors = await _validate(self.hass, api_key)
            # Another flow may have stored the same key meanwhile.
            self._async_abort_entries_match({CONF_API_KEY: api_key})
            if not errors and entry is not None:
                if entry.data[CONF_API_KEY] == api_key:
                    # Nothing changes, so the listener will not reload; but the balance has not come since the refusal.
                    self.hass.config_entries.async_schedule_reload(entry.entry_id)
                return self.async_update_and_abort(entry, data_updates={CONF_API_KEY: api_key})
            if not errors:
                return self.async_create_entry(
                    title="SMSBOX", data={CONF_API_KEY: api_key, CONF_WEBHOOK_ID: webhook.async_generate_id()}
                )
        return self.async_show_form(step_id=step_id, data_schema=ACCOUNT_SCHEMA, errors=errors)

    def _entry_to_change(self) -> ConfigEntry | None:
        """Return the account that gets another key, None for a new one."""
        if self.source == SOURCE_REAUTH:
            return self._get_reauth_entry()
        if self.source == SOURCE_RECONFIGURE:
            return self._get_reconfigure_entry()
        return None

    @override
    async def async_on_create_entry(self, result: ConfigFlowResult) -> ConfigFlowResult:
        """Lead on into adding a first recipient."""
        recipient = await self.hass.config_entries.subentries.async_init(
            (result["result"].entry_id, SUBENTRY_RECIPIENT), context=SubentryFlowContext(source=SOURCE_USER)
        )
        result["next_flow"] = (FlowType.CONFIG_SUBENTRIES_FLOW, recipient["flow_id"])
        return result


class SmsboxOptionsFlow(OptionsFlow):
    """Flow of an account's options."""

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the options."""
        if user_input is not None:
            return self.async_create_entry(data=user_input)
        return self.async_show_form(
            step_id="init",
            data_schema=self.add_suggested_values_to_schema(OPTIONS_SCHEMA, self.config_entry.options),
        )


class RecipientFlow(ConfigSubentryFlow):
    """Flow of a recipient."""

    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask for a new recipient."""
        return await self._async_step_recipient("user", user_input)

    async def async_step_reconfigure(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask for what changes of a recipient."""
        return await self._async_step_recipient("reconfigure", user_input)

    async def _async_step_recipient(self, step_id: str, user_input: dict[str, Any] | None) -> SubentryFlowResult:
        """Ask for a recipient, check it and store it."""
        entry: SmsboxConfigEntry = self._get_entry()
        subentry = self._get_reconfigure_subentry() if self.source == SOURCE_RECONFIGURE else None
        suggested = user_input
        errors: dict[str, str] = {}
        placeholders: dict[str, str] = {}
        if user_input is not None:
            data = dict(user_input)
            name = data.pop(CONF_NAME).strip()
            check_numbers = data.pop(CONF_CHECK_NUMBERS, False)
            unique_id = name.casefold()
            # Home Assistant can rename a recipient, and leaves the unique id as it was.
            if any(
                unique_id in {other.unique_id, other.title.casefold()} and other is not subentry
                for other in entry.subentries.values()
            ):
                return self.async_abort(reason="already_configured")
            errors = self._normalize(data)
            if not name:
                errors[CONF_NAME] = "no_name"
            if not errors and check_numbers:
                errors, placeholders = await self._async_check_numbers(entry, data[CONF_NUMBERS])
            if not errors and subentry is not None:
                return self.async_update_and_abort(entry, subentry, title=name, data=data, unique_id=unique_id)
            if not errors:
                return self.async_create_entry(title=name, data=data, unique_id=unique_id)
        elif subentry is not None:
            # With a plus, so that they are read as what they are whatever Home Assistant's country is by now.
            numbers = [f"+{number}" for number in subentry.data[CONF_NUMBERS]]
            suggested = {CONF_NAME: subentry.title, **subentry.data, CONF_NUMBERS: numbers}
        return self.async_show_form(
            step_id=step_id,
            data_schema=self.add_suggested_values_to_schema(self._schema(), suggested),
            errors=errors,
            description_placeholders=placeholders,
        )

    def _schema(self) -> vol.Schema:
        """Return the form of a recipient."""
        return vol.Schema(
            {
                vol.Required(CONF_NAME): TextSelector(),
                vol.Required(CONF_NUMBERS): TextSelector(TextSelectorConfig(type=TextSelectorType.TEL, multiple=True)),
                vol.Required(CONF_CHANNELS, default=[Channel.SMS]): _select(
                    Channel, CONF_CHANNELS, SelectSelectorMode.LIST, multiple=True
                ),
                vol.Optional(CONF_SENDER): TextSelector(),
                vol.Required(CONF_LANGUAGE, default=default_language(self.hass)): _select(
                    Language, CONF_LANGUAGE, SelectSelectorMode.DROPDOWN
                ),
                vol.Required(CONF_GENDER, default=Gender.MALE): _select(
                    Gender, CONF_GENDER, SelectSelectorMode.DROPDOWN
                ),
                vol.Optional(CONF_CHECK_NUMBERS, default=False): BooleanSelector(),
            }
        )

    async def _async_check_numbers(
        self, entry: SmsboxConfigEntry, numbers: list[str]
    ) -> tuple[dict[str, str], dict[str, str]]:
        """Look the numbers up; return the form's errors and what its texts say of each number."""
        client = create_client(self.hass, entry.data[CONF_API_KEY])
        try:
            lookups = [await client.lookup_number(number) for number in numbers]
        except SmsboxCreditsError:
            return {"base": "insufficient_credits"}, {}
        except SmsboxError as error:
            if isinstance(error, SmsboxAuthenticationError):
                entry.async_start_reauth(self.hass)
            return {"base": _flow_error(error)}, {}
        return (
            {} if all(lookup.reachable for lookup in lookups) else {CONF_NUMBERS: "not_reachable"},
            {
                "unreachable": ", ".join(f"+{lookup.number}" for lookup in lookups if not lookup.reachable),
                "networks": ", ".join(
                    f"+{lookup.number} ({lookup.issuing_network.name or '?'})" for lookup in lookups if lookup.reachable
                )
                or "-",
            },
        )

    def _normalize(self, data: dict[str, Any]) -> dict[str, str]:
        """Normalize the data of a recipient in place; return the form's errors."""
        errors: dict[str, str] = {}
        try:
            data[CONF_NUMBERS] = list(
                # A row that was added and left empty is no number.
                dict.fromkeys(normalize_number(self.hass, number) for number in data[CONF_NUMBERS] if number.strip())
            )
        except ServiceValidationError:
            errors[CONF_NUMBERS] = "invalid_number"
        if not data[CONF_NUMBERS]:
            errors[CONF_NUMBERS] = "invalid_number"
        if not data[CONF_CHANNELS]:
            errors[CONF_CHANNELS] = "no_channels"
        if not data.get(CONF_SENDER):
            data.pop(CONF_SENDER, None)
        elif not SENDER.fullmatch(data[CONF_SENDER]):
            errors[CONF_SENDER] = "invalid_sender"
        return errors

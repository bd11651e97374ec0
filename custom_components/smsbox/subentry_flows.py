"""Flows of recipients and plans."""

from typing import Any

from homeassistant.config_entries import SOURCE_RECONFIGURE, ConfigSubentry, ConfigSubentryFlow, SubentryFlowResult
from homeassistant.const import CONF_API_KEY, CONF_NAME
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers.selector import (
    BooleanSelector,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)
import voluptuous as vol

from . import plan_form
from .api import SENDER, Gender, Language, SmsboxAuthenticationError, SmsboxError
from .const import CONF_CHANNELS, CONF_GENDER, CONF_LANGUAGE, CONF_NUMBERS, CONF_SENDER, Channel
from .errors import flow_error
from .gateway import create_client
from .phone import mask
from .recipients import default_language, normalize_number
from .text import name_key, strip_invisible

CONF_CHECK_NUMBERS = "check_numbers"

type _Errors = dict[str, str]
type _Placeholders = dict[str, str]


class _NamedSubentryFlow(ConfigSubentryFlow):
    """Flow of a subentry whose title is a name that no other subentry of the account has."""

    @property
    def _subentry(self) -> ConfigSubentry | None:
        """Return the subentry that is changed, None for a new one."""
        return self._get_reconfigure_subentry() if self.source == SOURCE_RECONFIGURE else None

    def _name_errors(self, name: str) -> _Errors:
        """Return the form's errors for a name, which only one subentry of the account can have."""
        if not strip_invisible(name):
            return {CONF_NAME: "no_name"}
        others = (other for other in self._get_entry().subentries.values() if other is not self._subentry)
        taken = any(name_key(other.title) == name_key(name) for other in others)
        return {CONF_NAME: "already_configured"} if taken else {}

    def _save(self, name: str, data: dict[str, Any]) -> SubentryFlowResult:
        """Store the subentry."""
        if (subentry := self._subentry) is not None:
            return self.async_update_and_abort(self._get_entry(), subentry, title=name, data=data)
        return self.async_create_entry(title=name, data=data)


class RecipientFlow(_NamedSubentryFlow):
    """Flow of a recipient."""

    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask for a new recipient, or for changes of an existing one."""
        errors: _Errors = {}
        placeholders: _Placeholders = {}
        suggested = user_input
        if user_input is not None:
            data = dict(user_input)
            name = data.pop(CONF_NAME).strip()
            check_numbers = data.pop(CONF_CHECK_NUMBERS, False)
            errors, placeholders = self._normalize(data)
            errors |= self._name_errors(name)
            if check_numbers and not errors:
                errors, placeholders = await self._async_check_numbers(data[CONF_NUMBERS])
                # Another flow may have taken the name meanwhile.
                errors |= self._name_errors(name)
            if not errors:
                return self._save(name, data)
        elif (subentry := self._subentry) is not None:
            # With a plus, so that they are read correctly even if Home Assistant's country has changed.
            numbers = [f"+{number}" for number in subentry.data[CONF_NUMBERS]]
            suggested = {**subentry.data, CONF_NAME: subentry.title, CONF_NUMBERS: numbers}
        return self.async_show_form(
            step_id=self.source,
            data_schema=self.add_suggested_values_to_schema(self._schema(), suggested),
            errors=errors,
            description_placeholders=placeholders,
        )

    async_step_reconfigure = async_step_user

    def _schema(self) -> vol.Schema:
        """Return the form."""
        return vol.Schema(
            {
                vol.Required(CONF_NAME): TextSelector(),
                vol.Required(CONF_NUMBERS): TextSelector(TextSelectorConfig(type=TextSelectorType.TEL, multiple=True)),
                vol.Required(CONF_CHANNELS, default=[Channel.SMS]): SelectSelector(
                    SelectSelectorConfig(
                        options=list(Channel),
                        translation_key=CONF_CHANNELS,
                        mode=SelectSelectorMode.LIST,
                        multiple=True,
                    )
                ),
                vol.Optional(CONF_SENDER): TextSelector(),
                vol.Required(CONF_LANGUAGE, default=default_language(self.hass)): _dropdown(Language, CONF_LANGUAGE),
                vol.Required(CONF_GENDER, default=Gender.MALE): _dropdown(Gender, CONF_GENDER),
                vol.Optional(CONF_CHECK_NUMBERS, default=False): BooleanSelector(),
            }
        )

    def _normalize(self, data: dict[str, Any]) -> tuple[_Errors, _Placeholders]:
        """Normalize the recipient's data in place; return the form's errors and their placeholders."""
        errors: _Errors = {}
        numbers: dict[str, None] = {}
        invalid: list[str] = []
        # A row that was added and left empty is not a number.
        for number in filter(strip_invisible, data[CONF_NUMBERS]):
            try:
                numbers[normalize_number(self.hass, number)] = None
            except ServiceValidationError as error:
                invalid.append((error.translation_placeholders or {})["number"])
        data[CONF_NUMBERS] = list(numbers)
        if invalid or not numbers:
            errors[CONF_NUMBERS] = "invalid_number"
        if not data[CONF_CHANNELS]:
            errors[CONF_CHANNELS] = "no_channels"
        if sender := strip_invisible(data.pop(CONF_SENDER, "")):
            data[CONF_SENDER] = sender
            if not SENDER.fullmatch(sender):
                errors[CONF_SENDER] = "invalid_sender"
        return errors, {"number": ", ".join(invalid) or "-"}

    async def _async_check_numbers(self, numbers: list[str]) -> tuple[_Errors, _Placeholders]:
        """Look the numbers up; return the form's errors and their placeholders."""
        entry = self._get_entry()
        client = create_client(self.hass, entry.data[CONF_API_KEY])
        try:
            lookups = [await client.lookup_number(number) for number in numbers]
        except SmsboxError as error:
            if isinstance(error, SmsboxAuthenticationError):
                entry.async_start_reauth(self.hass)
            return {"base": flow_error(error, costs=True)}, {}
        unreachable = [mask(lookup.number) for lookup in lookups if not lookup.reachable]
        reachable = [
            f"{mask(lookup.number)} ({lookup.issuing_network.name or '?'})" for lookup in lookups if lookup.reachable
        ]
        return (
            {CONF_NUMBERS: "not_reachable"} if unreachable else {},
            {"unreachable": ", ".join(unreachable), "networks": ", ".join(reachable) or "-"},
        )


class PlanFlow(_NamedSubentryFlow):
    """Flow of a plan."""

    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask for a new plan, or for changes of an existing one."""
        errors: _Errors = {}
        suggested = user_input
        if user_input is not None:
            data, errors = plan_form.to_store(self.hass, user_input)
            name = data.pop(CONF_NAME).strip()
            errors |= self._name_errors(name)
            if not errors:
                return self._save(name, data)
        elif (subentry := self._subentry) is not None:
            suggested = {CONF_NAME: subentry.title, **plan_form.from_store(self.hass, subentry.data)}
        return self.async_show_form(
            step_id=self.source,
            data_schema=self.add_suggested_values_to_schema(plan_form.SCHEMA, suggested),
            errors=errors,
            description_placeholders=plan_form.link_placeholders(self.hass),
        )

    async_step_reconfigure = async_step_user


def _dropdown(options: type[Gender | Language], key: str) -> SelectSelector:
    """Return a choice of translated options."""
    return SelectSelector(
        SelectSelectorConfig(options=list(options), translation_key=key, mode=SelectSelectorMode.DROPDOWN)
    )

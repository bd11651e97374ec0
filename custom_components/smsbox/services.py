"""The actions: schema beside handler, one table, one loop."""

from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from typing import Any

from homeassistant.const import ATTR_CONFIG_ENTRY_ID
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse, SupportsResponse, callback
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.target import TargetSelection
from homeassistant.helpers.typing import VolDictType
import voluptuous as vol

from . import phone, text
from .alert_services import (
    ACKNOWLEDGE_ALERT_FIELDS,
    RESOLVE_ALERT_FIELDS,
    SEND_ALERT_FIELDS,
    async_acknowledge_alert,
    async_resolve_alert,
    async_send_alert,
)
from .api import OTP_PLACEHOLDER, Gender, Language, SmsboxError
from .const import (
    CONF_GENDER,
    CONF_LANGUAGE,
    CONF_NUMBERS,
    CONF_SENDER,
    CONF_UNSUPPORTED_CHARACTERS,
    DOMAIN,
    SUBENTRY_RECIPIENT,
    Channel,
    UnsupportedCharacters,
)
from .errors import action_error, to_action_error, validation_error
from .guard import Limit
from .messenger import SendRequest, async_send, compose_sms
from .notify import async_record_notifications
from .recipients import async_get_account, async_resolve_destinations, normalize_number
from .targets import async_find_targets, async_resolve_target
from .validators import duration, moment, valid_for

ATTR_LONG_SMS = "long_sms"
ATTR_MESSAGE = "message"
ATTR_NUMBER = "number"
ATTR_OTP = "otp"
ATTR_SEND_AT = "send_at"
ATTR_TEXT = "text"
ATTR_VALID_FOR = "valid_for"
ATTR_WAIT_FOR_REPORT = "wait_for_report"


ACCOUNT_FIELDS: VolDictType = {vol.Optional(ATTR_CONFIG_ENTRY_ID): cv.string}
# The fields of each channel's action, besides those that every sending action has.
SEND_FIELDS: dict[Channel, dict[str, Callable[[Any], Any]]] = {
    Channel.SMS: {
        CONF_SENDER: cv.string,
        ATTR_LONG_SMS: cv.boolean,
        CONF_UNSUPPORTED_CHARACTERS: vol.Coerce(UnsupportedCharacters),
        ATTR_WAIT_FOR_REPORT: duration,
        ATTR_VALID_FOR: valid_for,
    },
    Channel.TTS: {
        CONF_LANGUAGE: vol.Coerce(Language),
        ATTR_WAIT_FOR_REPORT: duration,
        ATTR_VALID_FOR: valid_for,
    },
    Channel.VOICE: {
        CONF_LANGUAGE: vol.Coerce(Language),
        CONF_GENDER: vol.Coerce(Gender),
        ATTR_SEND_AT: moment,
        ATTR_VALID_FOR: valid_for,
    },
}

type Handler = Callable[[ServiceCall], Coroutine[Any, Any, ServiceResponse]]


async def _send(channel: Channel, call: ServiceCall) -> ServiceResponse:
    """Send to the recipients that the target leads to, and to names and numbers."""
    config_entry_id = call.data.get(ATTR_CONFIG_ENTRY_ID)
    targeted = await async_resolve_target(call.hass, TargetSelection(call.data), call.context, SUBENTRY_RECIPIENT)
    targets = await async_find_targets(call.hass, [targeted, call.data.get(CONF_NUMBERS)], config_entry_id)
    if (error := targets.error) is not None:
        raise error
    for plan in targets.plans.values():
        raise validation_error("invalid_number", number=phone.mask_given(plan.subentry.title))
    response = await async_send(
        call.hass,
        send_request(channel, call.data[ATTR_MESSAGE], call.data),
        await async_resolve_destinations(call.hass, targets.recipients.values(), targets.numbers, config_entry_id),
        call.context,
        partial_success=call.return_response,
    )
    async_record_notifications(call.hass, channel, response)
    return await response.async_as_dict() if call.return_response else None


def send_request(channel: Channel, message: str, data: Mapping[str, Any], *, cut: bool = False) -> SendRequest:
    """Return what the fields of a channel's action ask for."""
    options = {option: data[option] for option in SEND_FIELDS[channel] if option in data}
    return SendRequest(channel, message, cut=cut, **options)


async def _send_otp(call: ServiceCall) -> ServiceResponse:
    """Send a one-time password."""
    account = async_get_account(call.hass, call.data.get(ATTR_CONFIG_ENTRY_ID))
    number = normalize_number(call.hass, call.data[ATTR_NUMBER])
    otp_text = call.data.get(ATTR_TEXT)
    if otp_text is not None and OTP_PLACEHOLDER not in otp_text:
        raise validation_error("otp_text_without_code", marker=OTP_PLACEHOLDER)
    with _translate_errors(phone.mask(number)):
        sent_to = await account.outbox.async_send_otp(number, otp_text and text.clean(otp_text))
    if isinstance(sent_to, Limit):
        raise action_error(sent_to.value, numbers=phone.mask(number))
    return {ATTR_NUMBER: sent_to}


async def _verify_otp(call: ServiceCall) -> ServiceResponse:
    """Check a one-time password."""
    account = async_get_account(call.hass, call.data.get(ATTR_CONFIG_ENTRY_ID))
    number = call.data.get(ATTR_NUMBER)
    if number is not None:
        number = normalize_number(call.hass, number)
    otp = text.normalize_otp(call.data[ATTR_OTP])
    with _translate_errors(phone.mask(number) if number else "OTP"):
        return asdict(await account.outbox.async_request(lambda client: client.verify_otp(otp, number)))


async def _lookup_number(call: ServiceCall) -> ServiceResponse:
    """Look a number up in the home location register."""
    account = async_get_account(call.hass, call.data.get(ATTR_CONFIG_ENTRY_ID))
    number = normalize_number(call.hass, call.data[ATTR_NUMBER])
    with _translate_errors(phone.mask(number)):
        return asdict(await account.outbox.async_request(lambda client: client.lookup_number(number)))


@contextmanager
def _translate_errors(label: str) -> Iterator[None]:
    """Raise the action's error for one of the gateway; `label` says whom an unknown outcome is about."""
    try:
        yield
    except SmsboxError as error:
        raise to_action_error(error, [label]) from error


async def _preview_sms(call: ServiceCall) -> ServiceResponse:
    """Show how a message would go out."""
    unsupported = (
        call.data.get(CONF_UNSUPPORTED_CHARACTERS)
        or async_get_account(call.hass, call.data.get(ATTR_CONFIG_ENTRY_ID)).unsupported_characters
    )
    sms = compose_sms(call.data[ATTR_MESSAGE], unsupported, long_sms=call.data.get(ATTR_LONG_SMS, True))
    return {**asdict(sms), "encoding": sms.encoding.value, "replaced": list(sms.replaced)}


ACTIONS: dict[str, tuple[Handler, VolDictType, SupportsResponse]] = {
    **{
        f"send_{channel}": (
            partial(_send, channel),
            {
                **cv.TARGET_SERVICE_FIELDS,
                vol.Required(ATTR_MESSAGE): cv.string,
                vol.Optional(CONF_NUMBERS): object,
                **{vol.Optional(option): validate for option, validate in SEND_FIELDS[channel].items()},
                **ACCOUNT_FIELDS,
            },
            SupportsResponse.OPTIONAL,
        )
        for channel in Channel
    },
    "send_otp": (
        _send_otp,
        {vol.Required(ATTR_NUMBER): object, vol.Optional(ATTR_TEXT): cv.string, **ACCOUNT_FIELDS},
        SupportsResponse.OPTIONAL,
    ),
    "verify_otp": (
        _verify_otp,
        {vol.Required(ATTR_OTP): cv.string, vol.Optional(ATTR_NUMBER): object, **ACCOUNT_FIELDS},
        SupportsResponse.ONLY,
    ),
    "lookup_number": (_lookup_number, {vol.Required(ATTR_NUMBER): object, **ACCOUNT_FIELDS}, SupportsResponse.ONLY),
    "preview_sms": (
        _preview_sms,
        {
            vol.Required(ATTR_MESSAGE): cv.string,
            **{
                vol.Optional(option): SEND_FIELDS[Channel.SMS][option]
                for option in (ATTR_LONG_SMS, CONF_UNSUPPORTED_CHARACTERS)
            },
            **ACCOUNT_FIELDS,
        },
        SupportsResponse.ONLY,
    ),
}
ACTIONS |= {
    "send_alert": (async_send_alert, SEND_ALERT_FIELDS, SupportsResponse.OPTIONAL),
    "acknowledge_alert": (async_acknowledge_alert, ACKNOWLEDGE_ALERT_FIELDS, SupportsResponse.OPTIONAL),
    "resolve_alert": (async_resolve_alert, RESOLVE_ALERT_FIELDS, SupportsResponse.OPTIONAL),
}


@callback
def async_setup_services(hass: HomeAssistant) -> None:
    """Register the actions."""
    for name, (handler, schema, response) in ACTIONS.items():
        hass.services.async_register(
            DOMAIN, name, handler, vol.Schema(schema), response, description_placeholders={"otp": OTP_PLACEHOLDER}
        )

"""The actions: schema beside handler, one table, one loop."""

from collections.abc import Callable, Coroutine, Iterator, Mapping
from dataclasses import asdict, fields
from functools import partial
from typing import Any

from homeassistant.components.notify import (
    ATTR_DATA,
    ATTR_MESSAGE,
    ATTR_TARGET,
    ATTR_TITLE,
    DOMAIN as NOTIFY_DOMAIN,
)
from homeassistant.const import ATTR_CONFIG_ENTRY_ID
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse, SupportsResponse, callback
from homeassistant.helpers import config_validation as cv, entity_registry as er
from homeassistant.helpers.service import async_set_service_schema
from homeassistant.helpers.target import TargetSelection, async_extract_referenced_entity_ids
from homeassistant.helpers.typing import VolDictType
from homeassistant.util import dt as dt_util
import voluptuous as vol

from . import phone, text
from .api import Gender, Language
from .const import (
    CONF_GENDER,
    CONF_LANGUAGE,
    CONF_NUMBERS,
    CONF_SENDER,
    CONF_UNSUPPORTED_CHARACTERS,
    DOMAIN,
    LOGGER,
    Channel,
    UnsupportedCharacters,
)
from .coordinator import SmsboxConfigEntry
from .errors import translate_errors, validation_error
from .messenger import (
    Order,
    Recipient,
    account,
    address,
    async_send,
    compose_sms,
    normalize_number,
    recipients,
    unsupported_characters,
    with_title,
)
from .notify import async_record_notifications

ATTR_CHANNEL = "channel"
ATTR_LONG_SMS = "long_sms"
ATTR_NUMBER = "number"
ATTR_OTP = "otp"
ATTR_SEND_AT = "send_at"
ATTR_TEXT = "text"
ATTR_WAIT_FOR_REPORT = "wait_for_report"

OTP_PLACE = "{OTP}"

# Numbers stay as they came: YAML has read an unquoted 0471234567 as octal, and a template may make a fraction of it.
NUMBER = vol.Any(int, float, cv.string)

ACCOUNT_FIELDS: VolDictType = {vol.Optional(ATTR_CONFIG_ENTRY_ID): cv.string}
TEXT_FIELDS: VolDictType = {
    vol.Required(ATTR_MESSAGE): cv.string,
    vol.Optional(ATTR_LONG_SMS): cv.boolean,
    vol.Optional(CONF_UNSUPPORTED_CHARACTERS): vol.Coerce(UnsupportedCharacters),
}
LANGUAGE_FIELDS: VolDictType = {vol.Optional(CONF_LANGUAGE): vol.Coerce(Language)}
WAIT_FIELDS: VolDictType = {vol.Optional(ATTR_WAIT_FOR_REPORT): cv.positive_time_period}
RECEIVER_FIELDS: VolDictType = {
    vol.Required(ATTR_MESSAGE): cv.string,
    vol.Optional(CONF_NUMBERS, default=list): vol.All(cv.ensure_list, [NUMBER]),
    **ACCOUNT_FIELDS,
}
SEND_FIELDS: dict[Channel, VolDictType] = {
    Channel.SMS: {
        **RECEIVER_FIELDS,
        **TEXT_FIELDS,
        **WAIT_FIELDS,
        vol.Optional(CONF_SENDER): cv.string,
    },
    Channel.TTS: {**RECEIVER_FIELDS, **LANGUAGE_FIELDS, **WAIT_FIELDS},
    Channel.VOICE: {
        **RECEIVER_FIELDS,
        **LANGUAGE_FIELDS,
        vol.Optional(CONF_GENDER): vol.Coerce(Gender),
        vol.Optional(ATTR_SEND_AT): vol.All(cv.datetime, dt_util.as_utc),
    },
}
ORDER_FIELDS = {field.name for field in fields(Order)} - {ATTR_CHANNEL}

type Handler = Callable[[ServiceCall], Coroutine[Any, Any, ServiceResponse]]


async def _send(channel: Channel, call: ServiceCall) -> ServiceResponse:
    """Send to the recipients that the target leads to and to bare numbers."""
    addressees = address(
        call.hass,
        _targeted_recipients(call.hass, TargetSelection(call.data)),
        call.data[CONF_NUMBERS],
        call.data.get(ATTR_CONFIG_ENTRY_ID),
    )
    answer = await async_send(
        call.hass, _order(channel, call.data), addressees, call.context, partial_success=call.return_response
    )
    async_record_notifications(call.hass, channel, answer)
    return answer.as_dict()


def _order(channel: Channel, data: Mapping[str, Any]) -> Order:
    """Return what the data of an action orders."""
    return Order(channel, **{key: value for key, value in data.items() if key in ORDER_FIELDS})


def _targeted_recipients(hass: HomeAssistant, target: TargetSelection) -> Iterator[tuple[SmsboxConfigEntry, Recipient]]:
    """Yield the recipients whose notify entities a target leads to."""
    registry = er.async_get(hass)
    selected = async_extract_referenced_entity_ids(hass, target)
    ignored = set(selected.referenced)
    for entity_id in sorted(selected.referenced | selected.indirectly_referenced):
        entity = registry.async_get(entity_id)
        if entity is None or (entity.domain, entity.platform, entity.disabled) != (NOTIFY_DOMAIN, DOMAIN, False):
            continue
        entry = hass.config_entries.async_get_entry(entity.config_entry_id or "")
        if entry is not None and (subentry := entry.subentries.get(entity.config_subentry_id or "")) is not None:
            ignored.discard(entity_id)
            yield entry, Recipient.from_subentry(subentry)
    selected.log_missing(ignored, LOGGER)


async def _send_otp(call: ServiceCall) -> ServiceResponse:
    """Send a one-time password."""
    entry = account(call.hass, call.data.get(ATTR_CONFIG_ENTRY_ID))
    number = normalize_number(call.hass, call.data[ATTR_NUMBER])
    otp_text = call.data.get(ATTR_TEXT)
    if otp_text is not None and OTP_PLACE not in otp_text:
        raise validation_error("otp_text_without_code", marker=OTP_PLACE)
    client, coordinator = entry.runtime_data.client, entry.runtime_data.coordinator
    with translate_errors(call.hass, entry, [phone.mask(number)]):
        number = await client.send_otp(number, otp_text and text.clean(otp_text))
    coordinator.async_schedule_refresh()
    return {ATTR_NUMBER: number}


async def _verify_otp(call: ServiceCall) -> ServiceResponse:
    """Check a one-time password."""
    entry = account(call.hass, call.data.get(ATTR_CONFIG_ENTRY_ID))
    number = call.data.get(ATTR_NUMBER)
    if number is not None:
        number = normalize_number(call.hass, number)
    with translate_errors(call.hass, entry, [phone.mask(number) if number else "OTP"]):
        return asdict(await entry.runtime_data.client.verify_otp(call.data[ATTR_OTP].strip(), number))


async def _lookup_number(call: ServiceCall) -> ServiceResponse:
    """Look a number up in the home location register."""
    entry = account(call.hass, call.data.get(ATTR_CONFIG_ENTRY_ID))
    number = normalize_number(call.hass, call.data[ATTR_NUMBER])
    client, coordinator = entry.runtime_data.client, entry.runtime_data.coordinator
    with translate_errors(call.hass, entry, [phone.mask(number)]):
        lookup = await client.lookup_number(number)
    coordinator.async_schedule_refresh()
    return asdict(lookup)


async def _preview_sms(call: ServiceCall) -> ServiceResponse:
    """Show how a message would go out."""
    unsupported = call.data.get(CONF_UNSUPPORTED_CHARACTERS) or unsupported_characters(
        account(call.hass, call.data.get(ATTR_CONFIG_ENTRY_ID))
    )
    sms = compose_sms(call.data[ATTR_MESSAGE], unsupported, long_sms=call.data.get(ATTR_LONG_SMS, True))
    return {**asdict(sms), "encoding": sms.encoding.value, "replaced": list(sms.replaced)}


ACTIONS: dict[str, tuple[Handler, VolDictType, SupportsResponse]] = {
    **{
        f"send_{channel}": (
            partial(_send, channel),
            {**cv.TARGET_SERVICE_FIELDS, **channel_fields},
            SupportsResponse.OPTIONAL,
        )
        for channel, channel_fields in SEND_FIELDS.items()
    },
    "send_otp": (
        _send_otp,
        {vol.Required(ATTR_NUMBER): NUMBER, vol.Optional(ATTR_TEXT): cv.string, **ACCOUNT_FIELDS},
        SupportsResponse.OPTIONAL,
    ),
    "verify_otp": (
        _verify_otp,
        {vol.Required(ATTR_OTP): cv.string, vol.Optional(ATTR_NUMBER): NUMBER, **ACCOUNT_FIELDS},
        SupportsResponse.ONLY,
    ),
    "lookup_number": (_lookup_number, {vol.Required(ATTR_NUMBER): NUMBER, **ACCOUNT_FIELDS}, SupportsResponse.ONLY),
    "preview_sms": (_preview_sms, {**TEXT_FIELDS, **ACCOUNT_FIELDS}, SupportsResponse.ONLY),
}


@callback
def async_setup_services(hass: HomeAssistant) -> None:
    """Register the actions."""
    for name, (handler, schema, response) in ACTIONS.items():
        hass.services.async_register(
            DOMAIN, name, handler, vol.Schema(schema), response, description_placeholders={"otp": OTP_PLACE}
        )


CLASSIC_SCHEMA = vol.Schema(
    {
        vol.Required(ATTR_MESSAGE): cv.string,
        vol.Optional(ATTR_TITLE): cv.string,
        vol.Optional(ATTR_TARGET, default=list): vol.All(cv.ensure_list, [NUMBER]),
        vol.Optional(ATTR_DATA): vol.Any(None, dict),
    }
)


async def _notify(call: ServiceCall) -> None:
    """Send as the classic notify actions do: to numbers and names of recipients."""
    data = dict(call.data.get(ATTR_DATA) or {})
    channel = data.pop(ATTR_CHANNEL, Channel.SMS)
    if channel not in Channel:
        raise validation_error("invalid_channel", channel=str(channel))
    channel = Channel(channel)
    message = with_title(call.data[ATTR_MESSAGE], call.data.get(ATTR_TITLE))
    data = vol.Schema(SEND_FIELDS[channel])({**data, ATTR_MESSAGE: message})
    config_entry_id = data.get(ATTR_CONFIG_ENTRY_ID)
    named, numbers = [], []
    for target in (*call.data[ATTR_TARGET], *data[CONF_NUMBERS]):
        if (match := _named_recipient(call.hass, str(target), config_entry_id)) is not None:
            named.append(match)
        else:
            numbers.append(target)
    addressees = address(call.hass, named, numbers, config_entry_id)
    answer = await async_send(call.hass, _order(channel, data), addressees, call.context, partial_success=False)
    async_record_notifications(call.hass, channel, answer)


def _named_recipient(
    hass: HomeAssistant, name: str, config_entry_id: str | None
) -> tuple[SmsboxConfigEntry, Recipient] | None:
    """Return the recipient of that name; where there are several, the one of the given account."""
    matches = [
        (entry, recipient)
        for entry in hass.config_entries.async_entries(DOMAIN, include_disabled=False)
        for recipient in recipients(entry)
        if recipient.name.casefold() == name.strip().casefold()
    ]
    if len(matches) > 1:
        matches = [match for match in matches if match[0].entry_id == config_entry_id]
        if len(matches) != 1:
            raise validation_error("several_accounts")
    return next(iter(matches), None)


@callback
def async_setup_classic_notify(hass: HomeAssistant) -> None:
    """Register `notify.smsbox`, as alerts, notify groups and login codes by SMS want it."""
    hass.services.async_register(NOTIFY_DOMAIN, DOMAIN, _notify, CLASSIC_SCHEMA)
    async_set_service_schema(
        hass,
        NOTIFY_DOMAIN,
        DOMAIN,
        {
            "name": "Send a notification with smsbox",
            "description": "Sends a message by SMS or call to phone numbers or to recipients by their names.",
            "fields": {
                ATTR_MESSAGE: {"required": True, "selector": {"text": {"multiline": True}}},
                ATTR_TITLE: {"selector": {"text": {}}},
                ATTR_TARGET: {"selector": {"text": {"multiple": True}}},
                ATTR_DATA: {"selector": {"object": {}}},
            },
        },
    )

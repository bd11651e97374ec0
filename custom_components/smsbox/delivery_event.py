"""The event `smsbox_delivery_report`: its data, and how it reaches the event bus and the event entities."""

from datetime import UTC, datetime
from typing import NotRequired, TypedDict

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import Context, HomeAssistant, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.dispatcher import async_dispatcher_send
from homeassistant.util import dt as dt_util
from homeassistant.util.signal_type import SignalType

from .api import DeliveryStatus
from .const import DOMAIN, EVENT_DELIVERY_REPORT, Channel
from .message import Message

NOT_SENT = "not_sent"
EVENT_TYPES = [*DeliveryStatus, NOT_SENT]

UNKNOWN_CODE = 16
EXPIRED_CODE = 14
ERROR_CODE = 1


class DeliveryReportEventData(TypedDict):
    """The data of the event; `error` is there only for what was not sent, or may not have been."""

    config_entry_id: str
    msgid: int | None
    status: str
    status_code: int | None
    final: bool
    number: str
    recipient: str | None
    device_id: str | None
    channel: Channel
    sent_at: str | None
    reported_at: str
    error: NotRequired[str]


def delivery_signal(entry_id: str, recipient_id: str | None = None) -> SignalType[DeliveryReportEventData, Context]:
    """Return the signal of an account's reports, or of those of one of its recipients."""
    return SignalType(f"{DOMAIN}_delivery_{entry_id}_{recipient_id}")


@callback
def async_fire_report(
    hass: HomeAssistant,
    entry: ConfigEntry,
    message: Message,
    status: str,
    status_code: int | None = None,
    *,
    error: str | None = None,
) -> DeliveryReportEventData:
    """Tell the event bus the status of a message, and return what the event entities have to show."""
    recipient = entry.subentries.get(message.recipient_id or "")
    device = recipient and dr.async_get(hass).async_get_device_by_identifier(
        (DOMAIN, recipient.subentry_id), entry.entry_id
    )
    data = DeliveryReportEventData(
        config_entry_id=entry.entry_id,
        msgid=message.msgid,
        status=status,
        status_code=status_code,
        final=status == NOT_SENT or DeliveryStatus(status).final,
        number=message.number,
        recipient=recipient.title if recipient else None,
        device_id=device.id if device else None,
        channel=message.channel,
        sent_at=None if message.msgid is None else datetime.fromtimestamp(message.sent_at, UTC).isoformat(),
        reported_at=dt_util.utcnow().isoformat(),
    )
    if error is not None:
        data["error"] = error
    hass.bus.async_fire(EVENT_DELIVERY_REPORT, data, context=message.context)
    return data


@callback
def async_show_report(hass: HomeAssistant, message: Message, data: DeliveryReportEventData) -> None:
    """Have the event entities of the account and of the recipient show the status of a message."""
    for recipient_id in dict.fromkeys((None, message.recipient_id)):
        async_dispatcher_send(hass, delivery_signal(data["config_entry_id"], recipient_id), data, message.context)

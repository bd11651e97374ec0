"""The event `smsbox_alert`: its data, and how it reaches the event bus and the plan's event entity."""

from collections.abc import Mapping
from typing import Any, TypedDict

from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.core import Context, HomeAssistant, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.dispatcher import async_dispatcher_send
from homeassistant.util.signal_type import SignalType

from ..const import DOMAIN, EVENT_ALERT
from .effects import Fire


class AlertTarget(TypedDict):
    """Whom an event is about; the channel is None for other integrations."""

    name: str
    channel: str | None


class AlertEventData(TypedDict):
    """The data of the event; None where it does not apply."""

    config_entry_id: str
    device_id: str | None
    plan: str
    alert_id: str
    type: str
    title: str | None
    step: int | None
    round: int | None
    targets: list[AlertTarget] | None
    reason: str | None
    by: str | None
    via: str | None


def alert_signal(subentry_id: str) -> SignalType[AlertEventData, Context]:
    """Return the signal of the events of a plan's alert."""
    return SignalType(f"{DOMAIN}_alert_{subentry_id}")


def status_signal(subentry_id: str) -> SignalType[()]:
    """Return the signal that the status of a plan's alert changed."""
    return SignalType(f"{DOMAIN}_alert_status_{subentry_id}")


def context_of(stored: Mapping[str, str | None]) -> Context:
    """Return the context of the call that started an alert."""
    return Context(stored.get("user_id"), stored.get("parent_id"), stored.get("id"))


@callback
def async_fire_alert(hass: HomeAssistant, entry: ConfigEntry[Any], subentry: ConfigSubentry, fire: Fire) -> None:
    """Tell the event bus and the event entity what happened to an alert."""
    device = dr.async_get(hass).async_get_device_by_identifier((DOMAIN, subentry.subentry_id), entry.entry_id)
    data = AlertEventData(
        config_entry_id=entry.entry_id,
        device_id=device.id if device else None,
        plan=subentry.title,
        alert_id=fire.alert_id,
        type=fire.type.value,
        title=fire.title,
        step=fire.step,
        round=fire.round,
        targets=None
        if fire.targets is None
        else [AlertTarget(name=name, channel=channel and channel.value) for name, channel in fire.targets],
        reason=fire.reason,
        by=fire.by,
        via=fire.via,
    )
    context = context_of(fire.context)
    hass.bus.async_fire(EVENT_ALERT, data, context=context)
    async_dispatcher_send(hass, alert_signal(subentry.subentry_id), data, context)

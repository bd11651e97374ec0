"""What is on disk before what: few writes, small ones, and as many whatever is followed."""

from http import HTTPStatus
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from .common import advance_time, call_action, send
from .disk import Disk
from .gateways import Gateway, set_response
from .plans import DAD, MUM, Notifier, add_notifiers, pass_minutes, plan, recipient, set_up_plans, start, step, target

SMALL = 4096
FOLLOWED = pytest.mark.parametrize("followed", [10, 100_000])
PHONE = {"notifier": "notify.phone"}


async def follow(hass: HomeAssistant, entry: MockConfigEntry, number: int) -> None:
    """Have so many messages followed."""
    await send(hass, numbers=["0474 12 34 56"])
    messages = entry.runtime_data.store.messages
    messages.update(dict.fromkeys(range(number), next(iter(messages.values()))))


@FOLLOWED
@pytest.mark.parametrize(
    ("domain", "action", "data"),
    [
        ("smsbox", "send_sms", {"numbers": [MUM, DAD]}),
        ("smsbox", "send_tts", {"numbers": [MUM]}),
        ("smsbox", "send_voice", {"numbers": [MUM]}),
        ("smsbox", "send_sms", {"numbers": [MUM], "valid_for": {"hours": 1}}),
        ("smsbox", "send_otp", {"number": MUM, "message": None}),
        ("notify", "smsbox", {"target": "Mum"}),
        ("notify", "send_message", {"entity_id": "notify.mum_sms"}),
        ("button", "press", {"entity_id": "button.mum_send_test_message", "message": None}),
    ],
)
async def test_plain_send_writes_nothing_ahead(
    hass: HomeAssistant,
    gateway: Gateway,
    entry: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
    domain: str,
    action: str,
    data: dict[str, Any],
    followed: int,
) -> None:
    """A message that goes out at once is sent without a write to the disk."""
    await follow(hass, entry, followed)
    disk = Disk(monkeypatch, gateway)
    data = {key: value for key, value in {"message": "Water", **data}.items() if value is not None}
    await call_action(hass, action, domain=domain, **data)
    assert not disk.sizes


@FOLLOWED
async def test_writes_of_a_queued_message(
    hass: HomeAssistant,
    gateway: Gateway,
    entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    monkeypatch: pytest.MonkeyPatch,
    followed: int,
) -> None:
    """It is on disk before its action returns, and again before its second request; in the end it is taken out."""
    await follow(hass, entry, followed)
    disk = Disk(monkeypatch, gateway)
    set_response(gateway, "sendsms", HTTPStatus.SERVICE_UNAVAILABLE)
    await send(hass, valid_for={"hours": 1})
    assert disk.requests == [2]
    gateway.responses.clear()
    await advance_time(hass, 60, freezer)
    await advance_time(hass, 2, freezer)
    assert disk.requests == [2, 2, 3]
    assert max(disk.sizes) < SMALL


@FOLLOWED
@pytest.mark.parametrize(
    ("targets", "requests"),
    [
        ([target("Mum")], 1),
        ([target("Mum", "tts")], 1),
        ([target("Mum", "voice")], 1),
        ([target("Mum"), target("Dad"), target("Mum", "voice")], 4),
        ([PHONE], 0),
        ([PHONE, target("Mum")], 1),
    ],
)
async def test_writes_of_an_alert(
    hass: HomeAssistant,
    gateway: Gateway,
    freezer: FrozenDateTimeFactory,
    monkeypatch: pytest.MonkeyPatch,
    targets: list[dict[str, str]],
    requests: int,
    followed: int,
) -> None:
    """A start is on disk, each step before its first request, and the answers that came together; looks cost none."""
    await add_notifiers(hass, Notifier("Phone"))
    people = [recipient("Mum", channels=["sms", "tts", "voice"]), recipient("Dad", numbers=[DAD, "32471000002"])]
    entry = await set_up_plans(hass, plan(step(*targets), step(*targets)), recipients=people)
    await follow(hass, entry, followed)
    disk = Disk(monkeypatch, gateway)
    await start(hass)
    assert disk.requests == [1, 1, 1 + requests]
    disk.requests.clear()
    await pass_minutes(hass, freezer, 4)
    assert not disk.requests
    await pass_minutes(hass, freezer, 2)
    assert disk.requests == [1 + requests, 1 + 2 * requests]
    assert max(disk.sizes) < SMALL

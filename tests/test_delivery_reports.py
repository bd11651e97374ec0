"""Delivery reports: the event and the entities tell the status of each message that an account sent, once."""

from homeassistant.auth.models import User
from homeassistant.core import Context, Event, HomeAssistant, State
from homeassistant.helpers import device_registry as dr
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, mock_restore_cache_with_extra_data

from custom_components.smsbox.const import DOMAIN

from .common import account_entry, get_state, recipient_data, restart, send, set_up, statuses, totals
from .conftest import Report
from .gateways import FIRST_MSGID, Gateway

STATUSES = {
    10: "sent",
    11: "delivered",
    12: "buffered",
    13: "undelivered",
    14: "expired",
    15: "rejected",
    16: "unknown",
    20: "blacklisted",
    1: "error",
    0: "unknown",
    17: "unknown",
    9_000_000: "unknown",
}
FAILED = {"undelivered", "expired", "rejected", "blacklisted", "error"}


@pytest.fixture
def recipients() -> list[object]:
    """Have two recipients."""
    return [recipient_data(), recipient_data("Dad", numbers=["32471234567"], channels=["tts"])]


def attributes(hass: HomeAssistant, *keys: str) -> list[list[object]]:
    """Return some attributes of the event entities of Mum, Dad and the account."""
    shown = [get_state(hass, f"event.{name}_delivery_report").attributes for name in ("mum", "dad", "smsbox")]
    return [[attributes[key] for attributes in shown] for key in keys]


@pytest.mark.parametrize(("code", "status"), STATUSES.items())
async def test_report_fires_event(
    hass: HomeAssistant, entry: MockConfigEntry, report: Report, events: list[Event], code: int, status: str
) -> None:
    """A report fires an event that tells all that is known of its message, and counts if it is final."""
    await send(hass)
    await report(FIRST_MSGID, code)
    subentry_id = next(iter(entry.subentries))
    device = dr.async_get(hass).async_get_device_by_identifier((DOMAIN, subentry_id), entry.entry_id)
    assert device is not None
    (event,) = events
    data = dict(event.data)
    assert data["sent_at"].endswith("+00:00")
    assert data.pop("sent_at") < data.pop("reported_at")
    assert data == {
        "config_entry_id": entry.entry_id,
        "msgid": FIRST_MSGID,
        "status": status,
        "status_code": code,
        "final": status in FAILED | {"delivered"},
        "number": "32496123456",
        "recipient": "Mum",
        "device_id": device.id,
        "channel": "sms",
    }
    assert await totals(hass) == [1, int(status == "delivered"), int(status in FAILED)]


async def test_bare_number_has_no_recipient(hass: HomeAssistant, report: Report, events: list[Event]) -> None:
    """The report of a message to a bare number names neither recipient nor device."""
    await send(hass, channel="tts", numbers=["0472 23 45 67"])
    await report(FIRST_MSGID, 11)
    keys = ("number", "recipient", "device_id", "channel")
    assert [events[0].data[key] for key in keys] == ["32472234567", None, None, "tts"]


async def test_removed_recipient_is_not_named(
    hass: HomeAssistant, entry: MockConfigEntry, report: Report, events: list[Event]
) -> None:
    """A report for a recipient that was removed still comes, with the number alone."""
    await send(hass)
    assert hass.config_entries.async_remove_subentry(entry, next(iter(entry.subentries)))
    await hass.async_block_till_done()
    await report(FIRST_MSGID, 11)
    keys = ("number", "recipient", "device_id")
    assert [events[0].data[key] for key in keys] == ["32496123456", None, None]


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        ([10, 12, 11], ["sent", "buffered", "delivered"]),
        ([10, 10], ["sent"]),
        ([11, 11], ["delivered"]),
        ([10, 12, 10, 12, 11, 10], ["sent", "buffered", "delivered"]),
        ([17, 18, 16], ["unknown"]),
        ([11, 13], ["delivered"]),
        ([20, 10, 11], ["blacklisted"]),
    ],
)
async def test_repeated_and_late_reports_are_ignored(
    hass: HomeAssistant, report: Report, events: list[Event], codes: list[int], expected: list[str]
) -> None:
    """Each status is told once, and nothing is told after a final one."""
    await send(hass)
    for code in codes:
        await report(FIRST_MSGID, code)
    assert statuses(events) == [(FIRST_MSGID, status) for status in expected]
    assert get_state(hass, "event.mum_delivery_report").attributes["event_type"] == expected[-1]


async def test_foreign_report_is_ignored(hass: HomeAssistant, report: Report, events: list[Event]) -> None:
    """A report for a msgid that was not sent fires nothing."""
    await send(hass)
    await report(FIRST_MSGID + 1, 11)
    assert not events
    assert await totals(hass) == [1, 0, 0]


@pytest.mark.parametrize("restarted", [False, True])
async def test_report_has_the_context_of_the_call(
    hass: HomeAssistant, report: Report, events: list[Event], hass_admin_user: User, *, restarted: bool
) -> None:
    """Event and entities carry the context of the call that sent the message, after a restart too."""
    context = Context(user_id=hass_admin_user.id, parent_id="a-parent")
    data = {"entity_id": "notify.mum_sms", "message": "Hello"}
    await hass.services.async_call("notify", "send_message", data, blocking=True, context=context)
    if restarted:
        await restart(hass)
    await report(FIRST_MSGID, 11)
    (event,) = events
    shown = [get_state(hass, f"event.{name}_delivery_report").context for name in ("mum", "smsbox")]
    for one in (event.context, *shown):
        assert (one.id, one.user_id, one.parent_id) == (context.id, hass_admin_user.id, "a-parent")


@pytest.mark.parametrize(
    ("domain", "action", "data"),
    [
        (DOMAIN, "send_sms", {"entity_id": "notify.mum_sms"}),
        (DOMAIN, "send_tts", {"numbers": ["0472 23 45 67"]}),
        ("notify", "smsbox", {"target": "Mum"}),
        ("button", "press", {"entity_id": "button.mum_send_test_message"}),
    ],
)
async def test_every_action_hands_on_its_context(
    hass: HomeAssistant, report: Report, events: list[Event], domain: str, action: str, data: dict[str, object]
) -> None:
    """Whichever action sent the message, its report carries the context of the call."""
    context = Context()
    data = data if domain == "button" else {"message": "Hello", **data}
    await hass.services.async_call(domain, action, data, blocking=True, context=context)
    await report(FIRST_MSGID, 11)
    assert [event.context for event in events] == [context]


async def test_repeated_msgid_belongs_to_the_newest_message(
    hass: HomeAssistant, gateway: Gateway, report: Report, events: list[Event]
) -> None:
    """If the gateway gives a msgid again, reports belong to the message that got it last."""
    for number in ("32472234567", "32473234567"):
        gateway.responses["sendsms"] = {"code": 100, "message": [{"number": number, "msgid": 7}]}
        await send(hass, numbers=[f"+{number}"])
    for _ in range(2):
        await report(7, 11)
    assert [event.data["number"] for event in events] == ["32473234567"]
    assert await totals(hass) == [2, 1, 0]


async def test_entities_show_reports(hass: HomeAssistant, report: Report) -> None:
    """A recipient's entity shows the recipient's last report, the account's shows the last of all."""
    await send(hass)
    await send(hass, channel="tts", entity_id="notify.dad_text_to_speech")
    await send(hass, numbers=["0472 23 45 67"])
    await report(FIRST_MSGID, 10)
    state = get_state(hass, "event.mum_delivery_report")
    assert state.attributes["sent_at"] < state.state
    assert {key: state.attributes[key] for key in state.attributes.keys() - {"event_types", "sent_at"}} == {
        "friendly_name": "Mum Delivery report",
        "event_type": "sent",
        "msgid": FIRST_MSGID,
        "number": "32496123456",
        "recipient": "Mum",
        "channel": "sms",
        "status_code": 10,
        "final": False,
    }
    await report(FIRST_MSGID + 1, 11)
    await report(FIRST_MSGID + 2, 13)
    assert attributes(hass, "event_type", "recipient", "channel") == [
        ["sent", "delivered", "undelivered"],
        ["Mum", "Dad", None],
        ["sms", "tts", "sms"],
    ]


async def test_last_report_is_restored(hass: HomeAssistant, gateway: Gateway) -> None:
    """After a restart an entity shows its last report again."""
    time = "2026-11-01T12:00:00.000+00:00"
    last = {"last_event_type": "delivered", "last_event_attributes": {"msgid": 5, "channel": "tts"}}
    mock_restore_cache_with_extra_data(hass, [(State("event.mum_delivery_report", time), last)])
    await set_up(hass, account_entry(recipient_data()))
    state = get_state(hass, "event.mum_delivery_report")
    assert state.state == time
    assert [state.attributes[key] for key in ("event_type", "msgid", "channel")] == ["delivered", 5, "tts"]
    assert get_state(hass, "event.smsbox_delivery_report").state == "unknown"


async def test_totals_count_accepted_messages_and_final_reports(
    hass: HomeAssistant, gateway: Gateway, report: Report
) -> None:
    """Every accepted number counts as sent, and every final report once; both survive a restart."""
    assert await totals(hass) == [0, 0, 0]
    numbers = ["0471 23 45 67", "0471 23 45 68", "0471 23 45 69"]
    await send(hass, numbers=numbers)
    assert get_state(hass, "sensor.smsbox_messages_sent").state != "0"  # the first change is shown at once
    for msgid, codes in enumerate(([10, 11, 11], [12, 14], [16]), FIRST_MSGID):
        for code in codes:
            await report(msgid, code)
    assert await totals(hass) == [3, 1, 1]
    await restart(hass)
    assert await totals(hass) == [3, 1, 1]
    await send(hass, channel="voice", numbers=numbers)
    assert await totals(hass) == [6, 1, 1]
    gateway.responses["sendsms"] = {"code": 100, "message": [{"number": "32471234567", "msgid": 1}]}
    await send(hass, numbers=numbers)
    assert await totals(hass) == [7, 1, 1]

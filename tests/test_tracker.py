"""Messages are followed to their end, and no report is lost, doubled or crossed."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Coroutine
import logging
from typing import Any, override

from freezegun.api import FrozenDateTimeFactory
from homeassistant.auth.models import User
from homeassistant.const import EVENT_HOMEASSISTANT_FINAL_WRITE
from homeassistant.core import Context, Event, HomeAssistant, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.storage import Store
from hypothesis import settings, strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, multiple, rule, run_state_machine_as_test
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_capture_events,
    async_fire_time_changed,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.smsbox import tracker as tracker_module
from custom_components.smsbox.api import AcceptedMessage, DeliveryReport, DeliveryStatus
from custom_components.smsbox.const import DOMAIN, EVENT_DELIVERY_REPORT, Channel
from custom_components.smsbox.tracker import Tracker

from .conftest import WEBHOOK_ID, account_entry, recipient_data
from .gateway import API_KEY, Gateway
from .reports import report
from .sends import FIRST_MSGID, send, totals

type Post = Callable[..., Coroutine[Any, Any, None]]
type Stored = dict[str, Any]

FINAL = {"delivered", "undelivered", "expired", "rejected", "blacklisted", "error"}
HOUR = 3600


@pytest.fixture
async def post(hass: HomeAssistant, entry: MockConfigEntry, hass_client_no_auth: ClientSessionGenerator) -> Post:
    """Return how a report of an account comes in."""
    client = await hass_client_no_auth()

    async def post(msgid: int, status: int, webhook_id: str = WEBHOOK_ID) -> None:
        """Post a report."""
        await report(hass, client, msgid, status, webhook_id)

    return post


@pytest.fixture
def events(hass: HomeAssistant) -> list[Event]:
    """Return the reports on the bus, as they come."""
    return async_capture_events(hass, EVENT_DELIVERY_REPORT)


def seen(events: list[Event]) -> list[tuple[int, str]]:
    """Return message and status of reports."""
    return [(event.data["msgid"], event.data["status"]) for event in events]


def stored(hass_storage: Stored, entry: MockConfigEntry) -> Stored:
    """Return what the file of an account holds."""
    data: Stored = hass_storage[f"{DOMAIN}.{entry.entry_id}"]["data"]
    return data


async def passes(hass: HomeAssistant, freezer: FrozenDateTimeFactory, seconds: float) -> None:
    """Let time pass."""
    freezer.tick(seconds)
    async_fire_time_changed(hass)
    await hass.async_block_till_done()


async def ends(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """End Home Assistant, and forget what was in its memory."""
    hass.bus.async_fire(EVENT_HOMEASSISTANT_FINAL_WRITE)
    await hass.async_block_till_done()
    assert await hass.config_entries.async_unload(entry.entry_id)
    hass.data[tracker_module.TRACKERS].clear()


@pytest.mark.parametrize(
    ("code", "status"),
    [
        (10, "sent"),
        (11, "delivered"),
        (12, "buffered"),
        (13, "undelivered"),
        (14, "expired"),
        (15, "rejected"),
        (16, "unknown"),
        (20, "blacklisted"),
        (1, "error"),
        (0, "unknown"),
        (17, "unknown"),
        (9_000_000, "unknown"),
    ],
)
async def test_report(
    hass: HomeAssistant, entry: MockConfigEntry, post: Post, events: list[Event], code: int, status: str
) -> None:
    """A report becomes an event that says all that is known of its message."""
    await send(hass)
    await post(FIRST_MSGID, code)
    subentry_id = next(iter(entry.subentries))
    device = dr.async_get(hass).async_get_device_by_identifier((DOMAIN, subentry_id), entry.entry_id)
    assert device is not None
    assert len(events) == 1
    data = dict(events[0].data)
    assert data["sent_at"].endswith("+00:00")
    assert data.pop("sent_at") < data.pop("reported_at")
    assert data == {
        "config_entry_id": entry.entry_id,
        "msgid": FIRST_MSGID,
        "status": status,
        "status_code": code,
        "final": status in FINAL,
        "number": "32496123456",
        "recipient": "Mum",
        "device_id": device.id,
        "channel": "sms",
    }
    assert await totals(hass) == [1, int(status == "delivered"), int(status in FINAL - {"delivered"})]


async def test_bare_number(hass: HomeAssistant, post: Post, events: list[Event]) -> None:
    """A message to a bare number has no recipient and no device; read aloud it is of that channel."""
    await send(hass, channel="tts", numbers=["0471 23 45 67"])
    await post(FIRST_MSGID, 11)
    assert [events[0].data[key] for key in ("number", "recipient", "device_id", "channel")] == [
        "32471234567",
        None,
        None,
        "tts",
    ]


@pytest.mark.parametrize(
    ("codes", "statuses"),
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
async def test_repeated_and_late_reports(
    hass: HomeAssistant, post: Post, events: list[Event], codes: list[int], statuses: list[str]
) -> None:
    """A status comes once, and none comes after a final one."""
    await send(hass)
    for code in codes:
        await post(FIRST_MSGID, code)
    assert seen(events) == [(FIRST_MSGID, status) for status in statuses]
    state = hass.states.get("event.mum_delivery_report")
    assert state is not None
    assert state.attributes["event_type"] == statuses[-1]


async def test_foreign_reports(hass: HomeAssistant, post: Post, events: list[Event]) -> None:
    """Reports for what was not sent fire nothing."""
    await send(hass)
    await post(FIRST_MSGID + 1, 11)
    assert not events
    assert await totals(hass) == [1, 0, 0]


async def test_context(hass: HomeAssistant, post: Post, events: list[Event], hass_admin_user: User) -> None:
    """A report carries the context of the call that sent its message."""
    context = Context(user_id=hass_admin_user.id, parent_id="a-parent")
    await hass.services.async_call(
        "notify",
        "send_message",
        {"entity_id": "notify.mum_sms", "message": "Hello"},
        blocking=True,
        context=context,
    )
    await post(FIRST_MSGID, 11)
    assert [event.context for event in events] == [context]
    for entity in ("event.mum_delivery_report", "event.smsbox_delivery_report"):
        state = hass.states.get(entity)
        assert state is not None
        assert state.context == context


async def test_context_survives_a_restart(
    hass: HomeAssistant, entry: MockConfigEntry, post: Post, events: list[Event], hass_admin_user: User
) -> None:
    """The context is known after a restart too, and so is all else."""
    context = Context(user_id=hass_admin_user.id, parent_id="a-parent")
    await hass.services.async_call(
        DOMAIN, "send_tts", {"numbers": ["0471 23 45 67"], "message": "Hello"}, blocking=True, context=context
    )
    await post(FIRST_MSGID, 10)
    await ends(hass, entry)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    for code in (10, 11):
        await post(FIRST_MSGID, code)
    assert seen(events) == [(FIRST_MSGID, "sent"), (FIRST_MSGID, "delivered")]
    for event in events:
        assert (event.context.id, event.context.user_id, event.context.parent_id) == (
            context.id,
            hass_admin_user.id,
            "a-parent",
        )
    first, last = (dict(event.data) for event in events)
    assert first["sent_at"] == last["sent_at"]
    assert last["channel"] == "tts"
    assert await totals(hass) == [1, 1, 0]


async def test_accounts_do_not_cross(
    hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry, post: Post, events: list[Event]
) -> None:
    """Two accounts may get the same msgid from the gateway: each knows its own only."""
    other = account_entry(
        recipient_data("Dad", numbers=["32471234567"]), title="Other", data={"api_key": API_KEY, "webhook_id": "other"}
    )
    other.add_to_hass(hass)
    assert await hass.config_entries.async_setup(other.entry_id)
    await hass.async_block_till_done()
    for name, number in (("mum", "32496123456"), ("dad", "32471234567")):
        gateway.answers["sendsms"] = {"code": 100, "message": [{"number": number, "msgid": 7}]}
        await send(hass, entity_id=f"notify.{name}_sms")
    await post(7, 13, "other")
    await post(7, 11)
    assert [(event.data["config_entry_id"], event.data["recipient"], event.data["status"]) for event in events] == [
        (other.entry_id, "Dad", "undelivered"),
        (entry.entry_id, "Mum", "delivered"),
    ]
    for entity, status in (("mum", "delivered"), ("smsbox", "delivered"), ("dad", "undelivered")):
        state = hass.states.get(f"event.{entity}_delivery_report")
        assert state is not None
        assert state.attributes["event_type"] == status


async def test_msgid_given_again(
    hass: HomeAssistant,
    gateway: Gateway,
    entry: MockConfigEntry,
    post: Post,
    events: list[Event],
    freezer: FrozenDateTimeFactory,
) -> None:
    """A gateway that begins to count anew makes the newest message count, for its own 72 hours."""
    for msgid in (7, 8, 7):
        gateway.answers["sendsms"] = {"code": 100, "message": [{"number": "32496123456", "msgid": msgid}]}
        await send(hass)
        await passes(hass, freezer, 30 * HOUR)
    assert hass.data[tracker_module.TRACKERS][entry.entry_id].following == 2
    await passes(hass, freezer, 30 * HOUR)
    assert hass.data[tracker_module.TRACKERS][entry.entry_id].following == 1
    for _ in range(2):
        await post(7, 11)
    assert seen(events) == [(7, "delivered")]
    assert await totals(hass) == [3, 1, 0]


async def test_report_ahead_of_its_answer(hass: HomeAssistant, post: Post, events: list[Event]) -> None:
    """Reports that come before the answer to their request are taken in with it, in their order."""
    for code in (10, 12, 10, 11, 13):
        await post(FIRST_MSGID, code)
    assert not events
    answer = await send(hass)
    assert seen(events) == [(FIRST_MSGID, status) for status in ("sent", "buffered", "delivered")]
    assert answer["messages"][0]["final"]
    assert await totals(hass) == [1, 1, 0]


@pytest.mark.parametrize(("seconds", "matched"), [(59, True), (61, False)])
async def test_report_is_held_for_a_while(
    hass: HomeAssistant,
    post: Post,
    events: list[Event],
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
    seconds: float,
    matched: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    """A report that no message awaits is dropped after a minute, with one line however many came of it."""
    await post(FIRST_MSGID, 10)
    await post(FIRST_MSGID, 11)
    caplog.clear()
    await passes(hass, freezer, seconds)
    dropped = [record for record in caplog.records if str(FIRST_MSGID) in record.getMessage()]
    assert [record.levelno for record in dropped] == ([] if matched else [logging.DEBUG])
    await send(hass)
    assert bool(events) is matched


async def test_later_reports_are_held_as_long(
    hass: HomeAssistant, post: Post, events: list[Event], freezer: FrozenDateTimeFactory
) -> None:
    """What came while an older report was held goes in its own time."""
    await post(1, 11)
    await passes(hass, freezer, 59)
    await post(FIRST_MSGID, 10)
    await passes(hass, freezer, 2)
    await post(FIRST_MSGID, 11)
    await send(hass)
    assert seen(events) == [(FIRST_MSGID, "sent"), (FIRST_MSGID, "delivered")]
    await post(FIRST_MSGID + 1, 11)
    await passes(hass, freezer, 59)
    await post(FIRST_MSGID + 2, 11)
    await passes(hass, freezer, 2)
    await passes(hass, freezer, 60)
    for _ in range(2):
        await send(hass)
    await post(FIRST_MSGID + 3, 11)
    await passes(hass, freezer, 61)
    await send(hass)
    assert len(events) == 2


async def test_only_so_many_are_held(
    hass: HomeAssistant,
    post: Post,
    events: list[Event],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """With too many reports that no message awaits the oldest goes, with one line."""
    monkeypatch.setattr(tracker_module, "MAX_HELD", 2)
    for msgid in (FIRST_MSGID, FIRST_MSGID + 1):
        await post(msgid, 11)
    caplog.clear()
    await post(FIRST_MSGID + 2, 11)
    assert len([record for record in caplog.records if str(FIRST_MSGID) in record.getMessage()]) == 1
    for _ in range(3):
        await send(hass)
    assert seen(events) == [(FIRST_MSGID + 1, "delivered"), (FIRST_MSGID + 2, "delivered")]


@pytest.mark.parametrize(("hours", "matched"), [(71, True), (73, False)])
@pytest.mark.parametrize("another", [False, True])
async def test_followed_for_72_hours(
    hass: HomeAssistant,
    hass_storage: Stored,
    entry: MockConfigEntry,
    post: Post,
    events: list[Event],
    freezer: FrozenDateTimeFactory,
    hours: int,
    matched: bool,  # noqa: FBT001 - parameters of the test
    another: bool,  # noqa: FBT001
) -> None:
    """A message that the gateway never tells the end of is forgotten, whether or not others are sent."""
    await send(hass)
    await post(FIRST_MSGID, 10)
    await passes(hass, freezer, hours * HOUR)
    if another:
        await send(hass)
        await passes(hass, freezer, 1)
        assert len(stored(hass_storage, entry)["messages"]) == 1 + matched
    await post(FIRST_MSGID, 11)
    assert (FIRST_MSGID, "delivered") in seen(events) if matched else seen(events) == [(FIRST_MSGID, "sent")]
    assert await totals(hass) == [1 + another, int(matched), 0]


async def test_all_are_forgotten(
    hass: HomeAssistant, hass_storage: Stored, entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    """Whoever asks how many messages are followed has the old ones forgotten, in the file too."""
    await send(hass, numbers=["0471 23 45 67", "0472 23 45 67"])
    await passes(hass, freezer, 73 * HOUR)
    assert hass.data[tracker_module.TRACKERS][entry.entry_id].following == 0
    await passes(hass, freezer, 1)
    assert not stored(hass_storage, entry)["messages"]


async def test_forgotten_while_home_assistant_was_off(
    hass: HomeAssistant,
    hass_storage: Stored,
    entry: MockConfigEntry,
    post: Post,
    events: list[Event],
    freezer: FrozenDateTimeFactory,
) -> None:
    """What is too old at the start leaves the file at once."""
    await send(hass)
    await ends(hass, entry)
    await passes(hass, freezer, 73 * HOUR)
    assert len(stored(hass_storage, entry)["messages"]) == 1
    assert await hass.config_entries.async_setup(entry.entry_id)
    await passes(hass, freezer, 1)
    assert not stored(hass_storage, entry)["messages"]
    await post(FIRST_MSGID, 11)
    assert not events


async def test_written_within_a_second(
    hass: HomeAssistant, hass_storage: Stored, entry: MockConfigEntry, post: Post, freezer: FrozenDateTimeFactory
) -> None:
    """The file follows within a second, in one write for all that happened, and finished messages leave it."""
    await send(hass, numbers=["0471 23 45 67", "0472 23 45 67"])
    for code in (10, 11):
        await post(FIRST_MSGID, code)
    assert f"{DOMAIN}.{entry.entry_id}" not in hass_storage
    await passes(hass, freezer, 1)
    data = stored(hass_storage, entry)
    assert [message[:2] for message in data["messages"]] == [[FIRST_MSGID + 1, "32472234567"]]
    assert data["totals"] == {"sent": 2, "delivered": 1, "failed": 0}
    await post(FIRST_MSGID + 1, 13)
    await passes(hass, freezer, 1)
    assert stored(hass_storage, entry) == {"messages": [], "totals": {"sent": 2, "delivered": 1, "failed": 1}}


async def test_written_on_stop(hass: HomeAssistant, hass_storage: Stored, entry: MockConfigEntry) -> None:
    """What was not yet written when Home Assistant stops is written then."""
    await send(hass)
    await hass.async_stop()
    assert [message[0] for message in stored(hass_storage, entry)["messages"]] == [FIRST_MSGID]


async def test_load(hass: HomeAssistant, hass_storage: Stored, gateway: Gateway) -> None:
    """What a file of this shape holds is known."""
    entry = account_entry(recipient_data())
    subentry_id = next(iter(entry.subentries))
    now = tracker_module._now()
    hass_storage[f"{DOMAIN}.{entry.entry_id}"] = {
        "version": 1,
        "data": {
            "messages": [
                [5, "32496123456", subentry_id, "sms", now - 60, "a-context", None, "a-user", ["sent"]],
                [6, "32471234567", None, "tts", now, "b-context", None, None, []],
            ],
            "totals": {"sent": 9, "delivered": 5, "failed": 2},
        },
    }
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    assert await totals(hass) == [9, 5, 2]
    events = async_capture_events(hass, EVENT_DELIVERY_REPORT)
    tracker = hass.data[tracker_module.TRACKERS][entry.entry_id]
    for msgid, code in ((5, 10), (5, 11), (6, 20)):
        tracker.receive(DeliveryReport.from_response(msgid, code))
    await hass.async_block_till_done()
    keys = ("msgid", "number", "recipient", "status")
    assert [[event.data[key] for key in keys] for event in events] == [
        [5, "32496123456", "Mum", "delivered"],
        [6, "32471234567", None, "blacklisted"],
    ]
    assert await totals(hass) == [9, 6, 3]


async def test_starts_paused(hass: HomeAssistant, events: list[Event]) -> None:
    """Reports are kept back until there are entities to show them, and whenever there are none."""
    tracker = Tracker(hass, account_entry())
    for msgid in (1, 2):
        tracker.track(AcceptedMessage("32496123456", msgid), None, Channel.SMS, Context(), reports=True)
        tracker.receive(DeliveryReport.from_response(msgid, 11))
        await hass.async_block_till_done()
        assert (msgid, "delivered") not in seen(events)
        tracker.resume()
        await hass.async_block_till_done()
        assert (msgid, "delivered") in seen(events)
        tracker.pause()
    await tracker.async_remove()


async def test_removed_recipient(hass: HomeAssistant, entry: MockConfigEntry, post: Post, events: list[Event]) -> None:
    """A report for a recipient that is gone still comes, by its number."""
    await send(hass)
    assert hass.config_entries.async_remove_subentry(entry, next(iter(entry.subentries)))
    await hass.async_block_till_done()
    await post(FIRST_MSGID, 11)
    assert [events[0].data[key] for key in ("number", "recipient", "device_id")] == ["32496123456", None, None]


async def test_removal_deletes_the_file(
    hass: HomeAssistant,
    hass_storage: Stored,
    entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    post: Post,
) -> None:
    """With an account its file goes, and stays away."""
    await send(hass)
    await post(1, 11)
    await passes(hass, freezer, 1)
    await send(hass)
    assert f"{DOMAIN}.{entry.entry_id}" in hass_storage
    await hass.config_entries.async_remove(entry.entry_id)
    await passes(hass, freezer, 100)
    assert f"{DOMAIN}.{entry.entry_id}" not in hass_storage


async def test_removal_waits_for_a_save(
    hass: HomeAssistant,
    hass_storage: Stored,
    entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A save that is under way does not bring the file of a removed account back."""
    write, writing, go_on = Store._async_write_data, asyncio.Event(), asyncio.Event()

    async def write_slowly(store: Store[Any], data: dict[str, Any]) -> None:
        """Take time to write."""
        if store.key.startswith(DOMAIN):
            writing.set()
            await go_on.wait()
        await write(store, data)

    await send(hass)
    with monkeypatch.context() as patched:
        patched.setattr(Store, "_async_write_data", write_slowly)
        freezer.tick(1)
        async_fire_time_changed(hass)
        await writing.wait()
        removal = asyncio.create_task(hass.config_entries.async_remove(entry.entry_id))
        for _ in range(100):
            await asyncio.sleep(0)  # to get as far as it can
        go_on.set()
        await removal
    await hass.async_block_till_done()
    assert f"{DOMAIN}.{entry.entry_id}" not in hass_storage


async def test_removal_while_sending(
    hass: HomeAssistant, hass_storage: Stored, gateway: Gateway, entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    """An account that goes while the gateway answers leaves no file behind."""
    tracker = hass.data[tracker_module.TRACKERS][entry.entry_id]
    await hass.config_entries.async_remove(entry.entry_id)
    message = tracker.track(AcceptedMessage("32496123456", 1), None, Channel.SMS, Context(), reports=True)
    assert message is not None
    await tracker.wait_until_final([message], HOUR)
    await passes(hass, freezer, 1)
    assert f"{DOMAIN}.{entry.entry_id}" not in hass_storage


class World(RuleBasedStateMachine):
    """Two accounts, a gateway that numbers their messages, and all that can happen between them."""

    hass: HomeAssistant
    freezer: FrozenDateTimeFactory
    sent = Bundle("sent")

    def __init__(self) -> None:
        super().__init__()
        self.entries = [account_entry(), account_entry()]
        self.trackers = [Tracker(self.hass, entry) for entry in self.entries]
        self.paused = [True, True]
        self.in_flight: set[tuple[int, int]] = set()
        self.sent_at: dict[tuple[int, int], float] = {}
        self.numbers: dict[tuple[int, int], str] = {}
        self.held: dict[tuple[int, int], list[DeliveryReport]] = defaultdict(list)
        self.statuses: dict[tuple[int, int], list[DeliveryStatus]] = defaultdict(list)
        self.expected: list[tuple[int, int, str, int]] = []
        self.seen: list[tuple[int, int, str, int]] = []
        self.unsubscribe = self.hass.bus.async_listen(EVENT_DELIVERY_REPORT, self.see)

    @callback
    def see(self, event: Event) -> None:
        """Remember a report, with whether it is of the right message."""
        account = [entry.entry_id for entry in self.entries].index(event.data["config_entry_id"])
        assert event.data["number"] == self.numbers[account, event.data["msgid"]]
        assert event.context.id == event.data["number"]
        self.seen.append((account, event.data["msgid"], event.data["status"], event.data["status_code"]))

    def expect(self, message: tuple[int, int], reports: list[DeliveryReport]) -> None:
        """Expect what is new in reports of a message that is followed."""
        statuses = self.statuses[message]
        for new in reports:
            if new.status not in statuses and not (statuses and statuses[-1].final):
                statuses.append(new.status)
                self.expected.append((*message, new.status, new.status_code))

    def followed(self, message: tuple[int, int]) -> bool:
        """Return whether reports of a message are awaited."""
        if message not in self.sent_at or self.sent_at[message] < tracker_module._now() - 72 * HOUR:
            return False
        return not (self.statuses[message] and self.statuses[message][-1].final)

    @rule(target=sent, account=st.integers(0, 1), count=st.integers(1, 3))
    def send(self, account: int, count: int) -> Any:
        """Send; both accounts get the same msgids. The answer is on its way."""
        used = [msgid for other, msgid in self.in_flight | self.sent_at.keys() if other == account]
        messages = [(account, max(used, default=0) + number) for number in range(1, count + 1)]
        self.in_flight |= set(messages)
        return multiple(*messages)

    @rule(message=sent)
    def answer(self, message: tuple[int, int]) -> None:
        """Let the answer come in."""
        if message not in self.in_flight:
            return
        account, msgid = message
        self.in_flight.remove(message)
        self.sent_at[message] = tracker_module._now()
        self.numbers[message] = f"324{account}{msgid:07}"
        self.trackers[account].track(
            AcceptedMessage(self.numbers[message], msgid),
            None,
            Channel.SMS,
            Context(id=self.numbers[message]),
            reports=True,
        )
        if not self.paused[account]:
            self.expect(message, self.held.pop(message, []))

    @rule(
        message=sent | st.tuples(st.integers(0, 1), st.integers(50, 52)),
        codes=st.lists(st.sampled_from([10, 11, 12, 13, 16, 17]), min_size=1, max_size=3),
    )
    def report(self, message: tuple[int, int], codes: list[int]) -> None:
        """Let reports come, of a message or of what was never sent."""
        account, msgid = message
        for code in codes:
            new = DeliveryReport.from_response(msgid, code)
            self.trackers[account].receive(new)
            if not self.paused[account] and self.followed(message):
                self.expect(message, [new])
            elif new.status not in [held.status for held in self.held[message]]:
                self.held[message].append(new)

    @rule(account=st.integers(0, 1))
    def pause(self, account: int) -> None:
        """Begin a reload."""
        self.paused[account] = True
        self.trackers[account].pause()

    @rule(account=st.integers(0, 1))
    def resume(self, account: int) -> None:
        """End a reload."""
        self.paused[account] = False
        self.trackers[account].resume()
        for message in list(self.held):
            if message[0] == account and self.followed(message):
                self.expect(message, self.held.pop(message))

    @rule(seconds=st.sampled_from([0.6, 200, 40 * HOUR]))
    def time_passes(self, seconds: float) -> None:
        """Let time pass: a moment, longer than reports are held, or much of what messages are followed for."""
        self.freezer.tick(seconds)
        self.run(self.fire_time())
        if seconds > 1:
            self.held = defaultdict(list, {key: held for key, held in self.held.items() if self.paused[key[0]]})

    @rule(account=st.integers(0, 1))
    def restart(self, account: int) -> None:
        """Start Home Assistant again: what was held is gone, what is followed is not."""
        self.run(self.reload(account))
        self.paused[account] = True
        self.held = defaultdict(list, {key: held for key, held in self.held.items() if key[0] != account})

    @invariant()
    def nothing_lost_doubled_or_crossed(self) -> None:
        """Compare what came with what had to come."""
        assert sorted(self.seen) == sorted(self.expected)
        for message in self.statuses:
            assert [row[1:] for row in self.seen if row[:2] == message] == [
                row[1:] for row in self.expected if row[:2] == message
            ]
        for account, tracker in enumerate(self.trackers):
            assert tracker.following == sum(1 for key in self.sent_at if key[0] == account and self.followed(key))

    @override
    def teardown(self) -> None:
        """Forget the accounts."""
        self.unsubscribe()
        for tracker in self.trackers:
            self.run(tracker.async_remove())

    def run(self, coroutine: Coroutine[Any, Any, None]) -> None:
        """Run something in the loop."""
        self.hass.loop.run_until_complete(coroutine)

    async def fire_time(self) -> None:
        """Call what is due."""
        async_fire_time_changed(self.hass)
        await self.hass.async_block_till_done()

    async def reload(self, account: int) -> None:
        """Write the file and read it."""
        self.hass.bus.async_fire(EVENT_HOMEASSISTANT_FINAL_WRITE)
        await self.hass.async_block_till_done()
        self.trackers[account].pause()
        self.trackers[account] = Tracker(self.hass, self.entries[account])
        await self.trackers[account].async_load()


def test_any_order(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> None:
    """Sends and reports in any order never lose, double or cross a report."""
    World.hass, World.freezer = hass, freezer
    run_state_machine_as_test(World, settings=settings(max_examples=100, stateful_step_count=40, deadline=None))

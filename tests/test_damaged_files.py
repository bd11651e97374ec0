"""Stored files that are damaged, foreign or from the future: the account loads, and sends."""

from collections.abc import Iterator
import json
import logging
from pathlib import Path
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import Event, HomeAssistant
from homeassistant.helpers.storage import Store
from homeassistant.util.file import WriteError
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.smsbox.const import DOMAIN

from .common import account_entry, advance_time, get_state, post_report, recipient_data, send, set_up, statuses
from .gateways import Gateway

# As they are before a test replaces them by a fake.
REAL_LOAD, REAL_WRITE = Store._async_load, Store._async_write_data
NOW = 1_795_694_400.0
MESSAGE = {
    "number": "32496123456",
    "channel": "sms",
    "sent_at": NOW,
    "context": {"id": "a-context"},
    "msgid": 7,
    "statuses": ["sent"],
}
GOOD: dict[str, Any] = {
    "messages": [MESSAGE],
    "totals": {"sent": 5, "delivered": 3, "failed": 1, "credits_spent": 2.5, "balance": 2000.0},
    "names": [],
    "moments": [{"number": "32496123456", "moments": [NOW]}],
}
QUEUED = {
    "channel": "sms",
    "text": "Hello",
    "message": {**MESSAGE, "msgid": None, "ref": "a-reference"},
    "sender": None,
    "long_sms": False,
    "unicode": False,
    "language": "nl",
    "gender": "male",
    "send_at": None,
    "valid_for": 600.0,
    "since": NOW,
    "sending": False,
}
WRONG: list[Any] = [None, "text", [[]], {}, 1e300]


def file(data: Any, version: int = 1, minor_version: int = 1, **more: Any) -> bytes:
    """Return a stored file."""
    return json.dumps(
        {"version": version, "minor_version": minor_version, "key": "smsbox", "data": data, **more}
    ).encode()


UNREADABLE: dict[str, bytes | None] = {
    "a folder": None,
    "no JSON": b"{",
    "no text": b"\xff\xfe\x00",
    "empty": b"",
    "a list": b"[1]",
    "without data": b'{"version": 1}',
    "newer major version": file(GOOD, version=2),
    "data of another kind": file([1]),
    "a text": file("text"),
}
IN_PART: dict[str, Any] = {
    **{f"{key} {wrong!r:.9}": {**MESSAGE, key: wrong} for key in MESSAGE for wrong in WRONG if wrong != []},
    "unknown status": {**MESSAGE, "statuses": ["dreamt"]},
    "unknown channel": {**MESSAGE, "channel": "pigeon"},
    "no number": {key: value for key, value in MESSAGE.items() if key != "number"},
    "no row": "text",
}


@pytest.fixture(autouse=True)
def _real_files(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> Iterator[None]:
    """Have the files of accounts on disk, not in the memory of the tests."""
    freezer.move_to("2026-11-26 12:00:00+00:00")
    fake_load, fake_write = Store._async_load, Store._async_write_data

    async def load(store: Store[Any]) -> Any:
        """Load from the disk what is ours."""
        return await (REAL_LOAD if store.key.startswith(DOMAIN) else fake_load)(store)

    async def write(store: Store[Any], data: dict[str, Any]) -> None:
        """Write to the disk what is ours."""
        await (REAL_WRITE if store.key.startswith(DOMAIN) else fake_write)(store, data)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Store, "_async_load", load)
        patched.setattr(Store, "_async_write_data", write)
        yield


def prepare(hass: HomeAssistant, content: bytes | None, suffix: str = "") -> tuple[MockConfigEntry, Path]:
    """Return an account whose file holds something, or is a folder."""
    entry = account_entry(recipient_data())
    path = Path(hass.config.path(".storage", f"{DOMAIN}.{entry.entry_id}{suffix}"))
    path.parent.mkdir(exist_ok=True)
    if content is None:
        path.mkdir()
    else:
        path.write_bytes(content)
    return entry, path


def told(caplog: pytest.LogCaptureFixture, path: Path) -> int:
    """Return how many lines at warning or above name the file, besides what core's store says of its own."""
    return sum(
        record.levelno >= logging.WARNING
        and record.name != "homeassistant.util.json"
        and path.name in record.getMessage()
        for record in caplog.records
    )


def aside(path: Path) -> list[Path]:
    """Return what was set aside."""
    return [
        other
        for other in path.parent.iterdir()
        if other.name.startswith(f"{path.name}.") and other.name[len(path.name) + 1] in "cu"
    ]


@pytest.mark.parametrize("suffix", ["", ".outbox"])
@pytest.mark.parametrize("what", UNREADABLE)
async def test_unreadable_file_is_set_aside(
    hass: HomeAssistant,
    gateway: Gateway,
    caplog: pytest.LogCaptureFixture,
    freezer: FrozenDateTimeFactory,
    what: str,
    suffix: str,
) -> None:
    """The account loads and sends, one line warns, and the file is kept and replaced by a good one."""
    entry, path = prepare(hass, UNREADABLE[what], suffix)
    await set_up(hass, entry)
    assert entry.state is ConfigEntryState.LOADED
    assert told(caplog, path) == 1
    assert len(aside(path)) == 1
    await send(hass)
    await advance_time(hass, 1, freezer)
    if not suffix:
        assert json.loads(path.read_text())["data"]["totals"]["sent"] == 1


@pytest.mark.parametrize("what", IN_PART)
async def test_unreadable_row_costs_only_itself(
    hass: HomeAssistant,
    gateway: Gateway,
    caplog: pytest.LogCaptureFixture,
    hass_client_no_auth: ClientSessionGenerator,
    events: list[Event],
    what: str,
) -> None:
    """A row that cannot be read is set aside in a copy; the others and the totals are there, and reports are taken."""
    other = {**MESSAGE, "msgid": 8}
    entry, path = prepare(hass, file({**GOOD, "messages": [IN_PART[what], other]}))
    await set_up(hass, entry)
    assert told(caplog, path) == len(aside(path)) <= 1
    client = await hass_client_no_auth()
    for msgid in (7, 8):
        await post_report(hass, client, msgid, 11)
    assert (8, "delivered") in statuses(events)
    assert get_state(hass, "sensor.smsbox_messages_sent").state == "5"
    await send(hass)
    assert not [record for record in caplog.records if record.exc_info and DOMAIN in record.name]


@pytest.mark.parametrize(
    "change",
    [{key: wrong} for key in ("messages", "names", "totals", "moments") for wrong in WRONG]
    + [{"totals": {key: wrong}} for key in GOOD["totals"] for wrong in WRONG]
    + [{"names": [{"subentry_id": "x", "names": wrong, "action": wrong}]} for wrong in WRONG]
    + [{"moments": [{"number": wrong, "moments": wrong}]} for wrong in WRONG],
)
async def test_parts_of_the_wrong_kind(
    hass: HomeAssistant, gateway: Gateway, caplog: pytest.LogCaptureFixture, change: dict[str, Any]
) -> None:
    """Whatever stands where a part should be, the account loads and sends."""
    entry, path = prepare(hass, file(GOOD | change))
    await set_up(hass, entry)
    assert told(caplog, path) <= 1
    await send(hass)
    assert get_state(hass, "sensor.smsbox_credits").state == "1630.38"
    assert not [record for record in caplog.records if record.exc_info and DOMAIN in record.name]


async def test_names_of_a_recipient_that_never_had_one(hass: HomeAssistant, gateway: Gateway) -> None:
    """A recipient whose stored list of names is empty gets the action of the name that it has."""
    entry, path = prepare(hass, None)
    path.rmdir()
    (recipient_id,) = entry.subentries
    path.write_bytes(file({**GOOD, "names": [{"subentry_id": recipient_id, "names": []}]}))
    await set_up(hass, entry)
    assert hass.services.has_service("notify", "smsbox_mum")
    assert len(aside(path)) == 1


@pytest.mark.parametrize("data", [{}, {**GOOD, "more": 1}, {**GOOD, "totals": {**GOOD["totals"], "more": 1}}])
async def test_file_of_a_newer_minor_version(
    hass: HomeAssistant, gateway: Gateway, caplog: pytest.LogCaptureFixture, data: dict[str, Any]
) -> None:
    """What a newer minor version added, or left out, is no reason to warn."""
    entry, path = prepare(hass, file(data, minor_version=2))
    await set_up(hass, entry)
    assert not told(caplog, path)
    assert get_state(hass, "sensor.smsbox_messages_sent").state == ("5" if data else "0")


@pytest.mark.parametrize("key", [*QUEUED, "number"])
@pytest.mark.parametrize("wrong", [None, {}, 1e300])
async def test_queued_row_of_the_wrong_kind(
    hass: HomeAssistant, gateway: Gateway, caplog: pytest.LogCaptureFixture, key: str, wrong: Any
) -> None:
    """A message of the queue that cannot be read is set aside, and the next one goes out."""
    bad = {**QUEUED, "message": {**QUEUED["message"], "number": wrong}} if key == "number" else QUEUED | {key: wrong}  # type: ignore[dict-item] # a mapping
    good = {**QUEUED, "text": "Good"}
    entry, path = prepare(hass, json.dumps({"version": 1, "messages": [bad, good]}).encode(), ".outbox")
    await set_up(hass, entry)
    assert told(caplog, path) == len(aside(path)) <= 1
    assert "Good" in [fields["message"] for fields in gateway.sent]
    assert not [record for record in caplog.records if record.exc_info and DOMAIN in record.name]


async def test_queued_row_without_reference(hass: HomeAssistant, gateway: Gateway, events: list[Event]) -> None:
    """A message that was being sent, and whose report nothing could tell, counts as unknown."""
    row = {**QUEUED, "message": MESSAGE, "sending": True}
    entry, _ = prepare(hass, json.dumps({"version": 1, "messages": [row]}).encode(), ".outbox")
    await set_up(hass, entry)
    assert [event.data["status"] for event in events] == ["unknown"]
    assert not gateway.sent


async def test_disk_that_takes_nothing_aside(
    hass: HomeAssistant, gateway: Gateway, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that cannot even be set aside keeps nobody from sending."""

    def refuse(*_: object) -> None:
        """Take nothing."""
        raise OSError

    monkeypatch.setattr("custom_components.smsbox.store.os.rename", refuse)
    entry, path = prepare(hass, file(GOOD, version=2))
    await set_up(hass, entry)
    assert told(caplog, path) == 1
    await send(hass)


async def test_disk_fault_for_a_while(
    hass: HomeAssistant, gateway: Gateway, freezer: FrozenDateTimeFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What could not be written while the disk was full is written at the end."""
    entry, path = prepare(hass, file(GOOD))
    with monkeypatch.context() as full:

        def refuse(*_: object, **__: object) -> None:
            """Take nothing."""
            raise WriteError("disk full")

        full.setattr("homeassistant.helpers.storage.write_utf8_file_atomic", refuse)
        await set_up(hass, entry)
        await send(hass)
        await advance_time(hass, 5, freezer)
    assert json.loads(path.read_text())["data"]["totals"]["sent"] == 5
    await hass.async_stop()
    data = json.loads(path.read_text())["data"]
    assert data["totals"]["sent"] == 6
    assert [message["msgid"] for message in data["messages"]] == [7]

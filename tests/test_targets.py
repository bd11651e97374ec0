"""Whom a target leads to, who may use it, and what happens beside accounts that cannot send."""

import asyncio
from typing import Any

from homeassistant.auth.models import User
from homeassistant.auth.permissions import PolicyPermissions
from homeassistant.auth.permissions.models import PermissionLookup
from homeassistant.config_entries import ConfigSubentryData
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import Unauthorized, UnknownUser
from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser

from custom_components.smsbox import targets
from custom_components.smsbox.phone import mask_given
from custom_components.smsbox.recipients import Recipient, async_accounts

from .common import account_entry, call_action, call_for_response, expect_error, recipient_data, set_up
from .gateways import Gateway

MUM, DAD, GRAN, STRANGER = "32496123456", "32471234567", "32471000001", "32477234599"


@pytest.fixture
def recipients() -> list[ConfigSubentryData]:
    """Have two recipients."""
    return [recipient_data(), recipient_data("Dad", numbers=[DAD])]


@pytest.fixture
async def other(hass: HomeAssistant, entry: MockConfigEntry, gateway: Gateway) -> MockConfigEntry:
    """Set up a second account."""
    gateway.api_key = None
    recipients = [recipient_data("Gran", numbers=[GRAN]), recipient_data("Mum", numbers=["32471000009"])]
    return await set_up(hass, account_entry(*recipients, data={"api_key": "second", "webhook_id": "second"}))


def sent_by_account(gateway: Gateway) -> dict[str | None, str]:
    """Return the numbers that each account has sent to, and forget the requests."""
    sent = {request.api_key: request.fields["numbers"] for request in gateway.received("sendsms")}
    gateway.requests.clear()
    return sent


def sent_to(gateway: Gateway) -> list[str]:
    """Return the numbers that were sent to, and forget the requests."""
    return [number for numbers in sent_by_account(gateway).values() for number in numbers.split(",")]


@pytest.fixture
def user(hass: HomeAssistant) -> User:
    """Return somebody who may control one notify entity and everything else."""
    user = MockUser(name="Somebody").add_to_hass(hass)
    policy = {"entities": {"entity_ids": {"notify.dad_sms": True}, "domains": {"light": True, "group": True}}}
    user.permissions = PolicyPermissions(policy, PermissionLookup(er.async_get(hass), dr.async_get(hass)))
    return user


async def act_as(hass: HomeAssistant, user_id: str, action: str, **data: Any) -> None:
    """Call an action as a user."""
    domain, _, service = action.partition(".")
    await hass.services.async_call(
        domain, service, {"message": "Water"} | data, blocking=True, context=Context(user_id=user_id)
    )


@pytest.mark.parametrize("action", ["smsbox.send_sms", "smsbox.send_tts", "smsbox.send_voice", "notify.send_message"])
@pytest.mark.parametrize("how", ["entity", "device", "group", "notify group", "beside", "nested"])
async def test_caller_needs_the_right_to_control_each_entity(
    hass: HomeAssistant, entry: MockConfigEntry, gateway: Gateway, user: User, action: str, how: str
) -> None:
    """What leads to an entity that the caller may not control is refused as core does, and nothing is sent."""
    mum = er.async_get(hass).async_get("notify.mum_sms")
    assert mum
    hass.states.async_set("group.g", "on", {"entity_id": ["notify.mum_sms"]})
    hass.states.async_set("notify.g", "unknown", {"entity_id": ["notify.mum_sms", "notify.dad_sms"]})
    hass.states.async_set("group.n", "on", {"entity_id": ["notify.g"]})
    targets_by_way: dict[str, dict[str, Any]] = {
        "entity": {"entity_id": "notify.mum_sms"},
        "device": {"device_id": mum.device_id},
        "group": {"entity_id": "group.g"},
        "notify group": {"entity_id": "notify.g"},
        "beside": {"entity_id": ["notify.dad_sms", "notify.mum_sms"]},
        "nested": {"entity_id": "group.n"},
    }
    with pytest.raises(Unauthorized):
        await act_as(hass, user.id, action, **targets_by_way[how])
    assert not gateway.received("sendsms")
    assert not gateway.received("voice/send")


async def test_caller_may_use_what_is_allowed(
    hass: HomeAssistant, entry: MockConfigEntry, gateway: Gateway, user: User, hass_admin_user: User
) -> None:
    """Entities that the caller may control are sent to; names and numbers, and administrators, need no right."""
    await act_as(hass, user.id, "smsbox.send_sms", entity_id=["notify.dad_sms", "light.kitchen"])
    assert sent_to(gateway) == [DAD]
    await act_as(hass, user.id, "smsbox.send_sms", numbers=["Mum", "notify.dad_sms"])
    assert sent_to(gateway) == [MUM, DAD]
    await act_as(hass, user.id, "notify.smsbox", target="Mum")
    await act_as(hass, hass_admin_user.id, "smsbox.send_sms", entity_id="notify.dad_sms")
    with pytest.raises(UnknownUser):
        await act_as(hass, "nobody", "smsbox.send_sms", entity_id="notify.dad_sms")


async def test_what_is_no_recipient_is_left_out_with_a_log_line(
    hass: HomeAssistant, entry: MockConfigEntry, gateway: Gateway, caplog: pytest.LogCaptureFixture
) -> None:
    """Members of others, entities that are not there and plans do not keep a recipient from being reached."""
    entities = er.async_get(hass)
    foreign = entities.async_get_or_create("notify", "mobile_app", "phone").entity_id
    hass.states.async_set("notify.family", "unknown", {"entity_id": [foreign, "notify.mum_sms"]})
    hass.states.async_set("notify.empty", "unknown", {"entity_id": []})
    hass.states.async_set("group.odd", "on", {"entity_id": "notify.mum_sms"})
    wrong = [foreign, "notify.nobody", "group.odd", "group.missing"]
    await call_action(hass, "send_sms", message="Water", entity_id=[*wrong, "notify.family", "notify.empty"])
    assert sent_to(gateway) == [MUM]
    (line,) = [record.getMessage() for record in caplog.records if "missing or not" in record.getMessage()]
    assert all(entity_id in line for entity_id in wrong)
    assert "notify.family" not in line
    for nobody in ("notify.empty", "all", "none", wrong):
        await expect_error(hass, "no_recipients", "send_sms", message="Water", entity_id=nobody)


@pytest.mark.parametrize(
    ("numbers", "sent"),
    [
        ("Mum", [MUM]),
        ("Mum, Dad", [MUM, DAD]),
        (["Mum, Dad", "0477 23 45 99"], [MUM, DAD, STRANGER]),
        ("['Mum', 'Dad']", [MUM, DAD]),
        ('["Mum", "0477 23 45 99"]', [MUM, STRANGER]),
        (["notify.mum_sms"], [MUM]),
        ([None, "mum "], [MUM]),
        ({"entity_id": "notify.dad_sms"}, [DAD]),
        (32477234599, [STRANGER]),
        (3211111111, ["3211111111"]),
    ],
)
async def test_numbers_may_hold_names_and_lists_in_text(
    hass: HomeAssistant, entry: MockConfigEntry, gateway: Gateway, numbers: Any, sent: list[str]
) -> None:
    """The actions take names, numbers and entities apart wherever they come in."""
    await call_action(hass, "send_sms", message="Water", numbers=numbers)
    assert sent_to(gateway) == sent


@pytest.mark.parametrize(
    ("numbers", "shown"),
    [
        (["Mum", "0496123456 Dad"], "***456 Dad"),
        (["Mum", "0471", "Nobody"], "***471, Nobody"),
        ("0496123456789,0471234", "***789, ***234"),
        ([496123456], "***456"),
        ("474123456.0", "***560"),
        ([True], "True"),
        ("x" * 100, "x" * 40),
    ],
)
async def test_actions_name_what_is_wrong_and_send_nothing(
    hass: HomeAssistant, entry: MockConfigEntry, gateway: Gateway, numbers: Any, shown: str
) -> None:
    """A wrong number refuses the whole call, and the error shows no full number."""
    error = await expect_error(hass, "invalid_number", "send_sms", message="Water", numbers=numbers)
    assert error.translation_placeholders == {"number": shown}
    assert not gateway.sent


async def test_name_in_two_accounts(
    hass: HomeAssistant, entry: MockConfigEntry, other: MockConfigEntry, gateway: Gateway
) -> None:
    """The call has to name the account; the others are sent to all the same; an entity is never in doubt."""
    third = await set_up(hass, account_entry(title="Third", data={"api_key": "third", "webhook_id": "third"}))
    gateway.requests.clear()
    notify: dict[str, Any] = {"domain": "notify", "message": "Water", "target": ["Mum", "Gran"]}
    await expect_error(hass, "several_accounts", "smsbox", **notify)
    assert sent_by_account(gateway) == {"second": GRAN}
    await expect_error(hass, "several_accounts", "send_sms", message="Water", numbers="Mum")
    await call_action(hass, "send_sms", message="Water", numbers="Mum", config_entry_id=other.entry_id)
    assert sent_by_account(gateway) == {"second": "32471000009"}
    await expect_error(
        hass, "ambiguous_recipient", "send_sms", message="Water", numbers="Mum", config_entry_id=third.entry_id
    )
    await call_action(hass, "smsbox", domain="notify", message="Water", target="notify.mum_sms")
    assert list(sent_by_account(gateway).values()) == [MUM]


async def test_two_of_one_name_in_one_account(hass: HomeAssistant, entry: MockConfigEntry, gateway: Gateway) -> None:
    """A name that two recipients have is refused, whether or not the call names the account."""
    dad = next(subentry for subentry in entry.subentries.values() if subentry.title == "Dad")
    hass.config_entries.async_update_subentry(entry, dad, title="mum")
    await hass.async_block_till_done()
    for data in ({}, {"config_entry_id": entry.entry_id}):
        error = await expect_error(
            hass, "ambiguous_recipient", "smsbox", domain="notify", message="x", target="MUM", data=data
        )
        assert error.translation_placeholders == {"name": "MUM"}
    await call_action(hass, "smsbox_dad", domain="notify", message="Water")
    assert sent_to(gateway) == [DAD]


async def test_account_that_is_not_loaded_beside_one_that_is(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    other: MockConfigEntry,
    gateway: Gateway,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Those of the loaded account are reached, and bare numbers go by it; the error is Home Assistant's own."""
    await hass.config_entries.async_unload(entry.entry_id)
    gateway.requests.clear()
    missing = "service_config_entry_not_loaded"
    notify: dict[str, Any] = {"domain": "notify", "message": "Water"}
    await expect_error(hass, missing, "smsbox", **notify, target=["Dad", "Gran"])
    assert sent_by_account(gateway) == {"second": GRAN}
    await call_action(hass, "smsbox", **notify, target=["+32477234599"])
    assert sent_by_account(gateway) == {"second": STRANGER}
    for account_id, error in ((entry.entry_id, missing), ("nonsense", "service_config_entry_not_found")):
        data = {"config_entry_id": account_id}
        await expect_error(hass, error, "smsbox", **notify, target=["Gran", "+32477234599"], data=data)
        assert sent_by_account(gateway) == {"second": GRAN}
    await expect_error(hass, missing, "smsbox_dad", **notify)
    await expect_error(hass, missing, "send_sms", message="Water", numbers=["Dad", "Gran"])
    await expect_error(hass, missing, "send_sms", message="Water", numbers="Gran", config_entry_id=entry.entry_id)
    assert not sent_by_account(gateway)
    lines = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert [line.partition(" failed")[0] for line in lines] == [
        "notify.smsbox to Dad",
        f"notify.smsbox to {mask_given(entry.entry_id)}",
        "notify.smsbox to nonsense",
        "notify.smsbox_dad to Dad",
    ]


async def test_bare_numbers_go_with_the_account_of_those_beside_them(
    hass: HomeAssistant, entry: MockConfigEntry, other: MockConfigEntry, gateway: Gateway
) -> None:
    """Without recipients beside them, they go by the account that was added first."""
    gateway.requests.clear()
    for target, sent in (
        (["+32477234599"], [STRANGER]),
        (["Gran", "+32477234599"], [f"{GRAN},{STRANGER}"]),
        (["Dad", "Gran", "+32477234599"], [f"{DAD},{STRANGER}", GRAN]),
    ):
        await call_action(hass, "smsbox", domain="notify", message="Water", target=target)
        assert list(sent_by_account(gateway).values()) == sent


async def test_names_are_read_once_for_a_call(
    hass: HomeAssistant, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many names are meant, the table of names and each recipient are made once; entities need no table."""
    names = [f"Person {number}" for number in range(100_000, 100_030)]
    await set_up(hass, account_entry(*(recipient_data(name, numbers=[f"32496{name[-6:]}"]) for name in names)))
    made: list[str] = []
    make_recipient = Recipient.__init__

    def count_tables(hass: HomeAssistant) -> Any:
        made.append("table")
        return async_accounts(hass)

    def count_recipients(*args: Any) -> None:
        made.append("recipient")
        make_recipient(*args)

    monkeypatch.setattr(targets, "async_accounts", count_tables)
    monkeypatch.setattr(Recipient, "__init__", count_recipients)
    for domain, action, field in (("notify", "smsbox", "target"), ("smsbox", "send_sms", "numbers")):
        await hass.services.async_call(domain, action, {"message": "Water", field: names}, blocking=True)
        assert made == ["table", *["recipient"] * 30]
        made.clear()
    await call_action(hass, "send_sms", message="Water", entity_id="notify.person_100000_sms")
    assert made == ["recipient"]


async def test_many_numbers_leave_others_their_turn(
    hass: HomeAssistant, entry: MockConfigEntry, gateway: Gateway
) -> None:
    """Very many numbers are read, sent to and answered for in slices."""
    turns = 0

    async def take_turns() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    others = asyncio.create_task(take_turns())
    await asyncio.sleep(0)
    for numbers, at_least in (([f"+32496{number}" for number in range(100_000, 105_000)], 40), ([], 0)):
        turns = 0
        await call_for_response(hass, "send_sms", message="Water", numbers=["Mum", *numbers])
        assert turns >= at_least
    others.cancel()

"""Several accounts: each sends for its own recipients, and nothing of one gets to another."""

from typing import Any

from homeassistant.config_entries import ConfigEntryDisabler
from homeassistant.core import Event, HomeAssistant
from homeassistant.exceptions import ServiceValidationError
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.smsbox.const import DOMAIN

from .common import (
    account_entry,
    call_action,
    call_for_response,
    expect_error,
    get_state,
    recipient_data,
    set_up,
    totals,
)
from .conftest import Report
from .gateways import API_KEY, Gateway

MUM, GRAN, STRANGER = "32496123456", "32471000001", "32471000002"
BOTH = ["notify.mum_sms", "notify.gran_sms"]
BARE: dict[str, Any] = {"numbers": [f"+{STRANGER}"]}

ACTIONS: dict[str, dict[str, Any]] = {
    "send_sms": {"message": "Hello", **BARE},
    "send_tts": {"message": "Hello", **BARE},
    "send_voice": {"message": "Hello", **BARE},
    "send_otp": {"number": f"+{STRANGER}"},
    "verify_otp": {"otp": "123456"},
    "lookup_number": {"number": f"+{STRANGER}"},
    "preview_sms": {"message": "Hello"},
}


@pytest.fixture(autouse=True)
def _gateway_accepts_every_key(gateway: Gateway) -> None:
    """Have a gateway with several accounts."""
    gateway.api_key = None


def sent_by_account(gateway: Gateway) -> dict[str | None, str]:
    """Return the numbers that each account has sent to, and forget the requests."""
    sent = {request.api_key: request.fields["numbers"] for request in gateway.received("sendsms")}
    gateway.requests.clear()
    return sent


@pytest.fixture
async def other(hass: HomeAssistant, entry: MockConfigEntry) -> MockConfigEntry:
    """Set up a second account."""
    return await set_up(
        hass,
        account_entry(
            recipient_data("Gran", numbers=[GRAN]), title="Second", data={"api_key": "second", "webhook_id": "second"}
        ),
    )


async def test_bare_number_goes_with_the_recipients_of_one_account(
    hass: HomeAssistant, entry: MockConfigEntry, other: MockConfigEntry, gateway: Gateway
) -> None:
    """Bare numbers go with the recipients beside them if those are of one account; else the call has to name it."""
    gateway.requests.clear()
    send: dict[str, Any] = {"message": "Hello", **BARE}
    targets: list[dict[str, Any]] = [{}, {"entity_id": BOTH}]
    for target in targets:
        await expect_error(hass, "several_accounts", "send_sms", **send, **target)
    assert not gateway.requests
    await call_action(hass, "send_sms", **send, entity_id="notify.gran_sms")
    assert sent_by_account(gateway) == {"second": f"{GRAN},{STRANGER}"}
    await call_action(hass, "send_sms", message="Hello", entity_id=BOTH)
    assert sent_by_account(gateway) == {API_KEY: MUM, "second": GRAN}
    for account, expected in (
        (entry, {API_KEY: f"{MUM},{STRANGER}", "second": GRAN}),
        (other, {API_KEY: MUM, "second": f"{GRAN},{STRANGER}"}),
    ):
        await call_action(hass, "send_sms", **send, entity_id=BOTH, config_entry_id=account.entry_id)
        assert sent_by_account(gateway) == expected


@pytest.mark.parametrize("action", ACTIONS)
async def test_action_uses_the_account_that_is_named(
    hass: HomeAssistant, entry: MockConfigEntry, other: MockConfigEntry, gateway: Gateway, action: str
) -> None:
    """Without an account every action is refused, as with an unknown one; with one it uses that account's key."""
    gateway.requests.clear()
    await expect_error(hass, "several_accounts", action, **ACTIONS[action])
    for nonsense in ("nonsense", ""):
        data = ACTIONS[action] | {"config_entry_id": nonsense}
        wrong = await expect_error(hass, "service_config_entry_not_found", action, **data)
        assert wrong.translation_domain == "homeassistant"
    assert not gateway.requests
    await call_action(hass, action, **ACTIONS[action], config_entry_id=other.entry_id)
    assert {request.api_key for request in gateway.requests} == (set() if action == "preview_sms" else {"second"})


async def test_unknown_account_is_refused_even_if_not_needed(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """An account that is not there is an error even where it would not be needed."""
    data: dict[str, Any] = {"message": "Hello", "entity_id": "notify.mum_sms", "config_entry_id": "nonsense"}
    await expect_error(hass, "service_config_entry_not_found", "send_sms", **data)


@pytest.mark.parametrize("disabled", [None, ConfigEntryDisabler.USER])
async def test_account_that_is_not_loaded_is_refused(
    hass: HomeAssistant, gateway: Gateway, disabled: ConfigEntryDisabler | None
) -> None:
    """An account that is unloaded or disabled gives Home Assistant's own errors."""
    entry = await set_up(hass, account_entry(recipient_data()))
    await hass.config_entries.async_unload(entry.entry_id)
    if disabled:
        await hass.config_entries.async_set_disabled_by(entry.entry_id, disabled)
    gateway.requests.clear()
    expected = "service_found_no_config_entry_for_domain" if disabled else "service_config_entry_not_loaded"
    wrong = await expect_error(hass, expected, "send_sms", message="Hello", **BARE)
    assert wrong.translation_domain == "homeassistant"
    with pytest.raises(ServiceValidationError):
        await call_action(hass, "smsbox", domain="notify", message="Hello", target="Mum")
    assert not gateway.requests


async def test_classic_action_finds_names_in_every_account(
    hass: HomeAssistant, entry: MockConfigEntry, other: MockConfigEntry, gateway: Gateway
) -> None:
    """The classic action finds names in every account; the named account counts for numbers and ambiguous names."""
    gateway.requests.clear()
    await call_action(hass, "smsbox", domain="notify", message="Hello", target=["gran", f"+{STRANGER}"])
    assert sent_by_account(gateway) == {"second": f"{GRAN},{STRANGER}"}
    data = {"config_entry_id": entry.entry_id}
    await call_action(hass, "smsbox", domain="notify", message="Hello", target=["gran", f"+{STRANGER}"], data=data)
    assert sent_by_account(gateway) == {API_KEY: STRANGER, "second": GRAN}

    hass.config_entries.async_update_subentry(other, next(iter(other.subentries.values())), title="MUM")
    await hass.async_block_till_done()
    gateway.requests.clear()
    await expect_error(hass, "several_accounts", "smsbox", domain="notify", message="Hello", target="Mum")
    await call_action(
        hass, "smsbox", domain="notify", message="Hello", target="Mum", data={"config_entry_id": other.entry_id}
    )
    assert sent_by_account(gateway) == {"second": GRAN}

    await hass.config_entries.async_set_disabled_by(other.entry_id, ConfigEntryDisabler.USER)
    await hass.async_block_till_done()
    gateway.requests.clear()
    await call_action(hass, "smsbox", domain="notify", message="Hello", target="Mum")
    assert sent_by_account(gateway) == {API_KEY: MUM}


async def test_report_belongs_to_one_account(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    other: MockConfigEntry,
    gateway: Gateway,
    report: Report,
    events: list[Event],
) -> None:
    """Reports, totals and removal concern one account alone."""
    response = await call_for_response(hass, "send_sms", message="Hello", entity_id="notify.gran_sms")
    msgid = response["messages"][0]["msgid"]
    await report(msgid, 11)
    assert not events
    await report(msgid, 11, "second")
    assert [(event.data["config_entry_id"], event.data["recipient"]) for event in events] == [(other.entry_id, "Gran")]
    assert [await totals(hass), await totals(hass, "second")] == [[0, 0, 0], [1, 1, 0]]
    for entity_id in ("event.smsbox_delivery_report", "event.mum_delivery_report", "notify.mum_sms"):
        assert get_state(hass, entity_id).state == "unknown", entity_id
    await hass.config_entries.async_remove(other.entry_id)
    await hass.async_block_till_done()
    await call_for_response(hass, "send_sms", message="Hello", **BARE)
    assert gateway.received("sendsms")[-1].api_key == API_KEY
    assert hass.config_entries.async_entries(DOMAIN) == [entry]

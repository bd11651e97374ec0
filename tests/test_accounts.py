"""Several accounts: each sends for its own recipients, and nothing of one gets to another."""

from dataclasses import dataclass
from typing import Any

from homeassistant.config_entries import ConfigEntryDisabler
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.smsbox.const import DOMAIN, EVENT_DELIVERY_REPORT

from .actions import act, ask, refusal
from .conftest import account_entry, recipient_data
from .gateway import API_KEY, Gateway
from .reports import report
from .sends import totals

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


@dataclass
class SharedGateway(Gateway):
    """A gateway with two accounts, which takes any key."""

    def __post_init__(self) -> None:
        for path in ("balance", "sendsms", "voice/send", "otp/send", "otp/verify", "hlr"):
            self.answers[path] = self._default

    def by_account(self) -> dict[str | None, str]:
        """Return the numbers that each account has sent to, and forget them."""
        sent = {request.api_key: request.fields["numbers"] for request in self.received("sendsms")}
        self.requests.clear()
        return sent


@pytest.fixture
def gateway_type() -> type[Gateway]:
    """Have a gateway that takes any key."""
    return SharedGateway


@pytest.fixture
async def other(hass: HomeAssistant, entry: MockConfigEntry) -> MockConfigEntry:
    """Set up a second account."""
    other = account_entry(
        recipient_data("Gran", numbers=[GRAN]), title="Second", data={"api_key": "second", "webhook_id": "second"}
    )
    other.add_to_hass(hass)
    assert await hass.config_entries.async_setup(other.entry_id)
    await hass.async_block_till_done()
    return other


async def test_bare_numbers(
    hass: HomeAssistant, entry: MockConfigEntry, other: MockConfigEntry, gateway: SharedGateway
) -> None:
    """Bare numbers go with the recipients of one account; else the call has to say which account."""
    gateway.requests.clear()
    send: dict[str, Any] = {"message": "Hello", **BARE}
    targets: list[dict[str, Any]] = [{}, {"entity_id": BOTH}]
    for target in targets:
        assert (await refusal(hass, "send_sms", **send, **target)).translation_key == "several_accounts"
    assert not gateway.requests
    await act(hass, "send_sms", **send, entity_id="notify.gran_sms")
    assert gateway.by_account() == {"second": f"{GRAN},{STRANGER}"}
    await act(hass, "send_sms", message="Hello", entity_id=BOTH)
    assert gateway.by_account() == {API_KEY: MUM, "second": GRAN}
    for account, expected in (
        (entry, {API_KEY: f"{MUM},{STRANGER}", "second": GRAN}),
        (other, {API_KEY: MUM, "second": f"{GRAN},{STRANGER}"}),
    ):
        await act(hass, "send_sms", **send, entity_id=BOTH, config_entry_id=account.entry_id)
        assert gateway.by_account() == expected


@pytest.mark.parametrize("action", ACTIONS)
async def test_config_entry_id(
    hass: HomeAssistant, entry: MockConfigEntry, other: MockConfigEntry, gateway: SharedGateway, action: str
) -> None:
    """Every action needs to know the account, uses the one that is given, and knows no other."""
    gateway.requests.clear()
    assert (await refusal(hass, action, **ACTIONS[action])).translation_key == "several_accounts"
    for nonsense in ("nonsense", ""):
        wrong = await refusal(hass, action, **ACTIONS[action], config_entry_id=nonsense)
        assert (wrong.translation_domain, wrong.translation_key) == ("homeassistant", "service_config_entry_not_found")
    assert not gateway.requests
    await act(hass, action, **ACTIONS[action], config_entry_id=other.entry_id)
    assert {request.api_key for request in gateway.requests} == (set() if action == "preview_sms" else {"second"})


async def test_unknown_account_beside_a_recipient(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """An account that is not there is an error even where it would not be needed."""
    wrong = await refusal(hass, "send_sms", message="Hello", entity_id="notify.mum_sms", config_entry_id="nonsense")
    assert wrong.translation_key == "service_config_entry_not_found"


@pytest.mark.parametrize("disabled", [None, ConfigEntryDisabler.USER])
async def test_account_that_is_not_loaded(
    hass: HomeAssistant, gateway: SharedGateway, disabled: ConfigEntryDisabler | None
) -> None:
    """No account, or one that is unloaded or disabled, gives Home Assistant's own errors."""
    entry = account_entry(recipient_data())
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    await hass.config_entries.async_unload(entry.entry_id)
    if disabled:
        await hass.config_entries.async_set_disabled_by(entry.entry_id, disabled)
    gateway.requests.clear()
    expected = "service_found_no_config_entry_for_domain" if disabled else "service_config_entry_not_loaded"
    wrong = await refusal(hass, "send_sms", message="Hello", **BARE)
    assert (wrong.translation_domain, wrong.translation_key) == ("homeassistant", expected)
    with pytest.raises(ServiceValidationError):
        await act(hass, "smsbox", domain="notify", message="Hello", target="Mum")
    assert not gateway.requests


async def test_named_recipients(
    hass: HomeAssistant, entry: MockConfigEntry, other: MockConfigEntry, gateway: SharedGateway
) -> None:
    """The classic action finds names in every account, and takes its account for numbers and where names clash."""
    gateway.requests.clear()
    await act(hass, "smsbox", domain="notify", message="Hello", target=["gran", f"+{STRANGER}"])
    assert gateway.by_account() == {"second": f"{GRAN},{STRANGER}"}
    data = {"config_entry_id": entry.entry_id}
    await act(hass, "smsbox", domain="notify", message="Hello", target=["gran", f"+{STRANGER}"], data=data)
    assert gateway.by_account() == {API_KEY: STRANGER, "second": GRAN}

    hass.config_entries.async_update_subentry(other, next(iter(other.subentries.values())), title="MUM")
    await hass.async_block_till_done()
    gateway.requests.clear()
    wrong = await refusal(hass, "smsbox", domain="notify", message="Hello", target="Mum")
    assert wrong.translation_key == "several_accounts"
    await act(hass, "smsbox", domain="notify", message="Hello", target="Mum", data={"config_entry_id": other.entry_id})
    assert gateway.by_account() == {"second": GRAN}

    await hass.config_entries.async_set_disabled_by(other.entry_id, ConfigEntryDisabler.USER)
    await hass.async_block_till_done()
    gateway.requests.clear()
    await act(hass, "smsbox", domain="notify", message="Hello", target="Mum")
    assert gateway.by_account() == {API_KEY: MUM}


async def test_nothing_leaks(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    other: MockConfigEntry,
    gateway: SharedGateway,
    hass_client_no_auth: ClientSessionGenerator,
) -> None:
    """Reports, totals and removal concern one account alone."""
    events = async_capture_events(hass, EVENT_DELIVERY_REPORT)
    answer = await ask(hass, "send_sms", message="Hello", entity_id="notify.gran_sms")
    msgid = answer["messages"][0]["msgid"]
    client = await hass_client_no_auth()
    await report(hass, client, msgid, 11)
    assert not events
    await report(hass, client, msgid, 11, webhook_id="second")
    assert [(event.data["config_entry_id"], event.data["recipient"]) for event in events] == [(other.entry_id, "Gran")]
    assert [await totals(hass), await totals(hass, "second")] == [[0, 0, 0], [1, 1, 0]]
    shown = {
        entity_id: state.state if (state := hass.states.get(entity_id)) else None
        for entity_id in (
            "event.smsbox_delivery_report",
            "event.mum_delivery_report",
            "notify.mum_sms",
        )
    }
    assert shown == {
        "event.smsbox_delivery_report": "unknown",
        "event.mum_delivery_report": "unknown",
        "notify.mum_sms": "unknown",
    }
    await hass.config_entries.async_remove(other.entry_id)
    await hass.async_block_till_done()
    await ask(hass, "send_sms", message="Hello", **BARE)
    assert gateway.received("sendsms")[-1].api_key == API_KEY
    assert hass.config_entries.async_entries(DOMAIN) == [entry]

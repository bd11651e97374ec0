"""The flows of an account: adding it, giving it another key, its options."""

import asyncio
from typing import Any

from homeassistant.config_entries import SOURCE_USER, FlowType
from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResult, FlowResultType, InvalidData
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.smsbox.api import SmsboxClient
from custom_components.smsbox.const import DOMAIN

from .common import WEBHOOK_ID, account_entry, advance_time, call_action, get_state
from .gateways import API_KEY, REFUSED_KEY, Gateway, set_response

NEW_KEY = "another-key"

FLOWS = ("user", "reauth", "reconfigure")
STEPS = {"user": "user", "reauth": "reauth_confirm", "reconfigure": "reconfigure"}


async def start(hass: HomeAssistant, entry: MockConfigEntry, flow: str) -> FlowResult[Any, Any]:
    """Start a flow that asks for an API key."""
    result: FlowResult[Any, Any]
    match flow:
        case "reauth":
            result = await entry.start_reauth_flow(hass)
        case "reconfigure":
            result = await entry.start_reconfigure_flow(hass)
        case _:
            result = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    assert result["type"] is FlowResultType.FORM
    assert result["step_id"] == STEPS[flow]
    assert not result["errors"]
    return result


async def give(hass: HomeAssistant, flow: FlowResult[Any, Any], api_key: str) -> FlowResult[Any, Any]:
    """Give a flow a key."""
    result = await hass.config_entries.flow.async_configure(flow["flow_id"], {"api_key": api_key})
    await hass.async_block_till_done()
    return result


async def finish(hass: HomeAssistant, entry: MockConfigEntry, gateway: Gateway, flow: FlowResult[Any, Any]) -> None:
    """Give a flow a good key: a new account has it, or the old one and has asked for its balance with it."""
    gateway.api_key = NEW_KEY
    result = await give(hass, flow, f" {NEW_KEY}\n")
    if result["type"] is FlowResultType.CREATE_ENTRY:
        assert result["title"] == "SMSBOX"
        assert result["data"] == {"api_key": NEW_KEY, "webhook_id": result["data"]["webhook_id"]}
        assert result["data"]["webhook_id"] not in {"", WEBHOOK_ID}
    else:
        assert result["type"] is FlowResultType.ABORT
        assert result["reason"] == f"{flow['step_id'].removesuffix('_confirm')}_successful"
        assert entry.data == {"api_key": NEW_KEY, "webhook_id": WEBHOOK_ID}
    assert gateway.received("balance")[-1].api_key == NEW_KEY


@pytest.mark.parametrize("flow", FLOWS)
async def test_errors_and_recovery(hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry, flow: str) -> None:
    """Every flow says what is wrong with a key, with one request each time, and finishes with a good one."""
    result = await start(hass, entry, flow)
    for response, error in (
        (REFUSED_KEY, "invalid_auth"),
        (401, "invalid_auth"),
        (500, "cannot_connect"),
        ({"code": 98, "message": "try again later"}, "cannot_connect"),
        ({"code": 100, "message": "not a number"}, "cannot_connect"),
        ({"code": 77, "message": "What nobody has seen"}, "unknown"),
    ):
        set_response(gateway, "balance", response)
        gateway.requests.clear()
        result = await give(hass, result, "a-wrong-key")
        assert result["errors"] == {"base": error}
        assert len(gateway.requests) == 1
        assert entry.data["api_key"] == API_KEY
    gateway.responses.clear()
    await finish(hass, entry, gateway, result)


async def test_words_of_the_gateway_are_not_logged(
    hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry, caplog: pytest.LogCaptureFixture
) -> None:
    """The log names the unknown code, and quotes nothing that the gateway wrote."""
    result = await start(hass, entry, "user")
    set_response(gateway, "balance", {"code": 77, "message": f"{NEW_KEY} is not for 32496123456"})
    caplog.clear()
    await give(hass, result, NEW_KEY)
    (line,) = [record.getMessage() for record in caplog.records if record.name == "custom_components.smsbox"]
    assert "77" in line
    assert "32496123456" not in line
    assert NEW_KEY not in line


async def test_unexpected_error(
    hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever goes wrong, the form says so and can be submitted again."""

    async def balance(_client: SmsboxClient) -> float:
        raise RuntimeError

    result = await start(hass, entry, "user")
    with monkeypatch.context() as patch:
        patch.setattr(SmsboxClient, "balance", balance)
        result = await give(hass, result, NEW_KEY)
    assert result["errors"] == {"base": "unknown"}
    await finish(hass, entry, gateway, result)


@pytest.mark.parametrize("flow", FLOWS)
async def test_key_of_another_account(hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry, flow: str) -> None:
    """One key is one account, also if that is disabled."""
    account_entry(data={"api_key": NEW_KEY, "webhook_id": "second"}).add_to_hass(hass)
    result = await give(hass, await start(hass, entry, flow), f"{NEW_KEY} ")
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "already_configured"
    assert entry.data["api_key"] == API_KEY


@pytest.mark.parametrize("flow", FLOWS)
async def test_same_key_at_the_same_time(
    hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry, flow: str
) -> None:
    """Of two flows that have the same key checked at once, one gets it."""
    gateway.api_key = NEW_KEY
    started = [await start(hass, entry, kind) for kind in ("user", flow)]
    gateway.requests.clear()
    results = await asyncio.gather(*(give(hass, result, NEW_KEY) for result in started))
    assert [received.api_key for received in gateway.requests[:2]] == [NEW_KEY] * 2
    reasons = {result.get("reason") for result in results}
    assert reasons in ({None, "already_configured"}, {f"{flow}_successful", "already_configured"})
    keys = [account.data["api_key"] for account in hass.config_entries.async_entries(DOMAIN)]
    assert keys.count(NEW_KEY) == 1


@pytest.mark.parametrize("flow", ["reauth", "reconfigure"])
async def test_same_key_again(hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry, flow: str) -> None:
    """The gateway can take a key again that it refused: the balance comes back at once."""
    gateway.responses["balance"] = REFUSED_KEY
    await advance_time(hass)
    assert get_state(hass, "sensor.smsbox_credits").state == STATE_UNAVAILABLE
    for progress in hass.config_entries.flow.async_progress():
        hass.config_entries.flow.async_abort(progress["flow_id"])
    result = await start(hass, entry, flow)
    gateway.responses.clear()
    result = await give(hass, result, API_KEY)
    assert result["reason"] == f"{flow}_successful"
    await hass.async_block_till_done(wait_background_tasks=True)
    assert get_state(hass, "sensor.smsbox_credits").state == "1630.38"


@pytest.mark.parametrize("skipped", [False, True])
async def test_leads_on_into_a_first_recipient(hass: HomeAssistant, gateway: Gateway, *, skipped: bool) -> None:
    """A new account asks for its first recipient, which can be skipped."""
    flow = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    result = await hass.config_entries.flow.async_configure(flow["flow_id"], {"api_key": API_KEY})
    kind, next_flow = result["next_flow"]
    assert kind is FlowType.CONFIG_SUBENTRIES_FLOW
    if skipped:
        hass.config_entries.subentries.async_abort(next_flow)
    else:
        await hass.config_entries.subentries.async_configure(
            next_flow,
            {"name": "Mum", "numbers": ["+32 496 12 34 56"], "channels": ["sms"], "language": "nl", "gender": "male"},
        )
    await hass.async_block_till_done()
    assert not hass.config_entries.subentries.async_progress()
    assert hass.states.async_entity_ids("notify") == ([] if skipped else ["notify.mum_sms"])


OPTIONS = {"low_credits": 25, "delivery_reports": True, "unsupported_characters": "replace"}
GUARD = {"limit_hour": 20, "limit_day": 100}


async def test_options(hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry) -> None:
    """The options are stored flat, suggested the next time, and take effect at once."""
    flow = await hass.config_entries.options.async_init(entry.entry_id)
    assert flow["data_schema"] is not None
    assert flow["data_schema"]({"spending_guard": {}}) == OPTIONS | {"spending_guard": GUARD}
    for wrong in ({"low_credits": -1}, {"spending_guard": {"limit_hour": -1}}):
        with pytest.raises(InvalidData):
            await hass.config_entries.options.async_configure(flow["flow_id"], wrong)
    options = {"low_credits": 1630.38, "delivery_reports": False, "unsupported_characters": "unicode"}
    guard = {"limit_hour": 3, "limit_day": 0}
    result = await hass.config_entries.options.async_configure(flow["flow_id"], options | {"spending_guard": guard})
    await hass.async_block_till_done(wait_background_tasks=True)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert entry.options == options | guard

    assert get_state(hass, "binary_sensor.smsbox_low_credits").state == "on"
    await call_action(hass, "send_sms", entity_id="notify.mum_sms", message="ж")
    assert gateway.sent == [{"numbers": "32496123456", "message": "ж", "unicode": "1"}]

    flow = await hass.config_entries.options.async_init(entry.entry_id)
    assert flow["data_schema"] is not None
    schema = flow["data_schema"].schema
    section = schema["spending_guard"]
    assert section.options == {"collapsed": True}
    assert suggested(schema) == options
    assert suggested(section.schema.schema) == guard

    await hass.config_entries.options.async_configure(flow["flow_id"], OPTIONS)
    assert entry.options == OPTIONS | guard


def suggested(schema: Any) -> dict[str, Any]:
    """Return what a form suggests."""
    return {key.schema: key.description["suggested_value"] for key in schema if key.description}


async def test_options_without_the_section(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """The spending guard is on where nothing is said about it."""
    flow = await hass.config_entries.options.async_init(entry.entry_id)
    await hass.config_entries.options.async_configure(flow["flow_id"], OPTIONS)
    await hass.async_block_till_done()
    assert entry.options == OPTIONS | GUARD


@pytest.mark.parametrize("pasted", [f"\u200b{NEW_KEY}", f"\ufeff {NEW_KEY}\u2060\t", f"\u00a0{NEW_KEY}\n"])
@pytest.mark.parametrize("flow", FLOWS)
async def test_pasted_key(
    hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry, flow: str, pasted: str
) -> None:
    """Blanks and invisible characters around a key are dropped."""
    gateway.api_key = NEW_KEY
    result = await give(hass, await start(hass, entry, flow), pasted)
    assert result["type"] is not FlowResultType.FORM
    assert hass.config_entries.async_entries(DOMAIN)[-1].data["api_key"] == NEW_KEY


async def test_reauth_brings_all_back(hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry) -> None:
    """After a new key was given, sending works again without a restart, and no flow is left."""
    gateway.api_key = NEW_KEY
    await advance_time(hass)
    (flow,) = hass.config_entries.flow.async_progress()
    assert flow["context"]["source"] == "reauth"
    await give(hass, flow, NEW_KEY)
    assert not hass.config_entries.flow.async_progress()
    await call_action(hass, "send_message", domain="notify", entity_id="notify.mum_sms", message="Hello")
    assert get_state(hass, "notify.mum_sms").state not in {STATE_UNAVAILABLE, STATE_UNKNOWN}
    assert gateway.received("sendsms")[0].api_key == NEW_KEY

"""Repair issues: credits are low, delivery reports cannot come."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any
from unittest.mock import MagicMock

from aiohttp import web
from homeassistant.config_entries import ConfigEntryDisabler
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.smsbox.const import DOMAIN

from .common import WEBHOOK_ID, account_entry, advance_time, set_up
from .gateways import API_KEY, Gateway

FLOWS = "/api/repairs/issues/fix"

type Post = Callable[[str, dict[str, Any]], Awaitable[dict[str, Any]]]


def issues(hass: HomeAssistant) -> dict[str | None, dict[str, str] | None]:
    """Return the placeholders of the issues that are shown, by their texts."""
    return {
        issue.translation_key: issue.translation_placeholders
        for issue in ir.async_get(hass).issues.values()
        if issue.domain == DOMAIN and issue.active
    }


@pytest.fixture
async def post(hass: HomeAssistant, hass_client: ClientSessionGenerator) -> Post:
    """Return a function that posts to a repair flow as the frontend does."""
    assert await async_setup_component(hass, "repairs", {})
    client = await hass_client()

    async def post(path: str, data: dict[str, Any]) -> dict[str, Any]:
        """Post and return the response."""
        response = await client.post(f"{FLOWS}{path}", json=data)
        assert response.status == HTTPStatus.OK
        content: dict[str, Any] = await response.json()
        return content

    return post


async def start(post: Post, entry: MockConfigEntry) -> dict[str, Any]:
    """Start the repair of low credits."""
    return await post("", {"handler": DOMAIN, "issue_id": f"low_credits_{entry.entry_id}"})


async def test_low_credits_follow_the_balance(hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry) -> None:
    """The issue tells the latest balance, stays while the gateway is unreachable and goes after topping up."""
    assert not issues(hass)
    for balance in ("20", "19.5"):
        gateway.balance = balance
        await advance_time(hass)
        assert issues(hass) == {"low_credits": {"account": "SMSBOX", "credits": f"{float(balance):.2f}"}}
    gateway.responses["balance"] = lambda _: web.Response(status=HTTPStatus.BAD_GATEWAY)
    await advance_time(hass)
    assert await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert "low_credits" in issues(hass)
    del gateway.responses["balance"]
    gateway.balance = "500"
    await advance_time(hass)
    assert not issues(hass)


@pytest.mark.parametrize("away", [False, True])
async def test_issue_goes_if_the_threshold_is_zero(
    hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry, *, away: bool
) -> None:
    """With a threshold of 0 the issue goes, even while the balance is unknown."""
    gateway.balance = "20"
    await advance_time(hass)
    assert "low_credits" in issues(hass)
    if away:
        gateway.responses["balance"] = lambda _: web.Response(status=HTTPStatus.BAD_GATEWAY)
    hass.config_entries.async_update_entry(entry, options={"low_credits": 0})
    await hass.async_block_till_done()
    assert not issues(hass)


async def test_repair_checks_the_balance(
    hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry, post: Post
) -> None:
    """The repair ends only if the balance is high enough."""
    gateway.balance = "20"
    await advance_time(hass)
    form = await start(post, entry)
    assert (form["type"], form["step_id"], form["errors"]) == ("form", "confirm", {})
    assert form["description_placeholders"] == {"account": "SMSBOX", "credits": "20.00"}
    path = f"/{form['flow_id']}"

    gateway.balance = "19.5"
    form = await post(path, {})
    assert form["errors"] == {"base": "still_low"}
    assert form["description_placeholders"] == {"account": "SMSBOX", "credits": "19.50"}
    assert "low_credits" in issues(hass)

    gateway.responses["balance"] = lambda _: web.Response(status=HTTPStatus.BAD_GATEWAY)
    form = await post(path, {})
    assert form["errors"] == {"base": "cannot_connect"}
    assert "low_credits" in issues(hass)

    del gateway.responses["balance"]
    gateway.balance = "519.5"
    assert (await post(path, {}))["type"] == "create_entry"
    assert not issues(hass)


async def test_repair_while_the_balance_is_unknown(
    hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry, post: Post
) -> None:
    """After a reload without the gateway the repair shows no balance, and works once it is known."""
    gateway.balance = "20"
    await advance_time(hass)
    gateway.responses["balance"] = lambda _: web.Response(status=HTTPStatus.BAD_GATEWAY)
    assert await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    form = await start(post, entry)
    assert form["description_placeholders"] == {"account": "SMSBOX", "credits": "?"}
    del gateway.responses["balance"]
    gateway.balance = "519.5"
    assert (await post(f"/{form['flow_id']}", {}))["type"] == "create_entry"


@pytest.mark.parametrize("started_before", [False, True])
async def test_repair_while_not_loaded(
    hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry, post: Post, *, started_before: bool
) -> None:
    """The repair of an account that is not loaded is aborted, and the issue stays."""
    gateway.balance = "20"
    await advance_time(hass)
    if started_before:
        form = await start(post, entry)
    assert await hass.config_entries.async_unload(entry.entry_id)
    await hass.async_block_till_done()
    result = await post(f"/{form['flow_id']}", {}) if started_before else await start(post, entry)
    assert (result["type"], result["reason"]) == ("abort", "not_loaded")
    assert "low_credits" in issues(hass)


async def test_issue_without_a_report_url(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """The issue is there while reports are enabled and there is no external URL."""
    assert not issues(hass)
    await hass.config.async_update(external_url=None, internal_url="http://192.168.1.2:8123")
    await hass.async_block_till_done()
    assert issues(hass) == {"no_report_url": {"account": "SMSBOX"}}
    hass.config_entries.async_update_entry(entry, options={"delivery_reports": False})
    await hass.async_block_till_done()
    assert not issues(hass)
    hass.config_entries.async_update_entry(entry, options={"delivery_reports": True})
    await hass.async_block_till_done()
    assert issues(hass) == {"no_report_url": {"account": "SMSBOX"}}
    await hass.config.async_update(external_url="https://example.org")
    await hass.async_block_till_done()
    assert not issues(hass)


async def test_issue_follows_the_cloud(hass: HomeAssistant, gateway: Gateway, cloud: MagicMock) -> None:
    """An account that uses Home Assistant Cloud has the issue while there is no subscription."""
    data = {"api_key": API_KEY, "webhook_id": WEBHOOK_ID, "cloudhook_url": "https://hooks.example.org/secret"}
    await set_up(hass, account_entry(data=data))
    for active, shown in ((True, set()), (False, {"no_report_url"}), (True, set())):
        cloud.async_active_subscription.return_value = active
        await advance_time(hass)
        assert set(issues(hass)) == shown


@pytest.mark.parametrize("how", ["disabled", "removed"])
async def test_issues_go_with_the_account(
    hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry, how: str
) -> None:
    """A disabled or removed account leaves no issue behind."""
    gateway.balance = "20"
    await advance_time(hass)
    await hass.config.async_update(external_url=None)
    await hass.async_block_till_done()
    assert set(issues(hass)) == {"low_credits", "no_report_url"}
    if how == "disabled":
        await hass.config_entries.async_set_disabled_by(entry.entry_id, ConfigEntryDisabler.USER)
    else:
        await hass.config_entries.async_remove(entry.entry_id)
    await hass.async_block_till_done()
    assert not issues(hass)

"""What a person does in Home Assistant's frontend, done in a browser."""

from functools import partial
import json
from pathlib import Path
from typing import Any

from aiohttp import ClientSession
from homeassistant.util.yaml import load_yaml_dict
from playwright.async_api import Page, expect
import pytest

from scripts.instance import ROOT, HomeAssistant

from .browser import ACCOUNT_PAGE, device_page, form, recipient_row, submit

BLUEPRINTS = sorted((ROOT / "blueprints/automation/smsbox").glob("*.yaml"))
TEXT = "There is water in the cellar."

pytestmark = pytest.mark.usefixtures("mum")


async def order(gateway: str, method: str, path: str, **data: object) -> None:
    """Tell the simulator how to behave."""
    async with ClientSession() as session, session.request(method, f"{gateway}/{path}", json=data) as response:
        assert response.ok


async def look_at_the_balance(instance: HomeAssistant) -> None:
    """Have Home Assistant ask for the balance."""
    await instance.action("homeassistant.update_entity", {"entity_id": "sensor.smsbox_credits"})


async def fill_in_recipient(page: Page, name: str, number: str, *channels: str) -> None:
    """Fill in the form of a new recipient, who has an SMS channel anyway."""
    await form(page).get_by_role("textbox", name="Name").fill(name)
    await form(page).get_by_role("button", name="Add Phone number").click()
    await form(page).get_by_role("textbox", name="Phone number").fill(number)
    for channel in channels:
        await form(page).get_by_text(channel, exact=True).click()
    await submit(page)


async def test_add_an_account(page: Page, instance: HomeAssistant, gateway: str) -> None:
    """A wrong key is refused in the form, the right one leads on to the first recipient; both can be removed."""
    await order(gateway, "POST", "keys", keys=["demo", "second"])
    await page.goto("/config/integrations/dashboard")
    await page.get_by_role("button", name="Add integration").click()
    await page.get_by_placeholder("Search for a brand name").fill("SMSBOX")
    await page.locator("dialog-add-integration").get_by_text("SMSBOX", exact=True).click()

    await form(page).get_by_role("textbox", name="API key").fill("wrong")
    await submit(page)
    await expect(page.get_by_text("The gateway refuses this API key.")).to_be_visible()
    await form(page).get_by_role("textbox", name="API key").fill("second")
    await submit(page)

    await expect(form(page)).to_contain_text("Add a recipient")
    await fill_in_recipient(page, "Dad", "0496 65 43 21")
    await expect(form(page)).to_contain_text("Success")
    await instance.state("notify.dad_sms")

    await page.goto(ACCOUNT_PAGE)
    await expect(recipient_row(page, "Dad")).to_be_visible()
    account = page.locator("ha-config-entry-row").filter(has=recipient_row(page, "Dad"))
    await account.get_by_role("button", name="Menu").first.click()
    await account.get_by_role("menuitem", name="Delete").first.click()
    await page.locator("dialog-box").get_by_role("button", name="Delete").click()
    await expect(recipient_row(page, "Dad")).to_have_count(0)
    await expect(recipient_row(page, "Mum")).to_be_visible()


def is_state(wanted: str, state: dict[str, Any]) -> bool:
    """Return whether a state is the wanted one."""
    return bool(state["state"] == wanted)


async def test_option(page: Page, instance: HomeAssistant) -> None:
    """A changed option works at once."""
    await page.goto(ACCOUNT_PAGE)
    for threshold, state in (("5000", "on"), ("25", "off")):
        await page.get_by_role("button", name="Configure").click()
        await form(page).get_by_role("spinbutton", name="Warn at this many credits").fill(threshold)
        await submit(page)
        await submit(page)
        await expect(form(page).get_by_role("dialog")).to_have_count(0)
        await instance.state("binary_sensor.smsbox_low_credits", until=partial(is_state, state))


async def test_low_credits(page: Page, instance: HomeAssistant, gateway: str) -> None:
    """Few credits are a repair issue, which goes when the account is topped up."""
    await page.goto("/config/repairs")
    await order(gateway, "PUT", "balance", balance="10")
    await look_at_the_balance(instance)
    await page.get_by_text("Few credits left on SMSBOX").click()
    await expect(form(page)).to_contain_text("SMSBOX has 10.00 credits left.")
    await submit(page)
    await expect(page.get_by_text("The balance is still low: 10.00 credits.")).to_be_visible()
    await order(gateway, "PUT", "balance", balance="1000")
    await submit(page)
    await expect(form(page)).to_contain_text("The issue is repaired!")
    await submit(page)
    await expect(page.get_by_text("Few credits left on SMSBOX")).to_have_count(0)


async def test_diagnostics(page: Page, instance: HomeAssistant) -> None:
    """The diagnostics can be downloaded, and hold no number."""
    await device_page(page, instance, "Mum")
    async with page.expect_download() as download:
        await page.get_by_text("Download diagnostics").click()
    file = await (await download.value).path()
    text = file.read_text()
    assert json.loads(text)["integration_manifest"]["domain"] == "smsbox"
    assert "496123456" not in text


def blueprint(file: Path) -> dict[str, Any]:
    """Return what a blueprint says about itself."""
    said: dict[str, Any] = load_yaml_dict(file)["blueprint"]
    return said


@pytest.mark.parametrize("file", BLUEPRINTS, ids=lambda file: file.stem)
async def test_blueprint_in_the_editor(page: Page, file: Path) -> None:
    """A blueprint opens in the editor, where each of its inputs can be filled in."""
    await page.goto("/config/blueprint/dashboard")
    await page.get_by_text(str(blueprint(file)["name"]), exact=True).click()
    editor = page.locator("blueprint-automation-editor")
    for field in blueprint(file)["input"].values():
        await expect(editor.get_by_text(field["name"], exact=True).first).to_be_visible()
    await expect(page.locator("ha-alert[alert-type=error]")).to_have_count(0)

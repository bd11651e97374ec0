"""What a person does in Home Assistant's frontend, done in a browser."""

from functools import partial
import json
import re
from typing import Any

from playwright.async_api import Locator, Page, expect
import pytest

from development.browser import (
    ACCOUNT_PAGE,
    action_field,
    add_element,
    alert,
    choose_target,
    control,
    device_page,
    finish,
    form,
    open_action,
    recipient_row,
    submit,
)
from development.home_assistant import HomeAssistant
from development.process import ROOT

pytestmark = pytest.mark.usefixtures("mum")


async def look_at_the_balance(instance: HomeAssistant) -> None:
    """Have Home Assistant ask for the balance."""
    await instance.action("homeassistant.update_entity", {"entity_id": "sensor.smsbox_credits"})


async def fill_in_recipient(page: Page, name: str, number: str, *channels: str) -> None:
    """Fill in the form of a new recipient, who has an SMS channel anyway."""
    await form(page).get_by_role("textbox", name="Name").fill(name)
    await form(page).get_by_role("button", name="Add Phone number").click()
    await form(page).get_by_role("textbox", name="Phone number").fill(number)
    for channel in channels:
        await form(page).get_by_text(channel).click()
    await submit(page)


def reports(page: Page) -> Locator:
    """Return the card with the last delivery report on a recipient's page."""
    return page.locator("ha-device-entities-card").filter(has_text="Delivery report")


async def test_add_an_account(page: Page, instance: HomeAssistant, gateway: str) -> None:
    """A wrong key is refused in the form, the right one leads on to the first recipient; both can be removed."""
    await control(gateway, "POST", "keys", keys=["demo", "new", "second"])
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
        await form(page).get_by_role("spinbutton", name="Low credits threshold").fill(threshold)
        await submit(page)
        await expect(form(page)).to_contain_text("Options successfully saved.")
        await finish(page)
        await instance.state("binary_sensor.smsbox_low_credits", until=partial(is_state, state))


async def test_low_credits(page: Page, instance: HomeAssistant, gateway: str) -> None:
    """Few credits are a repair issue, which goes when the account is topped up."""
    await page.goto("/config/repairs")
    await control(gateway, "PUT", "balance", balance="10")
    await look_at_the_balance(instance)
    await page.get_by_text("SMSBOX is low on credits").click()
    await expect(form(page)).to_contain_text("SMSBOX has 10.00 credits left.")
    await submit(page)
    await expect(page.get_by_text("The balance is still low: 10.00 credits.")).to_be_visible()
    await control(gateway, "PUT", "balance", balance="1000")
    await submit(page)
    await expect(form(page)).to_contain_text("The issue is repaired!")
    await finish(page)
    await expect(page.get_by_text("SMSBOX is low on credits")).to_have_count(0)


async def test_diagnostics(page: Page, instance: HomeAssistant) -> None:
    """The diagnostics can be downloaded, and hold no number."""
    await device_page(page, instance, "Mum")
    async with page.expect_download() as download:
        await page.get_by_text("Download diagnostics").click()
    file = await (await download.value).path()
    text = file.read_text()
    assert json.loads(text)["integration_manifest"]["domain"] == "smsbox"
    assert "496123456" not in text


async def test_add_change_and_remove_a_recipient(page: Page, instance: HomeAssistant, gateway: str) -> None:
    """A recipient with two channels gets another name and another number, and goes."""
    await page.goto(ACCOUNT_PAGE)
    await page.locator("ha-button").filter(has_text="Add recipient").click()
    await fill_in_recipient(page, "Dad", "not a number", "Text-to-speech (a call")
    await expect(alert(page)).to_contain_text("Not a valid phone number: not a number.")
    await form(page).get_by_role("textbox", name="Phone number").fill("0496 65 43 21")
    await submit(page)
    await expect(form(page)).to_contain_text("Created configuration for Dad.")
    await finish(page)
    await instance.state("notify.dad_sms")
    await instance.state("notify.dad_text_to_speech")

    await recipient_row(page, "Dad").get_by_role("button", name="Change recipient").click()
    await expect(form(page).get_by_role("textbox", name="Phone number")).to_have_value("+32496654321")
    await form(page).get_by_role("textbox", name="Name").fill("Grandpa")
    await form(page).get_by_role("textbox", name="Phone number").fill("+32 471/23.45.67")
    await submit(page)
    await expect(form(page)).to_contain_text("Reconfiguration was successful")
    await finish(page)
    await expect(recipient_row(page, "Grandpa")).to_be_visible()

    await device_page(page, instance, "Grandpa")
    await page.get_by_role("button", name="Press").click()
    await expect(reports(page)).to_contain_text("Delivered")
    await page.goto(gateway)
    phone = page.locator('[data-number="32471234567"]')
    await expect(phone.locator(".bubble")).to_have_text("This is a test message from Home Assistant.")

    await page.goto(ACCOUNT_PAGE)
    await recipient_row(page, "Grandpa").get_by_role("button", name="Menu").first.click()
    await recipient_row(page, "Grandpa").get_by_role("menuitem", name="Delete").first.click()
    await page.locator("dialog-box").get_by_role("button", name="Delete").click()
    await expect(recipient_row(page, "Grandpa")).to_have_count(0)


async def test_recipient_by_keyboard(page: Page, instance: HomeAssistant) -> None:
    """The form of a recipient can be opened, filled in and sent without a mouse."""

    async def tab_to(target: Locator) -> None:
        """Go on with the tabulator until something has the focus."""
        await target.wait_for()
        for _ in range(40):
            if await target.evaluate("element => element.matches(':focus')"):
                return
            await page.keyboard.press("Tab")
        raise AssertionError(f"{target} is not reached")

    await page.goto(ACCOUNT_PAGE)
    await tab_to(page.get_by_role("button", name="Add recipient"))
    await page.keyboard.press("Enter")
    await tab_to(form(page).get_by_role("textbox", name="Name"))
    await page.keyboard.type("Granny")
    await tab_to(form(page).get_by_role("button", name="Add Phone number"))
    await page.keyboard.press("Space")  # Enter would submit the form
    await tab_to(form(page).get_by_role("textbox", name="Phone number"))
    await page.keyboard.type("0496 11 22 33")
    await tab_to(form(page).get_by_role("checkbox", name="Text-to-speech"))
    await page.keyboard.press("Space")
    await page.keyboard.press("Enter")
    await expect(form(page)).to_contain_text("Created configuration for Granny.")
    await instance.state("notify.granny_text_to_speech")


async def test_send_and_see_the_report(page: Page, instance: HomeAssistant, gateway: str) -> None:
    """A message of the notify action comes to the phone, and its report to all pages that show reports."""
    await open_action(page, "notify.send_message")
    await choose_target(page, "SMS", "Mum")
    await action_field(page, "Message").get_by_role("textbox").fill("There is water in the cellar.")
    async with instance.events("smsbox_delivery_report") as events:
        await page.get_by_role("button", name="Perform action").click()
        assert [(await anext(events))["status"] for _ in range(2)] == ["sent", "delivered"]

    await device_page(page, instance, "Mum")
    await expect(reports(page)).to_contain_text("Delivered")
    await page.goto("/logbook")
    report = page.locator("ha-logbook-renderer").get_by_role("button").filter(has_text="SMS to Mum")
    await expect(report.filter(has_text="was delivered").first).to_be_visible()
    await page.goto("/smsbox-dashboard")
    await expect(page.locator("hui-tile-card").filter(has_text="Last report")).to_contain_text("Delivered")
    await page.goto(gateway)
    phone = page.locator('[data-number="32496123456"]')
    await expect(phone.locator("li").filter(has_text="There is water in the cellar.")).to_contain_text("delivered")


async def test_send_from_the_dashboard(page: Page, instance: HomeAssistant, gateway: str) -> None:
    """The dashboard sends to a recipient that it found by itself, and shows the result and the report."""
    await instance.action("select.select_option", {"entity_id": "select.sms_recipient", "option": "Mum"})
    await page.goto("/smsbox-dashboard")
    card = page.locator("hui-entities-card")
    await card.get_by_role("textbox", name="Text").fill("The shop is closed.")
    await card.get_by_role("textbox", name="Text").press("Tab")
    await card.get_by_role("button", name="Send").click()
    await expect(page.locator("hui-tile-card").filter(has_text="Result")).to_contain_text("Accepted, 1 part")
    await expect(page.locator("hui-markdown-card tr").filter(has_text="Mum").first).to_contain_text("Delivered")
    await page.goto(gateway)
    await expect(page.get_by_text("The shop is closed.")).to_be_visible()


async def test_response_of_an_action(page: Page) -> None:
    """The SMS action shows the status of the message."""
    await open_action(page, "smsbox.send_sms")
    await choose_target(page, "SMS", "Mum")
    await action_field(page, "Message").get_by_role("textbox").fill("Dinner is ready.")
    await action_field(page, "Wait for delivery report").locator("ha-checkbox").click()
    await action_field(page, "Wait for delivery report").get_by_role("spinbutton", name="ss").fill("30")
    await page.get_by_role("button", name="Perform action").click()
    response = page.locator(".response .cm-content")
    await expect(response).to_contain_text("recipient: Mum")
    await expect(response).to_contain_text("delivered: true")


async def test_error_of_an_action(page: Page) -> None:
    """An action that cannot be carried out says why."""
    await open_action(page, "smsbox.send_sms")
    await action_field(page, "Message").get_by_role("textbox").fill("Dinner is ready.")
    await page.get_by_role("button", name="Perform action").click()
    await expect(alert(page)).to_contain_text("Choose a recipient or give a number.")


async def test_refused_key(page: Page, instance: HomeAssistant, gateway: str) -> None:
    """A key that the gateway refuses is asked for again, and the account works with the new one."""
    await page.goto(ACCOUNT_PAGE)
    await control(gateway, "POST", "keys", keys=["new"])
    await look_at_the_balance(instance)
    await page.get_by_role("button", name="Reconfigure").click()
    await expect(form(page)).to_contain_text("The API key no longer works")
    await form(page).get_by_role("textbox", name="API key").fill("wrong")
    await submit(page)
    await expect(alert(page)).to_have_text("The gateway refuses this API key.")
    await form(page).get_by_role("textbox", name="API key").fill("new")
    await submit(page)
    await expect(form(page)).to_contain_text("Re-authentication was successful")
    await finish(page)
    await expect(page.get_by_role("button", name="Reconfigure")).to_have_count(0)
    await instance.state("sensor.smsbox_credits", until=lambda state: state["state"] != "unavailable")


async def test_triggers_of_a_recipient(page: Page) -> None:
    """The automation editor offers a recipient's triggers for its device, and takes one."""
    await page.goto("/config/automation/edit/new")
    editor = page.locator("manual-automation-editor")
    for trigger in ("Message delivered", "Message failed"):
        await add_element(editor, "trigger", "Mum", trigger)
        await expect(editor.locator("ha-automation-trigger-row").filter(has_text=trigger)).to_contain_text("Mum")


async def test_dark_theme(page: Page) -> None:
    """In the dark theme the icon is the one for it."""
    await page.goto(ACCOUNT_PAGE)
    icon = page.get_by_role("img", name="SMSBOX").first
    await expect(icon).to_have_attribute("src", re.compile("/icon@2x.png"))
    async with page.expect_response("**/dark_icon@2x.png?*") as response:
        # Not from the start: while Home Assistant's frontend starts, it may miss the browser's wish for a dark theme.
        await page.emulate_media(color_scheme="dark")
    dark_icon = ROOT / "custom_components/smsbox/brand/dark_icon@2x.png"
    assert await (await response.value).body() == dark_icon.read_bytes()
    await expect(icon).to_have_js_property("naturalWidth", 512)

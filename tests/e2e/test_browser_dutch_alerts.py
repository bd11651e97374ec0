"""Alerts in a Dutch Home Assistant: our texts are there, and none of the English ones."""

import re

from playwright.async_api import Browser, Page, expect
import pytest
import pytest_asyncio

from development.browser import ACCOUNT_PAGE, add_step, control, device_page, form, recipient_row, submit
from development.home_assistant import HomeAssistant

from .dutch import LANGUAGE, TEXTS, expect_dutch, of, press, text_of, words

PLAN = "config_subentries.alert_plan"
STATUS, EVENT = "entity.sensor.status", "entity.event.alert"
CELLAR = {"title": "Kelder", "message": "Er staat water in de kelder."}
FAULT = {"service": "*", "fault": "code", "code": 99, "count": None}  # refused for good

pytestmark = pytest.mark.usefixtures("mum")


@pytest.fixture(scope="module")
def language() -> str:
    """Return the language of Home Assistant and of who uses it."""
    return LANGUAGE


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def plan(instance: HomeAssistant, mum: None) -> None:
    """Add a plan that tells Mum."""
    (entry,) = await instance.command("config_entries/get", domain="smsbox")
    await instance.add_plan(entry["entry_id"], "Kelder", {"notify": ["notify.mum_sms"], "wait": 5}, repeat=0)
    await instance.state("sensor.kelder_status")


def step_texts(step: str, instance: HomeAssistant) -> set[str]:
    """Return the texts of a plan's form; the frontend shows no description of the steps."""
    link = len(f"{instance.url}/api/smsbox/0123456789abcdef") + len("home.")
    hidden = f"{PLAN}.step.{step}.data_description.steps"
    texts = [path for path in TEXTS if path.startswith(f"{PLAN}.step.{step}.") and path != hidden]
    return of(*texts, length=str(link), remaining=str(160 - len("\nOK? ") - link))


async def test_form(page: Page, instance: HomeAssistant) -> None:
    """The forms of a plan and of its steps are Dutch, with their errors."""
    await page.goto(ACCOUNT_PAGE)
    await expect_dutch(page, of(f"{PLAN}.initiate_flow.user"))
    await page.get_by_role("button", name=text_of(f"{PLAN}.initiate_flow.user")).click()
    await form(page).get_by_text(text_of(f"{PLAN}.step.user.sections.more.name"), exact=True).click()
    await expect_dutch(page, step_texts("user", instance))
    name = form(page).get_by_role("textbox", name=text_of(f"{PLAN}.step.user.data.name"))
    await name.fill("Mum")
    await submit(page)
    await expect_dutch(page, of(f"{PLAN}.error.already_configured", f"{PLAN}.error.no_steps"))
    await name.fill("Garage")
    await form(page).locator("ha-selector-object ha-button[appearance=filled]").click()
    await expect_dutch(page, of("selector.steps"))
    await page.locator("dialog-form").get_by_role("button", name=await words(page, "ui.common.cancel")).click()
    await add_step(page, ("Mum", text_of("entity.notify.sms.name")))
    await submit(page)
    await expect(form(page)).to_contain_text("Garage")
    await page.goto(ACCOUNT_PAGE)
    await expect_dutch(page, of(f"{PLAN}.entry_type"))
    change = text_of(f"{PLAN}.initiate_flow.reconfigure")
    await recipient_row(page, "Garage").get_by_role("button", name=change).click()
    await form(page).get_by_text(text_of(f"{PLAN}.step.reconfigure.sections.more.name"), exact=True).click()
    await expect_dutch(page, step_texts("reconfigure", instance))


@pytest.mark.usefixtures("plan")
async def test_alert(page: Page, browser: Browser, instance: HomeAssistant, gateway: str) -> None:
    """The device, what the phone shows, the page of the link and the activity are Dutch."""
    await device_page(page, instance, "Kelder")
    await page.get_by_role("button", name=await words(page, "ui.card.button.press")).last.click()
    buttons = of("entity.button.acknowledge", "entity.button.send_test_alert")
    names = buttons | of(f"{STATUS}.name", f"{EVENT}.name")
    event, told = f"{EVENT}.state_attributes.event_type.state", f"{STATUS}.state.notifying"
    await expect_dutch(page, names | of(told, f"{event}.started", f"{event}.told"))
    await page.locator("ha-device-entities-card").get_by_text(text_of(f"{STATUS}.name"), exact=True).click()
    dialog = page.locator("ha-more-info-dialog")
    await dialog.locator("ha-dropdown ha-icon-button").click()
    await dialog.get_by_role("menuitem", name=await words(page, "ui.dialogs.more_info_control.details")).click()
    attributes = [path for path in TEXTS if path.startswith(f"{STATUS}.state_attributes") and path.count(".") == 5]
    await expect_dutch(page, of(*attributes))

    await page.goto(gateway)
    test = of("selector.alert_texts.options.test_title", "selector.alert_texts.options.test_message")
    bubble = page.locator(".bubble").last
    for text in test:
        await expect(bubble).to_contain_text(text)
    link = await bubble.get_by_role("link").get_attribute("href")
    assert link is not None
    context = await browser.new_context(locale=LANGUAGE, java_script_enabled=False)
    phone = await context.new_page()
    await phone.goto(link)
    options = "selector.alert_page.options"
    await expect(phone.get_by_text(text_of(f"{options}.since").format(time=""))).to_be_visible()
    await phone.get_by_role("button", name=text_of(f"{options}.take")).click()
    await expect(phone.get_by_text(text_of(f"{options}.taken_by").split(".")[0].format(by="Mum"))).to_be_visible()
    await context.close()

    await device_page(page, instance, "Kelder")
    await expect_dutch(page, names | of(f"{STATUS}.state.acknowledged", f"{event}.acknowledged"))
    await instance.action("smsbox.resolve_alert", {}, {"entity_id": "notify.kelder"})
    await page.goto(gateway)
    over = text_of("selector.alert_texts.options.over").format(plan="Kelder")
    await expect(page.locator(".bubble").last).to_have_text(over)


@pytest.mark.usefixtures("plan")
async def test_failed(page: Page, instance: HomeAssistant, gateway: str) -> None:
    """The repair issue of an alert that told nobody is Dutch."""
    await control(gateway, "POST", "faults", **FAULT)
    await instance.action("notify.send_message", CELLAR, {"entity_id": "notify.kelder"})
    await instance.state("sensor.kelder_status", until=lambda state: state["state"] == "failed")
    await control(gateway, "DELETE", "faults")
    await page.goto("/config/repairs")
    title = text_of("issues.alert_failed.title").format(plan="Kelder")
    await page.get_by_text(title).click()
    reason = text_of("selector.reason.options.rejected")
    await expect_dutch(page, of("issues.alert_failed", plan="Kelder", targets="Mum", reason=reason))


@pytest.mark.usefixtures("plan")
async def test_dashboard(page: Page, instance: HomeAssistant) -> None:
    """The Dutch dashboard finds the plan by itself."""
    await instance.action("notify.send_message", CELLAR, {"entity_id": "notify.kelder"})
    await page.goto("/smsbox-dashboard")
    event = f"{EVENT}.state_attributes"
    await expect_dutch(page, of("entity.button.acknowledge", f"{event}.plan.name", f"{STATUS}.state.notifying"))
    await expect(page.get_by_text(f"{text_of(f'{event}.event_type.state.started')}: Kelder").first).to_be_visible()
    await expect(page.locator("hui-warning")).to_have_count(0)


@pytest.mark.usefixtures("plan")
async def test_triggers(page: Page) -> None:
    """The automation editor offers the triggers of a plan in Dutch."""
    await page.goto("/config/automation/edit/new")
    await press(page, "ui.panel.config.automation.editor.triggers.add")
    dialog = page.locator("add-automation-element-dialog")
    await dialog.locator("input").first.fill("Kelder Alarm")
    await dialog.locator("ha-combo-box-item").filter(has_text=re.compile(r"^\s*Alarm\b")).click()
    triggers = ("alert_started", "alert_acknowledged", "alert_resolved", "alert_unanswered")
    await expect_dutch(page, of(*(f"triggers.{trigger}.name" for trigger in triggers)))

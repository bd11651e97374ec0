"""The same pages in Dutch: our texts are there, and none of the English ones."""

import re

from playwright.async_api import Page, expect
import pytest

from development.browser import ACCOUNT_PAGE, control, device_page, form, open_action, recipient_row, submit
from development.home_assistant import HomeAssistant

from .dutch import LANGUAGE, TEXTS, expect_dutch, of, press, text_of, words

ACTIONS = (
    *("send_sms", "send_tts", "send_voice", "send_otp", "verify_otp", "lookup_number", "preview_sms"),
    *("send_alert", "acknowledge_alert", "resolve_alert"),
)
SENSORS = [path for path in TEXTS if re.fullmatch(r"entity\.sensor\.(credits|messages)\w*\.name", path)]
RECIPIENT = "config_subentries.recipient"
REPORT = "entity.event.delivery_report"

pytestmark = pytest.mark.usefixtures("mum")


@pytest.fixture(scope="module")
def language() -> str:
    """Return the language of Home Assistant and of who uses it."""
    return LANGUAGE


async def test_account(page: Page) -> None:
    """The page of the account and the form of a new one are Dutch, with their errors."""
    await page.goto(ACCOUNT_PAGE)
    await expect_dutch(page, of(f"{RECIPIENT}.entry_type", f"{RECIPIENT}.initiate_flow.user"))
    await press(page, "ui.panel.config.integrations.integration_page.add_service")
    await expect_dutch(page, of("config.step.user"))
    await form(page).get_by_role("textbox").fill("wrong")
    await submit(page)
    await expect_dutch(page, of("config.step.user", "config.error.invalid_auth"))
    await form(page).get_by_role("textbox").fill("demo")
    await submit(page)
    await expect_dutch(page, of("config.abort.already_configured"))


async def test_options(page: Page) -> None:
    """The options are Dutch."""
    await page.goto(ACCOUNT_PAGE)
    await press(page, "ui.panel.config.integrations.config_entry.configure")
    guard = "options.step.init.sections.spending_guard"
    await form(page).get_by_text(text_of(f"{guard}.name")).click()
    await expect_dutch(page, of("options", "selector.unsupported_characters"))


async def test_recipient(page: Page) -> None:
    """The forms of a recipient are Dutch, with their errors."""
    await page.goto(ACCOUNT_PAGE)
    await page.get_by_role("button", name=text_of(f"{RECIPIENT}.initiate_flow.user")).click()
    label = f"{RECIPIENT}.step.user.data"
    await form(page).get_by_role("button", name=text_of(f"{label}.numbers")).click()
    await expect_dutch(page, of(f"{RECIPIENT}.step.user", "selector.channels"))
    await form(page).get_by_role("textbox", name=text_of(f"{label}.name")).fill("Dad")
    for field in ("numbers", "sender"):
        await form(page).get_by_role("textbox", name=text_of(f"{label}.{field}")).fill("?")
    await submit(page)
    await expect_dutch(page, of(f"{RECIPIENT}.error.invalid_number", f"{RECIPIENT}.error.invalid_sender", number="?"))

    await page.goto(ACCOUNT_PAGE)
    change = text_of(f"{RECIPIENT}.initiate_flow.reconfigure")
    await recipient_row(page, "Mum").get_by_role("button", name=change).click()
    await expect_dutch(page, of(f"{RECIPIENT}.step.reconfigure"))


async def test_devices(page: Page, instance: HomeAssistant) -> None:
    """The pages of the recipient and of the account are Dutch, and so is what happened there."""
    async with instance.events("smsbox_delivery_report") as reports:
        await instance.action("notify.send_message", {"message": "?"}, {"entity_id": "notify.mum_sms"})
        for _ in range(2):
            await anext(reports)
    await device_page(page, instance, "SMSBOX")
    await expect_dutch(page, of(*SENSORS, "entity.binary_sensor", f"{REPORT}.name"))
    await device_page(page, instance, "Mum")
    state = f"{REPORT}.state_attributes.event_type.state"
    await expect_dutch(
        page,
        of("entity.notify.sms", "entity.notify.text_to_speech", "entity.button.send_test_message", f"{REPORT}.name")
        | of(f"{state}.sent", f"{state}.delivered")
        | of("selector.delivery_report.options.sms", recipient="Mum")
        | of("selector.delivery_report.options.sent", "selector.delivery_report.options.delivered"),
    )

    await page.locator("ha-device-entities-card").get_by_text(text_of(f"{REPORT}.name"), exact=True).click()
    dialog = page.locator("ha-more-info-dialog")
    await dialog.locator("ha-dropdown ha-icon-button").click()
    await dialog.get_by_role("menuitem", name=await words(page, "ui.dialogs.more_info_control.details")).click()
    attributes = ("channel", "final", "msgid", "number", "recipient", "sent_at", "status_code")
    await expect_dutch(page, of(*(f"{REPORT}.state_attributes.{attribute}.name" for attribute in attributes)))


async def test_dashboard(page: Page) -> None:
    """The Dutch dashboard finds its entities."""
    await page.goto("/smsbox-dashboard")
    header = page.locator("hui-markdown-card").last.locator("th").first
    await expect(header).to_have_text(text_of(f"{REPORT}.state_attributes.recipient.name"))
    await expect_dutch(page, of("entity.binary_sensor", "entity.notify.sms"))
    await expect(page.locator("hui-warning")).to_have_count(0)


async def test_low_credits(page: Page, instance: HomeAssistant, gateway: str) -> None:
    """The warning of few credits and its way out are Dutch."""
    await control(gateway, "PUT", "balance", balance="10")
    await page.goto("/config/repairs")
    await instance.action("homeassistant.update_entity", {"entity_id": "sensor.smsbox_credits"})
    few = of("issues.low_credits.title", account="SMSBOX")
    await expect_dutch(page, few)
    await page.get_by_text(*few).click()
    await expect_dutch(page, of("issues.low_credits.fix_flow.step", account="SMSBOX", credits="10.00"))
    await submit(page)
    await expect_dutch(page, of("issues.low_credits.fix_flow.error.still_low", credits="10.00"))


@pytest.mark.parametrize("action", ACTIONS)
async def test_action(page: Page, action: str) -> None:
    """An action and its fields are Dutch."""
    await open_action(page, f"smsbox.{action}")
    sections = of(f"services.{action}.sections")
    for section in sections:
        await page.locator("ha-service-control").get_by_text(section, exact=True).click()
    await expect_dutch(page, of(f"services.{action}", otp="{OTP}"))


async def test_error(page: Page) -> None:
    """The error of an action is Dutch."""
    await open_action(page, "smsbox.send_sms")
    await page.locator("ha-service-control textarea").first.fill("?")
    await press(page, "ui.panel.config.tools.tabs.actions.call_service")
    await expect_dutch(page, of("exceptions.no_recipients"))


async def test_triggers(page: Page) -> None:
    """The automation editor offers the triggers in Dutch."""
    await page.goto("/config/automation/edit/new")
    await press(page, "ui.panel.config.automation.editor.triggers.add")
    dialog = page.locator("add-automation-element-dialog")
    await dialog.locator("input").first.fill("Mum")
    await dialog.locator("ha-combo-box-item").filter(has_text=re.compile(r"^\s*Mum\b")).click()
    await expect_dutch(page, of("triggers.message_delivered.name", "triggers.message_failed.name"))


async def test_system_information(page: Page) -> None:
    """What the system information says of us is Dutch."""
    await page.goto("/config/repairs")
    await page.locator("ha-config-repairs-dashboard").get_by_role("button", name="Menu").click()
    await page.get_by_role("menuitem", name=await words(page, "ui.panel.config.repairs.system_information")).click()
    await expect_dutch(page, of("system_health"))


async def test_key(page: Page, instance: HomeAssistant, gateway: str) -> None:
    """The forms of another key are Dutch."""
    await control(gateway, "POST", "keys", keys=["new"])
    await page.goto(ACCOUNT_PAGE)
    await instance.action("homeassistant.update_entity", {"entity_id": "sensor.smsbox_credits"})
    await press(page, "ui.panel.config.integrations.reconfigure")
    await expect_dutch(page, of("config.step.reauth_confirm"))

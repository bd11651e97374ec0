"""Each blueprint imported by its URL and used, in a browser."""

from collections.abc import AsyncGenerator

from aiohttp import web
from aiohttp.test_utils import TestServer
from playwright.async_api import Locator, Page, expect
import pytest
import pytest_asyncio

from development.browser import add_element, alert, control, pick
from development.home_assistant import HomeAssistant
from development.process import ROOT

pytestmark = pytest.mark.usefixtures("mum")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def website() -> AsyncGenerator[str]:
    """Serve the blueprints, as GitHub does; return the URL."""
    app = web.Application()
    app.router.add_static("/", ROOT / "blueprints/automation/smsbox")
    async with TestServer(app) as server:
        yield str(server.make_url("/"))


async def import_blueprint(page: Page, website: str, name: str) -> None:
    """Import a blueprint by its URL and open it in the automation editor."""
    await page.goto("/config/blueprint/dashboard")
    await page.get_by_role("button", name="Import blueprint").click()
    dialog = page.locator("ha-dialog-import-blueprint")
    await dialog.get_by_role("textbox", name="Blueprint address").fill(f"{website}{name}.yaml")
    await dialog.get_by_role("button", name="Preview").click()
    await dialog.get_by_role("button", name="Import blueprint").click()
    # Next to it is the one that is there from the start.
    await page.get_by_role("row").filter(has_text=f"127.0.0.1/{name}").click()


def field(page: Page, name: str) -> Locator:
    """Return the row of one of the blueprint's inputs."""
    rows = page.locator("blueprint-automation-editor ha-settings-row")
    return rows.filter(has=page.get_by_text(name, exact=True))


async def pick_entity(page: Page, name: str, entity: str, device: str = "") -> None:
    """Choose the entity of an input."""
    picker = field(page, name).locator("ha-entity-picker").first
    await pick(picker, entity, device)
    await expect(picker).to_contain_text(entity)


async def save(page: Page, instance: HomeAssistant) -> None:
    """Save the automation, and wait until it works, which is after it is saved."""
    async with instance.events("automation_reloaded") as events:
        await page.get_by_role("button", name="Save").click()
        await anext(events)
    await expect(alert(page)).to_have_count(0)


async def see_notification(page: Page, text: str) -> None:
    """Open the notifications and see one."""
    await page.get_by_role("button", name="Notifications").click()
    await expect(page.locator("notification-drawer").get_by_text(text)).to_be_visible()


async def test_credits_low(page: Page, instance: HomeAssistant, gateway: str, website: str) -> None:
    """Low credits are told in Home Assistant."""
    await import_blueprint(page, website, "credits_low")
    await pick_entity(page, "Low credits", "Low credits", "SMSBOX")
    await pick_entity(page, "Credits", "Credits", "SMSBOX")
    await save(page, instance)

    await control(gateway, "PUT", "balance", balance="10")
    await instance.action("homeassistant.update_entity", {"entity_id": "sensor.smsbox_credits"})
    await see_notification(page, "10.0 credits are left. Top up the account.")


async def test_delivery_failed(page: Page, instance: HomeAssistant, website: str) -> None:
    """A message that is not delivered is told in Home Assistant."""
    await import_blueprint(page, website, "delivery_failed")
    target = field(page, "Recipients").locator("ha-target-picker")
    await pick(target.get_by_role("button", name="Add target"), "Delivery report", "SMSBOX")
    await target.get_by_role("button", name="Delivery report SMSBOX").wait_for()
    await save(page, instance)

    # Nothing is delivered to a number that ends like this.
    await instance.action("smsbox.send_sms", {"message": "Hello", "numbers": ["+32470000013"]})
    await see_notification(page, "The SMS to 32470000013 failed: undelivered.")


async def test_open_with_otp(page: Page, instance: HomeAssistant, gateway: str, website: str) -> None:
    """A button sends a code to a phone; whoever types it in gets in."""
    helpers = ("input_text", "Phone"), ("input_text", "Code"), ("input_button", "Bell"), ("input_button", "Gate")
    for domain, name in (*helpers, ("counter", "Wrong")):
        await instance.command(f"{domain}/create", name=name)
    await import_blueprint(page, website, "open_with_otp")
    await pick_entity(page, "Phone number", "Phone")
    await pick_entity(page, "Code", "Code")
    await pick_entity(page, "Send a code", "Bell")
    await pick_entity(page, "Wrong codes", "Wrong")
    await add_element(field(page, "What a right code does"), "action", "Gate", "Press input button")
    await save(page, instance)

    await instance.action("input_text.set_value", {"entity_id": "input_text.phone", "value": "0470 11 22 33"})
    await instance.action("input_button.press", {"entity_id": "input_button.bell"})
    await page.goto(gateway)
    code = await page.locator('[data-number="32470112233"] .bubble b').text_content()
    await instance.action("input_text.set_value", {"entity_id": "input_text.code", "value": code})
    await instance.state("input_button.gate", until=lambda gate: gate["state"] != "unknown")


async def test_sms_then_call(page: Page, instance: HomeAssistant, gateway: str, website: str) -> None:
    """A bell tells by SMS that it rang."""
    await instance.command("input_button/create", name="Doorbell")
    await import_blueprint(page, website, "sms_then_call")
    await add_element(field(page, "What happens"), "trigger", "Doorbell", "Button pressed")
    await pick_entity(page, "Recipients", "SMS", "Mum")
    await field(page, "Message").get_by_role("textbox").fill("The bell rang.")
    await save(page, instance)

    await instance.action("input_button.press", {"entity_id": "input_button.doorbell"})
    await page.goto(gateway)
    await expect(page.locator('[data-number="32496123456"] .bubble')).to_have_text("The bell rang.")

"""A browser in which somebody is logged in to Home Assistant, and what a hand does there again and again."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
import json
import re
import shutil
import time
from typing import Literal

from aiohttp import ClientSession
from playwright.async_api import Browser, BrowserContext, Locator, Page, async_playwright, expect

from .home_assistant import HomeAssistant

ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
TIMEOUT = 30_000
ACCOUNT_PAGE = "/config/integrations/integration/smsbox"


@asynccontextmanager
async def chromium() -> AsyncGenerator[Browser]:
    """Run the system's Chromium, or Playwright's own if there is none."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS)
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def logged_in(
    browser: Browser, instance: HomeAssistant, *, language: str = "en", scale: float = 1
) -> AsyncGenerator[BrowserContext]:
    """Return a window in which the user is logged in: the frontend finds the tokens where it keeps them."""
    tokens = {
        **instance.tokens,
        "hassUrl": instance.url,
        "clientId": f"{instance.url}/",
        "expires": (time.time() + instance.tokens["expires_in"]) * 1000,
    }
    context = await browser.new_context(
        base_url=instance.url,
        locale=language,
        timezone_id="Europe/Brussels",
        viewport={"width": 1280, "height": 900},
        device_scale_factor=scale,
        reduced_motion="reduce",
        service_workers="block",
    )
    context.set_default_timeout(TIMEOUT)
    await context.add_init_script(f"localStorage.setItem('hassTokens', {json.dumps(json.dumps(tokens))})")
    try:
        yield context
    finally:
        await context.close()


async def control(gateway: str, method: str, path: str, **data: object) -> None:
    """Tell the simulator how to behave."""
    async with ClientSession() as session, session.request(method, f"{gateway}/{path}", json=data) as response:
        response.raise_for_status()


def form(page: Page) -> Locator:
    """Return the dialog with the form of a flow."""
    return page.locator("dialog-data-entry-flow")


async def submit(page: Page) -> None:
    """Submit the form of a flow."""
    await form(page).locator("ha-button[slot=primaryAction]").click()


async def finish(page: Page) -> None:
    """Close the dialog of a flow that is done."""
    await form(page).get_by_role("button", name="Close").last.click()
    await expect(form(page).get_by_role("dialog")).to_have_count(0)


def alert(page: Page) -> Locator:
    """Return the error that a page shows."""
    return page.locator("ha-alert[alert-type=error]")


def recipient_row(page: Page, name: str) -> Locator:
    """Return the row of a recipient on the page of the account."""
    return page.locator("ha-config-sub-entry-row").filter(has_text=name)


async def open_action(page: Page, action: str) -> None:
    """Choose an action in the developer tools."""
    await page.goto(f"/config/tools/action?service={action}")


def action_field(page: Page, name: str) -> Locator:
    """Return the row of a field of the chosen action."""
    return page.locator("ha-service-control ha-settings-row").filter(has=page.get_by_text(name, exact=True))


async def pick(picker: Locator, entity: str, device: str) -> None:
    """Choose the entity of a device from a picker."""
    await picker.click()
    popup = picker.page.locator("ha-picker-combo-box:visible")
    await popup.locator("input").fill(f"{device} {entity}")
    await popup.locator("ha-combo-box-item").filter(has_text=re.compile(rf"^\s*{entity}\s*{device}")).click()
    await expect(popup).to_have_count(0)


def steps(page: Page) -> Locator:
    """Return the steps in the form of a plan."""
    return form(page).locator("ha-selector-object ha-md-list-item")


async def add_step(page: Page, *targets: tuple[str, str], wait: int | None = None) -> None:
    """Add a step to the form of a plan, with devices and their entities."""
    await form(page).locator("ha-selector-object ha-button[appearance=filled]").click()
    dialog = page.locator("dialog-form")
    for device, entity in targets:
        picker = dialog.locator("ha-entities-picker ha-entity-picker").last
        add = picker.locator("ha-button")  # in place of an empty field, from the second one on
        await pick(add if await add.count() else picker, entity, device)
    if wait is not None:
        await dialog.get_by_role("spinbutton").fill(str(wait))
    await close_step(page)


async def close_step(page: Page) -> None:
    """Take over what was filled in for a step."""
    dialog = page.locator("dialog-form")
    await dialog.locator("ha-button[slot=primaryAction]").click()
    await expect(dialog.get_by_role("dialog")).to_have_count(0)


async def add_element(editor: Locator, kind: Literal["trigger", "action"], target: str, element: str) -> None:
    """Add to an automation what a device or an entity has to offer."""
    await editor.get_by_role("button", name=f"Add {kind}").click()
    dialog = editor.page.locator("add-automation-element-dialog")
    await dialog.get_by_placeholder("Search").fill(target)
    await dialog.locator("ha-combo-box-item").filter(has_text=re.compile(rf"^\s*{target}\b")).click()
    await dialog.get_by_role("button", name=element).click()
    await expect(dialog.get_by_role("dialog")).to_have_count(0)


async def choose_target(page: Page, entity: str, device: str) -> None:
    """Choose an entity as the target of an action."""
    await pick(page.locator("ha-target-picker ha-button").first, entity, device)
    # What is filled in before the target stands there would be lost.
    await page.get_by_role("button", name=f"{entity} {device}").wait_for()


async def device_page(page: Page, instance: HomeAssistant, name: str) -> None:
    """Open the page of a device."""
    devices = await instance.command("config/device_registry/list")
    (device_id,) = (device["id"] for device in devices if device["name"] == name)
    await page.goto(f"/config/devices/device/{device_id}")

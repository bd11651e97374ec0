"""The simulator's page: phones and outages by hand."""

from http import HTTPStatus

from aiohttp import ClientSession
from playwright.async_api import Browser, expect

NUMBER = "32470112233"
LINK = "http://home.localhost:8123/api/smsbox/abc?x=1"


async def send(gateway: str, text: str) -> int:
    """Send an SMS to the phone; return the HTTP status."""
    data = {"numbers": NUMBER, "message": text, "apikey": "demo"}
    async with ClientSession() as session, session.post(f"{gateway}/api/v1/sendsms", data=data) as response:
        return response.status


async def test_phones(browser: Browser, gateway: str) -> None:
    """A phone can be off before the first message, and a link in an SMS can be followed."""
    page = await browser.new_page(base_url=gateway)
    await page.goto("/")
    await page.get_by_label("Number").fill("0470 11 22 33")
    await page.get_by_role("button", name="Add a phone").click()
    phone = page.locator(f'[data-number="{NUMBER}"]')
    await phone.get_by_role("combobox").select_option("Off")
    await send(gateway, f"Water! OK? {LINK}.")
    await expect(phone.locator("li")).to_contain_text("buffered")
    await expect(phone.get_by_role("link")).to_have_attribute("href", LINK)
    await expect(phone.locator(".bubble")).to_have_text(f"Water! OK? {LINK}.")
    await phone.get_by_role("combobox").select_option("On")
    await expect(phone.locator("li")).to_contain_text("delivered")
    await page.close()


async def test_outage(browser: Browser, gateway: str) -> None:
    """An outage lasts until it is switched off."""
    page = await browser.new_page(base_url=gateway)
    await page.goto("/")
    busy = page.get_by_role("button", name="Busy")
    await busy.click()
    await expect(busy).to_have_attribute("aria-pressed", "true")
    assert [await send(gateway, "Hello") for _ in range(2)] == [HTTPStatus.SERVICE_UNAVAILABLE] * 2
    await busy.click()
    await expect(busy).to_have_attribute("aria-pressed", "false")
    assert await send(gateway, "Hello") == HTTPStatus.OK
    await page.close()

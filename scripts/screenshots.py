"""Take the README's screenshots in a browser, of a Home Assistant and a simulator that live a week in a minute."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from io import BytesIO
import json
from pathlib import Path
from tempfile import TemporaryDirectory

from aiohttp import ClientSession
from PIL import Image, ImageChops
from playwright.async_api import Browser, Locator, Page

from development.browser import ACCOUNT_PAGE, chromium, device_page, form, logged_in, recipient_row
from development.clock import Clock
from development.home_assistant import HomeAssistant, home_assistant
from development.process import ROOT, free_port, simulator

SCREENSHOTS = ROOT / "docs/images"
SCALE = 1.25
MARGIN = 12
# A screenshot changed if more than this share of its pixels differs by more than this, of 255.
SHARE, DIFFERENCE = 0.0002, 48

# Playwright's own clock holds timers up too, on which the frontend depends.
SHIFT = """
Date = class extends Date {{
  constructor(...when) {{ when.length ? super(...when) : super(Date.now()); }}
  static now() {{ return super.now() + {milliseconds}; }}
}};
"""
DATE = "2026-10-{}:00+02:00"
START, TOP_UP, ACTION, ALERT, NEXT_STEP, DASHBOARD, RESTART, NOW = (
    DATE.format(time)
    for time in ("05T07:00", "08T12:00", "11T18:05", "11T18:12", "11T18:18", "11T18:20", "11T18:25", "11T18:30")
)
BALANCE, TOPPED_UP = 34, 75
MUM, DAD = "Mum", "Dad"
NEIGHBOUR = "+32470000013"  # nothing is delivered to a number that ends like this
PILLS = "Good morning! Your pills are in the blue box."
GARAGE = "The garage door is still open."
WASHING = "The washing machine is ready."
ALARM = "The alarm went off. Are you all right?"
DINNER = "Dinner is ready."
WATER = {"title": "Water", "message": "There is water in the cellar."}
# When what was sent, how, to whom.
BEFORE_TOP_UP = (
    ("05T08:00", PILLS, "tts", [MUM]),
    ("05T22:15", GARAGE, "sms", [MUM, DAD]),
    ("06T08:00", PILLS, "tts", [MUM]),
    ("06T14:30", WASHING, "sms", [DAD]),
    ("07T08:00", PILLS, "tts", [MUM]),
    ("07T21:45", GARAGE, "sms", [MUM, DAD]),
    ("08T08:00", PILLS, "tts", [MUM]),
)
AFTER_TOP_UP = (
    ("09T08:00", PILLS, "tts", [MUM]),
    ("09T16:20", WASHING, "sms", [MUM]),
    ("11T10:40", GARAGE, "sms", [NEIGHBOUR]),
)


class Week:
    """A Home Assistant and a gateway that live in the time of a file."""

    instance: HomeAssistant
    gateway: str

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._clock = Clock(directory, START)
        self._credits = BALANCE

    @asynccontextmanager
    async def simulator(self) -> AsyncGenerator[None]:
        """Run the simulator."""
        options = ("--report-delay=0.2", f"--balance={BALANCE}")
        async with simulator(self._directory, free_port(), *options) as self.gateway:
            yield

    @asynccontextmanager
    async def home_assistant(self) -> AsyncGenerator[None]:
        """Run Home Assistant, with a login that lasts longer than the week."""
        async with home_assistant(self._directory / "config", free_port(), self.gateway) as self.instance:
            lasting = {"client_name": self._clock.time, "lifespan": 365}
            token = await self.instance.command("auth/long_lived_access_token", **lasting)
            self.instance.token = token
            self.instance.tokens |= {"access_token": token, "expires_in": 10**9}
            yield

    async def go_to(self, time: str) -> None:
        """Go on to a time."""
        await self._clock.go_to(time)

    async def add_recipients(self) -> None:
        """Add the account and its recipients."""
        entry_id, flow_id = await self.instance.add_account()
        await self.instance.add_recipient(flow_id, MUM, "0496 12 34 56", channels=["sms", "tts", "voice"])
        flow_id = await self.instance.add_subentry(entry_id, "recipient")
        await self.instance.add_recipient(flow_id, DAD, "0470 11 22 33", channels=["sms"])
        await self.instance.state("notify.dad_sms")
        await self.instance.add_plan(
            entry_id,
            "Cellar",
            {"notify": ["notify.mum_sms"], "wait": 5},
            {"notify": ["notify.mum_text_to_speech", "notify.dad_sms"], "wait": 5},
            {"notify": ["notify.mum_voice_call"], "wait": 10},
        )
        await self.instance.state("sensor.cellar_status")

    @asynccontextmanager
    async def sending(self, count: int) -> AsyncGenerator[None]:
        """Wait at the end until the reports of so many messages came, and the balance is as much lower."""
        async with self.instance.events("smsbox_delivery_report") as reports:
            yield
            for _ in range(2 * count):
                await anext(reports)
        await self._balance(self._credits - count)

    async def send(self, time: str, text: str, channel: str, targets: list[str]) -> None:
        """Send at a time."""
        await self.go_to(DATE.format(time))
        async with self.sending(len(targets)):
            data = {"message": text, "target": targets, "data": {"channel": channel}}
            await self.instance.action("notify.smsbox", data)

    async def alert(self) -> str:
        """Let the plan tell Mum and then Dad that there is water; return the link that Dad gets."""
        for time, told in ((ALERT, 1), (NEXT_STEP, 2)):
            await self.go_to(time)
            async with self.sending(told):
                # The sensor says it again, at which Home Assistant looks what is due.
                await self.instance.action("notify.send_message", WATER, {"entity_id": "notify.cellar"})
        async with ClientSession() as session, session.get(f"{self.gateway}/messages") as response:
            texts = [message["text"] for message in await response.json() if message["number"].endswith("2233")]
        return str(texts[-1].split()[-1])

    async def top_up(self) -> None:
        """Top up the account."""
        await self.go_to(TOP_UP)
        async with ClientSession() as session, session.put(f"{self.gateway}/balance", json={"balance": TOPPED_UP}):
            await self.instance.action("homeassistant.update_entity", {"entity_id": "sensor.smsbox_credits"})
        await self._balance(TOPPED_UP)

    async def _balance(self, credits_left: int) -> None:
        """Wait until Home Assistant knows the balance."""
        self._credits = credits_left
        await self.instance.state("sensor.smsbox_credits", until=lambda state: float(state["state"]) == credits_left)

    async def empty_phones(self) -> None:
        """Empty the phones of the simulator."""
        async with ClientSession() as session, session.delete(f"{self.gateway}/messages"):
            pass

    async def fill_in(self, recipient: str, text: str) -> None:
        """Choose a recipient on the dashboard, and write a text."""
        option = {"entity_id": "select.sms_recipient", "option": recipient}
        await self.instance.action("select.select_option", option)
        await self.instance.action("input_text.set_value", {"entity_id": "input_text.sms_text", "value": text})

    async def send_from_dashboard(self) -> None:
        """Send what is filled in on the dashboard."""
        async with self.sending(1):
            await self.instance.action("script.sms_send", {})

    async def statistics(self) -> None:
        """Wait until the statistics know of all that was sent."""
        sensor = "sensor.smsbox_messages_sent"
        state = await self.instance.state(sensor, until=lambda state: state["state"] != "unavailable")
        wanted = {"statistic_ids": [sensor], "period": "5minute", "start_time": START}
        while True:
            known = await self.instance.command("recorder/statistics_during_period", **wanted)
            if known.get(sensor, [{"state": None}])[-1]["state"] == float(state["state"]):
                return
            await asyncio.sleep(0.2)


@asynccontextmanager
async def browser_page(week: Week, browser: Browser, time: str) -> AsyncGenerator[Page]:
    """Return a page of a browser that lives in the same time."""
    async with logged_in(browser, week.instance, scale=SCALE) as context:
        shift = datetime.fromisoformat(time) - datetime.now(UTC)
        await context.add_init_script(SHIFT.format(milliseconds=shift // timedelta(milliseconds=1)))
        page = await context.new_page()
        await page.set_viewport_size({"width": 1280, "height": 1720})
        yield page


async def account(page: Page) -> list[Locator]:
    """Show the account with its recipients."""
    await page.goto(ACCOUNT_PAGE)
    await page.get_by_role("heading", name="SMSBOX").wait_for()
    return [page.locator(".container > .header"), page.locator("ha-config-entry-row")]


async def subentry_form(page: Page, name: str, change: str) -> list[Locator]:
    """Show the form of a recipient or a plan."""
    await page.goto(ACCOUNT_PAGE)
    await recipient_row(page, name).get_by_role("button", name=change).click()
    await form(page).get_by_role("textbox", name="Name").wait_for()
    return [form(page).get_by_role("dialog")]


async def take_alert(page: Page, week: Week) -> Image.Image:
    """Take the alert by the link that Dad got; return a screenshot of what he saw before."""
    await page.set_viewport_size({"width": 390, "height": 320})
    await page.goto(await week.alert())
    screenshot = await take(page, page.locator("html"))
    async with week.sending(1):  # Mum is told
        await page.get_by_role("button").click()
    return screenshot


async def recipient(page: Page, instance: HomeAssistant) -> list[Locator]:
    """Show the page of a recipient's device."""
    await device_page(page, instance, MUM)
    await page.get_by_text("SMS to Mum").locator("visible=true").first.wait_for()
    return [page.locator("ha-config-device-page ha-card")]


async def action(page: Page, week: Week) -> list[Locator]:
    """Carry out the action that sends an SMS, and show its response."""
    data = {
        "action": "smsbox.send_sms",
        "target": {"entity_id": ["notify.mum_sms"]},
        "data": {"message": ALARM, "wait_for_report": {"hours": 0, "minutes": 2, "seconds": 0}},
    }
    # Where the page keeps what was filled in last.
    stored = json.dumps(json.dumps(data))
    await page.add_init_script(f"localStorage.setItem('panel-dev-action-state-service-data', {stored})")
    await page.goto("/config/tools/action")
    await page.get_by_text("Wait for delivery report", exact=True).wait_for()
    await week.go_to(ACTION)
    async with week.sending(1):
        await page.get_by_role("button", name="Perform action").click()
        await page.locator(".response .cm-content").wait_for()
    await page.mouse.move(0, 0)
    return [page.locator("tools-action ha-card")]


async def dashboard(page: Page) -> list[Locator]:
    """Show the dashboard."""
    await page.goto("/smsbox-dashboard")
    await page.get_by_text("Failed this month").wait_for()
    await page.locator("hui-history-graph-card canvas").first.wait_for()
    return [page.locator("hui-section")]


async def phones(page: Page, gateway: str) -> list[Locator]:
    """Show the phones of the simulator."""
    await page.goto(gateway)
    return [page.locator("header"), page.locator(".phone")]


async def take(page: Page, *parts: Locator) -> Image.Image:
    """Return a screenshot of some parts of a page, once nothing moves there any more."""
    before, now = b"", await page.screenshot(full_page=True)
    while now != before:
        await page.wait_for_timeout(500)
        before, now = now, await page.screenshot(full_page=True)
    boxes = [box for part in parts for each in await part.all() if (box := await each.bounding_box())]
    screenshot = Image.open(BytesIO(now)).convert("RGB")
    left, top = (max(0, SCALE * (min(box[edge] for box in boxes) - MARGIN)) for edge in ("x", "y"))
    right = SCALE * (max(box["x"] + box["width"] for box in boxes) + MARGIN)
    bottom = SCALE * (max(box["y"] + box["height"] for box in boxes) + MARGIN)
    return screenshot.crop((left, top, min(right, screenshot.width), min(bottom, screenshot.height)))


def keep(name: str, screenshot: Image.Image) -> None:
    """Write a screenshot, unless it looks like the one that is there."""
    file = SCREENSHOTS / f"{name}.png"
    small = screenshot.quantize(dither=Image.Dither.NONE)
    if file.exists() and not differs(small.convert("RGB"), Image.open(file).convert("RGB")):
        print(f"{file.relative_to(ROOT)} is still right")
        return
    small.save(file, optimize=True)
    print(f"{file.relative_to(ROOT)} is new, {file.stat().st_size // 1000} kB")


def differs(one: Image.Image, other: Image.Image) -> bool:
    """Return whether two screenshots differ visibly."""
    if one.size != other.size:
        return True
    difference = ImageChops.difference(one, other).convert("L")
    changed = sum(difference.histogram()[DIFFERENCE:])
    return changed > SHARE * one.width * one.height


async def main() -> None:
    """Live the week, and take the screenshots at its end."""
    SCREENSHOTS.mkdir(exist_ok=True)
    with TemporaryDirectory() as directory:
        week = Week(Path(directory))
        async with week.simulator(), chromium() as browser:
            async with week.home_assistant():
                await week.add_recipients()
                for sent in BEFORE_TOP_UP:
                    await week.send(*sent)
                await week.top_up()
                await week.empty_phones()
                for sent in AFTER_TOP_UP:
                    await week.send(*sent)
                async with browser_page(week, browser, ACTION) as page:
                    keep("action", await take(page, *await action(page, week)))
                async with browser_page(week, browser, ALERT) as page:
                    keep("alert-page", await take_alert(page, week))
                await week.go_to(DASHBOARD)
                await week.fill_in(DAD, DINNER)
                await week.send_from_dashboard()
            # At its start Home Assistant reckons the statistics of what it missed.
            await week.go_to(RESTART)
            async with week.home_assistant():
                await week.statistics()
                await week.fill_in(MUM, "See you tomorrow!")
                await week.go_to(NOW)
                async with browser_page(week, browser, NOW) as page:
                    keep("account", await take(page, *await account(page)))
                    keep("recipient", await take(page, *await recipient(page, week.instance)))
                    keep("recipient-form", await take(page, *await subentry_form(page, MUM, "Change recipient")))
                    keep("plan", await take(page, *await subentry_form(page, "Cellar", "Change plan")))
                    keep("dashboard", await take(page, *await dashboard(page)))
                    keep("phones", await take(page, *await phones(page, week.gateway)))


if __name__ == "__main__":
    asyncio.run(main())

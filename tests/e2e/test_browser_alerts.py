"""Alerts as people meet them: in Home Assistant's frontend, on their phones, and on the page of the link."""

from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, Locator, Page, expect
import pytest
import pytest_asyncio

from development.browser import (
    ACCOUNT_PAGE,
    add_step,
    alert,
    close_step,
    control,
    device_page,
    finish,
    form,
    recipient_row,
    steps,
    submit,
)
from development.clock import Clock
from development.home_assistant import HomeAssistant

MUM, DAD = "32496123456", "32470112233"
STATUS = "sensor.cellar_status"
CELLAR = {"title": "Cellar", "message": "There is water in the cellar."}
OUTAGE = {"service": "*", "fault": "http", "status": 503, "count": None}


@pytest.fixture(scope="module")
def clock(directory: Path) -> Generator[Clock]:
    """Let Home Assistant and the simulator live by a clock that can be moved."""
    clock = Clock(directory)
    yield clock
    clock.close()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def family(clock: Clock, instance: HomeAssistant) -> str:
    """Add an account with Mum and Dad; return the id of its entry."""
    entry_id, flow_id = await instance.add_account()
    await instance.add_recipient(flow_id, "Mum", MUM, channels=["sms", "voice"])
    await instance.add_recipient(
        await instance.add_subentry(entry_id, "recipient"), "Dad", DAD, channels=["sms", "voice"]
    )
    await instance.state("notify.dad_voice_call")
    return entry_id


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def plan(family: str, instance: HomeAssistant) -> None:
    """Add a plan of three steps, which gives up a minute after the gateway went away."""
    mum, both, dad = ["notify.mum_sms"], ["notify.mum_voice_call", "notify.dad_sms"], ["notify.dad_voice_call"]
    cellar = ({"notify": notify, "wait": 1} for notify in (mum, both, dad))
    await instance.add_plan(family, "Cellar", *cellar, repeat=0, give_up_after=1)
    await instance.state(STATUS)


@pytest_asyncio.fixture(loop_scope="session")
async def phones(browser: Browser, gateway: str) -> AsyncGenerator[Page]:
    """Return the page of the simulator, with empty phones and without an outage."""
    await control(gateway, "DELETE", "faults")
    await control(gateway, "DELETE", "messages")
    page = await browser.new_page()
    await page.goto(gateway)
    yield page
    await page.close()


def phone(phones: Page, number: str) -> Locator:
    """Return the messages on a phone."""
    return phones.locator(f'[data-number="{number}"] .bubble')


def is_step(step: int, state: dict[str, Any]) -> bool:
    """Return whether somebody was told in a step."""
    return state["attributes"]["step"] == step and bool(state["attributes"]["told"])


def has(status: str, state: dict[str, Any]) -> bool:
    """Return whether a status is the wanted one."""
    return bool(state["state"] == status)


async def start(instance: HomeAssistant) -> None:
    """Start the alert."""
    await instance.action("notify.send_message", CELLAR, {"entity_id": "notify.cellar"})


async def look(instance: HomeAssistant) -> None:
    """Let the alert look at what is due, as it does at an action that resolves nothing."""
    await instance.action("smsbox.resolve_alert", {"title": "Nothing"}, {"entity_id": "notify.cellar"})


async def pass_wait(instance: HomeAssistant, clock: Clock) -> None:
    """Let the wait of a step pass."""
    await clock.advance(seconds=61)
    await look(instance)


async def resolve(instance: HomeAssistant) -> None:
    """End the alert."""
    await instance.action("smsbox.resolve_alert", {}, {"entity_id": "notify.cellar"})
    await instance.state(STATUS, until=partial(has, "idle"))


@asynccontextmanager
async def opened(browser: Browser, link: str) -> AsyncGenerator[Page]:
    """Open a link on a phone, without JavaScript."""
    context = await browser.new_context(java_script_enabled=False, viewport={"width": 390, "height": 800})
    page = await context.new_page()
    await page.goto(link)
    yield page
    await context.close()


async def see_status(page: Page, status: str) -> None:
    """See the status on the page of the plan's device."""
    card = page.locator("ha-device-entities-card").filter(has_text="Status")
    await expect(card).to_contain_text(status)


@pytest.mark.usefixtures("family")
async def test_make_a_plan(page: Page, instance: HomeAssistant) -> None:
    """A plan is made by hand: steps are added, dragged, changed; one that tells nobody is refused."""
    await page.goto(ACCOUNT_PAGE)
    await page.locator("ha-button").filter(has_text="Add plan").click()
    await form(page).get_by_role("textbox", name="Name").fill("Garage")
    await submit(page)
    await expect(alert(page)).to_have_text("Add at least one step.")
    await add_step(page, ("Mum", "SMS"), wait=1)
    await add_step(page, ("Mum", "Voice call"), ("Dad", "SMS"), wait=1)
    await add_step(page, ("Dad", "Voice call"))
    await expect(steps(page)).to_contain_text(["Mum SMS", "Mum Voice call, Dad SMS", "Dad Voice call"])
    handle = ".handle"
    await steps(page).nth(2).locator(handle).drag_to(steps(page).nth(0).locator(handle))
    await expect(steps(page).nth(0)).to_contain_text("Dad Voice call")

    change = "ha-icon-button"  # the first of two, the other one removes
    await steps(page).nth(1).locator(change).first.click()
    await page.locator("dialog-form").get_by_role("spinbutton").fill("2")
    await close_step(page)
    await expect(steps(page).nth(1)).to_contain_text("2 min")

    await steps(page).nth(1).locator(change).first.click()
    await page.locator("dialog-form ha-entity-picker").first.locator(".clear").click()
    await close_step(page)
    await submit(page)
    await expect(alert(page)).to_contain_text("Nobody is told in one of the steps.")
    await steps(page).nth(1).locator(change).last.click()
    await submit(page)
    await expect(form(page)).to_contain_text("Created configuration for Garage.")
    await finish(page)
    await instance.state("sensor.garage_status", until=partial(has, "idle"))

    await recipient_row(page, "Garage").get_by_role("button", name="Change plan").click()
    await expect(steps(page)).to_have_count(2)
    await expect(steps(page).nth(0)).to_contain_text("Dad Voice call")
    await expect(steps(page).nth(0)).to_contain_text("5 min")
    await expect(steps(page).nth(1)).to_contain_text("Mum Voice call, Dad SMS")


@pytest.mark.usefixtures("plan")
async def test_test_alert(
    page: Page, phones: Page, browser: Browser, instance: HomeAssistant, clock: Clock, tmp_path: Path
) -> None:
    """A test alert goes from step to step until Dad takes it by the link; Mum is told so, and both that it is over."""
    await device_page(page, instance, "Cellar")
    await page.get_by_role("button", name="Press").last.click()
    await see_status(page, "Notifying")
    await expect(phone(phones, MUM)).to_have_count(1)
    await expect(phone(phones, MUM)).to_contain_text("Test alert")
    await expect(phone(phones, DAD)).to_have_count(0)

    await clock.advance(seconds=61)
    await instance.state(STATUS, until=partial(is_step, 2))
    await expect(phone(phones, MUM)).to_have_count(2)
    link = await phone(phones, DAD).get_by_role("link").get_attribute("href")
    assert link is not None
    async with opened(browser, link) as dads:
        await expect(dads.get_by_role("heading", name="Cellar")).to_be_visible()
        await instance.state(STATUS, until=partial(has, "notifying"))
        await dads.screenshot(path=tmp_path / "open.png")
        await dads.get_by_role("button", name="I take care of it").click()
        await expect(dads.get_by_text("Dad takes care of it.")).to_be_visible()
        await dads.screenshot(path=tmp_path / "taken.png")
    await see_status(page, "Acknowledged")
    await expect(phone(phones, MUM).last).to_have_text("Dad takes care of it: Cellar")
    await expect(phone(phones, DAD)).to_have_count(1)
    await phones.screenshot(path=tmp_path / "phones.png", full_page=True)
    await page.screenshot(path=tmp_path / "device.png", full_page=True)

    await page.set_viewport_size({"width": 1280, "height": 4000})  # the list shows only what fits
    await page.goto("/logbook")
    activity = page.locator("ha-logbook-renderer")
    for line in ("Mum was told by SMS", "Mum was told by phone call", "acknowledged by Dad"):
        await expect(activity).to_contain_text(line)

    await resolve(instance)
    for number in (MUM, DAD):
        await expect(phone(phones, number).last).to_have_text("It is over: Cellar")


@pytest.mark.usefixtures("plan")
async def test_unanswered(page: Page, phones: Page, instance: HomeAssistant, clock: Clock) -> None:
    """An alert that nobody takes ends unanswered; the button takes it still."""
    await start(instance)
    for step in (1, 2, 3):
        await instance.state(STATUS, until=partial(is_step, step))
        await pass_wait(instance, clock)
    await instance.state(STATUS, until=partial(has, "unanswered"))
    await expect(phone(phones, DAD)).to_have_count(2)
    await device_page(page, instance, "Cellar")
    await see_status(page, "Unanswered")
    await page.get_by_role("button", name="Press").first.click()
    await see_status(page, "Acknowledged")
    await expect(phone(phones, MUM).last).to_have_text("Demo takes care of it: Cellar")
    await resolve(instance)


@pytest.mark.usefixtures("plan")
async def test_outage(page: Page, phones: Page, instance: HomeAssistant, gateway: str, clock: Clock) -> None:
    """An outage in the middle stops the alert, and its end lets it go on."""
    await start(instance)
    await instance.state(STATUS, until=partial(is_step, 1))
    await phones.get_by_role("button", name="Busy").click()
    await pass_wait(instance, clock)
    await instance.state(STATUS, until=lambda state: state["attributes"]["reason"] == "unreachable")
    await expect(phone(phones, DAD)).to_have_count(0)
    await phones.get_by_role("button", name="Busy").click()
    await clock.advance(seconds=61)
    await look(instance)
    await instance.state(STATUS, until=partial(is_step, 2))
    await expect(phone(phones, DAD)).to_have_count(1)
    await resolve(instance)


@pytest.mark.usefixtures("plan")
async def test_failed(page: Page, phones: Page, instance: HomeAssistant, gateway: str, clock: Clock) -> None:
    """An alert that could tell nobody is a repair issue, until somebody takes it."""
    await control(gateway, "POST", "faults", **OUTAGE)
    await start(instance)
    await instance.state(STATUS, until=lambda state: state["attributes"]["reason"] == "unreachable")
    await pass_wait(instance, clock)
    await instance.state(STATUS, until=partial(has, "failed"))
    await page.goto("/config/repairs")
    issue = page.get_by_text("Nobody could be told about the alert Cellar")
    await issue.click()
    dialog = page.locator("dialog-repairs-issue")
    await expect(dialog).to_contain_text("Cellar tried to reach Mum")
    await expect(dialog).to_contain_text("the gateway is busy")
    await page.keyboard.press("Escape")
    await instance.action("smsbox.acknowledge_alert", {}, {"entity_id": "notify.cellar"})
    await expect(issue).to_have_count(0)
    await control(gateway, "DELETE", "faults")
    await resolve(instance)

"""Fixtures of the end-to-end tests: a Home Assistant and a simulator for each module of tests."""

from collections.abc import AsyncGenerator
from pathlib import Path

from playwright.async_api import Browser, Page, expect
import pytest
import pytest_asyncio

from development.browser import TIMEOUT, chromium, logged_in
from development.home_assistant import HomeAssistant, home_assistant
from development.process import free_port, simulator

expect.set_options(timeout=TIMEOUT)
pytest.register_assert_rewrite("tests.e2e.dutch")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run all in one event loop, which the processes outlive the tests in."""
    for item in items:
        if pytest_asyncio.is_async_test(item):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder for what the processes write."""
    return tmp_path_factory.mktemp("e2e")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def gateway(directory: Path) -> AsyncGenerator[str]:
    """Run the simulator; return its URL."""
    async with simulator(directory, free_port(), "--report-delay", "0.2") as url:
        yield url


@pytest.fixture(scope="module")
def language() -> str:
    """Return the language of Home Assistant and of who uses it."""
    return "en"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def instance(directory: Path, gateway: str, language: str) -> AsyncGenerator[HomeAssistant]:
    """Run a Home Assistant that is set up, without an account."""
    async with home_assistant(directory / "config", free_port(), gateway, language=language) as instance:
        yield instance


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def mum(instance: HomeAssistant) -> None:
    """Add an account, and Mum as a recipient."""
    _, flow_id = await instance.add_account()
    await instance.add_recipient(flow_id, "Mum", "0496 12 34 56", channels=["sms", "tts"])
    await instance.state("notify.mum_sms")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncGenerator[Browser]:
    """Run a browser."""
    async with chromium() as browser:
        yield browser


@pytest_asyncio.fixture(loop_scope="session")
async def page(browser: Browser, instance: HomeAssistant, language: str, tmp_path: Path) -> AsyncGenerator[Page]:
    """Return a page of the browser in which the user is logged in; keep a screenshot of how the test left it."""
    async with logged_in(browser, instance, language=language) as context:
        page = await context.new_page()
        yield page
        await page.screenshot(path=tmp_path / "end.png")

"""Fixtures of the end-to-end tests: a Home Assistant and a simulator for each module of tests."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
import pytest_asyncio

from scripts.instance import HomeAssistant, free_port, home_assistant, simulator


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run all in one event loop, which the processes outlive the tests in."""
    for item in items:
        if pytest_asyncio.is_async_test(item):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest.fixture(autouse=True)
def _environment() -> None:
    """Leave the environment alone: Home Assistant runs by itself here."""


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder for what the processes write."""
    return tmp_path_factory.mktemp("e2e")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def gateway(directory: Path) -> AsyncGenerator[str]:
    """Run the simulator; return its address."""
    async with simulator(directory, free_port(), "--report-delay", "0.2") as url:
        yield url


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def instance(directory: Path, gateway: str) -> AsyncGenerator[HomeAssistant]:
    """Run a Home Assistant that is set up, without an account."""
    async with home_assistant(directory / "config", free_port(), gateway) as instance:
        yield instance

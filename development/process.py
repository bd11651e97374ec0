"""Programs in the background, the gateway simulator among them."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
import os
from pathlib import Path
import signal
import socket
import sys
from typing import BinaryIO

from aiohttp import ClientError, ClientSession

ROOT = Path(__file__).parents[1]
START_TIMEOUT = 150
STOP_TIMEOUT = 20


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _open(log: Path) -> BinaryIO:
    """Open a log for more lines."""
    log.parent.mkdir(parents=True, exist_ok=True)
    return log.open("ab")


@asynccontextmanager
async def process(*command: str, log: Path, environment: Mapping[str, str] | None = None) -> AsyncGenerator[Process]:
    """Run a program while the context lasts; a terminal's Ctrl-C does not reach it by itself."""
    with _open(log) as output:
        running = await asyncio.create_subprocess_exec(
            *command,
            cwd=ROOT,
            env=os.environ | (environment or {}),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        yield Process(running, log)
    finally:
        if running.returncode is None:
            running.terminate()
            try:
                await asyncio.wait_for(running.wait(), STOP_TIMEOUT)
            except TimeoutError:
                os.killpg(running.pid, signal.SIGKILL)
                await running.wait()


class Process:
    """A program that runs in the background."""

    def __init__(self, process: asyncio.subprocess.Process, log: Path) -> None:
        self._process = process
        self._log = log

    @property
    def pid(self) -> int:
        """Return the process id."""
        return self._process.pid

    async def ended(self) -> int:
        """Wait until the program ends; return its exit code."""
        return await self._process.wait()

    async def kill(self) -> None:
        """End the program as a power cut would."""
        self._process.kill()
        await self._process.wait()

    async def responds(self, url: str) -> None:
        """Wait until a URL responds well; raise RuntimeError if the program ends before."""
        async with asyncio.timeout(START_TIMEOUT), ClientSession() as session:
            while self._process.returncode is None:
                try:
                    async with session.get(url) as response:
                        if response.ok:
                            return
                except ClientError:
                    pass
                await asyncio.sleep(0.1)
        raise RuntimeError(f"{self._log.stem} ended at once:\n{self._log.read_text()[-2000:]}")


@asynccontextmanager
async def simulator(directory: Path, port: int, *options: str) -> AsyncGenerator[str]:
    """Run the gateway simulator; return its URL."""
    url = f"http://127.0.0.1:{port}"
    command = (sys.executable, "-m", "simulator", "--port", str(port), *options)
    async with process(*command, log=directory / "simulator.log") as running:
        await running.responds(f"{url}/messages")
        yield url

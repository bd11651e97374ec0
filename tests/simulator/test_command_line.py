"""`python -m simulator`, as a process and in this one."""

import asyncio
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
import os
from pathlib import Path
import re
import runpy
import signal
import socket
import sys

from aiohttp import ClientSession
import pytest

from simulator.__main__ import parse

ROOT = Path(__file__).parents[2]


@asynccontextmanager
async def process(*options: str) -> AsyncGenerator[Process]:
    """Run the simulator as a process."""
    running = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "simulator",
        *options,
        cwd=ROOT,
        env=os.environ | {"PYTHONUNBUFFERED": ""},  # as on a machine where nobody set it
        stdout=PIPE,
        stderr=PIPE,
    )
    try:
        yield running
    finally:
        if running.returncode is None:
            running.kill()
        await running.wait()


def test_defaults() -> None:
    """Without options it uses what the documentation says."""
    options = parse([])
    assert (options.host, options.port, options.balance, options.report_delay) == ("127.0.0.1", 8899, 1000, 3)


async def test_process() -> None:
    """It prints its URL, follows its options, reports a taken port, and Ctrl-C ends it silently."""
    options = ("--api-key", "one", "--api-key", "two", "--balance", "5.5", "--report-delay", "0")
    async with asyncio.timeout(30), process("--port", "0", *options) as running:
        assert running.stdout
        line = (await running.stdout.readline()).decode()
        found = re.fullmatch(r"SMSBOX simulator on http://127\.0\.0\.1:(\d+), API at (http://.+)\n", line)
        assert found
        port, url = found.groups()
        async with ClientSession() as session:
            for key, code in (("one", 100), ("two", 100), ("demo", 4)):
                async with session.get(f"{url}/balance", headers={"X-Api-Key": key}) as response:
                    content = await response.json()
                    assert content["code"] == code
                    assert code == 4 or content["message"] == "5.50"
        async with process("--port", port) as second:
            output, errors = await second.communicate()
        assert second.returncode == 1
        assert output == b""
        assert errors.decode() == f"simulator: port {port} is taken, choose another by --port\n"
        running.send_signal(signal.SIGINT)
        assert await running.communicate() == (b"", b"")
        assert running.returncode == 0


def run(monkeypatch: pytest.MonkeyPatch, *options: str) -> None:
    """Run the simulator in this process."""
    monkeypatch.setattr(sys, "argv", ["simulator", *options])
    monkeypatch.delitem(sys.modules, "simulator.__main__")
    runpy.run_module("simulator", run_name="__main__")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_until_told_to_stop(monkeypatch: pytest.MonkeyPatch, number: signal.Signals) -> None:
    """It runs until a signal, which comes as soon as its URL is printed."""
    lines = []

    def stop(line: str, **_: object) -> None:
        """Stop the simulator."""
        lines.append(line)
        os.kill(os.getpid(), number)

    monkeypatch.setattr("builtins.print", stop)
    run(monkeypatch, "--port", "0")
    assert len(lines) == 1


def test_taken_port(monkeypatch: pytest.MonkeyPatch) -> None:
    """A taken port is said clearly."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(SystemExit, match=f"^simulator: port {port} is taken, choose another by --port$"):
            run(monkeypatch, "--port", str(port))


@pytest.mark.parametrize("options", [["--port", "65536"], ["--host", "192.0.2.1", "--port", "0"]])
def test_impossible_host_or_port(monkeypatch: pytest.MonkeyPatch, options: list[str]) -> None:
    """A host or port that it cannot listen on is reported in one line."""
    with pytest.raises(SystemExit, match=r"^simulator: .+"):
        run(monkeypatch, *options)


@pytest.mark.parametrize("balance", ["much", "inf"])
def test_impossible_balance(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], balance: str) -> None:
    """A balance that is none is refused with the usage."""
    with pytest.raises(SystemExit):
        run(monkeypatch, "--balance", balance)
    assert f"argument --balance: invalid amount value: '{balance}'" in capsys.readouterr().err

"""A clock for the processes that start from now on: they live in its time, which can be moved."""

import asyncio
from datetime import UTC, datetime, timedelta
import os
from pathlib import Path

from .process import ROOT


class Clock:
    """A file with the time, which `scripts/clock` follows in each process."""

    def __init__(self, directory: Path, start: str | None = None) -> None:
        self._file = directory / "clock"
        self._ahead = timedelta()
        self._file.write_text(start or datetime.now(UTC).isoformat())
        os.environ |= {"CLOCK": str(self._file), "PYTHONPATH": str(ROOT / "scripts/clock")}

    def close(self) -> None:
        """Let the processes that start from now on live in the present."""
        del os.environ["CLOCK"], os.environ["PYTHONPATH"]

    @property
    def time(self) -> str:
        """Return the time that was set last."""
        return self._file.read_text()

    async def go_to(self, time: str) -> None:
        """Go on to a time."""
        # In one go, else half a time would be read.
        self._file.with_suffix(".new").write_text(time)
        self._file.with_suffix(".new").replace(self._file)
        await asyncio.sleep(0.3)  # the processes look at the file every 0.05 s

    async def advance(self, **duration: float) -> None:
        """Go on by a duration, with a clock that began in the present."""
        self._ahead += timedelta(**duration)
        await self.go_to((datetime.now(UTC) + self._ahead).isoformat())

"""Rounds in which all competitors take turns, and the table that they make."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from statistics import median
import time
from typing import override

ROUNDS = 7


@dataclass(frozen=True)
class Row:
    """A figure: what was measured, against what, as a ratio with its spread, and whether that is the aim."""

    name: str
    against: str
    ratio: str
    aim: str
    met: bool | None
    absolute: str = ""

    @override
    def __str__(self) -> str:
        """Return the row of a Markdown table."""
        met = {True: "yes", False: "**no**", None: ""}[self.met]
        return f"| {self.name} | {self.against} | {self.ratio} | {self.aim} | {met} | {self.absolute} |"


HEADER = (
    "| what | against | figure (median, least-most) | aim | met | absolute |\n| --- | --- | --- | --- | --- | --- |"
)

type Competitors = Mapping[str, Callable[[], Awaitable[object]]]


async def interleaved(competitors: Competitors, rounds: int = ROUNDS) -> dict[str, list[float]]:
    """Return the seconds of each competitor in each round, after a round that does not count.

    Every other round goes backwards, so that nobody always comes after the same one.
    """
    seconds: dict[str, list[float]] = {name: [] for name in competitors}
    for turn in range(rounds + 1):
        for name in list(competitors)[:: 1 if turn % 2 else -1]:
            start = time.perf_counter()
            await competitors[name]()
            if turn:
                seconds[name].append(time.perf_counter() - start)
    return seconds


def ratios(ours: list[float], theirs: list[float]) -> list[float]:
    """Return ours by theirs, round by round."""
    return [our / their for our, their in zip(ours, theirs, strict=True)]


def spread(values: list[float], digits: int = 2) -> str:
    """Return the median and the spread of some values."""
    return f"{median(values):.{digits}f} ({min(values):.{digits}f}-{max(values):.{digits}f})"

"""The spending guard: how many messages one number may get in an hour and in a day."""

from bisect import bisect_right, insort
from collections import OrderedDict
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import takewhile

from .phone import TEST_NUMBER

HOUR = 3600
DAY = 24 * HOUR


class Limit(StrEnum):
    """A limit that refuses a message."""

    HOUR = "limit_hour"
    DAY = "limit_day"


@dataclass(slots=True)
class Guard:
    """Counts the messages to each number; a limit of 0 is off.

    Moments are in seconds since the epoch. Those of the last day are kept for each number, oldest first, and what was
    sent to last stands last.
    """

    limit_hour: int
    limit_day: int
    moments: OrderedDict[str, list[float]] = field(default_factory=OrderedDict)

    def admit(self, number: str, now: float, *, alert: bool = False) -> Limit | None:
        """Count a message to a number and return None, or return the limit that refuses it.

        The messages of an alert count, but are not refused by the limit of a day.
        """
        if number == TEST_NUMBER or not (self.limit_hour or self.limit_day):
            return None
        moments = self._last_day(number, now)
        if self.limit_hour and len(moments) - bisect_right(moments, now - HOUR) >= self.limit_hour:
            return Limit.HOUR
        if self.limit_day and not alert and len(moments) >= self.limit_day:
            return Limit.DAY
        insort(moments, now)
        self.moments[number] = moments
        self.moments.move_to_end(number)
        self._expire(now)
        return None

    def release(self, number: str, moment: float) -> None:
        """Take back the count of a message that was not sent after all."""
        moments = self.moments.get(number, [])
        if moment in moments:
            moments.remove(moment)

    def _expire(self, now: float) -> None:
        """Forget the numbers that no limit counts any more."""
        old = takewhile(lambda item: not item[1] or item[1][-1] <= now - DAY, self.moments.items())
        for number in [number for number, _ in old]:
            del self.moments[number]

    def _last_day(self, number: str, now: float) -> list[float]:
        """Return the moments of the last day; one in the future, because the clock was set back, counts as now."""
        return [min(moment, now) for moment in self.moments.get(number, ()) if moment > now - DAY]

"""Delivery reports that arrive before the response to the request that sent their message."""

from collections import OrderedDict
from dataclasses import dataclass, field

from .api import DeliveryReport, DeliveryStatus

KEPT_FOR = 60
MAX_MESSAGES = 10_000


@dataclass(slots=True)
class EarlyReports:
    """Reports that cannot be applied yet, of a bounded number of messages for a bounded time."""

    # By message ID, the oldest first; a plain dict is slow at finding its first.
    _reports: OrderedDict[int, tuple[float, dict[DeliveryStatus, DeliveryReport]]] = field(default_factory=OrderedDict)

    def add(self, report: DeliveryReport, now: float) -> None:
        """Keep a report; the oldest go where there are too many."""
        _, reports = self._reports.setdefault(report.msgid, (now, {}))
        reports.setdefault(report.status, report)
        if len(self._reports) > MAX_MESSAGES:
            self._reports.popitem(last=False)

    def pop(self, msgid: int) -> list[DeliveryReport]:
        """Return the reports of a message, in the order they came, and keep them no longer."""
        _, reports = self._reports.pop(msgid, (0, {}))
        return list(reports.values())

    def pop_all(self) -> list[DeliveryReport]:
        """Return all reports and keep none."""
        reports = [report for _, reports in self._reports.values() for report in reports.values()]
        self._reports.clear()
        return reports

    def find_msgid(self, ref: str) -> int | None:
        """Return the message ID that a report with this reference told."""
        for msgid, (_, reports) in self._reports.items():
            if any(report.ref == ref for report in reports.values()):
                return msgid
        return None

    def expire(self, now: float) -> list[int]:
        """Drop the reports that were kept long enough, and return of which messages."""
        old = [msgid for msgid, (since, _) in self._reports.items() if not now - KEPT_FOR < since <= now]
        for msgid in old:
            del self._reports[msgid]
        return old

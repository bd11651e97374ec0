"""What is seen of an alert."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from .alert import Alert
from .run import Status


@dataclass(frozen=True, slots=True)
class Shown:
    """What everybody may see of an alert: it is on disk, unless the disk takes nothing."""

    status: Status = Status.IDLE
    attributes: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, alert: Alert) -> Self:
        """Return what is to be seen of an alert as it is now."""
        return cls(alert.run.status, alert.run.attributes(alert.plan)) if alert.run else cls()

    @property
    def alert_id(self) -> str | None:
        """Return the id of the alert, None while the plan is idle."""
        return self.attributes.get("alert_id")

    @property
    def goes_on(self) -> bool:
        """Return whether people are told, or will be."""
        return self.status in {Status.WAITING, Status.NOTIFYING}

    @property
    def can_be_acknowledged(self) -> bool:
        """Return whether there is anything that nobody took yet."""
        return self.status not in {Status.IDLE, Status.ACKNOWLEDGED}

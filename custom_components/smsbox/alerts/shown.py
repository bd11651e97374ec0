"""What is seen of an alert."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from .alert import Alert
from .plan import Plan
from .run import MessageState, Run, Status


@dataclass(frozen=True, slots=True)
class Shown:
    """What everybody may see of an alert: it is on disk, unless the disk takes nothing."""

    status: Status = Status.IDLE
    attributes: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, alert: Alert) -> Self:
        """Return what is to be seen of an alert as it is now."""
        return cls(alert.run.status, _attributes(alert.run, alert.plan)) if alert.run else cls()

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
        """Return whether there is anything left to acknowledge."""
        return self.status not in {Status.IDLE, Status.ACKNOWLEDGED}

    def as_diagnostics(self, plan: Plan) -> dict[str, Any]:
        """Return counts and states of the plan and its alert; no names, texts or links."""
        return {
            "steps": [len(step.targets) for step in plan.steps],
            "repeat": plan.repeat,
            "status": self.status,
            "causes": len(self.attributes.get("causes", ())),
            "told": len(self.attributes.get("told", ())),
            **{key: self.attributes.get(key) for key in ("step", "round", "reason")},
        }


def _attributes(run: Run, plan: Plan) -> dict[str, Any]:
    """Return what the status sensor shows; `since` and `acknowledged_at` are still to be turned into text."""
    notifying = run.status is Status.NOTIFYING
    taken = run.acknowledged if run.status is Status.ACKNOWLEDGED else None
    return {
        "alert_id": run.alert_id,
        "since": run.since,
        "causes": [{"title": cause.title, "message": cause.message} for cause in run.causes],
        "step": run.progress.step + 1 if notifying else None,
        "round": run.progress.round if notifying else None,
        "told": list(dict.fromkeys(contact.name for contact in run.told)),
        "acknowledged_by": taken and taken.by,
        "acknowledged_via": taken and taken.via,
        "acknowledged_at": taken and taken.at,
        "reason": _reason(run, plan),
    }


def _reason(run: Run, plan: Plan) -> str | None:
    """Return what keeps the alert from going on."""
    if run.status is Status.WAITING:
        return "hold" if run.held else "delay" if plan.delay else None
    waits = any(message.state is MessageState.WAITING for message in run.progress.messages)
    return "unreachable" if waits and run.status is Status.NOTIFYING else None

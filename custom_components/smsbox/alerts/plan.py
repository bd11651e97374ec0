"""A plan: whom to tell, how, in which order; durations are in seconds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from ..const import Channel

_MINUTE = 60


def _text(value: object) -> str:
    """Return a stored text; raises TypeError for anything else."""
    if not isinstance(value, str):
        raise TypeError("not a text")
    return value


def _optional_text(value: object) -> str | None:
    """Return a stored text or None; raises TypeError for anything else."""
    return None if value is None else _text(value)


@dataclass(frozen=True, slots=True)
class Target:
    """A notify entity in a plan: a recipient's, or another integration's where there is no channel."""

    id: str  # of the recipient's subentry, or of the notifier: its registry id, else its entity id
    channel: Channel | None = None

    @classmethod
    def from_data(cls, data: Mapping[str, str]) -> Self:
        """Return a stored target; raises KeyError, TypeError or ValueError if it is damaged."""
        if "recipient" in data:
            return cls(_text(data["recipient"]), Channel(data["channel"]))
        return cls(_text(data["notifier"]))

    def as_data(self) -> dict[str, str]:
        """Return the target as it is stored."""
        if self.channel is None:
            return {"notifier": self.id}
        return {"recipient": self.id, "channel": self.channel.value}


@dataclass(frozen=True, slots=True)
class Step:
    """Targets that are told at the same time."""

    targets: tuple[Target, ...]
    wait: float = 5 * _MINUTE
    only_while: str | None = None

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Self:
        """Return a stored step; raises as a target does."""
        return cls(
            tuple(Target.from_data(target) for target in data["notify"]),
            _MINUTE * float(data.get("wait", 5)),
            _optional_text(data.get("only_while")),
        )


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan as its subentry stores it."""

    name: str
    steps: tuple[Step, ...]
    repeat: int = 1
    delay: float = 0
    hold_while: str | None = None
    quiet_after: float = 60 * _MINUTE
    give_up_after: float = 360 * _MINUTE
    link: bool = True
    follow_up: bool = True

    @classmethod
    def from_data(cls, name: str, data: Mapping[str, Any]) -> Self:
        """Return the plan of a subentry; raises AttributeError, KeyError, TypeError or ValueError if it is damaged."""
        return cls(
            name=name,
            steps=tuple(Step.from_data(step) for step in data["steps"]),
            repeat=int(data.get("repeat", 1)),
            delay=_MINUTE * float(data.get("delay", 0)),
            hold_while=_optional_text(data.get("hold_while")),
            quiet_after=_MINUTE * float(data.get("quiet_after", 60)),
            give_up_after=_MINUTE * float(data.get("give_up_after", 360)),
            link=data.get("link", True),
            follow_up=data.get("follow_up", True),
        )


@dataclass(frozen=True, slots=True)
class Contact:
    """Who is behind a target now: a recipient by one channel, or another integration's notifier."""

    id: str  # who gets the link: as of the target
    channel: Channel | None
    name: str
    gateway: str | None = None  # the recipient's account; None for another integration's notifier
    numbers: tuple[str, ...] = ()
    available: bool = True


@dataclass(frozen=True, slots=True)
class StepConditions:
    """Whether the `only_while` of a step is active, and who is left in it."""

    active: bool
    contacts: tuple[Contact, ...]


@dataclass(frozen=True, slots=True)
class Conditions:
    """What a look at an alert has to know: whether `hold_while` is active, and of each step of the plan."""

    hold: bool
    steps: Sequence[StepConditions]

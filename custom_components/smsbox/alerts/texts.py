"""What is sent of an alert; the messenger cuts the body, never the last line."""

from collections.abc import Sequence
from dataclasses import dataclass

from .effects import FollowUp, FollowUpKind
from .run import Cause


@dataclass(frozen=True, slots=True)
class Text:
    """A message in parts: title and last line are None where there is none."""

    title: str | None
    body: str
    last_line: str | None


def compose_sms(causes: Sequence[Cause], link: str | None) -> Text:
    """Return what goes out by SMS."""
    return Text(None, _lines(causes), _last_line(link))


def compose_call(causes: Sequence[Cause]) -> Text:
    """Return what is read aloud."""
    return Text(None, _lines(causes), None)


def compose_notification(causes: Sequence[Cause], link: str | None, *, title_supported: bool) -> Text:
    """Return what another integration's notifier is handed."""
    title, last_line = causes[0].title, _last_line(link)
    body = _lines([Cause(None, causes[0].message), *causes[1:]])
    if not title_supported or not (body or last_line):
        return Text(None, _lines(causes), last_line)
    return Text(title, body, last_line)


def follow_up_key(follow_up: FollowUp) -> str | None:
    """Return the key of a follow-up's translation, or None if it brings its own text."""
    if follow_up.kind is FollowUpKind.TAKEN:
        return "taken_by" if follow_up.by else "taken"
    return None if follow_up.text else "over"


def _lines(causes: Sequence[Cause]) -> str:
    """Return title and message of the first cause, and a line for each further one."""
    first, *further = causes
    lines = [first.title, first.message, *map(_line, further)]
    return "\n".join(line for line in lines if line)


def _line(cause: Cause) -> str:
    return " ".join(": ".join(part for part in (cause.title, cause.message) if part).split())


def _last_line(link: str | None) -> str | None:
    return f"OK? {link}" if link else None

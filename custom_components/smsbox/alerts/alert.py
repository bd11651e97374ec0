"""The life of an alert: what each happening and each look at the clock leads to.

`now` is in seconds since the epoch. Every method returns what is to be done, in this order; nothing where nothing
changed.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from enum import StrEnum
from typing import Any, Self

from ..const import Channel
from .effects import Answer, Effect, EventType, Fire, FollowUp, FollowUpKind, RaiseIssue, Save, Sending, WithdrawIssue
from .plan import Conditions, Plan
from .rounds import Look, advance, go_on
from .run import Acknowledgement, Cause, Link, MessageState, Past, Progress, Run, State, Status, Via
from .stored import read
from .telling import follow_up_contacts, take_answers

LONGEST_CAUSE = 5_000
LINKS_STAY = 60 * 60


class AlertRunningError(Exception):
    """A real alert is running, so there can be no test."""


class Result(StrEnum):
    """What a message did."""

    STARTED = "started"
    ADDED = "added"
    UPDATED = "updated"
    QUIET = "quiet"


class Alert:
    """The alert of one plan, idle or running."""

    def __init__(self, plan: Plan, new_id: Callable[[], str], state: State | None = None) -> None:
        self.plan = plan  # to be replaced when it changes
        self.catch_up = state is not None  # to be set after a time in which nobody looked
        self._new_id = new_id
        self._state = state or State()
        self._out: set[str] = set()  # references of messages whose requests are under way

    @classmethod
    def from_store(cls, plan: Plan, new_id: Callable[[], str], data: object) -> Self:
        """Return a stored alert; `loaded` has to be called next.

        Raises ValueError if it is damaged.
        """
        return cls(plan, new_id, read(State, data))

    def to_store(self) -> dict[str, Any]:
        """Return the alert as it is stored."""
        return asdict(self._state)

    @property
    def run(self) -> Run | None:
        """Return the alert, None while the plan is idle."""
        return self._state.run

    def link(self, token: str, now: float) -> Link | None:
        """Return what the link with a token leads to, None if it is unknown or over."""
        link = self._state.link(token)
        return None if link and link.ended is not None and now - link.ended >= LINKS_STAY else link

    @property
    def active(self) -> bool:
        """Return whether there is anything to look at or to keep: an alert, or links to one that is over."""
        return self.run is not None or bool(self._state.past)

    @property
    def status(self) -> Status:
        """Return where the alert stands."""
        return self.run.status if self.run else Status.IDLE

    def loaded(self, now: float) -> list[Effect]:
        """Count as told what a crash left as sending, and raise the repair issue again."""
        run = self.run
        if run is None:
            return []
        run.not_later_than(now)
        found = run.progress.sending
        if found and run.progress.told_at is None:
            run.progress.told_at = min(now, *(message.at for message in found))
        effects = self.answered({message.reference: Answer(MessageState.TOLD) for message in found}, now)
        return effects if run.issue is None else [*effects, RaiseIssue(tuple(run.issue))]

    def message(
        self,
        title: str | None,
        message: str,
        now: float,
        *,
        context: Mapping[str, str | None],
        test: bool = False,
    ) -> tuple[Result, list[Effect]]:
        """Start an alert, or take the message as a cause of the one that is running.

        Raises AlertRunningError for a test while a real alert is running that nobody acknowledged yet.
        """
        new = Cause(title[:LONGEST_CAUSE] if title else None, message[:LONGEST_CAUSE], test)
        self._end_quiet(now)
        run = self.run
        if run is None:
            self._state.run = run = Run(self._new_id(), now, dict(context), [new], Progress(now))
            return Result.STARTED, [Save(), _event(run, EventType.STARTED, new.title)]
        if test and any(not cause.test for cause in run.open_causes):
            raise AlertRunningError
        known = next((cause for cause in run.causes if (cause.key, cause.test) == (new.key, test)), None)
        if known and test and known.acknowledged:
            run.causes.remove(known)
            known = None
        if known:
            known.title, known.message = new.title, new.message
        else:
            run.causes.append(new)
        tests = [cause for cause in run.causes if cause.test and not test]
        effects: list[Effect] = [Save(), *(self._drop(run, tests) if tests else [])]
        match run.status, known is not None:
            case ((Status.UNANSWERED | Status.FAILED), _):
                self._state.run = run = run.start_anew(self._new_id(), now, context, test=test)
                return Result.STARTED, [*effects, _event(run, EventType.STARTED, new.title)]
            case Status.ACKNOWLEDGED, True:
                return Result.QUIET, effects
            case _, True:
                return Result.UPDATED, effects
            case Status.ACKNOWLEDGED, False:
                run.wait_again(now)
        return Result.ADDED, [*effects, _event(run, EventType.ADDED, new.title)]

    def look(self, now: float, conditions: Conditions) -> list[Effect]:
        """Do what is due."""
        if self.run is None and not self._state.past:
            return []
        before = self.to_store()
        for past in self._state.past:
            past.ended = min(past.ended, now)
        self._state.past = [past for past in self._state.past if now - past.ended < LINKS_STAY]
        look = Look(now, self.plan, conditions, self.catch_up, self._new_id)
        effects = self._look(self.run, look) if self.run else []
        self.catch_up = False
        return effects if self.to_store() == before else [Save(), *effects]

    def _look(self, run: Run, look: Look) -> list[Effect]:
        run.not_later_than(look.now)
        effects: list[Effect] = []
        self._end_quiet(look.now)
        if run.status is Status.WAITING:
            due = run.progress.began + self.plan.delay
            if run.held:
                due = max(due, look.now)  # nobody knows when the hold ended
            run.held = look.conditions.hold
            if not run.held and look.now >= due:
                effects = go_on(run, look, due)
        while run.status is Status.NOTIFYING and (more := advance(run, look)):
            effects += more
        return effects

    def acknowledge(self, by: str | None, via: Via, now: float, person: str | None = None) -> list[Effect]:
        """Acknowledge the alert: nothing more goes out; `person` is the contact's id if a link was used."""
        run = self.run
        if run is None or run.status is Status.ACKNOWLEDGED:
            return []
        contacts = follow_up_contacts(run, self._out, person, by)
        run.acknowledged = Acknowledgement(by, via, now)
        for cause in run.causes:
            cause.acknowledged = True
        return [
            Save(),
            *self._settle(run),
            replace(_event(run, EventType.ACKNOWLEDGED), by=by, via=via.value),
            *self._follow_up(FollowUp(FollowUpKind.TAKEN, contacts, by=by)),
        ]

    def resolve(self, now: float, title: str | None = None, message: str | None = None) -> list[Effect]:
        """End one cause, or all; `message` is told instead of that it is over."""
        run = self.run
        gone = [cause for cause in run.causes if title is None or cause.key == title] if run else []
        if run is None or not gone:
            return []
        if len(gone) < len(run.causes):
            # Never null, which says that the whole alert is over.
            return [Save(), *self._drop(run, gone), _event(run, EventType.RESOLVED, gone[0].key)]
        contacts = follow_up_contacts(run, self._out)
        self._end(run, now)
        return [
            Save(),
            *_withdraw_issue(run),
            _event(run, EventType.RESOLVED),
            *self._follow_up(FollowUp(FollowUpKind.OVER, contacts, text=message)),
        ]

    def _follow_up(self, follow_up: FollowUp) -> list[Effect]:
        return [follow_up] if self.plan.follow_up and follow_up.contacts else []

    def _drop(self, run: Run, gone: list[Cause]) -> list[Effect]:
        """Forget causes; what is left decides."""
        run.causes = [cause for cause in run.causes if cause not in gone]
        if not run.open_causes:
            return self._settle(run)
        keys = {cause.key for cause in gone}
        for message in run.progress.messages:
            message.causes = [key for key in message.causes if key not in keys]
            if not message.causes and message.state is MessageState.SENDING and message.reference not in self._out:
                message.state = MessageState.WAITING
        return []

    def _settle(self, run: Run) -> list[Effect]:
        """Let nothing more go out: all causes are acknowledged."""
        run.status = Status.ACKNOWLEDGED
        run.progress.messages = [message for message in run.progress.messages if message.reference in self._out]
        return _withdraw_issue(run)

    def _end_quiet(self, now: float) -> None:
        """Be idle again if an acknowledgement is old enough."""
        run = self.run
        if run is None or run.status is not Status.ACKNOWLEDGED or run.acknowledged is None:
            return
        if now - run.acknowledged.at >= self.plan.quiet_after:
            self._end(run, now)

    def _end(self, run: Run, now: float) -> None:
        """Be idle again; the links show for a while how the alert ended."""
        taken = run.acknowledged if run.status is Status.ACKNOWLEDGED else None
        if run.tokens:
            self._state.past.append(Past(now, run.since, run.causes, taken, run.tokens))
        self._state.run = None

    def answered(self, answers: Mapping[str, Answer], now: float) -> list[Effect]:
        """Apply what happened to messages, by their references; answers that came together are told together."""
        run = self.run
        self._out -= answers.keys()
        if run is None or not any(
            message.reference in answers and message.state is MessageState.SENDING for message in run.progress.messages
        ):
            return []
        return [Save(), *take_answers(run, answers, now)]

    def report(self, reference: str, *, delivered: bool) -> list[Effect]:
        """Take the final delivery report of a message."""
        for message in self.run.progress.messages if self.run else ():
            if message.reference == reference and message.delivered is None:
                message.delivered = delivered
                return [Save()]
        return []

    def gateway_answered(self, gateway: str) -> list[Effect]:
        """Let what waits for a gateway be tried again at once: it answered a request."""
        if self.run is None or self.run.progress.outages.pop(gateway, None) is None:
            return []
        return [Save()]

    def to_send(self, reference: str) -> Sending | None:
        """Return what to send now that its marking is on disk; None if it is not to be sent any more."""
        run = self.run
        if run is None or run.status is not Status.NOTIFYING or reference in self._out:
            return None
        for message in run.progress.messages:
            if message.reference == reference and message.state is MessageState.SENDING:
                self._out.add(reference)
                contact = run.progress.contacts[message.contact]
                causes = tuple(replace(cause) for cause in run.open_causes if cause.key in message.causes)
                token = run.tokens.get(contact.id) if contact.channel in {None, Channel.SMS} else None
                return Sending(reference, contact, message.number, causes, token.token if token else None)
        return None

    def is_wanted(self, reference: str) -> bool:
        """Return whether a message that waits for a connection is still to go out."""
        run = self.run
        return (
            run is not None
            and run.status is Status.NOTIFYING
            and any(message.reference == reference and message.causes for message in run.progress.messages)
        )

    def hold_back(self) -> list[Effect]:
        """Let what was marked but did not go out be told later: to be called when Home Assistant stops."""
        held = [
            message for message in (self.run.progress.sending if self.run else ()) if message.reference not in self._out
        ]
        for message in held:
            message.state = MessageState.WAITING
        return [Save()] if held else []


def _withdraw_issue(run: Run) -> list[Effect]:
    if run.issue is None:
        return []
    run.issue = None
    return [WithdrawIssue()]


def _event(run: Run, event: EventType, title: str | None = None) -> Fire:
    return Fire(event, run.alert_id, run.context, title)

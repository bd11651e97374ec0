"""From step to step: steps passed over, rounds, outages, the end, and what came due while nobody looked."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from .effects import Effect, EventType, Fire, RaiseIssue
from .plan import Conditions, Plan, StepConditions
from .run import MessageState, Progress, Run, Status
from .telling import NOBODY, UNDELIVERED, add_tokens, mark_due, not_told, start_step, title_of


@dataclass(frozen=True, slots=True)
class Look:
    """What is known when an alert is looked at."""

    now: float
    plan: Plan
    conditions: Conditions
    catch_up: bool  # nobody looked for a while
    new_id: Callable[[], str]


@dataclass(frozen=True, slots=True)
class _Position:
    """A step of a round still to come."""

    round: int
    step: int
    all_active: bool
    uncounted: int


def advance(run: Run, look: Look) -> list[Effect]:
    """Do the next thing that is due while people are being notified; nothing if nothing is."""
    progress = run.progress
    effects = [] if progress.left else mark_due(run, look.now, look.new_id)
    if effects or progress.sending:
        return effects
    told = [contact for contact in progress.contacts if progress.state(contact) is MessageState.TOLD]
    if not progress.left and progress.lost:
        progress.left = True
        effects = not_told(run, UNDELIVERED, told, title_of(run, [cause.key for cause in run.open_causes]))
    if progress.left:
        return effects + go_on(run, look, due=look.now)
    if look.now < progress.over_at:
        return []
    if not told:
        return _leave_for_outage(run, look)
    return go_on(run, look, due=progress.over_at)


def go_on(run: Run, look: Look, due: float) -> list[Effect]:
    """Begin the next step, which was due at that moment, or end."""
    progress = run.progress
    chosen, empty = _next_step(run, look, due)
    effects: list[Effect] = []
    for position in empty:
        effects += not_told(run, NOBODY, [], at=(position.round, position.step))
    if chosen is None:
        return effects + _end(run)
    round_over_early = chosen.round != progress.round and progress.left and progress.all_left
    if round_over_early and look.now < progress.began + progress.wait:
        return []
    return effects + _begin(run, look, chosen)


def _next_step(run: Run, look: Look, due: float) -> tuple[_Position | None, list[_Position]]:
    """Return the step to begin, None after the last one, and the steps before it that nobody is left in.

    After a time in which nobody looked, it is the latest one that came due meanwhile.
    """
    chosen: _Position | None = None
    empty: list[_Position] = []
    for position in _steps_to_come(run, look):
        if not look.conditions.steps[position.step].contacts:
            empty.append(position)
            continue
        chosen = position
        due += look.plan.steps[position.step].wait
        if not look.catch_up or look.now < due:
            break
    return chosen, [] if look.catch_up else empty


def _steps_to_come(run: Run, look: Look) -> Iterator[_Position]:
    """Yield the steps after the one under way that are not passed over, as things are now."""
    progress, steps = run.progress, look.conditions.steps
    round_, step, all_active, uncounted = progress.round, progress.step, progress.all_active, progress.uncounted
    anybody = any(conditions.contacts for conditions in steps)
    while True:
        for later in range(step + 1, len(steps) if round_ else 0):
            if all_active or steps[later].active:
                yield _Position(round_, later, all_active, uncounted)
        if (
            round_ == progress.round
            and progress.detour
            and not any(_is_over(run, look, gateway) for gateway in progress.outages.keys() | progress.failing.keys())
        ):
            uncounted += 1
        if round_ - uncounted > look.plan.repeat or (round_ and not anybody):
            return
        round_, step = round_ + 1, -1
        all_active = not any(_would_tell(conditions) for conditions in steps)


def _would_tell(step: StepConditions) -> bool:
    return step.active and any(contact.available for contact in step.contacts)


def _leave_for_outage(run: Run, look: Look) -> list[Effect]:
    """Go on to the next step of this round that needs no gateway that is away, else stay until that takes too long."""
    progress = run.progress
    effects: list[Effect] = []
    for position in _steps_to_come(run, look):
        if position.round != progress.round:
            break
        contacts = look.conditions.steps[position.step].contacts
        if any(contact.gateway not in progress.outages for contact in contacts):
            progress.detour = True
            return effects + _begin(run, look, position)
        reason = progress.outages[contacts[0].gateway or ""].reason if contacts else NOBODY
        effects += not_told(run, reason, contacts, at=(position.round, position.step))
    waiting = [message for message in progress.messages if message.state is MessageState.WAITING]
    gateways = {progress.contacts[message.contact].gateway or "" for message in waiting}
    return _end(run) if all(_is_over(run, look, gateway) for gateway in gateways) else []


def _is_over(run: Run, look: Look, gateway: str) -> bool:
    """Return whether a gateway has been away for as long as the plan keeps trying, or failed for twice as long.

    One that answers other requests is not away, but it may take no message all the same.
    """
    outage = run.progress.outages.get(gateway)
    away = 0 if outage is None else look.now - outage.since
    failing = look.now - run.progress.failing.get(gateway, look.now)
    return away >= look.plan.give_up_after or failing >= 2 * look.plan.give_up_after


def _begin(run: Run, look: Look, position: _Position) -> list[Effect]:
    old = run.progress
    same_round = position.round == old.round
    run.status = Status.NOTIFYING
    run.progress = Progress(
        began=look.now,
        round=position.round,
        step=position.step,
        wait=look.plan.steps[position.step].wait,
        all_active=position.all_active,
        uncounted=position.uncounted,
        all_left=not same_round or (old.all_left and old.left),
        detour=same_round and old.detour,
        outages=old.outages,
        failing=old.failing,
    )
    effects = start_step(run, look.conditions.steps[position.step].contacts, look.new_id)
    if look.plan.link:
        add_tokens(run, look.new_id)
    return effects


def _end(run: Run) -> list[Effect]:
    """End without an acknowledgement."""
    run.progress.messages.clear()
    if run.told:
        run.status = Status.UNANSWERED
        return [Fire(EventType.UNANSWERED, run.alert_id, run.context)]
    run.status, run.issue = Status.FAILED, list(run.failures)
    return [Fire(EventType.FAILED, run.alert_id, run.context), RaiseIssue(tuple(run.failures))]

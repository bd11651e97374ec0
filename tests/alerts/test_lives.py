"""Random lives of an alert keep its promises, whatever happens and whenever Home Assistant is killed."""

from collections import Counter
from dataclasses import dataclass, replace
from typing import override

from hypothesis import settings, strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from custom_components.smsbox.alerts.alert import AlertRunningError, Result
from custom_components.smsbox.alerts.effects import Answer, Effect, FollowUp, Save, Sending
from custom_components.smsbox.alerts.plan import Contact, Plan
from custom_components.smsbox.alerts.run import MessageState, Status, Via
from custom_components.smsbox.const import Channel

from .house import APP, AWAY, CONTEXT, DAD, MINUTE, MUM, REFUSED, TOLD, House, plan_of, sms

CONTACTS = [
    MUM,
    DAD,
    APP,
    replace(MUM, channel=Channel.VOICE),
    sms("Twin", "mum", "twin"),
    sms("Gran", gateway="other"),
    replace(DAD, id="radio", channel=None, name="Radio", gateway=None, numbers=(), available=False),
]
RUNNING = {Status.WAITING, Status.NOTIFYING}

PEOPLE = st.lists(st.sampled_from(CONTACTS), min_size=1, max_size=3, unique=True).map(tuple)
STEPS = st.lists(PEOPLE | PEOPLE | st.just(()), min_size=1, max_size=3)
PLANS = st.builds(
    plan_of,
    st.just(2),
    st.just(3),
    st.just(2),
    repeat=st.integers(0, 2),
    delay=st.sampled_from([0, 0, 2 * MINUTE]),
    quiet_after=st.just(5 * MINUTE),
    give_up_after=st.just(15 * MINUTE),
    follow_up=st.booleans(),
)
LONGEST_LIFE = 120  # minutes of the longest of these plans, with an outage in every step

type Place = tuple[str, int, int]  # an alert, one of its rounds and a step in it


@dataclass(frozen=True)
class Passed:
    """A step that the alert has left, with who had to hear from it."""

    place: Place
    contacts: tuple[Contact, ...]


class Lives(RuleBasedStateMachine, House):
    """One plan, its people and gateways, and an engine that can be stopped between any two things it does."""

    def __init__(self) -> None:
        RuleBasedStateMachine.__init__(self)
        House.__init__(self, plan_of(2), (MUM,))
        self.slow = True
        self.away: set[str] = set()
        self.texts = 0
        self.occurrences: dict[str, int] = {}  # of a cause that is told, by its title
        self.starts = 0
        self.gone_out: Counter[tuple[object, ...]] = Counter()
        self.promised_quiet = False  # an acknowledgement was confirmed
        self.promised_alert = False  # a start was confirmed
        self.begun: dict[Place, tuple[Contact, ...]] = {}
        self.forgiven: set[Place] = set()  # their events may have been lost in a crash
        self.follow_ups_allowed = 0

    @initialize(plan=PLANS, steps=STEPS)
    def begin(self, plan: Plan, steps: list[tuple[Contact, ...]]) -> None:
        """Make a plan, and start an alert."""
        self.plan_changes(plan, steps)
        self.message_comes("A", test=False)
        self.work()

    # What the engine does

    @override
    def carry_out(self, effect: Effect) -> None:
        """Carry out one thing; what is told as confirmed is so once it is on disk."""
        if isinstance(effect, FollowUp):
            self.follow_ups_allowed -= 1
            assert self.follow_ups_allowed >= 0
        super().carry_out(effect)
        if isinstance(effect, Save):
            self.promised_quiet = self.stands() is Status.ACKNOWLEDGED
            self.promised_alert = self.stands() in RUNNING

    @override
    def send(self, sending: Sending) -> None:
        """Let a message go out."""
        assert not self.promised_quiet, "nothing goes out after an acknowledgement"
        self.under_way[sending.reference] = sending
        if self.result(sending).state is not MessageState.TOLD:
            return
        sent = self.sent_of(sending)
        assert sending.causes
        for cause in sending.causes:
            occurrence = self.occurrences.get(cause.key)
            key = (sent.alert_id, sent.round, sent.step, sent.channel, sent.number or sent.name, cause.key, occurrence)
            self.gone_out[self.starts, *key] += 1
            assert self.gone_out[self.starts, *key] == 1, "nothing twice"

    @rule(count=st.integers(0, 4))
    def engine_works(self, count: int) -> None:
        """Let the engine look, and do some of what it has to."""
        self.queue += self.alert.look(self.now, self.conditions())
        self.note_step()
        for _ in range(min(count, len(self.queue))):
            self.carry_out(self.queue.popleft())

    @precondition(lambda self: self.stands() in RUNNING)
    @rule(count=st.integers(1, 3), minutes=st.integers(0, 3))
    def engine_is_killed_at_work(self, count: int, minutes: int) -> None:
        """Kill Home Assistant while the engine works."""
        self.now += minutes * MINUTE
        self.engine_works(count)
        self.home_assistant_is_killed(0)
        self.settle()

    @precondition(lambda self: self.stands() in RUNNING)
    @rule(count=st.integers(0, 2), minutes=st.integers(0, 3))
    def somebody_acknowledges_at_work(self, count: int, minutes: int) -> None:
        """Let somebody take it while the engine works."""
        self.now += minutes * MINUTE
        self.engine_works(count)
        if self.stands() in RUNNING:
            self.somebody_acknowledges(None)
        self.work()

    @rule()
    def engine_settles(self) -> None:
        """Let the engine do all it has to."""
        self.settle()

    @precondition(lambda self: self.under_way)
    @rule()
    def answers_come(self) -> None:
        """Let the answers to all requests under way come."""
        self.answer()

    def settle(self) -> None:
        """Let everything come to rest."""
        while True:
            self.queue += self.alert.look(self.now, self.conditions())
            self.note_step()
            if not self.queue and not self.under_way:
                return
            self.work()
            self.answer()

    def note_step(self) -> None:
        """Remember whom the step under way is for."""
        run = self.alert.run
        if run is not None and run.status is Status.NOTIFYING:
            self.begun[run.alert_id, run.progress.round, run.progress.step] = tuple(run.progress.contacts)

    # What happens

    @rule(title=st.sampled_from("ABC"), test=st.sampled_from([False, False, False, True]))
    def message_comes(self, title: str, test: bool) -> None:  # noqa: FBT001 - hypothesis hands it over
        """Let a message come."""
        self.texts += 1
        title = "Test" if test else title
        fresh = all(cause.key != title for cause in self.run.causes) if self.alert.run else True
        before = self.stands()
        try:
            result, effects = self.alert.message(title, f"{self.texts}", self.now, context=CONTEXT, test=test)
        except AlertRunningError:
            assert test
            assert before in {Status.WAITING, Status.NOTIFYING, Status.UNANSWERED, Status.FAILED}
            return
        if fresh:
            self.occurrences[title] = self.texts
        if result is Result.STARTED or (result is Result.ADDED and before is Status.ACKNOWLEDGED):
            self.starts += 1
            self.begun.clear()
        if result in {Result.STARTED, Result.ADDED}:
            self.promised_quiet = False
        self.queue += effects

    @precondition(lambda self: self.stands() not in {Status.IDLE, Status.ACKNOWLEDGED})
    @rule(by=st.sampled_from([None, "Mum"]))
    def somebody_acknowledges(self, by: str | None) -> None:
        """Let somebody take it, whatever the engine is at."""
        effects = self.alert.acknowledge(by, Via.BUTTON, self.now)
        assert effects
        self.follow_ups_allowed += sum(isinstance(effect, FollowUp) for effect in effects)
        self.queue += effects

    @precondition(lambda self: self.alert.run is not None and len(self.run.causes) > 1)
    @rule(title=st.sampled_from(["A", "B", "C", "C", None]))
    def cause_is_over(self, title: str | None) -> None:
        """Let a cause be over, or all."""
        effects = self.alert.resolve(self.now, title)
        self.follow_ups_allowed += sum(isinstance(effect, FollowUp) for effect in effects)
        self.promised_alert = self.promised_alert and not effects
        self.promised_quiet = self.promised_quiet and not effects
        self.queue += effects

    @precondition(lambda self: self.alert.run is not None)
    @rule(delivered=st.booleans(), which=st.integers(0, 3))
    def report_comes(self, delivered: bool, which: int) -> None:  # noqa: FBT001 - hypothesis hands it over
        """Let a final report come."""
        messages = self.run.progress.messages
        if which < len(messages) and messages[which].reference not in self.under_way:
            self.queue += self.alert.report(messages[which].reference, delivered=delivered)

    @rule(who=st.sampled_from(["mum", "dad", "twin", "Gran", "App"]), answer=st.sampled_from([TOLD, REFUSED]))
    def fate_changes(self, who: str, answer: Answer) -> None:
        """Let somebody be told or refused from now on."""
        if not self.under_way:
            self.answers[who] = answer

    @rule(gateways=st.sampled_from([set(), {"gateway"}, {"other"}, {"gateway", "other"}]))
    def gateways_go(self, gateways: set[str]) -> None:
        """Let gateways go away or come back."""
        if not self.under_way:
            self.away = gateways

    @rule(gateway=st.sampled_from(["gateway", "other"]))
    def gateway_answers_something(self, gateway: str) -> None:
        """Let a gateway answer another request."""
        self.queue += self.alert.gateway_answered(gateway)

    @override
    def result(self, sending: Sending) -> Answer:
        """Return what happens to a message."""
        return AWAY if sending.contact.gateway in self.away else super().result(sending)

    @rule(hold=st.integers(0, 3), step=st.integers(0, 2), active=st.booleans())
    def house_changes(self, hold: int, step: int, active: bool) -> None:  # noqa: FBT001 - hypothesis hands it over
        """Let quiet hours begin or end, and people come and go."""
        self.hold = hold == 0
        self.inactive = self.inactive - {step} if active else self.inactive | {step}

    @rule(plan=PLANS, steps=STEPS)
    def plan_changes(self, plan: Plan, steps: list[tuple[Contact, ...]]) -> None:
        """Let somebody change the plan."""
        self.alert.plan = replace(plan, steps=plan.steps[: len(steps)])
        self.steps = steps

    @rule(minutes=st.sampled_from([1, 2, 3, 3, 20]))
    def time_passes(self, minutes: float) -> None:
        """Let time pass while the engine does what it has to."""
        self.now += minutes * MINUTE
        self.settle()

    @rule(minutes=st.sampled_from([-1_000, -10, 60]))
    def clock_is_set(self, minutes: int) -> None:
        """Let the clock be set."""
        self.now += minutes * MINUTE

    @precondition(lambda self: self.alert.run is not None)
    @rule(minutes=st.sampled_from([0, 0, 1, 7]))
    def home_assistant_is_killed(self, minutes: int) -> None:
        """Kill Home Assistant, whatever it is at, and start it again."""
        self.forgiven |= self.begun.keys()
        self.kill()
        self.now += minutes * MINUTE
        if self.promised_quiet:
            assert self.stands() is Status.ACKNOWLEDGED, "a confirmed acknowledgement survives"
        if self.promised_alert:
            assert self.stands() in RUNNING, "a confirmed start survives"
        self.note_step()
        self.forgiven |= self.begun.keys()
        self.queue += self.alert.loaded(self.now)

    @precondition(lambda self: self.alert.run is not None)
    @rule()
    def home_assistant_stops(self) -> None:
        """Stop Home Assistant as it should be, and start it again."""
        self.queue += self.alert.hold_back()
        self.work()
        self.answer()
        self.work()
        self.home_assistant_is_killed(1)

    # What is promised

    @invariant()
    def nobody_is_skipped_silently(self) -> None:
        """Everybody of a step that was left has an event, once the engine has nothing left to do."""
        if self.queue or self.under_way or self.stands() not in {Status.NOTIFYING, Status.UNANSWERED, Status.FAILED}:
            return
        run = self.run
        heard = {
            (event.round, event.step, target)
            for event in self.events
            if event.alert_id == run.alert_id and event.type in {"told", "not_told"}
            for target in event.targets or ()
        }
        under_way = (run.progress.round, run.progress.step) if run.status is Status.NOTIFYING else None
        for (alert_id, round_, step), contacts in self.begun.items():
            if (
                alert_id == run.alert_id
                and (round_, step) != under_way
                and (alert_id, round_, step) not in self.forgiven
            ):
                for contact in contacts:
                    assert (round_, step + 1, (contact.name, contact.channel)) in heard, contact

    @invariant()
    def events_tell_the_truth(self) -> None:
        """Where an alert stands fits what is known of it."""
        run = self.alert.run
        if run is not None:
            assert run.causes
            assert bool(run.open_causes) is (run.status is not Status.ACKNOWLEDGED)
            assert (run.issue is not None) or run.status is not Status.FAILED

    @override
    def teardown(self) -> None:
        """Let the life go on to its end, which it has."""
        self.hold = False
        self.settle()
        for _ in range(LONGEST_LIFE):
            if self.stands() not in RUNNING:
                break
            self.now += MINUTE
            self.settle()
            self.nobody_is_skipped_silently()
        assert self.stands() not in RUNNING, "every life ends"


def test_lives() -> None:
    """Live many lives."""
    lives = settings(max_examples=150, stateful_step_count=30, deadline=None)
    run_state_machine_as_test(Lives, settings=lives, _min_steps=20)

"""A house in which an alert runs: a clock, a disk, people, gateways and the engine between them."""

from collections import deque
from dataclasses import dataclass, replace
from itertools import count
import json
from typing import Any

from custom_components.smsbox.alerts.alert import Alert, Result
from custom_components.smsbox.alerts.effects import Answer, Effect, Fire, FollowUp, Save, Sending, Tell
from custom_components.smsbox.alerts.plan import Conditions, Contact, Plan, Step, StepConditions, Target
from custom_components.smsbox.alerts.run import MessageState, Run, Status, Via
from custom_components.smsbox.alerts.shown import Shown
from custom_components.smsbox.const import Channel

MINUTE = 60
CONTEXT = {"id": "context", "parent_id": None, "user_id": None}

TOLD = Answer(MessageState.TOLD)
REFUSED = Answer(MessageState.REFUSED, "rejected")
AWAY = Answer(MessageState.WAITING, "cannot_connect")


def sms(name: str, *numbers: str, gateway: str = "gateway") -> Contact:
    """Return a recipient who gets SMS."""
    return Contact(name.lower(), Channel.SMS, name, gateway, numbers or (name.lower(),))


def app(name: str) -> Contact:
    """Return a notifier of another integration."""
    return Contact(name.lower(), None, name)


MUM, DAD, APP = sms("Mum"), sms("Dad"), app("App")


def plan_of(*waits: float, **changes: Any) -> Plan:
    """Return a plan whose steps wait for so many minutes."""
    steps = tuple(Step((Target("any"),), wait * MINUTE) for wait in waits)
    return replace(Plan("Cellar", steps, repeat=0), **changes)


@dataclass(frozen=True)
class Sent:
    """A message that went out."""

    alert_id: str
    round: int
    step: int
    name: str
    channel: Channel | None
    number: str | None
    causes: tuple[str, ...]
    token: str | None


class House:
    """Drives one alert the way an engine does."""

    def __init__(self, plan: Plan, *steps: tuple[Contact, ...]) -> None:
        self.now = 1_000_000_000.0
        self.steps = list(steps)
        self.hold = False
        self.inactive: set[int] = set()
        self.answers: dict[str, Answer] = {}  # by name or by number; who is not named is told
        self.slow = False  # requests stay under way until `answer`
        self.under_way: dict[str, Sending] = {}
        self.queue: deque[Effect] = deque()
        self.events: list[Fire] = []
        self.others: list[Effect] = []
        self.sent: list[Sent] = []
        self.saves = 0
        self._ids = count(1)
        self.alert = Alert(plan, self.new_id)
        self.disk = json.dumps(self.alert.to_store())

    def new_id(self) -> str:
        """Return an id that was never returned before."""
        return f"id{next(self._ids)}"

    @property
    def run(self) -> Run:
        """Return the alert that runs."""
        assert self.alert.run is not None
        return self.alert.run

    def stands(self) -> Status:
        """Return where the alert stands."""
        return self.alert.status

    def attributes(self) -> dict[str, Any]:
        """Return what the status sensor shows."""
        return dict(Shown.of(self.alert).attributes)

    @property
    def follow_ups(self) -> list[FollowUp]:
        """Return the follow-ups that were queued."""
        return [effect for effect in self.others if isinstance(effect, FollowUp)]

    def conditions(self) -> Conditions:
        """Return what a look has to know."""
        steps = [StepConditions(step not in self.inactive, contacts) for step, contacts in enumerate(self.steps)]
        return Conditions(self.hold, steps)

    def names(self) -> list[str]:
        """Return who was told, in order."""
        return [sent.name for sent in self.sent]

    def types(self) -> list[str]:
        """Return the events' types, in order."""
        return [event.type.value for event in self.events]

    def do(self, effects: list[Effect]) -> None:
        """Carry out what a happening led to, and look."""
        self.queue += effects
        self.work()
        self.look()

    def look(self) -> None:
        """Look, and carry out what is due, until nothing is."""
        while effects := self.alert.look(self.now, self.conditions()):
            self.queue += effects
            self.work()

    def work(self) -> None:
        """Carry out everything."""
        while self.queue:
            self.carry_out(self.queue.popleft())

    def carry_out(self, effect: Effect) -> None:
        """Carry out one thing."""
        match effect:
            case Save():
                self.save()
            case Fire():
                self.events.append(effect)
            case Tell():
                self.tell(effect)
            case _:
                self.others.append(effect)

    def save(self) -> None:
        """Write the state, and see that it is the same when it is read."""
        self.saves += 1
        self.disk = json.dumps(self.alert.to_store())
        again = Alert.from_store(self.alert.plan, self.new_id, json.loads(self.disk))
        assert json.dumps(again.to_store()) == self.disk

    def tell(self, effect: Tell) -> None:
        """Send what is still to be sent."""
        for reference in effect.references:
            if (sending := self.alert.to_send(reference)) is not None:
                self.send(sending)
        if not self.slow:
            self.answer()

    def send(self, sending: Sending) -> None:
        """Send a message; one that a gateway cannot be reached for is sent to nobody."""
        self.under_way[sending.reference] = sending
        if self.result(sending).state is MessageState.TOLD:
            self.sent.append(self.sent_of(sending))

    def sent_of(self, sending: Sending) -> Sent:
        """Return what goes out."""
        progress = self.run.progress
        return Sent(
            self.run.alert_id,
            progress.round,
            progress.step + 1,
            sending.contact.name,
            sending.contact.channel,
            sending.number,
            tuple(cause.key for cause in sending.causes),
            sending.token,
        )

    def result(self, sending: Sending) -> Answer:
        """Return what happens to a message."""
        return self.answers.get(sending.number or "", self.answers.get(sending.contact.name, TOLD))

    def answer(self) -> None:
        """Let all answers come in together."""
        answers = {reference: self.result(sending) for reference, sending in self.under_way.items()}
        for reference, sending in self.under_way.items():
            if sending.contact.gateway and answers[reference].state is MessageState.TOLD:
                self.queue += self.alert.gateway_answered(sending.contact.gateway)
        self.under_way.clear()
        self.queue += self.alert.answered(answers, self.now)

    def message(self, message: str = "Water", title: str | None = None, *, test: bool = False) -> Result:
        """Send the plan a message."""
        result, effects = self.alert.message(title, message, self.now, context=CONTEXT, test=test)
        self.do(effects)
        return result

    def acknowledge(self, by: str | None = None, person: str | None = None) -> bool:
        """Take the alert."""
        effects = self.alert.acknowledge(by, Via.LINK if person else Via.BUTTON, self.now, person)
        self.do(effects)
        return bool(effects)

    def resolve(self, title: str | None = None, message: str | None = None) -> bool:
        """End a cause, or all."""
        effects = self.alert.resolve(self.now, title, message)
        self.do(effects)
        return bool(effects)

    def report_all(self, *, delivered: bool) -> None:
        """Let the final report of every message of the step come in."""
        for message in list(self.run.progress.messages):
            self.queue += self.alert.report(message.reference, delivered=delivered)
        self.do([])

    def back_online(self, gateway: str = "gateway") -> None:
        """Let a gateway answer again."""
        self.answers.clear()
        self.do(self.alert.gateway_answered(gateway))

    def pass_minutes(self, minutes: float) -> None:
        """Let time pass, looking every half a minute."""
        for _ in range(int(minutes * 2)):
            self.now += MINUTE / 2
            self.look()

    def kill(self) -> None:
        """Kill Home Assistant."""
        self.queue.clear()
        self.under_way.clear()
        self.alert = Alert.from_store(self.alert.plan, self.new_id, json.loads(self.disk))

    def start(self) -> None:
        """Start Home Assistant again."""
        self.do(self.alert.loaded(self.now))

    def restart(self, minutes: float = 0) -> None:
        """Let Home Assistant be off for a while, in which nobody looks."""
        self.kill()
        self.now += minutes * MINUTE
        self.start()

"""The life of an alert, row by row."""

from dataclasses import replace

import pytest

from custom_components.smsbox.alerts.alert import AlertRunningError, Result
from custom_components.smsbox.alerts.effects import Answer, EventType, Fire, RaiseIssue, WithdrawIssue
from custom_components.smsbox.alerts.plan import Contact
from custom_components.smsbox.alerts.run import Failure, MessageState, Status
from custom_components.smsbox.const import Channel

from .house import APP, AWAY, CONTEXT, DAD, MINUTE, MUM, REFUSED, TOLD, House, plan_of, sms

HOUR = 60


def acknowledged_house() -> House:
    """Return a house in which Mum was told of water, and Dad took it."""
    house = House(plan_of(5, 5), (MUM,), (DAD,))
    house.message("Water", "Cellar")
    house.acknowledge("Dad")
    return house


def ended_house(*, told: bool) -> House:
    """Return a house in which an alert ended without an acknowledgement."""
    house = House(plan_of(5), (MUM,))
    house.answers = {} if told else {"Mum": REFUSED}
    house.message("Water")
    house.pass_minutes(5)
    house.answers = {}
    return house


def test_message_starts_an_alert() -> None:
    """An idle plan waits for its delay, and says that it started once that is on disk."""
    house = House(plan_of(5, delay=MINUTE), (MUM,))
    result, effects = house.alert.message("Cellar", "Water", house.now, context=CONTEXT)
    house.carry_out(effects[0])
    assert result is Result.STARTED
    assert effects[1:] == [Fire(EventType.STARTED, house.run.alert_id, dict(CONTEXT), "Cellar")]
    house.restart()
    assert house.stands() is Status.WAITING
    assert house.attributes() == {
        "alert_id": house.run.alert_id,
        "since": house.now,
        "causes": [{"title": "Cellar", "message": "Water"}],
        "step": None,
        "round": None,
        "told": [],
        "acknowledged_by": None,
        "acknowledged_via": None,
        "acknowledged_at": None,
        "reason": "delay",
    }


def test_long_cause_is_cut() -> None:
    """Of a cause 5,000 characters are kept."""
    house = House(plan_of(5, delay=MINUTE), (MUM,))
    house.message("x" * 6_000, "y" * 6_000)
    assert [(len(cause.title or ""), len(cause.message)) for cause in house.run.causes] == [(5_000, 5_000)]


def test_nobody_is_told_before_the_delay_is_over() -> None:
    """Resolved within the delay, an alert tells nobody."""
    house = House(plan_of(5, delay=2 * MINUTE), (MUM,))
    house.message()
    house.pass_minutes(1.5)
    house.resolve()
    house.pass_minutes(5)
    assert (house.names(), house.follow_ups, house.types()) == ([], [], ["started", "resolved"])


def test_hold() -> None:
    """Nothing begins while it is held, and at once when it is not."""
    house = House(plan_of(5, delay=MINUTE), (MUM,))
    house.hold = True
    house.message()
    house.pass_minutes(10)
    assert (house.stands(), house.attributes()["reason"]) == (Status.WAITING, "hold")
    house.hold = False
    house.look()
    house.hold = True
    house.pass_minutes(1)
    assert (house.stands(), house.names()) == (Status.NOTIFYING, ["Mum"])
    assert house.attributes()["reason"] is None


def test_waits_for_home_assistant_to_start_without_a_reason() -> None:
    """What nobody looked at yet waits for nothing in particular."""
    house = House(plan_of(5), (MUM,))
    house.alert.message(None, "Water", house.now, context=CONTEXT)
    assert house.attributes()["reason"] is None


def test_steps_and_rounds() -> None:
    """Step by step, all steps once more, and then nobody answered."""
    house = House(plan_of(5, 10, repeat=1), (MUM, APP), (DAD,))
    house.message("Water", "Cellar")
    assert house.attributes() | {"step": 1, "round": 1, "told": ["Mum", "App"]} == (house.attributes())
    house.pass_minutes(4.5)
    assert house.names() == ["Mum", "App"]
    house.pass_minutes(0.5)
    assert house.names() == ["Mum", "App", "Dad"]
    house.pass_minutes(10)
    assert [(sent.name, sent.round, sent.step) for sent in house.sent[3:]] == [("Mum", 2, 1), ("App", 2, 1)]
    house.pass_minutes(14.5)
    assert house.stands() is Status.NOTIFYING
    house.pass_minutes(0.5)
    assert house.stands() is Status.UNANSWERED
    assert house.types() == ["started", "told", "told", "told", "told", "unanswered"]
    told = house.events[1]
    assert (told.title, told.step, told.round) == ("Cellar", 1, 1)
    assert told.targets == (("Mum", Channel.SMS), ("App", None))


def test_step_is_passed_over_while_inactive() -> None:
    """A step whose `only_while` is not active is passed over without waiting or a word."""
    house = House(plan_of(5, 5), (MUM,), (DAD,))
    house.inactive = {0}
    house.message()
    assert house.names() == ["Dad"]
    assert house.types() == ["started", "told"]


def test_round_that_would_tell_nobody_is_run_as_if_active() -> None:
    """Where every step would be passed over, none is; looked at anew in each round."""
    house = House(plan_of(5, 5, repeat=1), (MUM,), (DAD,))
    house.inactive = {0, 1}
    house.message()
    house.pass_minutes(5)
    assert house.names() == ["Mum", "Dad"]
    house.inactive = {0}
    house.pass_minutes(5)
    assert house.names() == ["Mum", "Dad", "Dad"]


def test_unavailable_people_do_not_make_a_round() -> None:
    """A round in which only what is unavailable would be told is run as if all were active, too."""
    house = House(plan_of(5, 5), (replace(APP, available=False),), (MUM,))
    house.inactive = {1}
    house.message()
    assert house.names() == ["Mum"]


def test_step_that_nobody_is_left_in() -> None:
    """It is passed over, and said."""
    house = House(plan_of(5, 5, 5), (MUM,), (), (DAD,))
    house.message()
    house.pass_minutes(5)
    event = house.events[2]
    assert (event.type, event.reason, event.targets, event.step, event.round) == ("not_told", "nobody", (), 2, 1)
    assert house.names() == ["Mum", "Dad"]


def test_plan_that_nobody_is_left_in() -> None:
    """It fails at once, however many rounds there are."""
    house = House(plan_of(5, 5, repeat=9), (), ())
    house.message()
    assert house.stands() is Status.FAILED
    assert house.types() == ["started", "not_told", "not_told", "failed"]
    assert house.others == [RaiseIssue((Failure("", None, "nobody"),))]


def test_marked_as_sending_on_disk_first() -> None:
    """Before a request goes out, its message is on disk as sending."""
    house = House(plan_of(5), (MUM,))
    house.slow = True
    house.message()
    assert house.names() == ["Mum"]
    house.restart()
    assert (house.names(), house.types()) == (["Mum"], ["started", "told"])
    house.pass_minutes(4.5)
    assert house.stands() is Status.NOTIFYING
    house.pass_minutes(0.5)
    assert house.stands() is Status.UNANSWERED


def test_acknowledged_while_the_step_is_written() -> None:
    """What was marked but not sent yet does not go out."""
    house = House(plan_of(5), (MUM,))
    house.alert.message(None, "Water", house.now, context=CONTEXT)
    save, tell = house.alert.look(house.now, house.conditions())
    house.carry_out(save)
    assert house.acknowledge()
    house.carry_out(tell)
    assert (house.names(), house.stands()) == ([], Status.ACKNOWLEDGED)


def test_acknowledged_while_the_request_is_under_way() -> None:
    """It cannot be called back, counts as told, and its answer is heard."""
    house = House(plan_of(5), (MUM,))
    house.slow = True
    house.message()
    house.acknowledge()
    assert [contact.name for contact in house.follow_ups[0].contacts] == ["Mum"]
    house.answer()
    house.work()
    assert house.types() == ["started", "acknowledged", "told"]


def test_hold_back_at_the_stop() -> None:
    """What was marked and did not go out before Home Assistant stopped goes out after it."""
    house = House(plan_of(5), (MUM,))
    house.alert.message(None, "Water", house.now, context=CONTEXT)
    house.carry_out(house.alert.look(house.now, house.conditions())[0])
    (save,) = house.alert.hold_back()
    house.carry_out(save)
    assert house.alert.hold_back() == []
    house.restart()
    assert house.names() == ["Mum"]


def test_shared_number_is_told_once_by_each_channel() -> None:
    """Two recipients with one number count as told both, with the link of the first."""
    gran, call = sms("Gran", "mum", "gran"), replace(MUM, channel=Channel.VOICE)
    house = House(plan_of(5), (MUM, gran, call, MUM))
    house.message()
    assert [(sent.name, sent.number, sent.channel) for sent in house.sent] == [
        ("Mum", "mum", "sms"),
        ("Gran", "gran", "sms"),
        ("Mum", "mum", "voice"),
    ]
    house = House(plan_of(5), (MUM, sms("Twin", "mum")))
    house.message()
    assert (house.names(), house.attributes()["told"]) == (["Mum"], ["Mum", "Twin"])
    assert house.events[-1].targets == (("Mum", "sms"), ("Twin", "sms"))
    house.resolve()
    assert house.follow_ups[0].contacts == (MUM,)


def test_told_by_one_of_several_numbers() -> None:
    """A recipient is told when one of the numbers is; the others are no news, and wait all the same."""
    house = House(plan_of(5), (sms("Mum", "1", "2", "3"),))
    house.answers = {"2": REFUSED, "3": AWAY}
    house.message()
    assert house.types() == ["started", "told"]
    house.back_online()
    assert [sent.number for sent in house.sent] == ["1", "3"]
    assert house.types() == ["started", "told"]


def test_wait_runs_from_the_first_told() -> None:
    """What is told late is given its whole time."""
    house = House(plan_of(5, 5), (MUM,), (DAD,))
    house.slow = True
    house.message()
    house.now += 2 * MINUTE
    house.answer()
    house.slow = False
    house.do([])
    house.pass_minutes(4.5)
    assert house.names() == ["Mum"]
    house.pass_minutes(0.5)
    assert house.names() == ["Mum", "Dad"]


def test_step_stays_while_requests_are_under_way() -> None:
    """A clock that jumps does not leave behind what is being sent."""
    house = House(plan_of(5, 5), (MUM, APP), (DAD,))
    house.slow = True
    house.message()
    house.now += 20 * MINUTE
    house.look()
    assert house.names() == ["Mum", "App"]
    house.answer()
    house.do([])
    assert house.names() == ["Mum", "App"]


def test_refused_goes_on_at_once() -> None:
    """When everybody of a step is refused, each with the reason, the next step begins at once."""
    house = House(plan_of(5, 5), (MUM, replace(APP, available=False)), (DAD,))
    house.answers = {"Mum": Answer(MessageState.REFUSED, "insufficient_credits")}
    house.message()
    assert house.names() == ["Dad"]
    assert [(event.type, event.reason, event.targets) for event in house.events[1:3]] == [
        ("not_told", "unavailable", (("App", None),)),
        ("not_told", "insufficient_credits", (("Mum", "sms"),)),
    ]


def test_refused_and_told_together() -> None:
    """What came together is told together, with an event for each reason."""
    house = House(plan_of(5), (MUM, DAD, APP))
    house.answers = {"Dad": REFUSED, "App": REFUSED}
    house.message()
    assert [(event.type, event.targets) for event in house.events[1:]] == [
        ("told", (("Mum", "sms"),)),
        ("not_told", (("Dad", "sms"), ("App", None))),
    ]
    house.pass_minutes(5)
    assert house.stands() is Status.UNANSWERED


def test_unreachable_is_tried_again() -> None:
    """Once a step it is said, and it is tried every minute, or when the gateway asks."""
    house = House(plan_of(30), (MUM,))
    house.answers = {"Mum": AWAY}
    house.message()
    assert house.attributes()["reason"] == "unreachable"
    saves = house.saves
    house.pass_minutes(0.5)
    assert house.saves == saves
    house.pass_minutes(5)
    assert [(event.type, event.reason) for event in house.events[1:]] == [("not_told", "cannot_connect")]
    house.answers = {"Mum": Answer(MessageState.WAITING, "try_again_later", 3 * MINUTE)}
    house.pass_minutes(1)
    house.answers = {}
    house.pass_minutes(1.5)
    assert house.names() == []
    house.pass_minutes(1)
    assert house.names() == ["Mum"]
    assert house.attributes()["reason"] is None


def test_outage_that_lasts_longer_than_the_last_step_of_a_round() -> None:
    """The next round does not begin: the step keeps trying."""
    house = House(plan_of(5, repeat=1), (MUM,))
    house.answers = {"Mum": AWAY}
    house.message()
    house.pass_minutes(20)
    assert (house.stands(), house.run.progress.round) == (Status.NOTIFYING, 1)
    house.back_online()
    assert house.names() == ["Mum"]


def test_gateway_that_answers_is_tried_at_once() -> None:
    """Whatever it answered."""
    house = House(plan_of(30), (MUM,))
    house.answers = {"Mum": AWAY}
    house.message()
    house.back_online("another")
    assert house.names() == []
    house.back_online()
    assert house.names() == ["Mum"]


def test_undelivered_goes_on_at_once() -> None:
    """When no message of a step was delivered, the next step begins at once."""
    house = House(plan_of(5, 5), (MUM, DAD), (APP,))
    house.answers = {"Dad": REFUSED}
    house.message("Water", "Cellar")
    house.report_all(delivered=False)
    assert house.names() == ["Mum", "App"]
    event = house.events[-2]
    assert (event.type, event.reason, event.targets) == ("not_told", "undelivered", (("Mum", "sms"),))


@pytest.mark.parametrize("step", [(MUM, APP), (MUM, DAD)])
def test_not_everybody_undelivered(step: tuple[object, ...]) -> None:
    """A delivered message, one that waits or one of another integration keeps the step."""
    house = House(plan_of(5, 5), (MUM, DAD) if DAD in step else (MUM, APP), (sms("Gran"),))
    house.answers = {"Dad": AWAY}
    house.message()
    house.report_all(delivered=False)
    assert house.names()[-1] != "Gran"


def test_delivered_keeps_the_step() -> None:
    """The first final report counts, and one of an unknown message for nothing."""
    house = House(plan_of(5, 5), (MUM,), (DAD,))
    house.message()
    assert house.alert.report("unknown", delivered=False) == []
    house.report_all(delivered=True)
    house.report_all(delivered=False)
    assert house.names() == ["Mum"]


def test_round_left_early_waits() -> None:
    """The next round begins when the last step's wait, from its beginning, is over; the last one ends at once."""
    house = House(plan_of(5, 10, 7, repeat=1), (MUM,), (DAD,), ())
    house.answers = {"Mum": REFUSED, "Dad": REFUSED}
    house.message()
    assert house.types().count("not_told") == 2
    house.pass_minutes(9.5)
    assert house.run.progress.round == 1
    house.pass_minutes(0.5)
    assert house.stands() is Status.FAILED
    assert house.types() == ["started", *["not_told"] * 6, "failed"]
    assert [(event.round, event.step) for event in house.events[1:7]] == [
        (1, 1),
        (1, 2),
        (1, 3),
        (2, 1),
        (2, 2),
        (2, 3),
    ]


def test_round_in_which_one_step_waited_does_not_rest() -> None:
    """Only where every step was left early the next round is put off."""
    house = House(plan_of(5, 5, repeat=1), (MUM,), (DAD,))
    house.answers = {"Dad": REFUSED}
    house.message()
    house.pass_minutes(5)
    assert house.names() == ["Mum", "Mum"]


def test_outage_goes_on_where_no_gateway_is_needed() -> None:
    """The next step that another way leads to is told; such rounds do not count."""
    plan = plan_of(5, 5, 5, 5, repeat=0, give_up_after=HOUR * MINUTE)
    house = House(plan, (MUM,), (DAD,), (), (APP, DAD))
    house.answers = {"Mum": AWAY, "Dad": AWAY}
    house.message()
    house.pass_minutes(5)
    assert [(sent.name, sent.step) for sent in house.sent] == [("App", 4)]
    assert [(event.reason, event.step) for event in house.events if event.type == "not_told"] == [
        ("cannot_connect", 1),
        ("cannot_connect", 2),
        ("nobody", 3),
        ("cannot_connect", 4),
    ]
    house.pass_minutes(5)
    assert (house.run.progress.round, house.run.progress.step) == (2, 0)
    house.back_online()
    house.pass_minutes(25)
    assert house.names() == ["App", "Mum", "Dad", "App", "Dad"]
    assert house.stands() is Status.UNANSWERED


def test_outage_after_which_rounds_count_again() -> None:
    """Once the gateway has been away for too long, the rounds end."""
    house = House(plan_of(5, 5, repeat=1, give_up_after=30 * MINUTE), (MUM,), (APP,))
    house.answers = {"Mum": AWAY}
    house.message()
    house.pass_minutes(39)
    assert house.stands() is Status.NOTIFYING
    house.pass_minutes(11)
    assert house.stands() is Status.UNANSWERED
    assert house.names() == ["App"] * 4


@pytest.mark.parametrize(("told", "status"), [(True, Status.UNANSWERED), (False, Status.FAILED)])
def test_outage_stops_the_clock(told: bool, status: Status) -> None:  # noqa: FBT001 - a parameter of the test
    """Where no other way leads on, the step stays until the gateway has been away for too long."""
    house = House(plan_of(5, 5, give_up_after=30 * MINUTE), (MUM,), (DAD,))
    if not told:
        house.answers = {"Mum": AWAY}
    house.message()
    house.answers = {"Mum": AWAY, "Dad": AWAY}
    house.pass_minutes(29.5)
    assert (house.stands(), house.attributes()["reason"]) == (Status.NOTIFYING, "unreachable")
    house.pass_minutes(7)
    assert house.stands() is status


@pytest.mark.parametrize(("steps", "told"), [([(MUM,)], []), ([(MUM,), (APP,)], ["App"] * 6)])
def test_gateway_that_answers_but_takes_no_message(steps: list[tuple[Contact, ...]], told: list[str]) -> None:
    """Each answer starts the outage again, but the alert ends after twice as long as it keeps trying."""
    house = House(plan_of(*[5] * len(steps), give_up_after=30 * MINUTE), *steps)
    house.answers = {"Mum": AWAY}
    house.message()
    for _ in range(4):
        house.pass_minutes(14.5)
        house.do(house.alert.gateway_answered("gateway"))
    assert house.stands() is Status.NOTIFYING
    house.pass_minutes(12)
    assert house.names() == told
    assert house.stands() is (Status.UNANSWERED if told else Status.FAILED)


def test_message_that_got_through_ends_the_count() -> None:
    """The gateway took one meanwhile, so the next outage has its whole time."""
    house = House(plan_of(5, 5, give_up_after=30 * MINUTE), (MUM,), (DAD,))
    house.answers = {"Mum": AWAY, "Dad": AWAY}
    house.message()
    house.pass_minutes(29)
    del house.answers["Mum"]
    house.do(house.alert.gateway_answered("gateway"))
    house.pass_minutes(34)
    assert house.stands() is Status.NOTIFYING
    house.pass_minutes(1)
    assert (house.names(), house.stands()) == (["Mum"], Status.UNANSWERED)


def test_outage_that_ends_in_time() -> None:
    """Then the step is told, and has its whole wait."""
    house = House(plan_of(5, 5), (MUM,), (DAD,))
    house.answers = {"Mum": AWAY}
    house.message()
    house.pass_minutes(60)
    house.back_online()
    house.pass_minutes(4.5)
    assert house.names() == ["Mum"]
    house.pass_minutes(0.5)
    assert house.names() == ["Mum", "Dad"]


def test_two_gateways_away() -> None:
    """The step stays as long as one of them is worth trying."""
    house = House(plan_of(5, give_up_after=30 * MINUTE), (MUM, sms("Dad", gateway="other")))
    house.answers = {"Mum": AWAY, "Dad": AWAY}
    house.message()
    house.pass_minutes(20)
    house.queue += house.alert.gateway_answered("other")
    house.pass_minutes(15)
    assert house.stands() is Status.NOTIFYING
    house.pass_minutes(16)
    assert house.stands() is Status.FAILED


def test_acknowledge() -> None:
    """Who took it is on disk, and told to those who were told, but not to himself."""
    gran = sms("Gran", "dad", "gran")
    house = House(plan_of(5, 5), (MUM, DAD, APP, gran, replace(MUM, channel=Channel.VOICE)), (DAD,))
    house.message()
    house.pass_minutes(1)
    assert house.acknowledge("Dad", "dad")
    house.restart()
    house.pass_minutes(30)
    assert house.names() == ["Mum", "Dad", "App", "Gran", "Mum"]
    (event,) = [event for event in house.events if event.type == "acknowledged"]
    assert (event.by, event.via, event.title) == ("Dad", "link", None)
    (follow_up,) = house.follow_ups
    assert (follow_up.kind, follow_up.by) == ("taken", "Dad")
    assert follow_up.contacts == (MUM, APP, replace(gran, numbers=("gran",)))
    shown = house.attributes()
    assert (shown["acknowledged_by"], shown["acknowledged_via"], shown["acknowledged_at"]) == (
        "Dad",
        "link",
        1_000_000_000 + MINUTE,
    )


@pytest.mark.parametrize("told", [True, False])
def test_acknowledge_after_the_end(told: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """An alert that ended can be taken, too; that withdraws the repair issue."""
    house = ended_house(told=told)
    assert house.acknowledge()
    assert house.stands() is Status.ACKNOWLEDGED
    assert (WithdrawIssue() in house.others) is not told
    assert bool(house.follow_ups) is told


def test_acknowledge_while_waiting() -> None:
    """Before anybody was told there is nobody to tell; without follow-ups nobody ever is."""
    house = House(plan_of(5, delay=MINUTE), (MUM,))
    assert not house.acknowledge()
    house.message()
    assert house.acknowledge("Mum")
    assert (house.stands(), house.follow_ups) == (Status.ACKNOWLEDGED, [])
    house = House(plan_of(5, follow_up=False), (MUM,))
    house.message()
    house.acknowledge()
    assert house.follow_ups == []


def test_acknowledged_again() -> None:
    """Who was first stays."""
    house = acknowledged_house()
    assert not house.acknowledge("Mum")
    assert house.attributes()["acknowledged_by"] == "Dad"


def test_quiet_is_over() -> None:
    """Then the plan is idle, and its links show for an hour what became of it."""
    house = acknowledged_house()
    token = house.sent[0].token
    assert token is not None
    house.pass_minutes(59.5)
    assert house.stands() is Status.ACKNOWLEDGED
    house.pass_minutes(0.5)
    assert house.stands() is Status.IDLE
    house.pass_minutes(59.5)
    link = house.alert.link(token, house.now)
    assert link is not None
    assert (link.person, link.name, link.acknowledged and link.acknowledged.by) == ("mum", "Mum", "Dad")
    house.restart()
    house.pass_minutes(0.5)
    assert house.alert.link(token, house.now) is None
    assert house.alert.look(house.now, house.conditions()) == []


@pytest.mark.parametrize("delay", [0, MINUTE])
def test_known_cause(delay: int) -> None:
    """While waiting and notifying its text is updated, and nothing goes out."""
    house = House(plan_of(5, delay=delay), (MUM,))
    house.message("Water", "Cellar")
    sent = len(house.sent)
    assert house.message("More water", "Cellar") is Result.UPDATED
    assert house.message("Cellar") is Result.UPDATED
    assert (len(house.sent), house.types().count("added")) == (sent, 0)
    assert [(cause.title, cause.message) for cause in house.run.causes] == [(None, "Cellar")]


def test_new_cause_while_waiting() -> None:
    """It joins, and all are told together; the title is that of no single cause then."""
    house = House(plan_of(5, delay=MINUTE), (MUM,))
    house.message("Water", "Cellar")
    assert house.message("Smoke") is Result.ADDED
    house.pass_minutes(1)
    assert [sent.causes for sent in house.sent] == [("Cellar", "Smoke")]
    assert [(event.type, event.title) for event in house.events] == [
        ("started", "Cellar"),
        ("added", None),
        ("told", None),
    ]


def test_new_cause_while_notifying() -> None:
    """Its text goes at once to those who are told already; the clock stays."""
    house = House(plan_of(5, 5), (MUM, DAD), (APP,))
    house.answers = {"Dad": AWAY}
    house.message("Water")
    house.pass_minutes(0.5)
    assert house.message("Smoke", "Attic") is Result.ADDED
    assert [(sent.name, sent.causes) for sent in house.sent] == [("Mum", ("Water",)), ("Mum", ("Attic",))]
    assert (house.events[-1].type, house.events[-1].title) == ("told", "Attic")
    house.back_online()
    assert house.sent[-1].causes == ("Water", "Attic")
    house.pass_minutes(4.5)
    assert (house.sent[-1].name, house.sent[-1].causes) == ("App", ("Water", "Attic"))


def test_new_cause_while_the_request_is_under_way() -> None:
    """Its text goes out as soon as the first is answered."""
    house = House(plan_of(5), (MUM,))
    house.slow = True
    house.message("Water")
    house.message("Smoke")
    assert len(house.sent) == 1
    house.answer()
    house.do([])
    assert [sent.causes for sent in house.sent] == [("Water",), ("Smoke",)]
    house.message("Gas")
    assert len(house.sent) == 2
    house.answer()
    house.do([])
    assert house.sent[-1].causes == ("Gas",)


def test_new_cause_while_the_gateway_is_away() -> None:
    """It is tried again within the step, and what is refused is said."""
    house = House(plan_of(5), (MUM,))
    house.message("Water")
    house.answers = {"Mum": AWAY}
    house.message("Smoke", "Attic")
    house.message("Gas", "Stove")
    assert len(house.sent) == 1
    assert (house.events[-2].type, house.events[-2].reason) == ("not_told", "cannot_connect")
    house.resolve("Attic")
    house.back_online()
    assert house.sent[-1].causes == ("Stove",)
    house.answers = {"Mum": REFUSED}
    house.message("Snow", "Roof")
    assert (house.events[-1].type, house.events[-1].reason, house.events[-1].title) == ("not_told", "rejected", "Roof")
    house.pass_minutes(1)
    assert len(house.sent) == 2


def test_joined_cause_that_is_over_before_it_was_told() -> None:
    """It is not told any more, and when it comes back it is new."""
    house = House(plan_of(5), (MUM,))
    house.message("Water")
    house.answers = {"Mum": AWAY}
    house.message("Smoke")
    house.resolve("Smoke")
    house.answers = {}
    house.pass_minutes(1)
    assert len(house.sent) == 1
    house.message("Smoke")
    house.resolve("Smoke")
    house.message("Smoke")
    assert [sent.causes for sent in house.sent[1:]] == [("Smoke",), ("Smoke",)]


def test_cause_that_is_over_while_it_is_written() -> None:
    """Those who were about to be told of it are told of the others."""
    house = House(plan_of(5), (MUM,))
    house.alert.message(None, "Water", house.now, context=CONTEXT)
    (save, tell) = house.alert.look(house.now, house.conditions())
    house.carry_out(save)
    house.alert.message(None, "Smoke", house.now, context=CONTEXT)
    house.alert.resolve(house.now, "Water")
    house.carry_out(tell)
    assert house.sent == []
    house.do([])
    assert [sent.causes for sent in house.sent] == [("Smoke",)]


def test_known_cause_after_acknowledgement() -> None:
    """It stays quiet, with its text updated."""
    house = acknowledged_house()
    assert house.message("More", "Cellar") is Result.QUIET
    house.restart(30)
    assert (house.stands(), house.run.causes[0].message, len(house.sent)) == (Status.ACKNOWLEDGED, "More", 1)


def test_new_cause_after_acknowledgement() -> None:
    """The alert begins again from the first step, for the new cause only; the next acknowledgement takes both."""
    house = acknowledged_house()
    alert_id = house.run.alert_id
    house.hold = True
    assert house.message("Smoke", "Attic") is Result.ADDED
    shown = house.attributes()
    assert (house.stands(), shown["told"], shown["acknowledged_by"]) == (Status.WAITING, [], None)
    house.hold = False
    house.look()
    first, second = house.sent
    assert (second.causes, second.token, second.name) == (("Attic",), first.token, "Mum")
    assert house.run.alert_id == alert_id
    assert house.message("More", "Cellar") is Result.UPDATED
    house.acknowledge("Gran")
    assert house.message("More", "Cellar") is Result.QUIET
    assert house.message("More", "Attic") is Result.QUIET


def test_follow_up_to_those_told_before_a_new_start() -> None:
    """Who was told before the new cause came hears of its end too, once."""
    house = House(plan_of(5, 5), (MUM,), (DAD,))
    house.message("Water")
    house.pass_minutes(5)
    house.acknowledge()
    house.message("Smoke")
    house.resolve()
    assert [contact.name for contact in house.follow_ups[-1].contacts] == ["Mum", "Dad"]


@pytest.mark.parametrize("told", [True, False])
def test_message_after_the_end(told: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """It starts anew with all causes, a new id and the same links; the issue goes when somebody is told."""
    house = ended_house(told=told)
    ended, others = house.run.alert_id, house.others.copy()
    assert others == ([] if told else [RaiseIssue((Failure("Mum", Channel.SMS, "rejected"),))])
    house.hold = True
    assert house.message("Smoke") is Result.STARTED
    assert house.run.alert_id != ended
    assert house.attributes()["told"] == []
    assert house.others == others
    house.restart()
    assert house.others == others * 2
    house.hold = False
    house.look()
    assert house.others == others * 2 + ([] if told else [WithdrawIssue()])
    assert house.sent[-1].causes == ("Water", "Smoke")
    assert len({sent.token for sent in house.sent}) == 1


def test_one_cause_resolved() -> None:
    """It goes, with an event; the others are told on."""
    house = House(plan_of(5, 5), (MUM,), (DAD,))
    house.message("Water", "Cellar")
    house.message("Smoke", "Attic")
    assert not house.resolve("Roof")
    assert house.resolve("Cellar")
    assert (house.events[-1].type, house.events[-1].title) == ("resolved", "Cellar")
    house.pass_minutes(5)
    assert (house.stands(), house.sent[-1].causes) == (Status.NOTIFYING, ("Attic",))
    assert house.follow_ups == []


def test_what_is_left_decides() -> None:
    """When all that is left was taken before, the alert is acknowledged as it was."""
    house = acknowledged_house()
    house.message("Smoke", "Attic")
    house.pass_minutes(10)
    assert house.stands() is Status.UNANSWERED
    house.resolve("Attic")
    assert house.stands() is Status.ACKNOWLEDGED
    assert house.attributes()["acknowledged_by"] == "Dad"
    house.pass_minutes(50)
    assert house.stands() is Status.IDLE


def test_cause_without_a_title_resolved() -> None:
    """The event names it by its message: without a title it would say that the whole alert is over."""
    house = House(plan_of(5), (MUM,))
    house.message("Water")
    house.message("Smoke")
    assert house.resolve("Smoke")
    assert (house.events[-1].type, house.events[-1].title) == ("resolved", "Smoke")


def test_all_causes_resolved() -> None:
    """It is over, and those who were told hear it, who took it too."""
    house = acknowledged_house()
    assert house.resolve("Cellar", "Dry again")
    assert house.stands() is Status.IDLE
    assert (house.events[-1].type, house.events[-1].title) == ("resolved", None)
    follow_up = house.follow_ups[-1]
    assert (follow_up.kind, follow_up.text, follow_up.contacts) == ("over", "Dry again", (MUM,))
    assert not house.resolve()
    assert house.alert.hold_back() == house.alert.gateway_answered("gateway") == []
    assert house.alert.report("any", delivered=True) == []


def test_resolved_after_it_failed() -> None:
    """The repair issue goes."""
    house = ended_house(told=False)
    house.resolve()
    assert house.others[-1] == WithdrawIssue()


def test_resolved_while_the_request_is_under_way() -> None:
    """Who may have been told hears that it is over; the answer is of no interest any more."""
    house = House(plan_of(5), (MUM,))
    house.slow = True
    house.message()
    house.resolve()
    assert house.follow_ups[0].contacts == (MUM,)
    house.answer()
    house.work()
    assert house.types() == ["started", "resolved"]


@pytest.mark.parametrize(
    ("minutes", "told"),
    [(4, []), (6, ["B"]), (13, ["C"]), (16, ["A"]), (1_000, ["C"])],
)
def test_of_steps_that_came_due_only_the_latest_is_told(minutes: int, told: list[str]) -> None:
    """Home Assistant was off: the others are passed over without events."""
    house = House(plan_of(5, 5, 5, repeat=1), (sms("A"),), (sms("B"),), (sms("C"),))
    house.message()
    house.restart(minutes)
    assert house.names()[1:] == told
    assert house.types()[2:] == ["told"] * len(told)


def test_off_during_the_delay() -> None:
    """The first step came due, and the second."""
    house = House(plan_of(5, 5, 5, delay=MINUTE), (sms("A"),), (), (sms("C"),))
    house.message()
    house.restart(7)
    assert (house.names(), house.types()) == (["C"], ["started", "told"])


def test_off_while_held() -> None:
    """Nobody knows when the hold ended: nothing is passed over."""
    house = House(plan_of(5, 5), (MUM,), (DAD,))
    house.hold = True
    house.message()
    house.hold = False
    house.restart(100)
    assert house.names() == ["Mum"]


def test_off_after_the_last_step() -> None:
    """There is nothing left to tell."""
    house = House(plan_of(5), (MUM,))
    house.message()
    house.restart(100)
    assert (house.names(), house.stands()) == (["Mum"], Status.UNANSWERED)


def test_off_during_an_outage() -> None:
    """It is tried at once, and the step goes on from there."""
    house = House(plan_of(5, 5), (MUM,), (DAD,))
    house.answers = {"Mum": AWAY}
    house.message()
    house.answers = {}
    house.restart(100)
    assert (house.names(), house.run.progress.step) == (["Mum"], 0)


def test_clock_set_forth_while_running() -> None:
    """Nobody is passed over."""
    house = House(plan_of(5, 5, 5), (MUM,), (DAD,), (APP,))
    house.message()
    house.now += 1_000 * MINUTE
    house.look()
    assert house.names() == ["Mum", "Dad"]


def test_clock_set_back() -> None:
    """No wait gets longer than one more of its length."""
    house = House(plan_of(5, 5, delay=MINUTE, quiet_after=MINUTE), (MUM,), (DAD,))
    house.message()
    house.now -= 1_000 * MINUTE
    house.look()
    house.pass_minutes(1)
    assert house.names() == ["Mum"]
    house.now -= 1_000 * MINUTE
    house.look()
    house.answers = {"Dad": AWAY}
    house.pass_minutes(5)
    assert house.run.progress.step == 1
    house.now -= 1_000 * MINUTE
    house.answers = {}
    house.look()
    house.pass_minutes(1)
    assert house.names() == ["Mum", "Dad"]
    house.acknowledge()
    house.now -= 1_000 * MINUTE
    house.look()
    house.pass_minutes(1)
    assert house.stands() is Status.IDLE
    house.now -= 1_000 * MINUTE
    token = house.sent[0].token
    assert token is not None
    house.look()
    house.pass_minutes(60)
    assert house.alert.link(token, house.now) is None


def test_changed_plan_counts_from_the_next_step_on() -> None:
    """The step under way keeps its people and its wait."""
    house = House(plan_of(5, 5), (MUM,), (DAD,))
    house.message()
    house.alert.plan, house.steps = plan_of(1, 1, repeat=0), [(APP,), (APP,)]
    house.pass_minutes(4.5)
    assert house.names() == ["Mum"]
    house.pass_minutes(0.5)
    assert house.names() == ["Mum", "App"]
    house.alert.plan, house.steps = plan_of(1), [(MUM,)]
    house.pass_minutes(1)
    assert house.stands() is Status.UNANSWERED


def test_links() -> None:
    """One for each person, none for calls or where the plan wants none; good while the alert lives."""
    call = replace(MUM, channel=Channel.VOICE)
    house = House(plan_of(5, 5), (MUM, APP, call), (MUM,))
    house.message()
    house.pass_minutes(5)
    mum, other, called, again = (sent.token for sent in house.sent)
    assert called is None
    assert mum is not None
    assert mum == again != other
    link = house.alert.link(mum, house.now)
    assert link is not None
    assert (link.person, link.acknowledged, link.ended) == ("mum", None, None)
    assert [cause.message for cause in link.causes] == ["Water"]
    house.acknowledge("Mum", "mum")
    link = house.alert.link(mum, house.now)
    assert link is not None
    assert link.acknowledged is not None
    house.resolve()
    house.message()
    assert {sent.token for sent in house.sent[4:]}.isdisjoint({mum, other})
    link = house.alert.link(mum, house.now)
    assert link is not None
    assert link.ended == house.now
    house = House(plan_of(5, link=False), (MUM,))
    house.message()
    assert house.sent[0].token is None
    house.resolve()
    assert house.alert.look(house.now, house.conditions()) == []


def test_test_alert() -> None:
    """It lives as any other, is refused while a real one runs, and never quiet."""
    house = House(plan_of(5), (MUM,))
    assert house.message("Test", test=True) is Result.STARTED
    assert house.message("Test", test=True) is Result.UPDATED
    house.acknowledge()
    assert house.message("Test", test=True) is Result.ADDED
    assert house.names() == ["Mum", "Mum"]
    house.pass_minutes(5)
    assert house.stands() is Status.UNANSWERED
    assert house.message("Test", test=True) is Result.STARTED
    house.resolve()
    house.message("Water")
    with pytest.raises(AlertRunningError):
        house.message("Test", test=True)
    house.pass_minutes(5)
    with pytest.raises(AlertRunningError):
        house.message("Test", test=True)
    house.acknowledge()
    assert house.message("Test", test=True) is Result.ADDED
    assert house.sent[-1].causes == ("Test",)


def test_test_alert_goes_when_a_real_one_comes() -> None:
    """What is still to be told of it is told of the real one."""
    house = House(plan_of(5), (MUM, DAD))
    house.answers = {"Dad": AWAY}
    house.message("Test", test=True)
    assert house.message("Water") is Result.ADDED
    assert [sent.causes for sent in house.sent] == [("Test",), ("Water",)]
    house.back_online()
    assert (house.sent[-1].name, house.sent[-1].causes) == ("Dad", ("Water",))
    assert [cause.message for cause in house.run.causes] == ["Water"]


def test_known_cause_ends_a_test_after_acknowledgement() -> None:
    """What is left was taken: it is quiet; a test that starts anew leaves it so."""
    house = acknowledged_house()
    house.message("Test", test=True)
    house.pass_minutes(20)
    assert house.stands() is Status.UNANSWERED
    assert house.message("Test", test=True) is Result.STARTED
    assert house.sent[-1].causes == ("Test",)
    assert house.message("Water", "Cellar") is Result.QUIET
    assert house.stands() is Status.ACKNOWLEDGED


def test_unknown_answers_are_ignored() -> None:
    """An answer that nobody waits for changes nothing, nor does sending twice."""
    house = House(plan_of(5), (MUM,))
    house.slow = True
    house.message()
    (reference,) = house.under_way
    assert house.alert.to_send(reference) is None
    assert house.alert.to_send("unknown") is None
    assert house.alert.answered({"unknown": TOLD}, house.now) == []
    house.answer()
    house.work()
    assert house.alert.answered({reference: REFUSED}, house.now) == []
    assert house.alert.to_send(reference) is None
    assert house.types() == ["started", "told"]


def test_nothing_to_load() -> None:
    """An idle plan has nothing to catch up with."""
    house = House(plan_of(5), (MUM,))
    house.restart(10)
    assert (house.stands(), house.types(), house.others) == (Status.IDLE, [], [])

"""The plan of a subentry."""

import pytest

from custom_components.smsbox.alerts.plan import Plan, Step, Target
from custom_components.smsbox.const import Channel


def test_defaults() -> None:
    """What a subentry leaves out is as the form shows it."""
    plan = Plan.from_data("Cellar", {"steps": [{"notify": [{"recipient": "mum", "channel": "sms"}]}]})
    assert plan == Plan(
        name="Cellar",
        steps=(Step((Target("mum", Channel.SMS),), wait=300, only_while=None),),
        repeat=1,
        delay=0,
        hold_while=None,
        quiet_after=3_600,
        give_up_after=21_600,
        link=True,
        follow_up=True,
    )


def test_all_fields() -> None:
    """Minutes are seconds from here on, and targets are stored as they were."""
    targets = [{"recipient": "mum", "channel": "voice"}, {"notifier": "0123"}]
    data = {
        "steps": [{"notify": targets, "wait": 10, "only_while": "home"}],
        "repeat": 2.0,
        "delay": 1,
        "hold_while": "night",
        "quiet_after": 2,
        "give_up_after": 3,
        "link": False,
        "follow_up": False,
    }
    plan = Plan.from_data("Cellar", data)
    (step,) = plan.steps
    assert [target.as_data() for target in step.targets] == targets
    assert (step.wait, step.only_while, plan.repeat, plan.delay) == (600, "home", 2, 60)
    assert (plan.hold_while, plan.quiet_after, plan.give_up_after) == ("night", 120, 180)
    assert (plan.link, plan.follow_up) == (False, False)


def test_unknown_channel_is_refused() -> None:
    """A subentry is not guessed at."""
    with pytest.raises(ValueError, match="fax"):
        Target.from_data({"recipient": "mum", "channel": "fax"})

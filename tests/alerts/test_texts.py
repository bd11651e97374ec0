"""What is sent of an alert."""

import pytest

from custom_components.smsbox.alerts.effects import FollowUp, FollowUpKind
from custom_components.smsbox.alerts.run import Cause
from custom_components.smsbox.alerts.texts import (
    Text,
    compose_call,
    compose_notification,
    compose_sms,
    follow_up_key,
)

LINK = "https://example.com/api/smsbox/token"
OK = f"OK? {LINK}"
WATER = Cause("Cellar", "Water\nand more")
SMOKE = Cause("Attic", "Smoke\neverywhere")
GAS = Cause(None, "Gas")
ROOF = Cause("Roof", "")


@pytest.mark.parametrize(
    ("causes", "body"),
    [
        ([WATER], "Cellar\nWater\nand more"),
        ([GAS], "Gas"),
        ([ROOF], "Roof"),
        ([WATER, SMOKE, GAS, ROOF], "Cellar\nWater\nand more\nAttic: Smoke everywhere\nGas\nRoof"),
    ],
)
def test_sms_and_call(causes: list[Cause], body: str) -> None:
    """Title, message, further causes a line each; the link has the last line, and calls have none."""
    assert compose_sms(causes, LINK) == Text(None, body, OK)
    assert compose_sms(causes, None) == Text(None, body, None)
    assert compose_call(causes) == Text(None, body, None)


@pytest.mark.parametrize(
    ("causes", "link", "titled", "untitled"),
    [
        (
            [WATER, GAS],
            LINK,
            Text("Cellar", "Water\nand more\nGas", OK),
            Text(None, "Cellar\nWater\nand more\nGas", OK),
        ),
        ([GAS, WATER], None, Text(None, "Gas\nCellar: Water and more", None), None),
        ([ROOF], LINK, Text("Roof", "", OK), Text(None, "Roof", OK)),
        ([ROOF], None, Text(None, "Roof", None), None),
    ],
)
def test_notification(causes: list[Cause], link: str | None, titled: Text, untitled: Text | None) -> None:
    """The title is the title where there is one, and never alone."""
    assert compose_notification(causes, link, title_supported=True) == titled
    assert compose_notification(causes, link, title_supported=False) == (untitled or titled)


def test_follow_ups() -> None:
    """Who took it is named where known; what was asked for is told instead of that it is over."""
    assert follow_up_key(FollowUp(FollowUpKind.TAKEN, (), by="Dad")) == "taken_by"
    assert follow_up_key(FollowUp(FollowUpKind.TAKEN, ())) == "taken"
    assert follow_up_key(FollowUp(FollowUpKind.OVER, ())) == "over"
    assert follow_up_key(FollowUp(FollowUpKind.OVER, (), text="Dry")) is None

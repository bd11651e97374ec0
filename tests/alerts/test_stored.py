"""Stored alerts that are damaged."""

from collections.abc import Callable
import json
from typing import Any

import pytest

from custom_components.smsbox.alerts.alert import Alert
from custom_components.smsbox.alerts.run import Status

from .house import DAD, MUM, House, plan_of


def stored() -> dict[str, Any]:
    """Return an alert with a bit of everything."""
    house = House(plan_of(5), (MUM, DAD))
    house.message("Water", "Cellar")
    house.resolve()
    house.message("Smoke")
    house.acknowledge("Dad")
    house.message("Gas")
    data = json.loads(house.disk)
    assert isinstance(data, dict)
    return data


def read(data: object) -> Alert:
    """Read what is stored."""
    return Alert.from_store(plan_of(5), lambda: "id", data)


def test_unknown_and_missing_fields() -> None:
    """A newer version's fields are ignored, and an older one's defaults count."""
    data = stored()
    data["run"]["colour"] = data["colour"] = "red"
    del data["run"]["held"], data["past"]
    assert read(data).status is Status.NOTIFYING
    assert read({}).status is Status.IDLE


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data.update(run=[]),
        lambda data: data.update(run="idle"),
        lambda data: data.update(past={}),
        lambda data: data["run"].pop("alert_id"),
        lambda data: data["run"].update(causes=[]),
        lambda data: data["run"].update(causes={"title": None}),
        lambda data: data["run"].update(status="asleep"),
        lambda data: data["run"].update(status=["idle"]),
        lambda data: data["run"].update(status="idle"),
        lambda data: data["run"].update(status="acknowledged", acknowledged=None),
        lambda data: data["run"].update(held=1),
        lambda data: data["run"].update(context={"id": 1}),
        lambda data: data["run"].update(tokens=[]),
        lambda data: data["run"]["progress"].update(began="now"),
        lambda data: data["run"]["progress"].update(began=1e300),
        lambda data: data["run"]["progress"].update(began=float("nan")),
        lambda data: data["run"]["progress"].update(began=10**400),
        lambda data: data["run"]["progress"].update(began=-1),
        lambda data: data["run"]["progress"].update(began=True),
        lambda data: data["run"]["progress"].update(round=1.5),
        lambda data: data["run"]["progress"].update(contacts=[]),
        lambda data: data["run"]["progress"].update(contacts=[], messages=[]),
        lambda data: data["run"]["progress"]["messages"][0].update(contact=2),
        lambda data: data["run"]["progress"]["messages"][0].update(contact=-1),
    ],
)
def test_damaged(damage: Callable[[dict[str, Any]], object]) -> None:
    """What cannot be an alert is refused."""
    data = stored()
    assert json.loads(json.dumps(read(data).to_store())) == data
    damage(data)
    with pytest.raises(ValueError, match=r"(?i)not a"):
        read(data)


@pytest.mark.parametrize("data", [None, [], "idle", 3])
def test_nothing_like_it(data: object) -> None:
    """So is what is no mapping."""
    with pytest.raises(ValueError, match="Not a"):
        read(data)

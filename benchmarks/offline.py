"""What needs no running Home Assistant: importing the integration, and texts."""

from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from importlib import import_module
import os
from statistics import median
import subprocess
import sys
import time
import tracemalloc
from typing import Any

from anyascii import anyascii
from homeassistant.core import Context

from custom_components.smsbox.alerts.alert import Alert
from custom_components.smsbox.alerts.plan import Plan
from custom_components.smsbox.const import Channel
from custom_components.smsbox.message import Message
from custom_components.smsbox.text import MessageTooLongError, compose_sms

from .measure import ROUNDS, Row, spread

THINGS = 10_000

_HOME_ASSISTANT = """
import gc, time, tracemalloc
from homeassistant import bootstrap
from homeassistant.components import (binary_sensor, button, event, logbook, notify, repairs, sensor, system_health,
    webhook)
from homeassistant.helpers import debounce, selector, service, target, trigger
"""
# What reads its tables at import is a dependency's cost, wherever the import stands.
_DEPENDENCIES = """
import phonenumbers
from anyascii import anyascii
phonenumbers.PhoneMetadata.load_all()
anyascii("".join(map(chr, range(0x80, 0x40000, 0x100))))
"""
_MODULES = (
    *("binary_sensor", "button", "config_flow", "diagnostics", "event", "logbook", "notify", "repairs", "sensor"),
    *("services", "system_health", "trigger"),
)
_OURS = "".join(f"import custom_components.smsbox.{module}\n" for module in _MODULES)
_TIME = "start = time.process_time()\n{}print(1000 * (time.process_time() - start))"
_MEMORY = "tracemalloc.start()\n{}gc.collect()\nprint(tracemalloc.get_traced_memory()[0] / 2**20)"


def _measure(*code: str) -> list[float]:
    """Return what some code prints in a new process, several times after a first that compiles it."""
    command = [sys.executable, "-c", "".join(code)]
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    runs = [
        subprocess.run(command, capture_output=True, check=True, text=True, env=environment) for _ in range(ROUNDS + 1)
    ]
    return [float(run.stdout) for run in runs[1:]]


def importing() -> list[Row]:
    """Measure what importing the integration costs on top of Home Assistant."""
    own = _measure(_HOME_ASSISTANT, _DEPENDENCIES, _TIME.format(_OURS))
    whole = _measure(_HOME_ASSISTANT, _TIME.format(_DEPENDENCIES + _OURS))
    memory = _measure(_HOME_ASSISTANT, _MEMORY.format(_DEPENDENCIES + _OURS))
    return [
        Row("6. own import", "Home Assistant and dependencies", f"{spread(own, 1)} ms", "under 20", median(own) < 20),
        Row("6. import with dependencies", "Home Assistant", f"{spread(whole, 0)} ms", "135", median(whole) <= 135),
        Row("6. memory with dependencies", "Home Assistant", f"{spread(memory, 1)} MiB", "8", median(memory) <= 8),
    ]


def _kilobytes(create: Callable[[int], object]) -> float:
    """Return what one of many such things takes in memory, with its place among them, as messages are kept."""
    tracemalloc.start()
    kept = OrderedDict((number, create(number)) for number in range(THINGS))
    size = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    return size / len(kept) / 1000


def memory() -> list[Row]:
    """Measure what a followed message, a plan and a running alert take in memory."""

    def followed(msgid: int) -> Message:
        """Return a message as it is followed and saved."""
        message = Message(f"3247{msgid:07}", "recipient", Channel.SMS, time.time() + msgid, Context(), msgid=msgid)
        message.row  # noqa: B018 - rendered when it is saved
        return message

    step = {"notify": [{"recipient": "mum", "channel": "sms"}], "wait": 5}

    def plan(number: int) -> Plan:
        """Return a plan of ten steps."""
        return Plan.from_data(f"Plan {number}", {"steps": [step] * 10})

    def alert(number: int) -> Alert:
        """Return an alert that has just started."""
        alert = Alert(plan(number), lambda: "0123456789abcdef")
        alert.message("Cellar", f"Water {number}", time.time(), context={"id": "x", "parent_id": None, "user_id": None})
        return alert

    followed_size = _kilobytes(followed)
    return [
        Row("10. memory of a followed message", "", f"{followed_size:.2f} kB", "at most 0.8", followed_size <= 0.8),
        Row("10. memory of a plan of ten steps", "", f"{_kilobytes(plan):.1f} kB", "", None),
        Row("10. memory of an alert, with its plan", "", f"{_kilobytes(alert):.1f} kB", "", None),
    ]


def _seconds(run: Callable[[], object], times: int) -> float:
    """Return how long a call takes."""
    start = time.perf_counter()
    for _ in range(times):
        run()
    return (time.perf_counter() - start) / times


def texts() -> list[Row]:
    """Measure counting against smsutil and replacing against anyascii."""
    smsutil: Any = import_module("smsutil")
    rows = []
    plain = "Er staat water in de kelder [alarm] 20 €. "
    accents = "Il y a de l'eau à la cave - prévenez l'hôtel, où l'œuvre gêne. "
    for length in (160, 918, 10_000):
        for name, sample, against in (("counting", plain, smsutil.split), ("replacing", accents, anyascii)):
            text = (sample * 300)[:length]
            if name == "counting" and length == 918:
                text = text[:800]  # fits, with its characters that count for two

            def compose(text: str = text) -> None:
                """Compose, or refuse what is too long."""
                with suppress(MessageTooLongError):
                    compose_sms(text)

            ratios = []
            for _ in range(ROUNDS):
                ours = _seconds(compose, 200)
                ratios.append(_seconds(partial(against, text), 200) / ours)
            aim = "at least 5" if name == "counting" else ""
            met = median(ratios) >= 5 if aim else None
            rows.append(
                Row(
                    f"7. {name} {length} characters",
                    "smsutil" if name == "counting" else "anyascii",
                    f"{spread(ratios, 1)} x as fast",
                    aim,
                    met,
                    f"{1e6 * ours:.0f} µs",
                )
            )
    return [*rows, _hostile_text()]


def _hostile_text() -> Row:
    """Measure how long a text that is far too long holds the event loop up."""
    hostile = "\N{FAMILY}é\ud800" * 350_000

    def refuse() -> None:
        """Refuse a text of a megabyte."""
        try:
            compose_sms(hostile)
        except MessageTooLongError:
            return
        raise AssertionError

    times = [1000 * _seconds(refuse, 1) for _ in range(ROUNDS)]
    return Row("7. refusing a hostile text of 1 MB", "", f"{spread(times, 1)} ms", "under 50", median(times) < 50)

"""Values that an action takes, checked and converted; what is wrong raises the error of the action."""

from datetime import MINYEAR, datetime, timedelta
import re
from typing import Any

from homeassistant.helpers import config_validation as cv
from homeassistant.util import dt as dt_util
import voluptuous as vol

from .errors import validation_error

MAX_VALID_FOR = timedelta(days=7)
# A time up to this long ago still counts as now: clocks differ.
TOLERANCE = timedelta(minutes=1)

_DATE_AND_TIME = re.compile(r"\d{4}-?\d\d-?\d\d[T ]\s*\d\d?:?\d\d.*")


def duration(value: Any) -> timedelta:
    """Return a duration, which may be none at all; raises ServiceValidationError `invalid_duration`."""
    try:
        parsed = cv.positive_time_period(value)
    except (vol.Invalid, ArithmeticError, ValueError) as error:
        raise validation_error("invalid_duration") from error
    return parsed


def valid_for(value: Any) -> timedelta | None:
    """Return for how long a message is kept, 7 days at most; raises ServiceValidationError `invalid_duration`."""
    parsed = duration(value)
    if parsed > MAX_VALID_FOR:
        raise validation_error("invalid_duration")
    return parsed or None


def moment(value: Any) -> datetime:
    """Return a moment given with date and time, in Home Assistant's time zone if it names none.

    Raises ServiceValidationError `send_at_in_past` or `invalid_send_at`.
    """
    try:
        if not isinstance(value, datetime) and not _DATE_AND_TIME.fullmatch(value):
            raise validation_error("invalid_send_at")
        given = cv.datetime(value)
    except (vol.Invalid, TypeError, ValueError) as error:
        raise validation_error("invalid_send_at") from error
    try:
        parsed = dt_util.as_utc(given)
    except (OverflowError, ValueError) as error:  # at either end of the calendar
        raise validation_error("send_at_in_past" if given.year == MINYEAR else "invalid_send_at") from error
    if parsed < dt_util.utcnow() - TOLERANCE:
        raise validation_error("send_at_in_past")
    return parsed

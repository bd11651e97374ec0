"""The binary sensor that warns of low credits."""

from http import HTTPStatus

from aiohttp import web
from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
import pytest

from .common import account_entry, advance_time, get_state, set_up
from .gateways import Gateway


@pytest.mark.parametrize(
    ("options", "balance", "low"),
    [
        pytest.param({}, "25", True, id="at the default threshold"),
        pytest.param({}, "25.01", False, id="above it"),
        pytest.param({"low_credits": 99.5}, "99.5", True, id="at the option's threshold"),
        pytest.param({"low_credits": 99.5}, "99.51", False, id="above that"),
        pytest.param({"low_credits": 0}, "0", False, id="never"),
        pytest.param({"low_credits": 0}, "-3", False, id="never, even below nothing"),
    ],
)
async def test_low_credits_at_or_below_the_threshold(
    hass: HomeAssistant, gateway: Gateway, options: dict[str, float], balance: str, *, low: bool
) -> None:
    """The sensor is on if the balance is at or below the threshold, and never with a threshold of 0."""
    gateway.balance = balance
    await set_up(hass, account_entry(options=options))
    assert get_state(hass, "binary_sensor.smsbox_low_credits").state == ("on" if low else "off")


@pytest.mark.parametrize("threshold", [25, 0])
async def test_unknown_balance_is_unavailable(hass: HomeAssistant, gateway: Gateway, threshold: float) -> None:
    """Until the first balance the sensor is unavailable; then it is on or off."""
    gateway.responses["balance"] = lambda _: web.Response(status=HTTPStatus.BAD_GATEWAY)
    await set_up(hass, account_entry(options={"low_credits": threshold}))
    assert get_state(hass, "binary_sensor.smsbox_low_credits").state == STATE_UNAVAILABLE
    del gateway.responses["balance"]
    gateway.balance = "3"
    await advance_time(hass)
    assert get_state(hass, "binary_sensor.smsbox_low_credits").state == ("on" if threshold else "off")

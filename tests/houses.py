"""An account with Mum, Dad and the plan Cellar, which tells Mum."""

from typing import Any

from homeassistant.config_entries import ConfigSubentryData, ConfigSubentryDataWithId
from pytest_homeassistant_custom_component.common import MockConfigEntry

from .common import account_entry, recipient_data

MUM_SMS = {"config_entry_id": "account", "recipient": "mum", "channel": "sms"}


def plan_data(name: str = "Cellar", **data: Any) -> ConfigSubentryData:
    """Return a stored plan, which tells Mum by SMS."""
    defaults = {
        "steps": [{"notify": [MUM_SMS], "wait": 5}],
        "repeat": 0,
        "delay": 0,
        "quiet_after": 60,
        "give_up_after": 360,
        "link": False,
        "follow_up": False,
    }
    return ConfigSubentryData(subentry_type="alert_plan", title=name, unique_id=None, data=defaults | data)


def house_entry(*others: ConfigSubentryData) -> MockConfigEntry:
    """Return a stored account with Mum, whom an SMS or a call can reach, Dad, and the plan Cellar."""
    mum = ConfigSubentryDataWithId(**recipient_data(channels=["sms", "voice"]), subentry_id="mum")
    dad = recipient_data("Dad", numbers=["32470112233"], channels=["voice", "sms"])
    return account_entry(mum, dad, plan_data(), *others, entry_id="account")

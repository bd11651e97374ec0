"""Whom to reach: recipients, bare numbers, and the destinations that they resolve to."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import HomeAssistant
from homeassistant.helpers.service import async_get_config_entry

from . import phone
from .account import Account, SmsboxConfigEntry
from .api import Gender, Language, mask_numbers
from .const import CONF_CHANNELS, CONF_GENDER, CONF_LANGUAGE, CONF_NUMBERS, CONF_SENDER, DOMAIN, Channel
from .errors import validation_error
from .slices import async_map_in_slices

DEFAULT_COUNTRY = "BE"


def default_language(hass: HomeAssistant) -> Language:
    """Return Home Assistant's language if the gateway speaks it, else Dutch."""
    language = hass.config.language.partition("-")[0]
    return Language(language) if language in Language else Language.NL


def normalize_number(hass: HomeAssistant, number: Any) -> str:
    """Return a number as the gateway wants it; raises ServiceValidationError for anything else."""
    try:
        return phone.normalize(number, hass.config.country or DEFAULT_COUNTRY)
    except phone.InvalidNumberError:
        raise validation_error("invalid_number", number=phone.mask_given(number)) from None


@dataclass(frozen=True, slots=True)
class Recipient:
    """A person to reach: a subentry of an account."""

    entry: SmsboxConfigEntry
    subentry: ConfigSubentry

    @property
    def name(self) -> str:
        """Return the recipient's name."""
        return self.subentry.title

    @property
    def first_channel(self) -> Channel:
        """Return the channel that is used if nothing says which."""
        return Channel(self.subentry.data[CONF_CHANNELS][0])


@dataclass(frozen=True, slots=True)
class Destination:
    """A number to send to, by an account, and how: the recipient's own ways or those for bare numbers."""

    account: Account
    number: str
    recipient_id: str | None
    name: str | None
    sender: str | None
    language: Language
    gender: Gender

    @property
    def label(self) -> str:
        """Return what errors and logs may say: the name, or the number without most of its digits."""
        return mask_numbers(self.name) if self.name else phone.mask(self.number)


def recipient_destinations(recipient: Recipient, account: Account) -> list[Destination]:
    """Return the destinations of a recipient's numbers."""
    subentry = recipient.subentry
    data = subentry.data
    sender, language, gender = data.get(CONF_SENDER), Language(data[CONF_LANGUAGE]), Gender(data[CONF_GENDER])
    return [
        Destination(account, number, subentry.subentry_id, subentry.title, sender, language, gender)
        for number in data[CONF_NUMBERS]
    ]


def async_get_account(
    hass: HomeAssistant, config_entry_id: str | None, candidates: Iterable[SmsboxConfigEntry] = ()
) -> Account:
    """Return the account with that id, else of the only candidate, else the only account.

    Raises ServiceValidationError if there are several, none, or it is not loaded.
    """
    if config_entry_id is None:
        entry_ids = {entry.entry_id for entry in candidates} or {entry.entry_id for entry in async_accounts(hass)}
        if len(entry_ids) > 1:
            raise validation_error("several_accounts")
        config_entry_id = next(iter(entry_ids), None)
    entry: SmsboxConfigEntry = async_get_config_entry(hass, DOMAIN, config_entry_id)
    return entry.runtime_data


def async_accounts(hass: HomeAssistant, *, include_disabled: bool = False) -> list[SmsboxConfigEntry]:
    """Return the accounts, in the order in which they were added."""
    return hass.config_entries.async_entries(DOMAIN, include_ignore=False, include_disabled=include_disabled)


async def async_resolve_destinations(
    hass: HomeAssistant,
    recipients: Iterable[Recipient],
    numbers: Collection[str],
    config_entry_id: str | None,
) -> list[Destination]:
    """Return where to send: every number once, those of recipients by their own account.

    The numbers are as the gateway wants them. Raises ServiceValidationError, `no_recipients` if there is nobody.
    """
    recipients = list(recipients)
    destinations: dict[str, Destination] = {}
    for recipient in recipients:
        account = async_get_account(hass, recipient.entry.entry_id)
        for destination in recipient_destinations(recipient, account):
            destinations.setdefault(destination.number, destination)
    if numbers:
        account = async_get_account(hass, config_entry_id, [recipient.entry for recipient in recipients])
        language = default_language(hass)

        def add(number: str) -> None:
            """Add a bare number, unless it is a recipient's."""
            destinations.setdefault(number, Destination(account, number, None, None, None, language, Gender.MALE))

        await async_map_in_slices(add, numbers)
    if not destinations:
        raise validation_error("no_recipients")
    return list(destinations.values())

"""Names of the domain and of what is stored in its entries."""

from enum import StrEnum
import logging
from typing import Final

DOMAIN: Final = "smsbox"
LOGGER = logging.getLogger(__package__)

EVENT_DELIVERY_REPORT: Final = f"{DOMAIN}_delivery_report"

CONF_CLOUDHOOK_URL: Final = "cloudhook_url"

CONF_LOW_CREDITS: Final = "low_credits"
CONF_DELIVERY_REPORTS: Final = "delivery_reports"
CONF_UNSUPPORTED_CHARACTERS: Final = "unsupported_characters"
DEFAULT_LOW_CREDITS: Final = 25

SUBENTRY_RECIPIENT: Final = "recipient"
CONF_CHANNELS: Final = "channels"
CONF_GENDER: Final = "gender"
CONF_LANGUAGE: Final = "language"
CONF_NUMBERS: Final = "numbers"
CONF_SENDER: Final = "sender"


class Channel(StrEnum):
    """A way to reach a recipient."""

    SMS = "sms"
    TTS = "tts"
    VOICE = "voice"


class UnsupportedCharacters(StrEnum):
    """What happens to characters outside the SMS alphabet."""

    REPLACE = "replace"
    UNICODE = "unicode"

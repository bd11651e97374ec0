"""Names of the domain, of its options and of what is stored in its entries."""

from enum import StrEnum
import logging
from typing import Final

DOMAIN: Final = "smsbox"
LOGGER = logging.getLogger(__package__)

EVENT_DELIVERY_REPORT: Final = f"{DOMAIN}_delivery_report"
EVENT_ALERT: Final = f"{DOMAIN}_alert"

CONF_CLOUDHOOK_URL: Final = "cloudhook_url"

CONF_LOW_CREDITS: Final = "low_credits"
CONF_DELIVERY_REPORTS: Final = "delivery_reports"
CONF_UNSUPPORTED_CHARACTERS: Final = "unsupported_characters"
DEFAULT_LOW_CREDITS: Final = 25

SECTION_SPENDING_GUARD: Final = "spending_guard"
CONF_LIMIT_HOUR: Final = "limit_hour"
CONF_LIMIT_DAY: Final = "limit_day"
DEFAULT_LIMIT_HOUR: Final = 20
DEFAULT_LIMIT_DAY: Final = 100

SUBENTRY_RECIPIENT: Final = "recipient"
SUBENTRY_PLAN: Final = "alert_plan"
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


# The unique ids of a recipient's notify entities end in these.
NOTIFY_KEYS: Final = {Channel.SMS: "sms", Channel.TTS: "text_to_speech", Channel.VOICE: "voice_call"}


class SendStatus(StrEnum):
    """What happened to one number of a request to send."""

    ACCEPTED = "accepted"
    QUEUED = "queued"
    NOT_ACCEPTED = "not_accepted"
    OUTCOME_UNKNOWN = "outcome_unknown"


class UnsupportedCharacters(StrEnum):
    """What happens to characters outside the SMS alphabet."""

    REPLACE = "replace"
    UNICODE = "unicode"

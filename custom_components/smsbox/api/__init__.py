"""The SMSBOX gateway, as a client library would give it."""

from .client import DEFAULT_URL, MAX_NUMBERS, SmsboxClient
from .errors import (
    SmsboxAuthenticationError,
    SmsboxConnectionError,
    SmsboxCreditsError,
    SmsboxError,
    SmsboxOutcomeUnknownError,
    SmsboxRejectedError,
    SmsboxTryAgainLaterError,
)
from .models import (
    AcceptedMessage,
    DeliveryReport,
    DeliveryStatus,
    Gender,
    Language,
    Network,
    NumberLookup,
    OtpVerification,
)

__all__ = [
    "DEFAULT_URL",
    "MAX_NUMBERS",
    "AcceptedMessage",
    "DeliveryReport",
    "DeliveryStatus",
    "Gender",
    "Language",
    "Network",
    "NumberLookup",
    "OtpVerification",
    "SmsboxAuthenticationError",
    "SmsboxClient",
    "SmsboxConnectionError",
    "SmsboxCreditsError",
    "SmsboxError",
    "SmsboxOutcomeUnknownError",
    "SmsboxRejectedError",
    "SmsboxTryAgainLaterError",
]

"""What can go wrong between us and the gateway.

SmsboxError
├── SmsboxConnectionError        nothing was sent
├── SmsboxOutcomeUnknownError    it may have been sent
├── SmsboxAuthenticationError    the API key is refused
├── SmsboxCreditsError           there are too few credits
├── SmsboxTryAgainLaterError     the gateway is busy and did nothing
└── SmsboxRejectedError          anything else that the gateway refuses
"""


class SmsboxError(Exception):
    """Base of all errors of the client."""


class SmsboxConnectionError(SmsboxError):
    """No connection was established: nothing was sent."""


class SmsboxOutcomeUnknownError(SmsboxError):
    """The request went out, but no usable response came: it may have been carried out."""


class SmsboxAuthenticationError(SmsboxError):
    """The gateway refuses the API key."""


class SmsboxCreditsError(SmsboxError):
    """The account has too few credits."""


class SmsboxTryAgainLaterError(SmsboxError):
    """The gateway is busy; `retry_after` is how many seconds it asks to wait, if it does."""

    def __init__(self, retry_after: int | None = None) -> None:
        super().__init__("try again later")
        self.retry_after = retry_after


class SmsboxRejectedError(SmsboxError):
    """The gateway refuses the request, with a code of that service and a message, which is cleaned."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(f"{message} ({code})")
        self.code = code
        self.message = message

"""What can go wrong between us and the gateway."""


class SmsboxError(Exception):
    """Base of all errors of the gateway's client."""


class SmsboxConnectionError(SmsboxError):
    """No connection came about: nothing was sent."""


class SmsboxOutcomeUnknownError(SmsboxError):
    """The request went out, but no answer that makes sense came: it may have been carried out."""


class SmsboxAuthenticationError(SmsboxError):
    """The gateway refuses the API key."""


class SmsboxCreditsError(SmsboxError):
    """The account has too few credits."""


class SmsboxTryAgainLaterError(SmsboxError):
    """The gateway is too busy; `retry_after` is what it asks to wait, in seconds."""

    def __init__(self, retry_after: int | None = None) -> None:
        super().__init__("try again later")
        self.retry_after = retry_after


class SmsboxRejectedError(SmsboxError):
    """The gateway refuses the request, with a code of that service and its own words."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(f"{message} ({code})")
        self.code = code
        self.message = message

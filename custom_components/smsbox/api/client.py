"""The client of the gateway: one method a service, every request by one `_request`."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from http import HTTPStatus
import json
import math
import re
from typing import Any
from urllib.parse import urlencode

from aiohttp import (
    ClientConnectorError,
    ClientError,
    ClientHandlerType,
    ClientOSError,
    ClientRequest,
    ClientResponse,
    ClientSession,
    ClientTimeout,
    ConnectionTimeoutError,
    ServerDisconnectedError,
)

from .errors import (
    SmsboxAuthenticationError,
    SmsboxConnectionError,
    SmsboxCreditsError,
    SmsboxOutcomeUnknownError,
    SmsboxRejectedError,
    SmsboxTryAgainLaterError,
)
from .models import AcceptedMessage, Gender, Language, NumberLookup, OtpVerification, integer, phone_number

DEFAULT_URL = "https://core.smsbox.be/api/v1"
MAX_NUMBERS = 500
MAX_CONNECTIONS = 10
MAX_QUEUED = 60  # seconds behind others, such as those that hang
TIMEOUT = ClientTimeout(connect=5, total=10)

# Seconds from the first try to connect to the second and the third, which come later where connecting timed out.
RETRY_AFTER = (0.5, 2)

# What the gateway may ask to wait, in seconds: at most a day or so.
RETRY_AFTER_HEADER = re.compile(r"[1-9][0-9]{0,4}")

# Of a phone number in the gateway's words only the last digits go into an error.
MOST_OF_A_NUMBER = re.compile("[0-9]{3,}(?=[0-9]{3})")

AUTHENTICATION_CODES = frozenset({4, 20, 21})
CREDITS_CODE = 60
SENDSMS_CREDITS_CODE = 10
TRY_AGAIN_LATER_CODE = 98
WRONG_OTP_CODES = frozenset({40, 51})

type Answer = dict[str, Any]

# Of aiohttp's errors only the names go further: the texts hold addresses, and with them numbers and passwords.


async def _never_repeat(request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
    """Keep aiohttp from sending a GET again by itself once its connection broke."""
    try:
        return await handler(request)
    except ClientConnectorError:
        raise
    except (ClientOSError, ServerDisconnectedError) as error:
        raise SmsboxOutcomeUnknownError(type(error).__name__) from None


class SmsboxClient:
    """One account of the gateway.

    Every method raises SmsboxConnectionError where no connection came about (after three tries for what sends or
    costs), SmsboxAuthenticationError, SmsboxTryAgainLaterError, SmsboxRejectedError with the service's code, and
    SmsboxOutcomeUnknownError for everything else that happens after the request went out. What costs raises
    SmsboxCreditsError too. Numbers are digits with the country code, without `+`.
    """

    def __init__(self, session: ClientSession, api_key: str, url: str = DEFAULT_URL) -> None:
        self._session = session
        self._url = url.rstrip("/")
        self._headers = {"X-Api-Key": api_key, "Content-Type": "application/x-www-form-urlencoded"}
        self._connections = asyncio.Semaphore(MAX_CONNECTIONS)

    async def balance(self) -> float:
        """Return the account's balance in credits."""

        def parse(answer: Answer) -> float:
            credits_left = float(str(answer["message"]))
            if not math.isfinite(credits_left):
                raise ValueError("not a balance")
            return credits_left

        return await self._request("GET", "balance", {}, success={100}, parse=parse, retry=False)

    async def send_sms(
        self,
        numbers: Iterable[str],
        message: str,
        *,
        sender: str | None = None,
        long_sms: bool = False,
        unicode: bool = False,
        report_url: str | None = None,
    ) -> list[AcceptedMessage]:
        """Send a text to at most 500 numbers; return what was accepted, not always in order or complete.

        `long_sms` allows more than one part, `unicode` sends characters outside the GSM alphabet as they are;
        `report_url` is where the delivery reports go to.
        """
        return await self._sendsms(
            numbers,
            message,
            {
                "from": sender,
                "longsms": "1" if long_sms else None,
                "unicode": "1" if unicode else None,
                "noti": report_url,
            },
        )

    async def send_tts(
        self,
        numbers: Iterable[str],
        message: str,
        *,
        language: Language,
        long_sms: bool = False,
        report_url: str | None = None,
    ) -> list[AcceptedMessage]:
        """Have a text read aloud in a call to at most 500 numbers; return as `send_sms` does."""
        return await self._sendsms(
            numbers,
            message,
            {
                "tts": "1",
                "ttslng": language.ttslng,
                "longsms": "1" if long_sms else None,
                "noti": report_url,
            },
        )

    async def _sendsms(
        self, numbers: Iterable[str], message: str, options: Mapping[str, str | None]
    ) -> list[AcceptedMessage]:
        """Send a text or read it aloud."""

        def parse(answer: Answer) -> list[AcceptedMessage]:
            if not isinstance(answer["message"], list):
                raise TypeError("not a list")
            return [AcceptedMessage.from_response(element) for element in answer["message"]]

        return await self._request(
            "POST",
            "sendsms",
            {"numbers": ",".join(numbers), "message": message, **options},
            success={100},
            parse=parse,
            credits_code=SENDSMS_CREDITS_CODE,
        )

    async def send_voice(
        self,
        number: str,
        message: str,
        *,
        language: Language,
        gender: Gender,
        send_at: datetime | None = None,
    ) -> None:
        """Call a number and say the message, now or at an aware time; there is no report of it."""
        await self._request(
            "POST",
            "voice/send",
            {
                "number": number,
                "message": message,
                "lang": language.upper(),
                "gender": gender[0].upper(),
                "send_at": f"{send_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" if send_at else None,
            },
            success={10},
            parse=lambda _: None,
        )

    async def send_otp(self, number: str, text: str | None = None) -> str:
        """Send a one-time password, in a text that holds `{OTP}` or in the gateway's; return the number to refer to."""
        return await self._request(
            "POST",
            "otp/send",
            {"number": number, "text": text},
            success={10},
            parse=lambda answer: phone_number(answer["number"]),
        )

    async def verify_otp(self, otp: str, number: str | None = None) -> OtpVerification:
        """Check a one-time password, which uses it up."""

        def parse(answer: Answer) -> OtpVerification:
            verified_number = answer.get("number")
            code = integer(answer["code"])
            return OtpVerification(
                verified=code not in WRONG_OTP_CODES,
                number=phone_number(verified_number) if verified_number else None,
                code=code,
            )

        return await self._request(
            "GET", "otp/verify", {"otp": otp, "number": number}, success={11, *WRONG_OTP_CODES}, parse=parse
        )

    async def lookup_number(self, number: str) -> NumberLookup:
        """Look a number up in the home location register; costs 0.25 credit."""
        return await self._request(
            "GET",
            "hlr",
            {"number": number},
            success={10},
            parse=lambda answer: NumberLookup.from_response(answer["message"]),
        )

    async def _request[T](
        self,
        method: str,
        path: str,
        parameters: Mapping[str, str | None],
        *,
        success: Iterable[int],
        parse: Callable[[Answer], T],
        credits_code: int = CREDITS_CODE,
        retry: bool = True,
    ) -> T:
        """Send one request and return its parsed answer."""
        fields = {key: value for key, value in parameters.items() if value is not None}
        status, retry_after, body = await self._connect(method, path, fields, RETRY_AFTER if retry else ())
        if status == HTTPStatus.UNAUTHORIZED:
            raise SmsboxAuthenticationError
        if status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE):
            raise SmsboxTryAgainLaterError(int(retry_after) if RETRY_AFTER_HEADER.fullmatch(retry_after) else None)
        if status not in (HTTPStatus.OK, HTTPStatus.CREATED):
            raise SmsboxOutcomeUnknownError(f"HTTP status {status}")
        try:
            answer = json.loads(body)
            code = integer(answer["code"])
            if code in success:
                return parse(answer)
        except AttributeError, KeyError, TypeError, ValueError, RecursionError:
            # The answer may hold numbers and codes: it is not carried along.
            raise SmsboxOutcomeUnknownError("the answer makes no sense") from None
        if code in AUTHENTICATION_CODES:
            raise SmsboxAuthenticationError
        if code in (CREDITS_CODE, credits_code):
            raise SmsboxCreditsError
        if code == TRY_AGAIN_LATER_CODE:
            raise SmsboxTryAgainLaterError
        message = answer.get("message")
        raise SmsboxRejectedError(code, MOST_OF_A_NUMBER.sub("***", message) if isinstance(message, str) else "")

    async def _connect(
        self, method: str, path: str, fields: Mapping[str, str], retries: Iterable[float]
    ) -> tuple[int, str, bytes]:
        """Send one request; try again only while no connection comes about."""
        loop = asyncio.get_running_loop()
        start = loop.time()
        for retry_after in retries:
            try:
                return await self._exchange(method, path, fields)
            except SmsboxConnectionError:
                await asyncio.sleep(start + retry_after - loop.time())
        return await self._exchange(method, path, fields)

    async def _exchange(self, method: str, path: str, fields: Mapping[str, str]) -> tuple[int, str, bytes]:
        """Send one request once; return HTTP status, Retry-After header and body of the answer."""
        loop = asyncio.get_running_loop()
        queued = loop.time()
        try:
            async with self._connections:
                if loop.time() - queued > MAX_QUEUED:
                    raise SmsboxTryAgainLaterError
                async with self._session.request(
                    method,
                    f"{self._url}/{path}",
                    params=fields if method == "GET" else None,
                    # aiohttp's own form takes three times as long to encode.
                    data=urlencode(fields) if method == "POST" else None,
                    headers=self._headers,
                    timeout=TIMEOUT,
                    allow_redirects=False,
                    middlewares=(_never_repeat,) if method == "GET" else (),  # a POST it does not repeat
                ) as response:
                    return response.status, response.headers.get("Retry-After", ""), await response.read()
        except (ClientConnectorError, ConnectionTimeoutError) as error:
            raise SmsboxConnectionError(type(error).__name__) from None
        except (ClientError, TimeoutError) as error:
            raise SmsboxOutcomeUnknownError(type(error).__name__) from None

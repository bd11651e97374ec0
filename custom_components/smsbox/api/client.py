"""The client of the gateway: one method per service, and one `_request` for all of them."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Set as AbstractSet
from copy import copy
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
import json
import re
from typing import Any, Self

import aiohttp
from yarl import URL

from .cleaning import clean_message
from .errors import (
    SmsboxAuthenticationError,
    SmsboxConnectionError,
    SmsboxCreditsError,
    SmsboxOutcomeUnknownError,
    SmsboxRejectedError,
    SmsboxTryAgainLaterError,
)
from .models import (
    OTP_FAILED,
    OTP_VERIFIED,
    AcceptedMessage,
    Gender,
    Language,
    NumberLookup,
    OtpVerification,
    Response,
    integer,
    parse_balance,
    parse_number,
)

DEFAULT_URL = "https://core.smsbox.be/api/v1"

MAX_CONNECTIONS = 10
MAX_QUEUED = 60  # seconds behind others, such as those that hang
MAX_RESPONSE = 1024 * 1024  # bytes, after decompression
TIMEOUT = aiohttp.ClientTimeout(connect=5, total=10)

# Seconds from the first attempt to connect to the second and the third, or later if connecting times out.
RETRY_AFTER = (0.5, 2)

# The seconds that the gateway may ask to wait: at most about a day.
RETRY_AFTER_HEADER = re.compile(r"[1-9][0-9]{0,4}")

BUSY_STATUSES = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})
UNDERSTOOD_STATUSES = frozenset({HTTPStatus.OK, HTTPStatus.CREATED, HTTPStatus.UNAUTHORIZED})

SUCCESS = 10
SENDSMS_SUCCESS = 100
BALANCE_SUCCESS = 100
AUTHENTICATION_CODES = frozenset({4, 20, 21})
CREDITS_CODE = 60
SENDSMS_CREDITS_CODE = 10
TRY_AGAIN_LATER_CODE = 98

# A shorter text says nothing, and would be found in every error message.
SHORTEST_SECRET = 8

# Of aiohttp's errors only the names are passed on: their texts hold URLs, and with them numbers and passwords.


@dataclass(frozen=True, slots=True)
class _HttpResponse:
    """What came over the wire."""

    status: int
    retry_after: str
    body: bytes


async def _never_repeat(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Keep aiohttp from silently repeating a GET whose connection broke."""
    try:
        return await handler(request)
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise SmsboxOutcomeUnknownError(type(error).__name__) from None


class SmsboxClient:
    """One account of the gateway.

    Every method raises SmsboxConnectionError if no connection was established (after three attempts for what sends or
    costs), SmsboxAuthenticationError, SmsboxTryAgainLaterError, SmsboxRejectedError with the service's code, and
    SmsboxOutcomeUnknownError for everything else that happens after the request went out. What costs raises
    SmsboxCreditsError too. Numbers are digits with the country code, without `+`.

    `on_response` is called whenever the gateway itself answers and is not busy.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        api_key: str,
        url: str = DEFAULT_URL,
        *,
        on_response: Callable[[], None] | None = None,
    ) -> None:
        self._session = session
        self._api_key = api_key
        self._url = url.rstrip("/")
        self._on_response = on_response
        self._connections = asyncio.Semaphore(MAX_CONNECTIONS)
        self.still_wanted: Callable[[], bool] = lambda: True

    def only_while(self, still_wanted: Callable[[], bool]) -> Self:
        """Return the same client, but let what waits for a connection, or for another attempt, be called off."""
        client = copy(self)
        client.still_wanted = still_wanted
        return client

    async def balance(self) -> float:
        """Return the account's balance in credits."""
        response = await self._request("GET", "balance", {}, success={BALANCE_SUCCESS}, retry=False)
        return parse_balance(response)

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

        `long_sms` allows more than one part, `unicode` sends characters outside the GSM alphabet as they are, and
        delivery reports go to `report_url`.
        """
        options = {
            "from": sender,
            "longsms": "1" if long_sms else None,
            "unicode": "1" if unicode else None,
            "noti": report_url,
        }
        return await self._sendsms(numbers, message, options)

    async def send_tts(
        self,
        numbers: Iterable[str],
        message: str,
        *,
        language: Language,
        long_sms: bool = False,
        report_url: str | None = None,
    ) -> list[AcceptedMessage]:
        """Have a text read aloud in a call to at most 500 numbers; return the same as `send_sms`."""
        long = "1" if long_sms else None
        options = {"tts": "1", "ttslng": language.tts_code, "longsms": long, "noti": report_url}
        return await self._sendsms(numbers, message, options)

    async def _sendsms(
        self, numbers: Iterable[str], message: str, options: Mapping[str, str | None]
    ) -> list[AcceptedMessage]:
        """Send a text, or have it read aloud."""
        response = await self._request(
            "POST",
            "sendsms",
            {"numbers": ",".join(numbers), "message": message, **options},
            success={SENDSMS_SUCCESS},
            credits_code=SENDSMS_CREDITS_CODE,
        )
        return AcceptedMessage.list_from_response(response)

    async def send_voice(
        self, number: str, message: str, *, language: Language, gender: Gender, send_at: datetime | None = None
    ) -> None:
        """Call a number and say the message, now or at an aware time; no report follows."""
        fields = {
            "number": number,
            "message": message,
            "lang": language.voice_code,
            "gender": gender.code,
            "send_at": f"{send_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" if send_at else None,
        }
        await self._request("POST", "voice/send", fields, success={SUCCESS})

    async def send_otp(self, number: str, text: str | None = None) -> str:
        """Send a one-time password, in a text with `{OTP}` or in the gateway's; return the number to refer to."""
        response = await self._request("POST", "otp/send", {"number": number, "text": text}, success={SUCCESS})
        return parse_number(response)

    async def verify_otp(self, otp: str, number: str | None = None) -> OtpVerification:
        """Check a one-time password, which uses it up."""
        fields = {"otp": otp, "number": number}
        response = await self._request("GET", "otp/verify", fields, success={OTP_VERIFIED, *OTP_FAILED})
        return OtpVerification.from_response(response)

    async def lookup_number(self, number: str) -> NumberLookup:
        """Look a number up in the home location register; costs 0.25 credit."""
        response = await self._request("GET", "hlr", {"number": number}, success={SUCCESS})
        return NumberLookup.from_response(response)

    async def _request(
        self,
        method: str,
        path: str,
        fields: Mapping[str, str | None],
        *,
        success: AbstractSet[int],
        credits_code: int = CREDITS_CODE,
        retry: bool = True,
    ) -> Response:
        """Send a request; return the response if its code means success."""
        given = {key: value for key, value in fields.items() if value is not None}
        http = await self._send_with_retry(method, path, given, RETRY_AFTER if retry else ())
        response, code = _parse(http)
        if self._on_response and code != TRY_AGAIN_LATER_CODE:
            self._on_response()
        if http.status == HTTPStatus.UNAUTHORIZED or code in AUTHENTICATION_CODES:
            raise SmsboxAuthenticationError
        if code in success:
            return response
        if code in {CREDITS_CODE, credits_code}:
            raise SmsboxCreditsError
        if code == TRY_AGAIN_LATER_CODE:
            raise SmsboxTryAgainLaterError
        message = response.get("message")
        texts = (given.get("message", ""), given.get("text", ""))
        secrets = (self._api_key, given.get("noti", ""), *(text for text in texts if len(text) >= SHORTEST_SECRET))
        raise SmsboxRejectedError(code, clean_message(message, secrets) if isinstance(message, str) else "")

    async def _send_with_retry(
        self, method: str, path: str, fields: Mapping[str, str], retries: Iterable[float]
    ) -> _HttpResponse:
        """Send a request; try again only while no connection is established."""
        loop = asyncio.get_running_loop()
        start = loop.time()
        for retry_after in retries:
            try:
                return await self._send_once(method, path, fields)
            except SmsboxConnectionError:
                await asyncio.sleep(start + retry_after - loop.time())
        return await self._send_once(method, path, fields)

    async def _send_once(self, method: str, path: str, fields: Mapping[str, str]) -> _HttpResponse:
        """Send a request once."""
        loop = asyncio.get_running_loop()
        queued = loop.time()
        try:
            async with self._connections:
                if loop.time() - queued > MAX_QUEUED:
                    raise SmsboxTryAgainLaterError
                if not self.still_wanted():
                    raise SmsboxConnectionError("called off")
                async with self._session.request(
                    method,
                    f"{self._url}/{path}",
                    params=fields if method == "GET" else None,
                    # yarl encodes a form in a third of the time that urlencode takes, which aiohttp uses.
                    data=URL.build(query=fields).raw_query_string if method == "POST" else None,
                    headers={"X-Api-Key": self._api_key, "Content-Type": "application/x-www-form-urlencoded"},
                    timeout=TIMEOUT,
                    allow_redirects=False,
                    middlewares=(_never_repeat,) if method == "GET" else (),  # aiohttp does not repeat a POST
                ) as response:
                    return _HttpResponse(
                        response.status, response.headers.get("Retry-After", ""), await _read_body(response)
                    )
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise SmsboxConnectionError(type(error).__name__) from None
        except (aiohttp.ClientError, TimeoutError) as error:
            raise SmsboxOutcomeUnknownError(type(error).__name__) from None


async def _read_body(response: aiohttp.ClientResponse) -> bytes:
    """Return the body of a response; raise SmsboxOutcomeUnknownError if it is too long."""
    body = bytearray()
    while chunk := await response.content.readany():
        body += chunk
        if len(body) > MAX_RESPONSE:
            response.close()
            raise SmsboxOutcomeUnknownError("response too long")
    return bytes(body)


def _parse(http: _HttpResponse) -> tuple[Response, int]:
    """Return the gateway's JSON and the code in it."""
    if http.status in BUSY_STATUSES:
        asked = RETRY_AFTER_HEADER.fullmatch(http.retry_after)
        raise SmsboxTryAgainLaterError(int(asked[0]) if asked else None)
    if http.status not in UNDERSTOOD_STATUSES:
        raise SmsboxOutcomeUnknownError(f"HTTP status {http.status}")
    try:
        response: Any = json.loads(http.body)
        return response, integer(response["code"])
    except KeyError, TypeError, ValueError, RecursionError:
        if http.status == HTTPStatus.UNAUTHORIZED:
            raise SmsboxAuthenticationError from None
        # The response may hold numbers and passwords: it is not carried along.
        raise SmsboxOutcomeUnknownError("malformed response") from None

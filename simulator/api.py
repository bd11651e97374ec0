"""The services of the gateway, as `/api/v1` has them."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
import math
import re
import secrets
from typing import Any
from urllib.parse import parse_qsl, unquote_plus

from aiohttp import web

from .alphabet import GSM7, SPEECH, UNICODE, to_gsm7
from .delivery import STATUSES, Delivery
from .state import Gateway, Kind, Message, Service

MAX_NUMBERS = 500
MAX_SENDER_DIGITS = 16
MAX_SENDER = 11
VOICE_CHARACTERS = 160
HLR_COST = Decimal("0.25")
KEY_CODES = frozenset({4, 20, 21})
UNREACHABLE = ("13", "14", "20")
TTS_LANGUAGES = {"0": "NL", "1": "EN", "2": "FR"}
OTP_TEXT = "Your one-time password is {OTP}"

_NUMBER = re.compile("[1-9][0-9]{7,14}")
_SENDER = re.compile("[A-Za-z0-9]+")
_ENCODED = re.compile(r"(?:[A-Za-z0-9_.+-]|%[0-9A-F]{2})+")

type Fields = dict[str, str]
type Response = dict[str, Any]


class RefusedError(Exception):
    """A request that is refused, with the gateway's code and error message."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.response: Response = {"code": code, "message": message}
        self.status = 401 if code in KEY_CODES else 200


class Api:
    """The services: each takes the parameters, from form and query alike, and returns its JSON response."""

    def __init__(self, gateway: Gateway, delivery: Delivery) -> None:
        self._gateway = gateway
        self._delivery = delivery
        self._services: dict[str, tuple[Service, Callable[[Fields], Response]]] = {
            "auth": (Service.AUTH, self._auth),
            "balance": (Service.BALANCE, self._balance),
            "sendsms": (Service.SENDSMS, self._send_sms),
            "voice/send": (Service.VOICE, self._send_voice),
            "hlr": (Service.HLR, self._hlr),
        }
        for path in "otp", "otp2":  # the owner's PHP client has moved to the second, which is not documented
            self._services[f"{path}/send"] = (Service.OTP_SEND, self._send_otp)
            self._services[f"{path}/verify"] = (Service.OTP_VERIFY, self._verify_otp)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Handle a request, or inject the fault that was requested for it."""
        path = request.match_info["path"]
        if path not in self._services:
            raise web.HTTPNotFound
        service, handler = self._services[path]
        # From the body of a GET too: that is how the documentation's own example verifies a one-time password.
        form = (await request.read()).decode(errors="replace")
        fields = dict(parse_qsl(f"{request.rel_url.raw_query_string}&{form}"))
        if service is Service.SENDSMS and fields.get("tts") == "1":
            service = Service.TTS
        # The owner's PHP client encodes values before the form is encoded, but for voice. It names no user agent.
        if "User-Agent" not in request.headers and service is not Service.VOICE:
            fields = {key: unquote_plus(v) if _ENCODED.fullmatch(v) else v for key, v in fields.items()}
        self._gateway.requests[service] += 1
        key = request.headers.get("X-Api-Key") or fields.get("apikey")
        apply = partial(self._apply, service, handler, key, fields)
        if fault := self._gateway.next_fault(service):
            return await fault.inject(request, apply, self._gateway.closing)
        return apply()

    def _apply(
        self, service: Service, handler: Callable[[Fields], Response], key: str | None, fields: Fields
    ) -> web.Response:
        """Check the key, then do what the request asks for."""
        try:
            self._check_key(service, key)
            return web.json_response(handler(fields))
        except RefusedError as error:
            return web.json_response(error.response, status=error.status)

    def _check_key(self, service: Service, key: str | None) -> None:
        """Refuse a key that is missing or wrong."""
        if key in self._gateway.keys:
            return
        if service in (Service.BALANCE, Service.SENDSMS, Service.TTS):
            raise RefusedError(4, "Apikey not allowed")
        raise RefusedError(21, "Apikey not allowed") if key else RefusedError(20, "Apikey not provided")

    def _charge(self, cost: Decimal | int, refused: RefusedError) -> None:
        """Deduct the cost from the balance."""
        if cost > self._gateway.balance:
            raise refused
        self._gateway.balance -= cost
        self._gateway.notify()

    def _auth(self, fields: Fields) -> Response:
        """Confirm the key."""
        return {"code": 10, "message": "Apikey allowed"}

    def _balance(self, fields: Fields) -> Response:
        """Return the balance."""
        return {"code": 100, "message": f"{self._gateway.balance:.2f}"}

    def _send_sms(self, fields: Fields) -> Response:
        """Send an SMS, or call and read it aloud; invalid numbers have no element in the response."""
        numbers = [number.strip() for number in fields.get("numbers", "").split(",") if number.strip()]
        valid = [number for number in numbers if _NUMBER.fullmatch(number)]
        text, sender = fields.get("message", ""), fields.get("from")
        speak, unicode = fields.get("tts") == "1", fields.get("unicode") == "1"
        if not numbers:
            raise RefusedError(8, "No number")
        if not text.strip():
            raise RefusedError(6, "No message")
        if len(numbers) > MAX_NUMBERS:
            raise RefusedError(11, "Max 500 number allowed")
        if not valid:
            raise RefusedError(5, "No prefix") if numbers[0].startswith("0") else RefusedError(9, "No valid number")
        if sender:
            _check_sender(sender)
        alphabet = SPEECH if speak else UNICODE if unicode else GSM7
        length, parts = alphabet.measure(text)
        if length > (alphabet.longest if fields.get("longsms") == "1" else alphabet.single):
            raise RefusedError(7, "Max char reached")
        self._charge(parts * len(valid), RefusedError(10, "Not enough credits"))
        accepted = []
        for number in valid:
            message = Message(
                kind=Kind.TTS if speak else Kind.SMS,
                number=number,
                text=to_gsm7(text) if alphabet is GSM7 else text,
                parts=parts,
                status=STATUSES["10"],
                msgid=next(self._gateway.msgids),
                sender=sender,
                language=TTS_LANGUAGES.get(fields.get("ttslng", ""), "NL") if speak else None,
                unicode=alphabet is UNICODE,
                noti=fields.get("noti"),
            )
            self._delivery.start(message)
            accepted.append({"number": number, "msgid": message.msgid})
        return {"code": 100, "message": accepted}

    def _send_voice(self, fields: Fields) -> Response:
        """Call and read a text aloud, now or later."""
        number, text = fields.get("number", ""), fields.get("message", "")
        if not number:
            raise RefusedError(30, "Number not provided")
        if not _NUMBER.fullmatch(number):
            raise RefusedError(31, "Number invalid")
        if not text.strip():
            raise RefusedError(40, "Message not provided")
        parts = math.ceil(len(text) / VOICE_CHARACTERS)
        self._charge(parts, RefusedError(60, "Credits low"))
        send_at = _later(fields.get("send_at", ""))
        language, gender = fields.get("lang", "").upper(), fields.get("gender", "").upper()
        message = Message(
            kind=Kind.VOICE,
            number=number,
            text=text,
            parts=parts,
            status="scheduled" if send_at else "called",
            language=language if language in TTS_LANGUAGES.values() else "NL",
            gender="F" if gender == "F" else "M",
            send_at=send_at,
        )
        self._delivery.start(message)
        # The owner's PHP client needs the time.
        time = f"{send_at or message.received_at:%Y-%m-%dT%H:%M:%SZ}"
        return {"code": 10, "message": "Voice is sent", "number": number, "datetime": time}

    def _send_otp(self, fields: Fields) -> Response:
        """Send a one-time password, which replaces an earlier one."""
        # An e-mail address is what the owner's PHP client can send instead.
        number = fields.get("number") or fields.get("email", "")
        text = fields.get("text", "")
        if not number:
            raise RefusedError(41, "Number not provided")
        if "," in number:
            raise RefusedError(42, "Only one number allowed")
        if not _NUMBER.fullmatch(number) and "@" not in number:
            raise RefusedError(40, "Number verification failed")
        otp = f"{secrets.randbelow(10**6):06}"
        text = to_gsm7((text if "{OTP}" in text else OTP_TEXT).replace("{OTP}", otp))
        _, parts = GSM7.measure(text)
        self._charge(parts, RefusedError(60, "Credits to low"))
        self._gateway.otps[number] = otp
        self._delivery.start(
            Message(kind=Kind.OTP, number=number, text=text, parts=parts, status=STATUSES["10"], otp=otp)
        )
        return {"code": 10, "message": "Code has been sent", "number": number}

    def _verify_otp(self, fields: Fields) -> Response:
        """Check a one-time password, which uses it up."""
        otp, number = fields.get("otp", ""), fields.get("number")
        if not otp:
            raise RefusedError(50, "OTP not provided")
        if number and number not in self._gateway.otps:
            raise RefusedError(40, "Number verification failed")
        for sent_to, sent in self._gateway.otps.items():
            if sent == otp and number in (None, sent_to):
                del self._gateway.otps[sent_to]
                return {"code": 11, "message": "Number is verified", "number": sent_to}
        raise RefusedError(51, "OTP not correct")

    def _hlr(self, fields: Fields) -> Response:
        """Look up a number; one with the ending of a failed delivery cannot be reached."""
        number = fields.get("number", "")
        if not number:
            raise RefusedError(30, "Number not provided")
        if not _NUMBER.fullmatch(number):
            raise RefusedError(40, "Lookup failed")
        self._charge(HLR_COST, RefusedError(60, "Credits low"))
        network = {"verified": True, "timezone": "Europe/Brussels", "location": "Belgium"}
        live = not number.endswith(UNREACHABLE)
        return {
            "code": 10,
            "message": {
                # spelled that way by the gateway
                "issueing_info": network | {"network_name": "Orange", "country_code": 32, "area": "Belgium"},
                "home_info": network | {"network_name": "Proximus", "country_code": 32, "area": "Belgium"},
                "type": "Mobile",
                "msisdn": number,
                "error_code": 0 if live else 1,
                "error_text": "Live" if live else "Unknown subscriber",
                "status": "Delivered" if live else "Undelivered",
                "mccmnc": "20601",
                "is_ported": True,
                "is_roaming": False,
            },
            "number": number,
        }


def _check_sender(sender: str) -> None:
    """Refuse a sender that is too long, or neither a number nor letters and digits."""
    if len(sender) > (MAX_SENDER_DIGITS if sender.isdecimal() else MAX_SENDER):
        raise RefusedError(13, "Sender too long")
    if not _SENDER.fullmatch(sender):
        raise RefusedError(1, "Sender not ok")


def _later(send_at: str) -> datetime | None:
    """Return a time in the future; anything else means now."""
    try:
        time = datetime.fromisoformat(send_at)
        time = time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
    except ValueError, OverflowError:
        return None
    return time if time > datetime.now(UTC) else None

"""Test what the client puts on the wire and what it reads from it."""

from collections.abc import Awaitable, Callable, Generator
from contextlib import suppress
from datetime import datetime, timedelta, timezone
import time
from typing import Any
from urllib.parse import parse_qsl, quote

from aiohttp import ClientSession
import pytest

from custom_components.smsbox.api import (
    DEFAULT_URL,
    AcceptedMessage,
    Gender,
    Language,
    Network,
    NumberLookup,
    OtpVerification,
    SmsboxAuthenticationError,
    SmsboxClient,
    SmsboxCreditsError,
    SmsboxError,
    SmsboxOutcomeUnknownError,
    SmsboxRejectedError,
    SmsboxTryAgainLaterError,
)

from .conftest import API_KEY, Wire

MUM = "32496123456"
DAD = "32479123456"
ACCEPTED = {"code": 100, "message": [{"number": MUM, "msgid": 15547355}]}
NETWORK = {
    "verified": True,
    "timezone": "Europe/Brussels",
    "location": "Belgium",
    "network_name": "Orange",
    "country_code": 32,
    "area": "Belgium",
}
LOOKUP = {
    "issueing_info": NETWORK,
    "home_info": NETWORK | {"network_name": "Proximus"},
    "type": "Mobile",
    "msisdn": "32498765432",
    "error_code": 0,
    "error_text": "Live",
    "status": "Delivered",
    "mccmnc": "20601",
    "is_ported": True,
    "is_roaming": False,
}

type Call = Callable[[SmsboxClient], Awaitable[Any]]

CALLS: dict[str, Call] = {
    "balance": lambda client: client.balance(),
    "sms": lambda client: client.send_sms([MUM], "Hello"),
    "tts": lambda client: client.send_tts([MUM], "Hello", language=Language.NL),
    "voice": lambda client: client.send_voice(MUM, "Hello", language=Language.NL, gender=Gender.MALE),
    "otp send": lambda client: client.send_otp(MUM),
    "otp verify": lambda client: client.verify_otp("4711"),
    "hlr": lambda client: client.lookup_number(MUM),
}
GOOD_ANSWERS: dict[str, dict[str, Any]] = {
    "balance": {"code": 100, "message": "1630.38"},
    "sms": ACCEPTED,
    "tts": ACCEPTED,
    "voice": {"code": 10, "message": "Voice is sent", "number": MUM},
    "otp send": {"code": 10, "message": "Code has been sent", "number": MUM},
    "otp verify": {"code": 11, "message": "Number is verified", "number": MUM},
    "hlr": {"code": 10, "message": LOOKUP, "number": "32498765432"},
}


def shortened(value: object) -> str:
    """Return the name of a parameter in the test's."""
    return repr(value)[:30]


@pytest.fixture
def _tokyo(monkeypatch: pytest.MonkeyPatch) -> Generator[None]:
    """Be far from UTC."""
    with monkeypatch.context() as context:
        context.setenv("TZ", "Asia/Tokyo")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("_tokyo")
@pytest.mark.parametrize(
    ("call", "answer", "method", "path", "fields"),
    [
        (CALLS["balance"], GOOD_ANSWERS["balance"], "GET", "balance", []),
        (CALLS["sms"], ACCEPTED, "POST", "sendsms", [("numbers", MUM), ("message", "Hello")]),
        (
            lambda client: client.send_sms(
                iter([MUM, DAD]),
                "50% € & = + ?\n{~} é ж",
                sender="Home",
                long_sms=True,
                unicode=True,
                report_url="https://example.org/api/webhook/0?a=1&b",
            ),
            ACCEPTED,
            "POST",
            "sendsms",
            [
                ("numbers", f"{MUM},{DAD}"),
                ("message", "50% € & = + ?\n{~} é ж"),
                ("from", "Home"),
                ("longsms", "1"),
                ("unicode", "1"),
                ("noti", "https://example.org/api/webhook/0?a=1&b"),
            ],
        ),
        *(
            (
                lambda client, language=language: client.send_tts([MUM], "Hello", language=language),
                ACCEPTED,
                "POST",
                "sendsms",
                [("numbers", MUM), ("message", "Hello"), ("tts", "1"), ("ttslng", code)],
            )
            for language, code in ((Language.NL, "0"), (Language.EN, "1"), (Language.FR, "2"))
        ),
        (
            lambda client: client.send_tts(
                [MUM, DAD], "Hello", language=Language.EN, long_sms=True, report_url="https://example.org"
            ),
            ACCEPTED,
            "POST",
            "sendsms",
            [
                ("numbers", f"{MUM},{DAD}"),
                ("message", "Hello"),
                ("tts", "1"),
                ("ttslng", "1"),
                ("longsms", "1"),
                ("noti", "https://example.org"),
            ],
        ),
        *(
            (
                lambda client, language=language, gender=gender: client.send_voice(
                    MUM, "Hello", language=language, gender=gender
                ),
                GOOD_ANSWERS["voice"],
                "POST",
                "voice/send",
                [("number", MUM), ("message", "Hello"), ("lang", lang), ("gender", letter)],
            )
            for language, lang, gender, letter in (
                (Language.NL, "NL", Gender.MALE, "M"),
                (Language.EN, "EN", Gender.FEMALE, "F"),
                (Language.FR, "FR", Gender.MALE, "M"),
            )
        ),
        (
            lambda client: client.send_voice(
                MUM,
                "Hello",
                language=Language.NL,
                gender=Gender.MALE,
                send_at=datetime(2021, 3, 7, 14, 13, 19, 5, timezone(timedelta(hours=1))),
            ),
            GOOD_ANSWERS["voice"],
            "POST",
            "voice/send",
            [
                ("number", MUM),
                ("message", "Hello"),
                ("lang", "NL"),
                ("gender", "M"),
                ("send_at", "2021-03-07T13:13:19Z"),
            ],
        ),
        (CALLS["otp send"], GOOD_ANSWERS["otp send"], "POST", "otp/send", [("number", MUM)]),
        (
            lambda client: client.send_otp(MUM, "Your code: {OTP}"),
            GOOD_ANSWERS["otp send"],
            "POST",
            "otp/send",
            [("number", MUM), ("text", "Your code: {OTP}")],
        ),
        (CALLS["otp verify"], GOOD_ANSWERS["otp verify"], "GET", "otp/verify", [("otp", "4711")]),
        (
            lambda client: client.verify_otp("4 7+1&1=%#é", MUM),
            GOOD_ANSWERS["otp verify"],
            "GET",
            "otp/verify",
            [("otp", "4 7+1&1=%#é"), ("number", MUM)],
        ),
        (CALLS["hlr"], GOOD_ANSWERS["hlr"], "GET", "hlr", [("number", MUM)]),
    ],
)
async def test_wire_form(
    client: SmsboxClient, wire: Wire, call: Call, answer: Any, method: str, path: str, fields: list[tuple[str, str]]
) -> None:
    """Every service gets one request, in its form, with the key in the header only."""
    wire.answer = answer
    await call(client)
    [request] = wire.requests
    assert (request.method, request.path) == (method, f"/api/v1/{path}")
    form = request.query if method == "GET" else request.body
    assert parse_qsl(form, keep_blank_values=True, strict_parsing=bool(form)) == fields
    assert (request.body if method == "GET" else request.query) == ""
    assert request.headers["X-Api-Key"] == API_KEY
    assert API_KEY not in request.query + request.body
    assert "%2C" not in form
    if method == "POST":
        assert request.headers["Content-Type"] == "application/x-www-form-urlencoded"


def test_default_url() -> None:
    """The gateway is spoken to in an encrypted way."""
    assert DEFAULT_URL == "https://core.smsbox.be/api/v1"


@pytest.mark.parametrize("code", [100, "100"])
@pytest.mark.parametrize("balance", ["1630.38", 1630.38])
async def test_balance(client: SmsboxClient, wire: Wire, code: int | str, balance: float | str) -> None:
    """The balance is read from a string or a number."""
    wire.answer = {"code": code, "message": balance}
    assert await client.balance() == 1630.38


@pytest.mark.parametrize("status", [200, 201])
@pytest.mark.parametrize(
    ("elements", "accepted"),
    [
        ([{"number": MUM, "msgid": 15547355}], [AcceptedMessage(MUM, 15547355)]),
        ([{"number": int(MUM), "msgid": "15547355"}], [AcceptedMessage(MUM, 15547355)]),
        ([{"number": f"+{MUM}", "msgid": None}], [AcceptedMessage(MUM, None)]),
        ([{"number": MUM}], [AcceptedMessage(MUM, None)]),
        (
            [{"number": DAD, "msgid": 2}, {"number": MUM, "msgid": 1}],
            [AcceptedMessage(DAD, 2), AcceptedMessage(MUM, 1)],
        ),
        ([], []),
    ],
)
@pytest.mark.parametrize("call", ["sms", "tts"])
async def test_accepted(
    client: SmsboxClient, wire: Wire, call: str, elements: list[Any], accepted: list[AcceptedMessage], status: int
) -> None:
    """Accepted messages are read in each form they are seen in."""
    wire.status = status
    wire.answer = {"code": 100, "message": elements}
    assert await CALLS[call](client) == accepted


async def test_voice(client: SmsboxClient, wire: Wire) -> None:
    """An accepted call returns nothing, whatever the response adds."""
    wire.answer = {"code": "10", "message": "Voice is sent", "datetime": "2021-03-07T13:13:19Z"}
    assert await CALLS["voice"](client) is None


@pytest.mark.parametrize("number", ["32470000000", 32470000000])
async def test_send_otp(client: SmsboxClient, wire: Wire, number: int | str) -> None:
    """The number to refer to is the one in the response."""
    wire.answer = {"code": "10", "message": "Code has been sent", "number": number}
    assert await client.send_otp(MUM) == "32470000000"


@pytest.mark.parametrize(
    ("answer", "verification"),
    [
        ({"code": 11, "number": MUM}, OtpVerification(verified=True, number=MUM, code=11)),
        ({"code": "11", "number": int(MUM)}, OtpVerification(verified=True, number=MUM, code=11)),
        ({"code": 40}, OtpVerification(verified=False, number=None, code=40)),
        ({"code": 51, "number": ""}, OtpVerification(verified=False, number=None, code=51)),
        ({"code": "51", "number": None}, OtpVerification(verified=False, number=None, code=51)),
    ],
)
async def test_verify_otp(client: SmsboxClient, wire: Wire, answer: Any, verification: OtpVerification) -> None:
    """A wrong password is a result, not an error."""
    wire.answer = answer
    assert await client.verify_otp("4711") == verification


async def test_lookup_number(client: SmsboxClient, wire: Wire) -> None:
    """Everything that the gateway knows about a number is there."""
    wire.answer = GOOD_ANSWERS["hlr"]
    assert await client.lookup_number(MUM) == NumberLookup(
        number="32498765432",
        reachable=True,
        status="Delivered",
        error_code=0,
        error_text="Live",
        type="Mobile",
        mccmnc="20601",
        ported=True,
        roaming=False,
        issuing_network=Network("Orange", 32, "Belgium", "Europe/Brussels", verified=True),
        home_network=Network("Proximus", 32, "Belgium", "Europe/Brussels", verified=True),
    )


REFUSED_KEY = {4: "Apikey not allowed", 20: "API key not provided", 21: "API key not allowed"}
REJECTIONS = {
    "balance": {10: "Not enough credits", 77: "What nobody has seen"},
    "sms": {
        1: "Sender not ok",
        5: "No prefix",
        6: "No message",
        7: "Max char reached",
        8: "No number",
        9: "No valid number",
        11: "Max 500 number allowed",
        13: "Sender too long",
        77: "What nobody has seen",
    },
    "voice": {
        30: "Number not provided",
        31: "Number invalid",
        40: "Message not provided",
        50: "Send voice failed",
        100: "What means success elsewhere",
    },
    "otp send": {
        11: "Number is already verified",
        30: "Number not provided",
        40: "Number verification failed",
        41: "Number not provided",
        42: "Only one number allowed",
        50: "OTP not provided",
        51: "OTP not correct",
        90: "Custom error",
        99: "Unknown status, contact support",
    },
    "otp verify": {10: "Code has been sent", 41: "Number not provided", 50: "OTP not provided", 90: "", 99: ""},
    "hlr": {30: "Number not provided", 40: "Lookup failed", 100: "What means success elsewhere"},
}
REJECTIONS["tts"] = REJECTIONS["sms"]


@pytest.mark.parametrize("as_text", [False, True])
@pytest.mark.parametrize(
    ("call", "code", "message", "error"),
    [
        *((call, code, message, SmsboxAuthenticationError) for call in CALLS for code, message in REFUSED_KEY.items()),
        *((call, 60, "Credits too low", SmsboxCreditsError) for call in CALLS),
        *((call, 10, "Not enough credits", SmsboxCreditsError) for call in ("sms", "tts")),
        *((call, 98, "Try again later", SmsboxTryAgainLaterError) for call in CALLS),
        *(
            (call, code, message, SmsboxRejectedError)
            for call, rejections in REJECTIONS.items()
            for code, message in rejections.items()
        ),
    ],
)
async def test_error_codes(
    client: SmsboxClient, wire: Wire, call: str, code: int, message: str, error: type[SmsboxError], *, as_text: bool
) -> None:
    """Every code of every service has its error, as a number and as digits with a leading zero."""
    wire.answer = {"code": f"{code:02}" if as_text else code, "message": message}
    with pytest.raises(error) as raised:
        await CALLS[call](client)
    assert raised.type is error
    if isinstance(raised.value, SmsboxRejectedError):
        assert (raised.value.code, raised.value.message) == (code, message)
        assert str(raised.value) == f"{message} ({code})"
    if isinstance(raised.value, SmsboxTryAgainLaterError):
        assert raised.value.retry_after is None
        assert str(raised.value) == "try again later"
    assert len(wire.requests) == 1


HOOK = "https://example.org:8123/api/webhook/0a1b2c3d4e5f6a7b?ref=Zm9vYmFy"


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        (None, ""),
        ([{"number": MUM}], ""),
        ("", ""),
        # numbers
        (f"Number +{MUM} of 12345 is not valid", "Number ***456 of ***345 is not valid"),
        ("Max 500 number, code 123456", "Max 500 number, code ***456"),
        ("To 0496 12 34 56 and (0471)12.34-57.", "To ***456 and (***457."),
        (f"{MUM},{DAD};{MUM}", "***456,***456;***456"),
        ("0496\u200b12\u202034\u00a056", "***456"),
        ("0496\u201112\u201034 56, \uff10\uff14\uff19\uff16", "***456, ***\uff14\uff19\uff16"),
        ("number%3D0496%20123%20456", "number=***456"),
        ("x" * 198 + MUM, "x" * 198 + "**"),
        # one line of what can be shown
        ("No\r\n2026-13 ERROR\tforged\x85line\u2028end\x00\x1b[31m", "No ***613 ERROR forged line end[31m"),
        ("a\ud800b\udfffc\u202ed", "abcd"),
        ("No%0AERROR", "No ERROR"),
        ("w\u0061 " * 25_000, ("wa " * 67)[:200]),
        # the key, also in capitals, encoded, cut off or wrapped
        (f"Key {API_KEY} is new", "Key *** is new"),
        (f"Key {API_KEY.upper()} is new", "Key *** is new"),
        (f"Key {API_KEY[:12]}... is new", "Key ***... is new"),
        (f"Key ...{API_KEY[5:]} is new", "Key ...*** is new"),
        (f"{API_KEY[:10]}\n{API_KEY[10:]}", "*** ***"),
        ("".join(f"%{ord(letter):02x}" for letter in API_KEY), "***"),
        ("".join(f"%25{ord(letter):02X}" for letter in API_KEY), "***"),
        ("a-key-t? What nobody has seen: 100% off", "a-key-t? What nobody has seen: 100% off"),
        # the report URL
        (f"Bad noti {HOOK}", "Bad noti ***"),
        (f"Bad noti {quote(HOOK, safe='')}, sorry", "Bad noti ***, sorry"),
        (f"Bad noti {HOOK[8:40]}", "Bad noti ***"),
        ("Bad path /api/webhook/0a1b2c3d4e5f6a7b", "Bad path ***"),
        ("Bad id 0A1B2C3D4E5F6A7B", "Bad id ***"),
    ],
    ids=shortened,
)
async def test_rejection_message_is_cleaned(client: SmsboxClient, wire: Wire, message: Any, shown: str) -> None:
    """An error message is one short line, with neither numbers nor secrets."""
    wire.answer = {"code": 77, "message": message}
    with pytest.raises(SmsboxRejectedError) as raised:
        await client.send_sms([MUM], "Hello", report_url=HOOK)
    assert (raised.value.code, raised.value.message) == (77, shown)


async def test_rejection_without_message(client: SmsboxClient, wire: Wire) -> None:
    """A rejection may come without a message, and a request without a report URL."""
    wire.answer = {"code": 77}
    with pytest.raises(SmsboxRejectedError) as raised:
        await CALLS["otp send"](client)
    assert raised.value.message == ""


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(
    ("status", "error"),
    [
        (202, SmsboxOutcomeUnknownError),
        (204, SmsboxOutcomeUnknownError),
        (302, SmsboxOutcomeUnknownError),
        (400, SmsboxOutcomeUnknownError),
        (401, SmsboxAuthenticationError),
        (403, SmsboxOutcomeUnknownError),
        (404, SmsboxOutcomeUnknownError),
        (429, SmsboxTryAgainLaterError),
        (500, SmsboxOutcomeUnknownError),
        (502, SmsboxOutcomeUnknownError),
        (503, SmsboxTryAgainLaterError),
    ],
)
async def test_http_status(client: SmsboxClient, wire: Wire, call: str, status: int, error: type[SmsboxError]) -> None:
    """An HTTP status other than 200 and 201 is an error, whatever the body says."""
    wire.status = status
    wire.answer = GOOD_ANSWERS[call]
    with pytest.raises(error) as raised:
        await CALLS[call](client)
    assert len(wire.requests) == 1
    if error is SmsboxOutcomeUnknownError:
        assert str(raised.value) == f"HTTP status {status}"


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("header", "retry_after"),
    [
        ("120", 120),
        ("99999", 99999),
        ("0", None),
        ("", None),
        ("-5", None),
        ("1.5", None),
        ("٣", None),
        ("9" * 5000, None),
        ("Wed, 25 Nov 2026 07:28:00 GMT", None),
    ],
    ids=shortened,
)
async def test_retry_after(client: SmsboxClient, wire: Wire, status: int, header: str, retry_after: int | None) -> None:
    """The time that the gateway asks to wait is passed on if it is one."""
    wire.status, wire.headers = status, {"Retry-After": header}
    with pytest.raises(SmsboxTryAgainLaterError) as raised:
        await client.balance()
    assert raised.value.retry_after == retry_after


NO_CODES: list[Any] = [None, True, 1.5, "", "ten", "1 0", "-4", "٤", [], {}, "9" * 5000]
NO_BALANCES: list[Any] = ["lots", "", "nan", "inf", None, True, [], {}, [1.5]]
NO_LOOKUPS: list[Any] = [None, [], "Live", {}, [LOOKUP]]
NO_LISTS_OF_ACCEPTED: list[Any] = [
    None,
    "accepted",
    {},
    {"number": MUM, "msgid": 1},
    [MUM],
    [{"msgid": 1}],
    [{"number": None, "msgid": 1}],
    [{"number": "Mum", "msgid": 1}],
    [{"number": MUM, "msgid": "one"}],
    [{"number": MUM, "msgid": 1.5}],
    [{"number": MUM, "msgid": 2**63}],
]


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"<html>Under maintenance</html>",
        b'{"code": 100, "mess',
        b"\xff\xfe\xfd",
        b"[" * 100_000,
        None,
        [],
        "100",
        100,
        {},
        {"message": "1630.38"},
        *({"code": code, "message": "1"} for code in NO_CODES),
    ],
    ids=shortened,
)
async def test_malformed_response(client: SmsboxClient, wire: Wire, call: str, answer: Any) -> None:
    """A response without a code leaves the outcome of the request unknown."""
    wire.answer = answer
    with pytest.raises(SmsboxOutcomeUnknownError, match=r"^malformed response$"):
        await CALLS[call](client)
    assert len(wire.requests) == 1


@pytest.mark.parametrize(
    ("call", "answer"),
    [
        *(("balance", {"code": 100, "message": message}) for message in NO_BALANCES),
        ("balance", {"code": 100}),
        *((call, {"code": 100, "message": message}) for call in ("sms", "tts") for message in NO_LISTS_OF_ACCEPTED),
        ("sms", {"code": 100}),
        ("otp send", {"code": 10}),
        ("otp send", {"code": 10, "number": "Mum"}),
        ("otp verify", {"code": 11, "number": "Mum"}),
        ("otp verify", {"code": 11, "number": [MUM]}),
        ("hlr", {"code": 10}),
        *(("hlr", {"code": 10, "message": message, "number": MUM}) for message in NO_LOOKUPS),
        ("hlr", {"code": 10, "message": LOOKUP | {"msisdn": None}}),
        ("hlr", {"code": 10, "message": LOOKUP | {"error_code": "none"}}),
        ("hlr", {"code": 10, "message": LOOKUP | {"home_info": "Proximus"}}),
    ],
)
async def test_malformed_success(client: SmsboxClient, wire: Wire, call: str, answer: Any) -> None:
    """A success that is malformed leaves the outcome of the request unknown."""
    wire.answer = answer
    with pytest.raises(SmsboxOutcomeUnknownError, match=r"^malformed response$") as raised:
        await CALLS[call](client)
    assert raised.value.__suppress_context__


def busy(call: str) -> list[tuple[int, Any]]:
    """Return what is no response of the gateway itself, or says that it is busy."""
    return [
        (200, {"code": 98, "message": "Try again later"}),
        (200, b"<html>Log in to this network</html>"),
        (200, {"message": "no code"}),
        (401, b"proxy"),
        (403, {"code": 403}),
        (429, GOOD_ANSWERS[call]),
        (500, {"code": 99}),
        (502, b"Bad gateway"),
        (503, GOOD_ANSWERS[call]),
    ]


@pytest.mark.parametrize("call", CALLS)
async def test_on_response(session: ClientSession, wire_url: str, wire: Wire, call: str) -> None:
    """The callback tells when the gateway itself responds, with good news or bad, unless it is busy."""
    heard: list[None] = []
    client = SmsboxClient(session, API_KEY, wire_url, on_response=lambda: heard.append(None))
    for status, answer in (
        (200, GOOD_ANSWERS[call]),
        (201, {"code": 4, "message": "Apikey not allowed"}),
        (401, {"code": "20"}),
        (200, {"code": 60}),
        (200, {"code": 77, "message": "Whatever"}),
        (200, {"code": GOOD_ANSWERS[call]["code"], "message": True}),
    ):
        wire.status, wire.answer = status, answer
        with suppress(SmsboxError):
            await CALLS[call](client)
        assert heard == [None]
        heard.clear()
    for status, answer in busy(call):
        wire.status, wire.answer = status, answer
        with pytest.raises(SmsboxError):
            await CALLS[call](client)
        assert not heard

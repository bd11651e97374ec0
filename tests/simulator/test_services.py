"""Every service of the gateway: its codes, its limits, what it costs and what arrives."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from http import HTTPStatus
from typing import Any

import pytest

from simulator.state import Gateway

from .conftest import KEY, NUMBER, SMS, Client, call, until

LONG = {"longsms": "1"}
UNICODE = {"unicode": "1"}
TTS = {"tts": "1"}
FRENCH_NUMBER = "33612345678"
VOICE = {"number": NUMBER, "message": "There is water in the cellar."}


@pytest.mark.parametrize(
    ("service", "fields", "missing", "wrong"),
    [
        ("auth", {}, 20, 21),
        ("balance", {}, 4, 4),
        ("sendsms", SMS, 4, 4),
        ("sendsms", SMS | TTS, 4, 4),
        ("voice/send", VOICE, 20, 21),
        ("otp/send", {"number": NUMBER}, 20, 21),
        ("otp/verify", {"otp": "123456"}, 20, 21),
        ("hlr", {"number": NUMBER}, 20, 21),
    ],
)
@pytest.mark.parametrize("method", ["get", "post"])
async def test_key(
    client: Client, gateway: Gateway, method: str, service: str, fields: dict[str, str], missing: int, wrong: int
) -> None:
    """Each service wants the key, in the header or as a parameter, and is asked by query or form."""

    async def call(fields: dict[str, str], **headers: str) -> tuple[int, int]:
        query, form = (fields, None) if method == "get" else (None, fields)
        async with client.request(method, f"/api/v1/{service}", headers=headers, params=query, data=form) as response:
            return response.status, (await response.json())["code"]

    assert await call(fields) == (HTTPStatus.UNAUTHORIZED, missing)
    assert await call(fields, **{"X-Api-Key": "other"}) == (HTTPStatus.UNAUTHORIZED, wrong)
    assert await call(fields | {"apikey": "other"}) == (HTTPStatus.UNAUTHORIZED, wrong)
    assert gateway.balance == 1000
    accepted = await call(fields, **KEY)
    assert accepted == await call(fields | {"apikey": "demo"})
    assert accepted[0] == HTTPStatus.OK
    assert accepted[1] in {10, 51, 100}


@pytest.mark.parametrize(
    ("service", "fields", "code", "message"),
    [
        ("sendsms", SMS | {"from": "my-shop"}, 1, "Sender not ok"),
        ("sendsms", SMS | {"numbers": "0496123456"}, 5, "No prefix"),
        ("sendsms", SMS | {"numbers": "0032496123456"}, 5, "No prefix"),
        ("sendsms", {"numbers": NUMBER}, 6, "No message"),
        ("sendsms", SMS | {"message": " "}, 6, "No message"),
        ("sendsms", {"message": "Hello"}, 8, "No number"),
        ("sendsms", SMS | {"numbers": " , "}, 8, "No number"),
        ("sendsms", SMS | {"numbers": "mum"}, 9, "No valid number"),
        ("sendsms", SMS | {"numbers": f"+{NUMBER}"}, 9, "No valid number"),
        ("otp/send", {"number": "mum"}, 40, "Number verification failed"),
        ("otp/send", {}, 41, "Number not provided"),
        ("otp/send", {"number": f"{NUMBER},{FRENCH_NUMBER}"}, 42, "Only one number allowed"),
        ("otp/verify", {"number": NUMBER}, 50, "OTP not provided"),
        ("otp/verify", {"otp": "000000"}, 51, "OTP not correct"),
        ("otp/verify", {"otp": "000000", "number": NUMBER}, 40, "Number verification failed"),
        ("hlr", {}, 30, "Number not provided"),
        ("hlr", {"number": "mum"}, 40, "Lookup failed"),
        ("voice/send", {"message": "Hello"}, 30, "Number not provided"),
        ("voice/send", VOICE | {"number": "mum"}, 31, "Number invalid"),
        ("voice/send", {"number": NUMBER}, 40, "Message not provided"),
    ],
)
async def test_refused(
    client: Client, gateway: Gateway, service: str, fields: dict[str, str], code: int, message: str
) -> None:
    """What is wrong is refused with its code, costs nothing and reaches no phone."""
    assert await call(client, service, **fields) == {"code": code, "message": message}
    assert gateway.balance == 1000
    assert not gateway.messages


@pytest.mark.parametrize(
    ("service", "fields", "code", "cost"),
    [
        ("sendsms", SMS, 10, 1),
        ("voice/send", VOICE, 60, 1),
        ("otp/send", {"number": NUMBER}, 60, 1),
        ("hlr", {"number": NUMBER}, 60, Decimal("0.25")),
    ],
)
async def test_credits(
    client: Client, gateway: Gateway, service: str, fields: dict[str, str], code: int, cost: Decimal
) -> None:
    """The last credits can be spent, but not more than those."""
    gateway.balance = cost - Decimal("0.01")
    assert (await call(client, service, **fields))["code"] == code
    assert gateway.balance == cost - Decimal("0.01")
    gateway.balance = Decimal(cost)
    assert (await call(client, service, **fields))["code"] in {10, 100}
    assert gateway.balance == 0
    assert await call(client, "balance") == {"code": 100, "message": "0.00"}


async def test_balance(client: Client, gateway: Gateway) -> None:
    """The balance is a decimal in a string."""
    gateway.balance = Decimal("1630.38")
    assert await call(client, "balance") == {"code": 100, "message": "1630.38"}


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("a" * 160, {}),
        ("€" * 80, {}),
        ("a" + "\r\n" * 79 + "b", {}),
        ("a" * 918, LONG),
        ("€" * 459, LONG),
        ("é" * 70, UNICODE),
        ("😀" * 35, UNICODE),
        ("é" * 402, UNICODE | LONG),
        ("😀" * 201, UNICODE | LONG),
        ("€" * 160, TTS),
        ("€" * 918, TTS | LONG),
    ],
)
async def test_length(client: Client, text: str, fields: dict[str, str]) -> None:
    """A text at the limit is accepted, one more character is refused."""
    assert (await call(client, "sendsms", **SMS | fields | {"message": text}))["code"] == 100
    refused = await call(client, "sendsms", **SMS | fields | {"message": f"a{text}"})
    assert refused == {"code": 7, "message": "Max char reached"}


@pytest.mark.parametrize("sender", ["FireAlarm24", "1" * 16])
async def test_sender(client: Client, sender: str) -> None:
    """A sender at the limit is accepted; it shows on phones that are not in Belgium."""
    sent = await call(client, "sendsms", **SMS | {"numbers": f"{NUMBER},{FRENCH_NUMBER}", "from": sender})
    assert sent["code"] == 100
    async with client.get("/messages") as response:
        assert [message["shown_sender"] for message in await response.json()] == ["SMSBOX", sender]


@pytest.mark.parametrize("sender", ["A" * 12, "1" * 17, "1" * 11 + "A"])
async def test_sender_too_long(client: Client, sender: str) -> None:
    """A sender over the limit is refused."""
    assert await call(client, "sendsms", **SMS | {"from": sender}) == {"code": 13, "message": "Sender too long"}


async def test_many_numbers(client: Client, gateway: Gateway) -> None:
    """One request takes 500 numbers and returns an element for each; 501 are refused."""
    numbers = [str(32496000000 + n) for n in range(501)]
    refused = await call(client, "sendsms", **SMS | {"numbers": ",".join(numbers)})
    assert refused == {"code": 11, "message": "Max 500 number allowed"}
    sent = await call(client, "sendsms", **SMS | {"numbers": ",".join(numbers[:500])})
    assert [element["number"] for element in sent["message"]] == numbers[:500]
    assert len({element["msgid"] for element in sent["message"]}) == 500
    assert gateway.balance == 500


async def test_invalid_beside_valid(client: Client, gateway: Gateway) -> None:
    """An invalid number has no element in the response and costs nothing."""
    sent = await call(client, "sendsms", **SMS | {"numbers": f"mum, {NUMBER}"})
    assert sent == {"code": 100, "message": [{"number": NUMBER, "msgid": 15547355}]}
    assert gateway.balance == 999


@pytest.mark.parametrize(
    ("service", "fields", "parts"),
    [
        ("sendsms", {"message": "a" * 160}, 1),
        ("sendsms", {"message": "a" * 161} | LONG, 2),
        ("sendsms", {"message": "a" * 306} | LONG, 2),
        ("sendsms", {"message": "a" * 307} | LONG, 3),
        ("sendsms", {"message": "€" * 459} | LONG, 7),
        ("sendsms", {"message": "é" * 71} | LONG | UNICODE, 2),
        ("sendsms", {"message": "é" * 134} | LONG | UNICODE, 2),
        ("sendsms", {"message": "é" * 135} | LONG | UNICODE, 3),
        ("sendsms", {"message": "😀" * 201} | LONG | UNICODE, 7),
        ("sendsms", {"message": "a" * 161} | LONG | TTS, 2),
        ("voice/send", {"message": "a" * 160}, 1),
        ("voice/send", {"message": "a" * 161}, 2),
        ("otp/send", {"text": "a" * 155 + "{OTP}"}, 2),
    ],
)
async def test_parts(client: Client, gateway: Gateway, service: str, fields: dict[str, str], parts: int) -> None:
    """A message costs a credit for each of its parts; no character is split over two."""
    sent = await call(client, service, numbers=NUMBER, number=NUMBER, **fields)
    assert sent["code"] in {10, 100}
    assert gateway.balance == 1000 - parts
    assert gateway.messages[0].parts == parts


@pytest.mark.parametrize(
    ("fields", "shown"),
    [
        ({}, {"kind": "sms", "text": "Déjà ? {ok}", "unicode": False, "language": None}),
        (UNICODE, {"kind": "sms", "text": "Déjà ☃ {ok}", "unicode": True, "language": None}),
        (TTS | UNICODE, {"kind": "tts", "text": "Déjà ☃ {ok}", "unicode": False, "language": "NL"}),
        (TTS | {"ttslng": "0"}, {"kind": "tts", "language": "NL"}),
        (TTS | {"ttslng": "1"}, {"kind": "tts", "language": "EN"}),
        (TTS | {"ttslng": "2"}, {"kind": "tts", "language": "FR"}),
    ],
)
async def test_arrives(client: Client, fields: dict[str, str], shown: dict[str, Any]) -> None:
    """An SMS arrives in the alphabet that it was sent in, speech in its language."""
    await call(client, "sendsms", **SMS | {"message": "Déjà ☃ {ok}"} | fields)
    async with client.get("/messages") as response:
        (message,) = await response.json()
    assert message | shown == message
    assert message["number"] == NUMBER


@pytest.mark.parametrize(
    ("fields", "language", "gender"),
    [({}, "NL", "M"), ({"lang": "FR", "gender": "F"}, "FR", "F"), ({"lang": "XX", "gender": "X"}, "NL", "M")],
)
async def test_voice(client: Client, gateway: Gateway, fields: dict[str, str], language: str, gender: str) -> None:
    """A voice message is a call at once."""
    sent = await call(client, "voice/send", **VOICE, **fields)
    assert sent.pop("datetime").endswith("Z")
    assert sent == {"code": 10, "message": "Voice is sent", "number": NUMBER}
    (message,) = gateway.messages
    assert (message.kind, message.text, message.status) == ("voice", VOICE["message"], "called")
    assert (message.language, message.gender) == (language, gender)


@pytest.mark.parametrize(
    ("send_at", "time"),
    [
        ("2100-03-07T13:13:19Z", "2100-03-07T13:13:19Z"),
        ("2100-03-07T13:13:19+01:00", "2100-03-07T12:13:19Z"),
        ("2100-03-07T13:13:19", "2100-03-07T13:13:19Z"),
    ],
)
async def test_voice_later(client: Client, gateway: Gateway, send_at: str, time: str) -> None:
    """A call in the future waits."""
    assert (await call(client, "voice/send", **VOICE, send_at=send_at))["datetime"] == time
    assert gateway.messages[0].status == "scheduled"


@pytest.mark.parametrize("send_at", ["2021-03-07T13:13:19Z", "tomorrow", "0001-01-01T00:00:00+14:00"])
async def test_voice_now(client: Client, gateway: Gateway, send_at: str) -> None:
    """A time in the past, or one that is none, means now."""
    await call(client, "voice/send", **VOICE, send_at=send_at)
    assert gateway.messages[0].status == "called"


async def test_voice_when_its_time_comes(client: Client, gateway: Gateway) -> None:
    """A call that was scheduled is made."""
    soon = datetime.now(UTC) + timedelta(seconds=0.3)
    await call(client, "voice/send", **VOICE, send_at=soon.isoformat())
    (message,) = gateway.messages
    assert message.status == "scheduled"
    await until(gateway, lambda: message.status == "called")
    assert datetime.now(UTC) >= soon


@pytest.mark.parametrize("path", ["otp", "otp2"])
@pytest.mark.parametrize("number", [{}, {"number": NUMBER}])
async def test_otp(client: Client, gateway: Gateway, path: str, number: dict[str, str]) -> None:
    """A one-time password verifies its number, with or without naming it, once."""
    sent = await call(client, f"{path}/send", number=NUMBER, text="Code: {OTP}!")
    assert sent == {"code": 10, "message": "Code has been sent", "number": NUMBER}
    (message,) = gateway.messages
    assert message.otp
    assert message.text == f"Code: {message.otp}!"
    wrong = "1" * 6 if message.otp != "1" * 6 else "2" * 6
    assert (await call(client, f"{path}/verify", otp=wrong, **number))["code"] == 51
    verified = await call(client, f"{path}/verify", otp=message.otp, **number)
    assert verified == {"code": 11, "message": "Number is verified", "number": NUMBER}
    assert (await call(client, f"{path}/verify", otp=message.otp, **number))["code"] in {40, 51}


@pytest.mark.parametrize("text", [{}, {"text": "No place for it"}])
async def test_otp_standard_text(client: Client, gateway: Gateway, text: dict[str, str]) -> None:
    """A text without a place for the code is ignored."""
    await call(client, "otp/send", number=NUMBER, **text)
    (message,) = gateway.messages
    assert message.text == f"Your one-time password is {message.otp}"


async def test_otp_replaced(client: Client, gateway: Gateway) -> None:
    """A second code takes the place of the first; another number's stays."""
    for number in (NUMBER, FRENCH_NUMBER, NUMBER):
        await call(client, "otp/send", number=number)
    first, other, second = (message.otp or "" for message in gateway.messages)
    if first != second:
        assert (await call(client, "otp/verify", number=NUMBER, otp=first))["code"] == 51
    assert (await call(client, "otp/verify", number=FRENCH_NUMBER, otp=other))["code"] == 11
    assert (await call(client, "otp/verify", number=NUMBER, otp=second))["code"] == 11


async def test_form_in_get(client: Client, gateway: Gateway) -> None:
    """The documentation's example verifies by a form in the body of a GET."""
    await call(client, "otp/send", number=NUMBER)
    data = {"otp": gateway.messages[0].otp, "apikey": "demo"}
    async with client.get("/api/v1/otp/verify", data=data) as response:
        assert (await response.json())["code"] == 11


@pytest.mark.parametrize(
    ("number", "found"),
    [(NUMBER, {"error_code": 0, "error_text": "Live", "status": "Delivered"})]
    + [
        (f"324961234{end}", {"error_code": 1, "error_text": "Unknown subscriber", "status": "Undelivered"})
        for end in (13, 14, 20)
    ],
)
async def test_hlr(client: Client, gateway: Gateway, number: str, found: dict[str, Any]) -> None:
    """A number is looked up for a quarter of a credit; what would not be delivered cannot be reached."""
    network = {"verified": True, "timezone": "Europe/Brussels", "location": "Belgium", "country_code": 32}
    assert await call(client, "hlr", number=number) == {
        "code": 10,
        "message": {
            "issueing_info": network | {"network_name": "Orange", "area": "Belgium"},
            "home_info": network | {"network_name": "Proximus", "area": "Belgium"},
            "type": "Mobile",
            "msisdn": number,
            "mccmnc": "20601",
            "is_ported": True,
            "is_roaming": False,
        }
        | found,
        "number": number,
    }
    assert gateway.balance == Decimal("999.75")


async def test_bytes_that_are_no_text(client: Client, gateway: Gateway) -> None:
    """Bytes that are no UTF-8 are taken as a phone shows them."""
    body = b"numbers=32496123456&message=caf%E9+\xe9"
    async with client.post("/api/v1/sendsms", data=body, headers=KEY) as response:
        assert (await response.json())["code"] == 100
    assert gateway.messages[0].text == "caf? ?"


async def test_unknown_service(client: Client) -> None:
    """What the gateway does not have is not found."""
    async with client.get("/api/v1/credits", headers=KEY) as response:
        assert response.status == HTTPStatus.NOT_FOUND

"""How the gateway owner's PHP client reads the responses.

It encodes values before it encodes the form, names no user agent, takes HTTP 200, 201 and 401, and is strict about
types: a code and a msgid are integers, a number is a string.
"""

from http import HTTPStatus
from typing import Any
from urllib.parse import quote_plus

import pytest

from simulator.state import Gateway

from .conftest import NUMBER, Client, until

TEXT = "Déjà 100 % + 1 = {OTP} & more"


async def call(client: Client, method: str, service: str, key: str = "demo", **data: str) -> dict[str, Any]:
    """Call the gateway as `doCall` does."""
    query, form = (data, None) if method == "GET" else (None, data)
    headers = {"X-Api-Key": key, "Content-Type": "application/x-www-form-urlencoded"}
    async with client.request(
        method, f"/api/v1/{service}", headers=headers, params=query, data=form, skip_auto_headers=["User-Agent"]
    ) as response:
        assert response.status in {HTTPStatus.OK, HTTPStatus.CREATED, HTTPStatus.UNAUTHORIZED}
        content: dict[str, Any] = await response.json()
    assert type(content["code"]) is int
    return content


async def test_ping_and_balance(client: Client) -> None:
    """`ping` and `balance`."""
    assert (await call(client, "GET", "auth"))["code"] == 10
    balance = await call(client, "GET", "balance")
    assert (balance["code"], float(balance["message"])) == (100, 1000.0)


@pytest.mark.parametrize(
    ("method", "service", "code"),
    [
        ("GET", "auth", 21),
        ("GET", "balance", 4),
        ("POST", "sendsms", 4),
        ("POST", "voice/send", 21),
        ("POST", "otp2/send", 21),
        ("GET", "otp2/verify", 21),
    ],
)
async def test_wrong_key(client: Client, method: str, service: str, code: int) -> None:
    """A wrong key has the code that the client knows for the service."""
    assert (await call(client, method, service, "other"))["code"] == code


async def test_retrieve_phone_number_data(client: Client) -> None:
    """`retrievePhoneNumberData` and `isValidPhoneNumber`."""
    content = await call(client, "GET", "hlr", number=quote_plus(NUMBER))
    assert content["code"] == 10
    assert content["message"]["msisdn"] == NUMBER


async def test_send_sms(client: Client, gateway: Gateway) -> None:
    """`sendSms`."""
    numbers = [NUMBER, "33612345678"]
    data = {"longsms": "1", "from": "Shop", "noti": "https://example.org/report?a=b%20c"}
    content = await call(
        client, "POST", "sendsms", numbers=quote_plus(",".join(numbers)), message=quote_plus(TEXT), **data
    )
    assert content["code"] == 100
    assert [result["number"] for result in content["message"]] == numbers
    assert all(type(result["msgid"]) is int for result in content["message"])
    assert [message.text for message in gateway.messages] == [TEXT] * 2
    assert gateway.messages[0].noti == data["noti"]


async def test_one_time_password(client: Client, gateway: Gateway) -> None:
    """`sendSmsWithOneTimePassword` and `verifyOneTimePassword`."""
    content = await call(client, "POST", "otp2/send", number=quote_plus(NUMBER), text=quote_plus(TEXT))
    assert content["code"] == 10
    otp = gateway.messages[0].otp or ""
    assert gateway.messages[0].text == TEXT.format(OTP=otp)
    content = await call(client, "GET", "otp2/verify", number=quote_plus(NUMBER), otp=quote_plus(otp))
    assert content["code"] == 11


async def test_one_time_password_by_email(client: Client, gateway: Gateway) -> None:
    """`sendEmailWithOneTimePassword`."""
    content = await call(client, "POST", "otp2/send", email="mum@example.org", from_email="shop@example.org")
    assert content["code"] == 10
    await until(gateway, lambda: gateway.messages[0].status == "delivered")
    assert gateway.messages[0].number == "mum@example.org"


async def test_send_voice(client: Client, gateway: Gateway) -> None:
    """`sendVoice`, which encodes once, and writes times with their offset."""
    data = {"lang": "FR", "gender": "F", "send_at": "2100-03-07T13:13:19+01:00"}
    content = await call(client, "POST", "voice/send", number=NUMBER, message="1+1%20", **data)
    assert content == {
        "code": 10,
        "message": "Voice is sent",
        "number": NUMBER,
        "datetime": "2100-03-07T12:13:19Z",
    }
    assert gateway.messages[0].text == "1+1%20"

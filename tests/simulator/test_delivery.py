"""Statuses of messages, and the delivery reports about them."""

import asyncio
import logging
import socket
from typing import Any

from aiohttp.test_utils import unused_port
import pytest

from simulator.state import Gateway, PhoneMode

from .conftest import NUMBER, SMS, Client, Receiver, call, until


async def send(client: Client, noti: str, *ends: str, **fields: str) -> list[str]:
    """Send an SMS to numbers that end like this; return their msgids."""
    numbers = ",".join(f"324961234{end}" for end in ends)
    sent = await call(client, "sendsms", **SMS | {"numbers": numbers, "noti": noti} | fields)
    return [str(element["msgid"]) for element in sent["message"]]


async def reports(receiver: Receiver, number: int) -> list[tuple[str, str]]:
    """Return the next reports."""
    async with asyncio.timeout(5):
        return [await receiver.reports.get() for _ in range(number)]


@pytest.mark.parametrize(
    ("end", "code", "status"),
    [
        ("56", "11", "delivered"),
        ("11", "11", "delivered"),
        ("12", "12", "buffered"),
        ("13", "13", "undelivered"),
        ("14", "14", "expired"),
        ("15", "15", "rejected"),
        ("16", "16", "unknown"),
        ("20", "20", "blacklist"),
        ("01", "01", "error"),
        ("17", "11", "delivered"),
    ],
)
@pytest.mark.parametrize("tts", ["0", "1"])
async def test_final_report(
    client: Client, gateway: Gateway, receiver: Receiver, end: str, code: str, status: str, tts: str
) -> None:
    """A message is reported as sent, then as the last two digits of its number say, else as delivered."""
    (msgid,) = await send(client, receiver.url, end, tts=tts)
    assert await reports(receiver, 2) == [(msgid, "10"), (msgid, code)]
    assert gateway.messages[0].status == status


async def test_sent_at_once(client: Client, gateway: Gateway, receiver: Receiver) -> None:
    """The final report has its time, the first has none; the end of the gateway is the end of all."""
    gateway.report_delay = 60
    (msgid,) = await send(client, receiver.url, "56")
    assert await reports(receiver, 1) == [(msgid, "10")]
    assert gateway.messages[0].status == "sent"
    await client.close()
    assert receiver.reports.empty()


async def test_sent_for_ever(client: Client, gateway: Gateway, receiver: Receiver) -> None:
    """A number that ends on 10 gets no other report."""
    sent, delivered = await send(client, receiver.url, "10", "56")
    assert sorted(await reports(receiver, 3)) == [(sent, "10"), (delivered, "10"), (delivered, "11")]
    await client.close()
    assert receiver.reports.empty()
    assert gateway.messages[0].status == "sent"


async def test_without_a_report_url(client: Client, gateway: Gateway) -> None:
    """A message nobody wants to hear of ends as well; so does a one-time password."""
    await call(client, "sendsms", **SMS)
    await call(client, "otp/send", number="32496123413")
    await until(gateway, lambda: [m.status for m in gateway.messages] == ["delivered", "undelivered"])


@pytest.mark.parametrize("status", [302, 400, 500])
async def test_tried_again(client: Client, receiver: Receiver, status: int) -> None:
    """A report that is not taken is sent again, before the next one."""
    receiver.statuses = [status, status]
    (msgid,) = await send(client, receiver.url, "13")
    assert await reports(receiver, 4) == [(msgid, "10")] * 3 + [(msgid, "13")]


async def test_given_up(client: Client, receiver: Receiver, caplog: pytest.LogCaptureFixture) -> None:
    """A report that is never taken is given up, with a word."""
    receiver.statuses = [500] * 3
    (msgid,) = await send(client, receiver.url, "56")
    assert await reports(receiver, 4) == [(msgid, "10")] * 3 + [(msgid, "11")]
    warnings = [record.message for record in caplog.records if record.levelno == logging.WARNING]
    assert warnings == [f"Report 10 of message {msgid} did not get through"]


@pytest.mark.parametrize("noti", ["http://127.0.0.1:{port}/report", "no URL", "https://[", "http://a:b"])
async def test_nobody_there(client: Client, gateway: Gateway, noti: str) -> None:
    """A report URL where nobody listens, or that is malformed, does not keep a message from its final status."""
    await send(client, noti.format(port=unused_port()), "56")
    await until(gateway, lambda: gateway.messages[0].status == "delivered")


@pytest.mark.parametrize("query", ["?ref=aB3-_x%2F%c3%a9+%20&b", "?ref=", ""])
async def test_query_of_the_report_url(client: Client, gateway: Gateway, receiver: Receiver, query: str) -> None:
    """Reports are posted to the URL exactly as it was given."""
    await send(client, receiver.url + query, "56")
    await reports(receiver, 2)
    assert gateway.messages[0].noti == receiver.url + query
    assert receiver.targets == [f"/report{query}"] * 2


@pytest.mark.parametrize("host", ["home.localhost", "a.b.LOCALHOST."])
async def test_name_under_localhost(
    client: Client, receiver: Receiver, host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name under .localhost is this machine, even if the system does not know it."""

    def getaddrinfo(host: str, *args: Any, **kwargs: Any) -> Any:
        assert host == "127.0.0.1"
        return socket_getaddrinfo(host, *args, **kwargs)

    socket_getaddrinfo = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    (msgid,) = await send(client, receiver.url.replace("127.0.0.1", host), "56")
    assert await reports(receiver, 2) == [(msgid, "10"), (msgid, "11")]


OFF, NO_ANSWER, FULL = PhoneMode.OFF, PhoneMode.NO_ANSWER, PhoneMode.FULL


@pytest.mark.parametrize(
    ("mode", "tts", "codes"),
    [
        (PhoneMode.ON, "0", ["10", "11"]),
        (OFF, "1", ["10", "13"]),
        (NO_ANSWER, "0", ["10", "11"]),
        (NO_ANSWER, "1", ["10", "13"]),
        (FULL, "0", ["10", "13"]),
        (FULL, "1", ["10", "11"]),
    ],
)
async def test_phone(
    client: Client, gateway: Gateway, receiver: Receiver, mode: PhoneMode, tts: str, codes: list[str]
) -> None:
    """A message that its phone does not take is reported as undelivered."""
    gateway.phones[NUMBER] = mode
    (msgid,) = await send(client, receiver.url, "56", tts=tts)
    assert await reports(receiver, 2) == [(msgid, code) for code in codes]


@pytest.mark.parametrize(("then", "code"), [(PhoneMode.ON, "11"), (FULL, "13")])
async def test_phone_that_is_off(
    client: Client, gateway: Gateway, receiver: Receiver, then: PhoneMode, code: str
) -> None:
    """An SMS to a phone that is off waits until it is switched on."""
    gateway.phones[NUMBER] = OFF
    (msgid,) = await send(client, receiver.url, "56")
    assert await reports(receiver, 2) == [(msgid, "10"), (msgid, "12")]
    assert gateway.messages[0].status == "buffered"
    gateway.phones[NUMBER] = then
    gateway.notify()
    assert await reports(receiver, 1) == [(msgid, code)]


async def test_phone_that_stays_off(client: Client, gateway: Gateway) -> None:
    """Nothing but the phone itself ends the wait."""
    gateway.phones[NUMBER] = OFF
    await call(client, "sendsms", **SMS)
    await until(gateway, lambda: gateway.messages[0].status == "buffered")
    for _ in range(2):
        await call(client, "balance")
        gateway.notify()
    assert gateway.messages[0].status == "buffered"
    gateway.phones[NUMBER] = PhoneMode.ON
    gateway.notify()
    await until(gateway, lambda: gateway.messages[0].status == "delivered")


@pytest.mark.parametrize(
    ("mode", "status"),
    [(PhoneMode.ON, "called"), (OFF, "not answered"), (NO_ANSWER, "not answered"), (FULL, "called")],
)
async def test_voice_call_to_a_phone(client: Client, gateway: Gateway, mode: PhoneMode, status: str) -> None:
    """A voice call is answered by a phone that is on."""
    gateway.phones[NUMBER] = mode
    await call(client, "voice/send", number=NUMBER, message="Fire!")
    await until(gateway, lambda: gateway.messages[0].status == status)

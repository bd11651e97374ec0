"""What becomes of a message, and the delivery reports that tell of it."""

import asyncio
import logging

from aiohttp.test_utils import unused_port
import pytest

from simulator.state import Gateway

from .conftest import SMS, Client, Receiver, answer, until


async def send(client: Client, noti: str, *ends: str, **fields: str) -> list[str]:
    """Send an SMS to numbers that end like this; return their msgids."""
    numbers = ",".join(f"324961234{end}" for end in ends)
    sent = await answer(client, "sendsms", **SMS | {"numbers": numbers, "noti": noti} | fields)
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


async def test_without_an_address(client: Client, gateway: Gateway) -> None:
    """A message nobody wants to hear of ends as well; so does a one-time password."""
    await answer(client, "sendsms", **SMS)
    await answer(client, "otp/send", number="32496123413")
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


@pytest.mark.parametrize("noti", [f"http://127.0.0.1:{unused_port()}/report", "no address", "https://["])
async def test_nobody_there(client: Client, gateway: Gateway, noti: str) -> None:
    """An address that nobody is at, or that is none, does not keep a message from its end."""
    await send(client, noti, "56")
    await until(gateway, lambda: gateway.messages[0].status == "delivered")

"""Injected faults, seen from the other end of the connection."""

import asyncio
from http import HTTPStatus
import json
from typing import Any

import pytest

from simulator.state import Gateway

from .conftest import KEY, SMS, Client, call

REQUEST = (
    b"POST /api/v1/sendsms HTTP/1.1\r\nHost: simulator\r\nX-Api-Key: demo\r\n"
    b"Content-Length: 30\r\n\r\nnumbers=32496123456&message=Hi"
)


async def inject(client: Client, fault: str, service: str = "sendsms", **more: Any) -> None:
    """Inject a fault."""
    async with client.post("/faults", json={"service": service, "fault": fault, **more}) as response:
        assert response.status == HTTPStatus.CREATED


async def faults(client: Client) -> list[dict[str, Any]]:
    """Return the faults that are pending."""
    async with client.get("/faults") as response:
        content: list[dict[str, Any]] = await response.json()
        return content


async def send_bytes(client: Client) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Send an SMS on a connection of its own."""
    reader, writer = await asyncio.open_connection("127.0.0.1", client.port)
    writer.write(REQUEST)
    return reader, writer


@pytest.mark.parametrize(("fault", "messages"), [("cut_before", 0), ("cut_after", 1)])
async def test_cut(client: Client, gateway: Gateway, fault: str, messages: int) -> None:
    """The connection is closed without a response, before or after the SMS is sent."""
    await inject(client, fault)
    reader, writer = await send_bytes(client)
    async with asyncio.timeout(5):
        assert await reader.read() == b""
    writer.close()
    assert len(gateway.messages) == messages


async def test_refuse(client: Client, gateway: Gateway) -> None:
    """The connection is reset, and nothing is sent."""
    await inject(client, "refuse")
    reader, writer = await send_bytes(client)
    async with asyncio.timeout(5):
        with pytest.raises(ConnectionResetError):
            await reader.read()
    writer.close()
    assert not gateway.messages


async def test_cut_answer(client: Client, gateway: Gateway) -> None:
    """The SMS is sent, but only half of the response comes."""
    await inject(client, "cut_answer")
    reader, writer = await send_bytes(client)
    async with asyncio.timeout(5):
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    writer.close()
    whole = json.dumps({"code": 100, "message": [{"number": "32496123456", "msgid": 15547355}]})
    assert f"Content-Length: {len(whole)}".encode() in head
    assert body.decode() == whole[: len(whole) // 2]
    assert len(gateway.messages) == 1


async def test_drip(client: Client, gateway: Gateway) -> None:
    """The whole response comes, byte by byte."""
    await inject(client, "drip", pause=0.001)
    async with client.post("/api/v1/sendsms", data=SMS, headers=KEY) as response:
        chunks = [chunk async for chunk in response.content.iter_any()]
    assert len(chunks) > 1
    assert json.loads(b"".join(chunks))["code"] == 100
    assert len(gateway.messages) == 1


async def test_hang(client: Client, gateway: Gateway) -> None:
    """No response comes, but the wait ends with the gateway; nothing is sent."""
    await inject(client, "hang")
    reader, writer = await send_bytes(client)
    read = asyncio.create_task(reader.read())
    while await faults(client):
        pass  # not there yet
    assert (await call(client, "balance"))["code"] == 100
    assert not read.done()
    await client.close()
    assert await read == b""
    writer.close()
    assert not gateway.messages


@pytest.mark.parametrize(
    ("fault", "more", "status", "body", "headers"),
    [
        ("http", {}, 500, "", {"Content-Type": "text/html; charset=utf-8"}),
        ("http", {"status": 503, "headers": {"Retry-After": "30"}}, 503, "", {"Retry-After": "30"}),
        ("http", {"status": 404, "body": "<h1>é</h1>"}, 404, "<h1>é</h1>", {}),
        ("garbage", {}, 200, "<<<this is no JSON", {"Content-Type": "application/json; charset=utf-8"}),
        ("garbage", {"body": '{"code": 10'}, 200, '{"code": 10', {}),
        ("code", {"code": "04", "message": "No"}, 200, '{"code": "04", "message": "No"}', {}),
        ("code", {"message": []}, 200, '{"code": 99, "message": []}', {}),
    ],
)
async def test_response(
    client: Client,
    gateway: Gateway,
    fault: str,
    more: dict[str, Any],
    status: int,
    body: str,
    headers: dict[str, str],
) -> None:
    """The response is what was injected, whatever the key is, and nothing is sent."""
    await inject(client, fault, **more)
    async with client.post("/api/v1/sendsms", data=SMS) as response:
        assert (response.status, await response.text()) == (status, body)
        assert dict(response.headers) | headers == dict(response.headers)
    assert not gateway.messages


async def test_which_requests(client: Client, gateway: Gateway) -> None:
    """A fault strikes the next requests of its service, as many as it was injected for, each counted."""
    await inject(client, "code", "tts", count=2)
    await inject(client, "code", "*", code=98)
    codes = [(await call(client, "sendsms", **SMS, tts=tts))["code"] for tts in "11001"]
    assert codes == [99, 99, 98, 100, 100]
    async with client.get("/requests") as response:
        counts = await response.json()
    assert counts == {
        "auth": 0,
        "balance": 0,
        "sendsms": 2,
        "tts": 3,
        "voice": 0,
        "otp_send": 0,
        "otp_verify": 0,
        "hlr": 0,
    }
    async with client.delete("/requests") as response:
        assert response.status == HTTPStatus.NO_CONTENT
    assert not gateway.requests.total()


async def test_until_cleared(client: Client) -> None:
    """A fault without a count lasts until it is cleared."""
    await inject(client, "code", "*", count=None)
    assert [(await call(client, "balance"))["code"] for _ in range(3)] == [99] * 3
    async with client.delete("/faults"):
        assert (await call(client, "balance"))["code"] == 100


async def test_list_and_clear(client: Client) -> None:
    """The faults that are pending are listed, and can be taken back."""
    await inject(client, "http", "balance", status=502, count=2)
    await call(client, "sendsms", **SMS)
    (fault,) = await faults(client)
    assert fault | {"service": "balance", "fault": "http", "status": 502, "count": 2} == fault
    async with client.delete("/faults") as response:
        assert response.status == HTTPStatus.NO_CONTENT
    assert (await call(client, "balance"))["code"] == 100


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({"service": "sms", "fault": "hang"}, "services are auth, balance, sendsms, tts"),
        ({"service": "hlr", "fault": "explode"}, "'explode' is not a valid FaultKind"),
        ({"service": "hlr", "fault": "hang", "count": 0}, "count is 1 or more"),
        ({"service": "hlr", "fault": "hang", "when": "now"}, "unexpected keyword argument 'when'"),
        ({"service": "hlr"}, "missing 1 required keyword-only argument: 'fault'"),
        ([], "must be a mapping"),
    ],
)
async def test_malformed_fault_is_refused(client: Client, gateway: Gateway, fault: Any, words: str) -> None:
    """A fault that is malformed is refused, with what is wrong."""
    async with client.post("/faults", json=fault) as response:
        assert response.status == HTTPStatus.BAD_REQUEST
        assert words in await response.text()
    assert not gateway.faults

"""The page with the phones, and the control of what happens."""

import asyncio
from decimal import Decimal
from http import HTTPStatus
import json
from typing import Any

from aiohttp import ClientResponse
import pytest

from simulator.delivery import DELIVERED, STATUSES
from simulator.state import Gateway, PhoneMode

from .conftest import NUMBER, SMS, Client, call, until


async def event(response: ClientResponse) -> dict[str, Any]:
    """Read what the page gets next."""
    async with asyncio.timeout(5):
        line = await response.content.readline()
        await response.content.readline()
    data: dict[str, Any] = json.loads(line.removeprefix(b"data: "))
    return data


async def test_page(client: Client) -> None:
    """The page is HTML and needs nothing from elsewhere."""
    async with client.get("/") as response:
        assert response.content_type == "text/html"
        page = await response.text()
    assert "<title>SMSBOX simulator</title>" in page
    assert 'src="' not in page
    endings = page[page.index("<details>") : page.index("</details>")]
    for code, status in STATUSES.items():
        assert code == DELIVERED or f"{code} <em>{status}</em>" in endings
    for mode in PhoneMode:
        assert f'{mode}: "' in page


async def test_phone(client: Client, gateway: Gateway) -> None:
    """The mode of a phone can be set before anything was sent to it."""
    async with client.put(f"/phones/{NUMBER}", json={"mode": "no_answer"}) as response:
        assert await response.json() == {NUMBER: "no_answer"}
    assert gateway.phones == {NUMBER: PhoneMode.NO_ANSWER}


async def test_messages(client: Client, gateway: Gateway) -> None:
    """What arrived is listed as JSON until it is forgotten."""
    await call(client, "sendsms", **SMS, noti="no URL")
    await until(gateway, lambda: gateway.messages[0].status == "delivered")
    await call(client, "voice/send", number=NUMBER, message="Fire!", send_at="2100-01-01T00:00:00Z")
    async with client.get("/messages") as response:
        sms, voice = await response.json()
    received = sms.pop("received_at")
    assert sms == {
        "kind": "sms",
        "number": NUMBER,
        "text": SMS["message"],
        "parts": 1,
        "status": "delivered",
        "msgid": 15547355,
        "sender": None,
        "shown_sender": "SMSBOX",
        "language": None,
        "gender": None,
        "unicode": False,
        "otp": None,
        "noti": "no URL",
        "send_at": None,
    }
    assert voice["send_at"] == "2100-01-01T00:00:00+00:00"
    assert voice["received_at"] > received
    async with client.delete("/messages") as response:
        assert response.status == HTTPStatus.NO_CONTENT
    async with client.get("/messages") as response:
        assert await response.json() == []


async def test_events(client: Client, gateway: Gateway) -> None:
    """The page gets what it shows at once and after every change, until the gateway ends."""
    gateway.report_delay = 60
    async with client.get("/events") as response:
        assert response.content_type == "text/event-stream"
        assert await event(response) == {"balance": "1000.00", "messages": [], "phones": {}, "faults": []}
        await call(client, "sendsms", **SMS)
        data = await event(response)
        assert data["balance"] == "999.00"
        assert [message["text"] for message in data["messages"]] == [SMS["message"]]
        async with client.delete("/messages"):
            assert await event(response) == data | {"messages": []}
        async with client.put("/balance", json={"balance": 5}):
            assert (await event(response))["balance"] == "5.00"
        async with client.put(f"/phones/{NUMBER}", json={"mode": "off"}):
            assert (await event(response))["phones"] == {NUMBER: "off"}
        async with client.post("/faults", json={"service": "*", "fault": "hang", "count": None}):
            assert [fault["count"] for fault in (await event(response))["faults"]] == [None]
        async with client.delete("/faults"):
            assert (await event(response))["faults"] == []
        await client.server.close()
        assert await response.content.read() == b""


@pytest.mark.parametrize("balance", [1630.38, "1630.38"])
async def test_balance(client: Client, gateway: Gateway, balance: float | str) -> None:
    """The balance can be set."""
    async with client.put("/balance", json={"balance": balance}) as response:
        assert await response.json() == {"balance": "1630.38"}
    assert gateway.balance == Decimal("1630.38")


async def test_keys(client: Client) -> None:
    """The keys can be changed."""
    async with client.post("/keys", json={"keys": ["new"]}) as response:
        assert await response.json() == {"keys": ["new"]}
    assert (await call(client, "auth"))["code"] == 21
    async with client.get("/api/v1/auth", params={"apikey": "new"}) as response:
        assert await response.json() == {"code": 10, "message": "Apikey allowed"}


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("put", "/balance", {"balance": "much"}),
        ("put", "/balance", {"balance": "nan"}),
        ("put", "/balance", {"balance": None}),
        ("put", "/balance", {}),
        ("post", "/keys", {"keys": "demo"}),
        ("post", "/keys", {}),
        ("put", f"/phones/{NUMBER}", {"mode": "broken"}),
        ("put", f"/phones/{NUMBER}", {}),
        ("put", "/phones/mum", {"mode": "off"}),
    ],
)
async def test_wrong(client: Client, gateway: Gateway, method: str, path: str, body: dict[str, Any]) -> None:
    """What is malformed is refused and changes nothing."""
    async with client.request(method, path, json=body) as response:
        assert response.status == HTTPStatus.BAD_REQUEST
    assert gateway.balance == 1000
    assert gateway.keys == {"demo"}
    assert not gateway.phones

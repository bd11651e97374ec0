"""A thousand messages at once: each goes out once, over a few connections, and nothing is left running."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from typing import override

from aiohttp import web
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from .actions import act
from .clock import later
from .gateway import Gateway
from .sends import totals

MESSAGES = 1000
ANSWERS_AFTER = 0.2


@dataclass
class BusyGateway(Gateway):
    """Takes a moment for each answer, and counts the connections and how many requests it has at once."""

    at_once: int = 0
    most: int = 0
    connections: set[object] = field(default_factory=set)

    @override
    async def _handle(self, request: web.Request) -> web.StreamResponse:
        """Answer a request after a moment."""
        self.connections.add(request.transport)
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        await asyncio.sleep(ANSWERS_AFTER)
        self.at_once -= 1
        return await super()._handle(request)


@pytest.fixture
def gateway_type() -> type[Gateway]:
    """Have a busy gateway."""
    return BusyGateway


async def test_a_thousand_at_once(hass: HomeAssistant, entry: MockConfigEntry, gateway: BusyGateway) -> None:
    """Every message is sent exactly once, over ten connections at most."""
    tasks = asyncio.all_tasks()
    gateway.requests.clear()
    gateway.connections.clear()
    await asyncio.gather(
        *(
            act(hass, "send_message", domain="notify", entity_id="notify.mum_sms", message=f"Message {number}")
            for number in range(MESSAGES)
        )
    )
    assert Counter(sent["message"] for sent in gateway.sent) == Counter(f"Message {n}" for n in range(MESSAGES))
    assert gateway.most <= 10
    assert len(gateway.connections) <= 10
    await later(hass, 3)
    assert len(gateway.received("balance")) <= 2
    assert await totals(hass) == [MESSAGES, 0, 0]
    # What serves the connections that are kept open is the test's own gateway.
    left = {task.get_name() for task in asyncio.all_tasks() - tasks if "RequestHandler" not in repr(task)}
    assert not left

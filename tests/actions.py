"""Actions as automations call them, what they raise, and a gateway that takes its time."""

import asyncio
from dataclasses import dataclass, field
from typing import Any, override

from aiohttp import web
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
import pytest

from custom_components.smsbox.const import DOMAIN

from .gateway import Gateway

ANSWERING = {"verify_otp", "lookup_number", "preview_sms"}


async def act(hass: HomeAssistant, action: str, *, domain: str = DOMAIN, **data: Any) -> None:
    """Call an action as one does that takes no answer."""
    await hass.services.async_call(domain, action, data, blocking=True, return_response=action in ANSWERING)


async def ask(hass: HomeAssistant, action: str, **data: Any) -> dict[str, Any]:
    """Call an action and return its answer."""
    answer = await hass.services.async_call(DOMAIN, action, data, blocking=True, return_response=True)
    assert isinstance(answer, dict)
    return answer


async def failure(
    hass: HomeAssistant, action: str, *, domain: str = DOMAIN, response: bool = False, **data: Any
) -> HomeAssistantError:
    """Call an action and return what it raises when the gateway was asked."""
    with pytest.raises(HomeAssistantError) as raised:
        await (ask(hass, action, **data) if response else act(hass, action, domain=domain, **data))
    assert not isinstance(raised.value, ServiceValidationError)
    return raised.value


async def refusal(hass: HomeAssistant, action: str, *, domain: str = DOMAIN, **data: Any) -> ServiceValidationError:
    """Call an action in a wrong way and return what it raises."""
    with pytest.raises(ServiceValidationError) as raised:
        await act(hass, action, domain=domain, **data)
    return raised.value


def answering(gateway: Gateway, path: str, answer: int | dict[str, Any]) -> None:
    """Have a service answer to any key with an HTTP status, or as it should not."""
    gateway.answers[path] = lambda _: web.Response(status=answer) if isinstance(answer, int) else answer


@dataclass
class SlowGateway(Gateway):
    """Holds its answers to whatever sends while `released` is not set, and counts how many it holds."""

    released: asyncio.Event = field(default_factory=asyncio.Event)
    holding: int = 0
    most: int = 0
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    def __post_init__(self) -> None:
        self.released.set()

    @override
    async def stop(self) -> None:
        """Let go whoever waits, and listen no longer."""
        self.released.set()
        await super().stop()

    async def holds(self, count: int) -> None:
        """Wait until so many requests are held."""
        async with asyncio.timeout(10), self._changed:
            await self._changed.wait_for(lambda: self.holding == count)

    @override
    async def _handle(self, request: web.Request) -> web.StreamResponse:
        """Answer a request when it is time."""
        response = await super()._handle(request)
        if request.match_info["service"] != "balance":
            await self._hold(1)
            await self.released.wait()
            await self._hold(-1)
        return response

    async def _hold(self, count: int) -> None:
        """Count a request that is held, or no longer."""
        async with self._changed:
            self.holding += count
            self.most = max(self.most, self.holding)
            self._changed.notify_all()

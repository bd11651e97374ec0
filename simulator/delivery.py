"""Statuses of messages, and the delivery reports about them."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import UTC, datetime
import logging
import socket
from typing import override

from aiohttp import ClientError, ClientSession, ClientTimeout, TCPConnector, ThreadedResolver, web
from aiohttp.abc import ResolveResult
from yarl import URL

from .state import Gateway, Kind, Message, PhoneMode

LOGGER = logging.getLogger(__name__)

STATUSES = {
    "10": "sent",
    "11": "delivered",
    "12": "buffered",
    "13": "undelivered",
    "14": "expired",
    "15": "rejected",
    "16": "unknown",
    "20": "blacklist",
    "01": "error",
}
SENT = "10"
DELIVERED = "11"
BUFFERED = "12"
UNDELIVERED = "13"


class Resolver(ThreadedResolver):
    """Takes every name under .localhost for this machine, as browsers do; not every system knows them."""

    @override
    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Resolve a name."""
        if host.rstrip(".").lower().endswith(".localhost"):
            host, family = "127.0.0.1", socket.AF_INET
        return await super().resolve(host, port, family)


class Delivery:
    """Delivers every message, or fails to, and reports on it."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self, app: web.Application) -> AsyncGenerator[None]:
        """Deliver while the application runs."""
        connector = TCPConnector(resolver=Resolver())
        async with ClientSession(connector=connector, timeout=ClientTimeout(total=10)) as self._session:
            yield
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def start(self, message: Message) -> None:
        """Put a message on its phone and follow it from there."""
        self._gateway.messages.append(message)
        self._gateway.notify()
        task = asyncio.create_task(self._call(message) if message.kind is Kind.VOICE else self._deliver(message))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _call(self, message: Message) -> None:
        """Make a call at its time."""
        if message.send_at:
            await asyncio.sleep((message.send_at - datetime.now(UTC)).total_seconds())
        self._set(message, "not answered" if self._is_lost(message) else "called")

    async def _deliver(self, message: Message) -> None:
        """Report a message as sent and, later, with the status that its number and its phone lead to."""
        await self._report(message, SENT)
        final = message.number[-2:] if message.number[-2:] in STATUSES else DELIVERED
        if final == SENT:
            return
        await asyncio.sleep(self._gateway.report_delay)
        if message.kind is not Kind.TTS and self._mode(message) is PhoneMode.OFF:
            await self._report(message, BUFFERED)
            while self._mode(message) is PhoneMode.OFF:
                await self._gateway.changed.wait()
        await self._report(message, UNDELIVERED if self._is_lost(message) else final)

    def _mode(self, message: Message) -> PhoneMode:
        """Return the mode of a message's phone."""
        return self._gateway.phones.get(message.number, PhoneMode.ON)

    def _is_lost(self, message: Message) -> bool:
        """Return whether a message fails because of its phone."""
        if message.kind in {Kind.TTS, Kind.VOICE}:
            return self._mode(message) in {PhoneMode.OFF, PhoneMode.NO_ANSWER}
        return self._mode(message) is PhoneMode.FULL

    def _set(self, message: Message, status: str) -> None:
        """Show a new status."""
        if status != message.status:
            message.status = status
            self._gateway.notify()

    async def _report(self, message: Message, code: str) -> None:
        """Show a new status and send its delivery report, a few times if it does not get through."""
        self._set(message, STATUSES[code])
        if not message.noti:
            return
        for pause in (0, *self._gateway.retry_pauses):
            await asyncio.sleep(pause)
            try:
                async with self._session.post(
                    URL(message.noti, encoded=True),  # as it is, query included
                    data={"msgid": str(message.msgid), "status": code},
                    allow_redirects=False,
                ) as response:
                    if response.status in range(200, 300):
                        return
            except ClientError, TimeoutError, ValueError:  # ValueError: not a URL
                pass
        LOGGER.warning("Report %s of message %s did not get through", code, message.msgid)

"""What becomes of a message: its statuses, and the delivery reports that tell of them."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import UTC, datetime
import logging

from aiohttp import ClientError, ClientSession, ClientTimeout, web

from .state import Gateway, Kind, Message

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


class Delivery:
    """Leads every message to its end."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self, app: web.Application) -> AsyncGenerator[None]:
        """Be ready while the application runs."""
        async with ClientSession(timeout=ClientTimeout(total=10)) as self._session:
            yield
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def start(self, message: Message) -> None:
        """Put a message on its phone and see to what follows."""
        self._gateway.messages.append(message)
        self._gateway.notify()
        task = asyncio.create_task(self._call(message) if message.kind is Kind.VOICE else self._deliver(message))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _call(self, message: Message) -> None:
        """Make a call when its time has come."""
        if message.send_at:
            await asyncio.sleep((message.send_at - datetime.now(UTC)).total_seconds())
        self._set(message, "called")

    async def _deliver(self, message: Message) -> None:
        """Report a message as sent and, later, what the last two digits of its number choose."""
        await self._report(message, SENT)
        final = message.number[-2:] if message.number[-2:] in STATUSES else DELIVERED
        if final == SENT:
            return
        await asyncio.sleep(self._gateway.report_delay)
        self._set(message, STATUSES[final])
        await self._report(message, final)

    def _set(self, message: Message, status: str) -> None:
        """Show a new status."""
        message.status = status
        self._gateway.notify()

    async def _report(self, message: Message, code: str) -> None:
        """Send a delivery report, a few times where it does not get through."""
        if not message.noti:
            return
        for pause in (0, *self._gateway.retry_pauses):
            await asyncio.sleep(pause)
            try:
                async with self._session.post(
                    message.noti, data={"msgid": str(message.msgid), "status": code}, allow_redirects=False
                ) as response:
                    if response.status in range(200, 300):
                        return
            except ClientError, TimeoutError:
                pass
        LOGGER.warning("Report %s of message %s did not get through", code, message.msgid)

"""The only door to what sends: guard, write-ahead, client, tracker."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import replace
import time
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.util.async_ import create_eager_task

from .api import AcceptedMessage, DeliveryStatus, SmsboxClient, SmsboxError, SmsboxOutcomeUnknownError
from .const import LOGGER, Channel, SendStatus
from .delivery_event import NOT_SENT, UNKNOWN_CODE
from .guard import Guard, Limit
from .message import Batch, Message, new_reference
from .message_queue import UNREACHABLE, MessageQueue
from .tracker import Tracker

MAX_VOICE_CALLS = 5
STOP_TIMEOUT = 10


class Outbox:
    """Sends what the guard admits, and finishes it whatever happens to the caller.

    `key` names the file of the queue, `report_url` where reports go to. `finished` is told how each request ended,
    `refused` what the guard refused.
    """

    client: SmsboxClient

    def __init__(
        self,
        hass: HomeAssistant,
        key: str,
        guard: Guard,
        tracker: Tracker,
        *,
        report_url: Callable[[], str | None],
        finished: Callable[[SmsboxClient, SmsboxError | None], None],
        refused: Callable[[str, str | None, Limit], None],
        queue_changed: Callable[[], None],
    ) -> None:
        self.queue = MessageQueue(hass, key, guard, tracker, deliver=self._deliver, changed=queue_changed)
        self._hass = hass
        self._guard = guard
        self._tracker = tracker
        self._report_url = report_url
        self._finished = finished
        self._refused = refused
        self._voice_calls = asyncio.Semaphore(MAX_VOICE_CALLS)
        self._under_way: dict[asyncio.Future[Any], asyncio.Task[None]] = {}

    async def async_send(self, batch: Batch) -> None:
        """Send a batch; what happened to each message is in its `send_status` and `error`."""
        await self._async_finish(self._send(batch))

    async def async_request[T](self, request: Callable[[SmsboxClient], Awaitable[T]]) -> T:
        """Return the response to a request that sends no message; raises SmsboxError."""
        response = await self._async_finish(self._request(request))
        if isinstance(response, SmsboxError):
            raise response
        return response

    async def async_send_otp(self, number: str, text: str | None) -> str | Limit:
        """Send a one-time password; return the number to refer to, or the limit that refuses it. Raises SmsboxError."""
        response = await self._async_finish(self._send_otp(number, text))
        if isinstance(response, SmsboxError):
            raise response
        return response

    async def async_stop(self) -> None:
        """Wait for all that is under way, but not forever."""
        self.queue.pause()
        if under_way := {*self._under_way.values(), *self.queue.under_way}:
            await asyncio.wait(under_way, timeout=STOP_TIMEOUT)
        await self.queue.async_stop()

    async def _async_finish[T](self, work: Coroutine[Any, Any, T]) -> T:
        """Do work to its end even if the caller is cancelled."""
        # asyncio.shield would do, but it takes the event loop another turn for each message.
        done: asyncio.Future[T] = self._hass.loop.create_future()
        task = create_eager_task(self._finish(work, done))
        if not task.done():
            self._under_way[done] = task
        try:
            return await done
        except asyncio.CancelledError:
            # Only Home Assistant still waits for it.
            self._hass.async_create_task(asyncio.wait({task}))
            raise

    async def _finish[T](self, work: Coroutine[Any, Any, T], done: asyncio.Future[T]) -> None:
        """Do work, and tell the caller unless he was cancelled."""
        try:
            result = await work
        except BaseException as error:  # noqa: BLE001 - whatever it is, it is the caller's
            if not done.done():
                done.set_exception(error)
        else:
            if not done.done():
                done.set_result(result)
        finally:
            self._under_way.pop(done, None)

    async def _request[T](self, request: Callable[[SmsboxClient], Awaitable[T]]) -> T | SmsboxError:
        """Return the response to a request, or its error."""
        client = self.client
        try:
            response = await request(client)
        except SmsboxError as error:
            self._finished(client, error)
            return error
        except Exception as error:  # noqa: BLE001 - whatever it was, the request may have gone out
            LOGGER.error("A request to the gateway failed: %s", type(error).__name__)
            self._finished(client, unknown := SmsboxOutcomeUnknownError())
            return unknown
        self._finished(client, None)
        return response

    async def _send_otp(self, number: str, text: str | None) -> str | Limit | SmsboxError:
        """Send a one-time password if the guard admits it."""
        now = time.time()
        if (limit := self._guard.admit(number, now)) is not None:
            self._refused(number, None, limit)
            return limit
        response = await self._request(lambda client: client.send_otp(number, text))
        if isinstance(response, SmsboxError) and not isinstance(response, SmsboxOutcomeUnknownError):
            self._guard.release(number, now)
        return response

    async def _send(self, batch: Batch) -> None:
        """Send what the guard admits of a batch, and keep what cannot be sent now if that is wanted."""
        admitted = [message for message in batch.messages if self._admit(message, alert=batch.alert)]
        if admitted:
            all_admitted = len(admitted) == len(batch.messages)
            await self._deliver(batch if all_admitted else replace(batch, messages=tuple(admitted)))
        if all(message.send_status is SendStatus.ACCEPTED for message in batch.messages):
            return
        if batch.valid_for is not None:
            self.queue.add(batch, [message for message in admitted if isinstance(message.error, UNREACHABLE)])
        for message in admitted:
            if message.send_status is SendStatus.NOT_ACCEPTED:
                self._guard.release(message.number, message.sent_at)
        if not batch.alert:
            for message in batch.messages:
                self._tell_failure(message)
        if any(message.send_status is SendStatus.QUEUED for message in admitted):
            await self.queue.async_write()

    def _admit(self, message: Message, *, alert: bool) -> bool:
        """Return whether the guard lets a message go out."""
        limit = self._guard.admit(message.number, message.sent_at, alert=alert)
        if limit is None:
            return True
        message.send_status, message.error = SendStatus.NOT_ACCEPTED, limit
        self._refused(message.number, message.recipient_id, limit)
        return False

    def _tell_failure(self, message: Message) -> None:
        """Fire the event of a message that was not sent, or may not have been."""
        if message.send_status is SendStatus.NOT_ACCEPTED:
            self._tracker.report(message, NOT_SENT, error=message.error_key)
        elif message.send_status is SendStatus.OUTCOME_UNKNOWN:
            self._tracker.report(message, DeliveryStatus.UNKNOWN, UNKNOWN_CODE, message.error_key)

    async def _deliver(self, batch: Batch) -> None:
        """Make the request of a batch, and follow what was accepted."""
        url = None if batch.channel is Channel.VOICE else self._report_url()
        single = batch.messages[0] if url is not None and len(batch.messages) == 1 else None
        if url is not None and single is not None:
            single.ref = single.ref or new_reference()
            self._tracker.expect(single)
            url = f"{url}{'&' if '?' in url else '?'}ref={single.ref}"
        response = await self._request(lambda client: self._call(client, batch, url))
        if isinstance(response, SmsboxError):
            unknown = isinstance(response, SmsboxOutcomeUnknownError)
            for message in batch.messages:
                self._not_accepted(message, response, unknown=unknown)
            return
        accepted = {element.number: element for element in response}
        # The gateway answered for a number that nobody asked for: it may be the one that is missing.
        stranger = not accepted.keys() <= {message.number for message in batch.messages}
        for message in batch.messages:
            if (element := accepted.get(message.number)) is None:
                self._not_accepted(message, None, unknown=stranger)
            else:
                message.send_status, message.error = SendStatus.ACCEPTED, None
                self._tracker.accept(message, element.msgid, reports=url is not None)

    def _not_accepted(self, message: Message, error: SmsboxError | None, *, unknown: bool) -> None:
        """Note that a message was not sent, or may not have been."""
        message.error = error
        if not unknown:
            message.send_status = SendStatus.NOT_ACCEPTED
            self._tracker.refuse(message)
            return
        self._tracker.lose(message)
        if message.msgid is None:
            message.send_status = SendStatus.OUTCOME_UNKNOWN
        else:  # a report was ahead of the response, and told
            message.send_status, message.error = SendStatus.ACCEPTED, None

    async def _call(self, client: SmsboxClient, batch: Batch, report_url: str | None) -> list[AcceptedMessage]:
        """Call the gateway's service for a channel."""
        numbers = [message.number for message in batch.messages]
        if batch.still_wanted is not None:
            client = client.only_while(batch.still_wanted)
        if batch.channel is Channel.SMS:
            return await client.send_sms(
                numbers,
                batch.text,
                sender=batch.sender,
                long_sms=batch.long_sms,
                unicode=batch.unicode,
                report_url=report_url,
            )
        if batch.channel is Channel.TTS:
            return await client.send_tts(
                numbers, batch.text, language=batch.language, long_sms=batch.long_sms, report_url=report_url
            )
        async with self._voice_calls:
            await client.send_voice(
                numbers[0], batch.text, language=batch.language, gender=batch.gender, send_at=batch.send_at
            )
        return [AcceptedMessage(numbers[0], None)]

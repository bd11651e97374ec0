"""Sends, reports, unloads and restarts in any order never lose, double or cross a report."""

from collections import defaultdict
from collections.abc import Coroutine, Iterator
from itertools import count
import logging
from typing import Any, override

from aiohttp.test_utils import TestClient
from aiohttp.web import Application, Request
from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import Context, Event, HomeAssistant, callback
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from hypothesis import settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
import pytest
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.smsbox.const import DOMAIN, EVENT_DELIVERY_REPORT

from .common import account_entry, advance_time, post_report, restart, set_up
from .gateways import Gateway, Received, Response

type Message = tuple[int, int]  # account and msgid

HOUR = 3600
STATUSES = {10: "sent", 11: "delivered", 12: "buffered", 13: "undelivered", 16: "unknown", 17: "unknown"}
FINAL = {"delivered", "undelivered"}
ACCOUNTS = st.integers(0, 1)


class World(RuleBasedStateMachine):
    """Two accounts that get the same msgids, and what should become of each report."""

    hass: HomeAssistant
    freezer: FrozenDateTimeFactory
    gateway: Gateway
    client: TestClient[Request, Application]

    def __init__(self) -> None:
        super().__init__()
        self.entries = [account_entry(data={"api_key": str(n), "webhook_id": f"webhook-{n}"}) for n in range(2)]
        self.loaded = [True, True]
        self.msgids: dict[str | None, Iterator[int]] = defaultdict(lambda: count(1))
        self.sent_at: dict[Message, float] = {}
        self.forgotten: set[Message] = set()
        self.early: dict[Message, list[int]] = defaultdict(list)
        self.told: dict[Message, list[str]] = defaultdict(list)
        self.expected: list[tuple[Message, str]] = []
        self.seen: list[tuple[Message, str]] = []
        self.gateway.responses["sendsms"] = self.accept
        self.unsubscribe = self.hass.bus.async_listen(EVENT_DELIVERY_REPORT, self.see)
        for entry in self.entries:
            self.run(set_up(self.hass, entry))

    @initialize()
    def send_first(self) -> None:
        """Send a message by each account."""
        self.send(0)
        self.send(1)

    def accept(self, received: Received) -> Response:
        """Give each account msgids that count from 1."""
        message = [{"number": received.fields["numbers"], "msgid": next(self.msgids[received.api_key])}]
        return {"code": 100, "message": message}

    @callback
    def see(self, event: Event) -> None:
        """Keep a report; its number and its context have to be those of the message."""
        account = [entry.entry_id for entry in self.entries].index(event.data["config_entry_id"])
        msgid = event.data["msgid"]
        assert event.data["number"] == number_of((account, msgid))
        assert event.context.id == f"{account}"
        self.seen.append(((account, msgid), event.data["status"]))

    def expect(self, message: Message, codes: list[int]) -> None:
        """Expect the statuses that are new for a message, none after a final one."""
        told = self.told[message]
        for status in map(STATUSES.__getitem__, codes):
            if status not in told and not FINAL & set(told):
                told.append(status)
                self.expected.append((message, status))

    def count_sent(self, account: int) -> int:
        """Return how many messages an account has sent."""
        return sum(1 for sender, _ in self.sent_at if sender == account)

    def followed(self, message: Message) -> bool:
        """Return whether a message can still get reports."""
        return message in self.sent_at and message not in self.forgotten and not FINAL & set(self.told[message])

    def forget_old(self, account: int) -> None:
        """Forget what was sent 72 hours ago, as an account does every minute and when it is loaded."""
        oldest = dt_util.utcnow().timestamp() - 72 * HOUR
        self.forgotten |= {message for message, at in self.sent_at.items() if message[0] == account and at < oldest}

    @rule(account=ACCOUNTS)
    def send(self, account: int) -> None:
        """Send a message, whose reports may have come before."""
        if not self.loaded[account]:
            return
        message = (account, self.count_sent(account) + 1)
        self.sent_at[message] = dt_util.utcnow().timestamp()
        self.expect(message, self.early.pop(message, []))
        data = {
            "config_entry_id": self.entries[account].entry_id,
            "message": "Hello",
            "numbers": [f"+{number_of(message)}"],
        }
        self.run(
            self.hass.services.async_call(DOMAIN, "send_sms", data, blocking=True, context=Context(id=f"{account}"))
        )

    @rule(account=ACCOUNTS, offset=st.integers(-2, 1), code=st.sampled_from([*STATUSES]))
    def report(self, account: int, offset: int, code: int) -> None:
        """Let a report come, for one of the last messages or the next one."""
        message = (account, max(1, self.count_sent(account) + offset))
        if self.loaded[account] and self.followed(message):
            self.expect(message, [code])
        else:
            self.early[message].append(code)
        self.run(post_report(self.hass, self.client, message[1], code, f"webhook-{account}"))

    @rule(account=ACCOUNTS)
    def unload_or_load(self, account: int) -> None:
        """Unload an account, which keeps its reports until it is loaded, or load it."""
        entries, entry_id = self.hass.config_entries, self.entries[account].entry_id
        if self.loaded[account]:
            self.run(entries.async_unload(entry_id))
        else:
            self.forget_old(account)
            for message in [message for message in self.early if message[0] == account and self.followed(message)]:
                self.expect(message, self.early.pop(message))
            self.run(entries.async_setup(entry_id))
        self.loaded[account] = not self.loaded[account]

    @rule(seconds=st.sampled_from([0.6, 200, 40 * HOUR]))
    def pass_time(self, seconds: float) -> None:
        """Let time pass: a moment, more than early reports are kept, or much of what messages are followed."""
        self.run(advance_time(self.hass, seconds, self.freezer))
        if seconds > 1:
            self.forget_old(0)
            self.forget_old(1)
            early = {message: codes for message, codes in self.early.items() if not self.loaded[message[0]]}
            self.early = defaultdict(list, early)

    @rule()
    def restart(self) -> None:
        """Restart Home Assistant, which forgets early reports and nothing else."""
        self.run(restart(self.hass))
        self.loaded = [True, True]
        self.forget_old(0)
        self.forget_old(1)
        self.early.clear()

    @invariant()
    def nothing_is_lost_doubled_or_crossed(self) -> None:
        """Compare what came with what had to come."""
        assert sorted(self.seen) == sorted(self.expected)
        for message, told in self.told.items():
            assert [status for one, status in self.seen if one == message] == told

    @override
    def teardown(self) -> None:
        """Remove the accounts."""
        self.unsubscribe()
        for entry in self.entries:
            self.run(self.hass.config_entries.async_remove(entry.entry_id))

    def run(self, coroutine: Coroutine[Any, Any, object]) -> None:
        """Run something and what follows from it."""
        self.hass.loop.run_until_complete(coroutine)
        self.hass.loop.run_until_complete(self.hass.async_block_till_done())


def number_of(message: Message) -> str:
    """Return the number that a message goes to."""
    account, msgid = message
    return f"324960{account}{msgid:04}"


def test_any_order(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    gateway: Gateway,
    hass_client_no_auth: ClientSessionGenerator,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Whatever happens, each report fires its event once, for the right message, in its order."""
    gateway.api_key = None
    caplog.set_level(logging.CRITICAL)
    World.hass, World.freezer, World.gateway = hass, freezer, gateway
    run = hass.loop.run_until_complete
    run(hass.config.async_update(external_url="https://example.org"))
    assert run(async_setup_component(hass, DOMAIN, {}))
    World.client = run(hass_client_no_auth())
    run_state_machine_as_test(World, settings=settings(max_examples=12, stateful_step_count=30, deadline=None))

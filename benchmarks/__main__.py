"""Measure everything, or the named parts, and write benchmarks/results.md.

The parts are messages, reports, growth and offline.
"""

from pathlib import Path
import platform
import socket
import sys

from homeassistant.config_entries import ConfigSubentryDataWithId
from homeassistant.const import __version__
from homeassistant.runner import create_event_loop

from . import growth, messages, offline, reports
from .home_assistant import benches, recipient
from .measure import HEADER, ROUNDS, Row

RESULTS = Path(__file__).with_name("results.md")
CROWD = 500
PARTS = {"messages", "reports", "growth", "offline"}


async def measure(parts: set[str]) -> list[Row]:
    """Measure what needs a running Home Assistant."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    rows: list[Row] = []
    async with benches(port) as bench:
        crowds = [
            recipient(f"Crowd {n}", *(f"32{470_000_000 + 1000 * n + i}" for i in range(CROWD))) for n in range(1, 11)
        ]
        few = await bench.add_account("few", recipient("Mum", "32496123456"), *crowds)
        many = await bench.add_account("many", recipient("Dad", "32496123457"))
        topic = ConfigSubentryDataWithId(
            subentry_id="topic", subentry_type="topic", title="topic", unique_id="topic", data={"topic": "topic"}
        )
        ntfy = await bench.add_entry("ntfy", {"url": bench.gateway, "verify_ssl": False}, topic)
        await bench.add_account("guarded", recipient("Guarded", "32496123458"), guard=True)
        if "messages" in parts:
            rows += await messages.guard(bench)
            rows += await messages.one_by_one(bench)
            rows += await messages.at_once(bench)
            rows += await messages.many_numbers(bench, few)
        if "reports" in parts:
            rows += await reports.reports(bench, few, many)
            rows += await reports.event_loop(bench, few)
            rows += await reports.set_up(bench, many, ntfy)
        if "growth" in parts:
            rows += await growth.recipients(bench)
            rows += await growth.bare_numbers(bench, many)
            rows += await growth.followed(bench)
            rows += await growth.plans(bench)
    return rows


def main() -> None:
    """Measure, print and write."""
    parts = set(sys.argv[1:]) or PARTS
    loop = create_event_loop()
    rows = loop.run_until_complete(measure(parts)) if parts - {"offline"} else []
    if "offline" in parts:
        rows += offline.importing() + offline.texts() + offline.memory()
    table = "\n".join([HEADER, *map(str, rows)])
    print(table)
    if parts == PARTS:
        RESULTS.write_text(
            f"# Results\n\nBy `scripts/bench`: Home Assistant {__version__}, Python {platform.python_version()}, all\n"
            f"in one process and interleaved, at least {min(ROUNDS, 5)} rounds. Ratios count, not times.\n\n"
            f"{table}\n"
        )


if __name__ == "__main__":
    main()

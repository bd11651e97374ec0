"""A power cut: what was being followed is still known afterwards."""

import asyncio
import json
from pathlib import Path

from development.home_assistant import home_assistant
from development.process import free_port, simulator

MESSAGES = 1000


async def test_reports_after_a_power_cut_are_matched(directory: Path) -> None:
    """Kill Home Assistant two seconds after it sent, start it again, and miss no report."""
    configuration, port = directory / "config", free_port()
    # Time enough to start again on a busy machine, before the simulator gives the final reports up.
    async with simulator(directory, free_port(), "--report-delay", "20") as gateway:
        async with home_assistant(configuration, port, gateway) as instance:
            entry_id, _ = await instance.add_account()
            numbers = [f"+32496{number:06}" for number in range(10_000, 10_000 + 100 * MESSAGES, 100)]
            response = await instance.action("smsbox.send_sms", {"message": "Hello", "numbers": numbers}, response=True)
            msgids = {message["msgid"] for message in response["messages"]}
            assert len(msgids) == MESSAGES
            await asyncio.sleep(2)  # the power goes off by the clock
            await instance.process.kill()

        async with home_assistant(configuration, port, gateway) as instance:
            total = await instance.state(
                "sensor.smsbox_messages_delivered", until=lambda state: state["state"] == str(MESSAGES)
            )
            assert total["attributes"]["unit_of_measurement"] == "messages"
            failed = await instance.state("sensor.smsbox_messages_failed")
            assert failed["state"] == "0"
    stored = json.loads((configuration / f".storage/smsbox.{entry_id}").read_text())
    assert stored["data"]["messages"] == []

"""Run the gateway simulator and a Home Assistant that is ready to send, until Ctrl-C."""

from argparse import ArgumentDefaultsHelpFormatter, ArgumentParser, Namespace
import asyncio
from contextlib import suppress
import shutil
import signal
import socket

from homeassistant.const import RESTART_EXIT_CODE

from development.home_assistant import PASSWORD, USER, HomeAssistant, home_assistant
from development.process import ROOT, simulator

DIRECTORY = ROOT / ".develop"
READY = """
Home Assistant  {url}/smsbox-dashboard  (log in as {user}, password {password})
Phones          {gateway}  (the page says which number endings fail)
Night alarm     press Send test alert on the device of that name, then tap the link on one of the phones
Ctrl-C stops both; your changes are kept. Logs are in {logs}.
"""


def say(text: str) -> None:
    """Print what happens, at once even into a file."""
    print(f"develop: {text}", flush=True)


def parse() -> Namespace:
    """Read the command line."""
    parser = ArgumentParser("scripts/develop", description=__doc__, formatter_class=ArgumentDefaultsHelpFormatter)
    parser.add_argument("--fresh", action="store_true", help="begin again, without what was kept")
    parser.add_argument("--port", type=int, default=8123, help="port of Home Assistant")
    parser.add_argument("--gateway-port", type=int, default=8899, help="port of the gateway simulator")
    return parser.parse_args()


def check_ports(options: Namespace) -> None:
    """Exit with a clear message if a port is taken."""
    for option in ("port", "gateway_port"):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", getattr(options, option)))
            except OSError as error:
                name = option.replace("_", "-")
                raise SystemExit(
                    f"develop: port {getattr(options, option)} is taken, choose another by --{name}"
                ) from error


async def run(options: Namespace) -> None:
    """Run both until told to stop."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    working = asyncio.create_task(_work(options))
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
    if stop.is_set():
        say("stopping")
        working.cancel()
    stopping.cancel()
    with suppress(asyncio.CancelledError):
        await working


async def _work(options: Namespace) -> None:
    """Keep both running, and start Home Assistant again whenever it restarts, until one of them ends."""
    say("starting the gateway simulator")
    async with simulator(DIRECTORY, options.gateway_port) as gateway:
        say(f"starting Home Assistant, which takes a minute or two the first time; it logs to {DIRECTORY}")
        while await _run_home_assistant(options.port, gateway) == RESTART_EXIT_CODE:
            say("restarting Home Assistant")
    raise SystemExit(f"develop: Home Assistant ended, see {DIRECTORY}/home-assistant.out")


async def _run_home_assistant(port: int, gateway: str) -> int:
    """Run Home Assistant with an account that has recipients and a plan; return its exit code."""
    async with home_assistant(DIRECTORY / "config", port, gateway) as instance:
        if not await instance.command("config_entries/get", domain="smsbox"):
            say("adding an account, two recipients and a plan")
            await _add_family(instance)
        ready = READY.format(url=instance.url, user=USER, password=PASSWORD, gateway=gateway, logs=DIRECTORY)
        print(ready, flush=True)
        return await instance.process.ended()


async def _add_family(instance: HomeAssistant) -> None:
    """Add an account with Mum and Dad, and a plan that tells them."""
    entry_id, flow_id = await instance.add_account()
    await instance.add_recipient(flow_id, "Mum", "0496 12 34 56", channels=["sms", "tts", "voice"])
    flow_id = await instance.add_subentry(entry_id, "recipient")
    await instance.add_recipient(flow_id, "Dad", "0470 11 22 33", channels=["sms", "tts", "voice"])
    await instance.state("notify.dad_voice_call")
    await instance.add_plan(
        entry_id,
        "Night alarm",
        {"notify": ["notify.mum_sms"], "wait": 1},
        {"notify": ["notify.mum_voice_call", "notify.dad_sms"], "wait": 1},
        {"notify": ["notify.dad_voice_call"], "wait": 1},
    )


def main() -> None:
    """Run until told to stop."""
    options = parse()
    check_ports(options)
    if options.fresh:
        shutil.rmtree(DIRECTORY, ignore_errors=True)
    try:
        asyncio.run(run(options))
    except RuntimeError as error:
        raise SystemExit(f"develop: {error}") from error


if __name__ == "__main__":
    main()

"""Run the gateway simulator and a Home Assistant that is ready to send, until Ctrl-C."""

from argparse import ArgumentDefaultsHelpFormatter, ArgumentParser, Namespace
import asyncio
from contextlib import suppress
import shutil
import signal
import socket

from development.home_assistant import PASSWORD, USER, home_assistant
from development.process import ROOT, simulator

DIRECTORY = ROOT / ".develop"
READY = """
Home Assistant  {url}/smsbox-dashboard  (log in as {user}, password {password})
Phones          {gateway}
Ctrl-C ends both; what you changed is kept. Logs are in {logs}.
"""


def parse() -> Namespace:
    """Read the command line."""
    parser = ArgumentParser("scripts/develop", description=__doc__, formatter_class=ArgumentDefaultsHelpFormatter)
    parser.add_argument("--fresh", action="store_true", help="begin again, without what was kept")
    parser.add_argument("--port", type=int, default=8123, help="port of Home Assistant")
    parser.add_argument("--gateway-port", type=int, default=8899, help="port of the gateway simulator")
    return parser.parse_args()


def check_ports(options: Namespace) -> None:
    """End with a clear word where a port is taken."""
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
    """Start both, make them ready, and wait for the end."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    working = asyncio.create_task(_work(options))
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
    if stop.is_set():
        print("develop: ending")
        working.cancel()
    stopping.cancel()
    with suppress(asyncio.CancelledError):
        await working


async def _work(options: Namespace) -> None:
    """Keep both running until one of them ends."""
    async with (
        simulator(DIRECTORY, options.gateway_port) as gateway,
        home_assistant(DIRECTORY / "config", options.port, gateway) as instance,
    ):
        if not await instance.command("config_entries/get", domain="smsbox"):
            _, flow_id = await instance.add_account()
            await instance.add_recipient(flow_id, "Test phone", "3211111111", channels=["sms", "tts", "voice"])
        print(READY.format(url=instance.url, user=USER, password=PASSWORD, gateway=gateway, logs=DIRECTORY))
        await instance.process.ended()
        raise SystemExit(f"develop: Home Assistant ended, see {DIRECTORY}/home-assistant.out")


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

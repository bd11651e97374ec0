"""Run the gateway: `python -m simulator`."""

from argparse import ArgumentDefaultsHelpFormatter, ArgumentParser, Namespace
import asyncio
from collections.abc import Sequence
from decimal import Decimal
from errno import EADDRINUSE
import signal

from aiohttp import web

from .app import create_app
from .state import Gateway, amount


def parse(arguments: Sequence[str] | None = None) -> Namespace:
    """Read the command line."""
    parser = ArgumentParser("python -m simulator", description=__doc__, formatter_class=ArgumentDefaultsHelpFormatter)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=8899, help="port to listen on, 0 for a free one")
    parser.add_argument("--api-key", action="append", help="key to accept instead of demo, may be repeated")
    parser.add_argument("--balance", type=amount, default=Decimal(1000), help="credits of the account")
    parser.add_argument("--report-delay", type=float, default=3.0, help="seconds until the final delivery report")
    return parser.parse_args(arguments)


async def serve(options: Namespace) -> None:
    """Simulate the gateway until SIGINT or SIGTERM; print its URL when it is ready."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    gateway = Gateway(keys=set(options.api_key or ["demo"]), balance=options.balance, report_delay=options.report_delay)
    runner = web.AppRunner(create_app(gateway), access_log=None, handler_cancellation=True, shutdown_timeout=1)
    await runner.setup()
    try:
        await web.TCPSite(runner, options.host, options.port).start()
        host, port = runner.addresses[0][:2]
        print(f"SMSBOX simulator on http://{host}:{port}, API at http://{host}:{port}/api/v1", flush=True)
        await stop.wait()
    finally:
        await runner.cleanup()


def main() -> None:
    """Run until told to stop; say clearly if that is impossible."""
    options = parse()
    try:
        asyncio.run(serve(options))
    except OSError as error:
        taken = f"port {options.port} is taken, choose another by --port"
        raise SystemExit(f"simulator: {taken if error.errno == EADDRINUSE else error}") from error
    except OverflowError as error:
        raise SystemExit(f"simulator: {error}") from error


if __name__ == "__main__":
    main()

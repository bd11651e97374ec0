"""The gateway as a web application."""

from aiohttp import web

from .api import Api
from .control import Control
from .delivery import Delivery
from .state import Gateway


def create_app(gateway: Gateway) -> web.Application:
    """Return an application that simulates a gateway, whose state is in `gateway`."""

    async def close(app: web.Application) -> None:
        """Release the requests that wait."""
        gateway.closing.set()
        gateway.notify()

    delivery = Delivery(gateway)
    api = Api(gateway, delivery)
    app = web.Application()
    app.router.add_get("/api/v1/{path:.+}", api.handle, allow_head=False)
    app.router.add_post("/api/v1/{path:.+}", api.handle)
    app.add_routes(Control(gateway).routes())
    app.cleanup_ctx.append(delivery.run)
    app.on_shutdown.append(close)
    return app

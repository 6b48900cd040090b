"""The web process: the stream as native routes, Django beside them in a fixed number of threads."""

import asyncio
import logging
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast
from urllib.parse import urlsplit

import uvicorn
from a2wsgi import WSGIMiddleware
from a2wsgi.wsgi_typing import WSGIApp
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.routing import Mount, Route
from starlette.types import ASGIApp

from swf_testbed.bus import open_bus
from swf_testbed.config.settings import Settings, username
from swf_testbed.monitor.startup import prepare

log = logging.getLogger(__name__)

THREADS = 8
"""Requests that Django works on at once, which is also the number of its database connections."""

_GRACE_S = 2


def application(swf: Settings) -> tuple[Starlette, "HubHolder"]:
    """The web application; Django is set up."""
    from django.conf import settings as django_settings
    from django.core.wsgi import get_wsgi_application

    holder = HubHolder(swf)
    root = Starlette(
        routes=[
            Route("/api/messages/stream/", holder.stream.events, methods=["GET"]),
            Route("/api/messages/stream/status/", holder.stream.status, methods=["GET"]),
            Mount("/", cast(ASGIApp, WSGIMiddleware(cast(WSGIApp, get_wsgi_application()), workers=THREADS))),
        ],
        middleware=[
            Middleware(TrustedHostMiddleware, allowed_hosts=django_settings.ALLOWED_HOSTS, www_redirect=False)
        ],
        lifespan=holder.lifespan,
    )
    return root, holder


class HubHolder:
    """The stream's hub and what feeds it, for as long as the server runs."""

    def __init__(self, swf: Settings) -> None:
        from swf_testbed.monitor.stream.endpoint import Stream
        from swf_testbed.monitor.stream.hub import Hub

        self._swf = swf
        self.hub = Hub()
        self.stream = Stream(self.hub)

    @asynccontextmanager
    async def lifespan(self, app: Starlette) -> AsyncIterator[None]:
        """Follow the store while the server runs."""
        del app
        from swf_testbed.monitor.stream.follower import Follower

        with open_bus(self._swf) as bus:
            loop = asyncio.get_running_loop()
            follower = await asyncio.to_thread(Follower, bus, self.hub, loop)
            try:
                yield
            finally:
                await asyncio.to_thread(follower.close)
                self.stream.close()


class _Server(uvicorn.Server):
    """Ends the streams first when it goes down: they would never end by themselves."""

    def __init__(self, config: uvicorn.Config, holder: HubHolder) -> None:
        super().__init__(config)
        self._holder = holder

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close the hub, then as usual."""
        self._holder.hub.close()
        await super().shutdown(sockets)


def serve(swf: Settings) -> None:
    """Serve until SIGTERM or SIGINT."""
    prepare(swf)
    from swf_testbed.monitor.services.tokens import local_token

    local_token(username(), swf.token_file)
    app, holder = application(swf)
    config = uvicorn.Config(
        app,
        host=urlsplit(swf.swf_monitor_http_url).hostname or "127.0.0.1",
        port=swf.monitor_port,
        access_log=False,
        log_config=None,
        server_header=False,
        lifespan="on",
        timeout_graceful_shutdown=_GRACE_S,
    )
    # uvicorn raises the signal again when it is done; an end that was asked for is a good end.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    log.info("serving %s", swf.swf_monitor_http_url)
    _Server(config, holder).run()

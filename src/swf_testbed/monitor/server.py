"""The web process: the stream as native routes, Django beside them in a fixed number of threads.

One application behind two servers, HTTP and HTTPS, in one event loop.
"""

import asyncio
import logging
import signal
import socket
import threading
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager
from typing import cast

import uvicorn
from a2wsgi import WSGIMiddleware
from a2wsgi.wsgi_typing import WSGIApp
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from swf_testbed.bus import open_bus
from swf_testbed.config.environment import username
from swf_testbed.config.settings import Mode, Settings
from swf_testbed.monitor.certificate import ensure_certificate
from swf_testbed.monitor.listening import listen
from swf_testbed.monitor.startup import close_pools, patiently, prepare

log = logging.getLogger(__name__)

THREADS = 8
"""Requests that Django works on at once, which is also the number of its database connections."""

_GRACE_S = 2


def application(swf: Settings) -> tuple[Starlette, "Services"]:
    """The web application; Django is set up."""
    from django.conf import settings as django_settings
    from django.core.wsgi import get_wsgi_application

    from swf_testbed.monitor.exit_buffer import ExitBuffer
    from swf_testbed.monitor.stream.endpoint import Stream

    services = Services(swf)
    stream = Stream(services.stream)
    exit_buffer = ExitBuffer(swf.state_dir / "exit-buffer", services.stream)
    root = Starlette(
        routes=[
            Route("/api/messages/stream/", stream.events, methods=["GET"]),
            Route("/api/messages/stream/status/", stream.status, methods=["GET"]),
            Route("/exit-buffer/{path:path}", exit_buffer.serve, methods=["GET"]),
            # Both, as clients differ in whether they keep the slash.
            Route("/mcp/", services.assistants),
            Route("/mcp", services.assistants),
        ],
        middleware=[
            Middleware(
                TrustedHostMiddleware, allowed_hosts=django_settings.ALLOWED_HOSTS, www_redirect=False
            ),
            Middleware(Prefix, prefix=swf.monitor_prefix),
        ],
        lifespan=services.lifespan,
    )
    # Not a Mount: no path with a line break matches one, and what is wrong with such is Django's to say.
    django = WSGIMiddleware(cast(WSGIApp, get_wsgi_application()), workers=THREADS)
    root.router.default = cast(ASGIApp, django)
    return root, services


class Prefix:
    """Lets what a reverse proxy passes on below a path be found there, and links lead there again.

    Without the path everything is found too: the testbed's own programs ask directly.
    """

    def __init__(self, app: ASGIApp, prefix: str) -> None:
        self._app, self._prefix = app, prefix

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand on a request, with the path that is not ours named as `root_path`."""
        if self._prefix and scope["type"] == "http" and f"{scope['path']}/".startswith(f"{self._prefix}/"):
            scope = {**scope, "root_path": self._prefix}
        await self._app(scope, receive, send)


class Services:
    """What runs beside the requests for as long as the server does: the stream, the door of assistants."""

    def __init__(self, swf: Settings) -> None:
        from swf_testbed.monitor.mcp.server import Door
        from swf_testbed.monitor.stream.running import Running

        self._swf = swf
        self.stream = Running(swf)
        self.assistants = Door()

    @asynccontextmanager
    async def lifespan(self, app: Starlette) -> AsyncIterator[None]:
        """Follow the store while the server runs."""
        del app
        from swf_testbed.monitor.services.broker import Broker, connected_to

        tells = self._swf.swf_mode is Mode.EMBEDDED
        with open_bus(self._swf) as bus, connected_to(Broker(bus, tells=tells)):
            async with self.stream.following(bus), self.assistants.lifespan():
                yield


class _Server(uvicorn.Server):
    """One of two in a process, which alone hears signals."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to `_Serving`."""
        yield


class _Serving:
    """The servers of one application: they begin together, and end together."""

    def __init__(self, app: Starlette, services: Services, servers: Sequence[_Server]) -> None:
        self._app, self._services, self._servers = app, services, servers

    async def run(self, sockets: Sequence[list[socket.socket]]) -> None:
        """Serve until SIGTERM or SIGINT; the application begins and ends once."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._end)
        async with self._app.router.lifespan_context(self._app), asyncio.TaskGroup() as group:
            for server, own in zip(self._servers, sockets, strict=True):
                group.create_task(server.serve(own))

    def _end(self) -> None:
        # Streams first: they would never end by themselves.
        self._services.stream.hub.close()
        for server in self._servers:
            server.should_exit = True


def serve(swf: Settings) -> None:
    """Serve until SIGTERM or SIGINT.

    Raises:
        Refused: a port is taken.
        BadInput: an address or the certificate cannot be used.
    """
    prepare(swf, patiently(threading.Event()))
    ensure_certificate(swf)
    with ExitStack() as stack:
        sockets = [
            [stack.enter_context(one) for one in listen(variable, url, scheme)]
            for variable, url, scheme in (
                ("SWF_MONITOR_HTTP_URL", swf.swf_monitor_http_url, "http"),
                ("SWF_MONITOR_URL", swf.swf_monitor_url, "https"),
            )
        ]
        from swf_testbed.monitor.services.tokens import local_token

        local_token(username(), swf.token_file)
        app, services = application(swf)
        servers = [_Server(_config(swf, app, tls=tls)) for tls in (False, True)]
        log.info("serving %s and %s", swf.swf_monitor_http_url, swf.swf_monitor_url)
        asyncio.run(_Serving(app, services, servers).run(sockets))
    close_pools()


def _config(swf: Settings, app: Starlette, *, tls: bool) -> uvicorn.Config:
    from swf_testbed.monitor.stream.connection import Protocol

    return uvicorn.Config(
        app,
        http=Protocol,
        access_log=False,
        log_config=None,
        server_header=False,
        lifespan="off",
        timeout_graceful_shutdown=_GRACE_S,
        forwarded_allow_ips=swf.trusted_proxies,
        ssl_certfile=swf.monitor_certificate if tls else None,
        ssl_keyfile=swf.monitor_key if tls else None,
    )

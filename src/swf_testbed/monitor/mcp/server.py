"""The server of the protocol, and the door that knows who asks."""

import asyncio
import functools
import logging
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from contextvars import copy_context
from typing import Any

from django.conf import settings as django_settings
from django.db import Error, connections
from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ResourceError, ToolError
from mcp.server.mcpserver.tools import Tool
from pydantic import BaseModel
from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from swf_testbed import __version__
from swf_testbed.model.errors import SwfError
from swf_testbed.monitor.mcp import acting, guiding, judging, lists, looking, managing, watching
from swf_testbed.monitor.mcp.asker import ANYBODY, Asker, asking, of_token
from swf_testbed.monitor.mcp.registry import TOOLS, Entry, as_offered
from swf_testbed.monitor.services.database_trouble import is_outage, trouble

__all__ = ["TOOLS", "Door", "build", "offered"]

_ALL = (acting, judging, lists, looking, managing, watching)
"""Importing them has entered their tools."""

THREADS = 4
"""Tools that work at once, which is also the number of their database connections."""

INSTRUCTIONS = """\
The monitor of swf-testbed, the streaming workflow testbed of ePIC. Begin with get_system_state.
To take a run: check_agent_manager, start_user_testbed, start_workflow, then get_workflow_monitor until it has
ended; look at list_tf_slices, list_histograms and get_quality; stop_user_testbed at the end.
Lists are newest first; go on with next_cursor. Times are UTC.
Tools that end something need confirm=true, and say without it what they would do."""

log = logging.getLogger(__name__)


class Door:
    """Answers at `/mcp/`: asks for the token, then lets the protocol's own server answer.

    A request stands alone: no session is kept between two of them.
    """

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="mcp")
        self._server = build(self.run)
        self._server.streamable_http_app(json_response=True, stateless_http=True)

    @asynccontextmanager
    async def lifespan(self) -> AsyncIterator[None]:
        """Answer while the web server runs."""
        async with self._server.session_manager.run():
            try:
                yield
            finally:
                self._threads.shutdown(wait=False, cancel_futures=True)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        asker = await self._asker(Headers(scope=scope).get("authorization", ""))
        if asker is None:
            detail = "needs the header 'Authorization: Bearer <key>' with a valid token"
            refused = JSONResponse({"detail": detail}, 401, {"WWW-Authenticate": "Bearer"})
            await refused(scope, receive, send)
            return
        with asking(asker):
            await self._server.session_manager.handle_request(scope, receive, send)

    async def _asker(self, header: str) -> Asker | None:
        """Whose token the request has; anybody without one where reading is public."""
        scheme, _, key = header.partition(" ")
        if scheme.lower() in {"bearer", "token"}:
            found: Asker | None = await self.run(lambda: of_token(key.strip()))
            return found
        return ANYBODY if django_settings.PUBLIC_READ and not header else None

    async def run(self, work: Callable[[], Any]) -> Any:
        """Work on the database in a thread, asked by whoever asks here."""
        context = copy_context()
        return await asyncio.get_running_loop().run_in_executor(
            self._threads, context.run, functools.partial(_alone, work)
        )


def _alone(work: Callable[[], Any]) -> Any:
    try:
        return work()
    finally:
        connections.close_all()


Run = Callable[[Callable[[], Any]], Any]
"""Works in a thread; awaited."""


async def _here(work: Callable[[], Any]) -> Any:
    return work()


def offered(entry: Entry, run: Run = _here) -> Tool:
    """A tool as the protocol's server has it."""
    return as_offered(entry, _told(entry.call, run, ToolError))


def build(run: Run) -> MCPServer:
    """A server with every tool of the registry, and all resources and prompts; `run` does their work."""
    server = MCPServer(
        "swf-testbed",
        title="swf-testbed monitor",
        version=__version__,
        instructions=INSTRUCTIONS,
        log_level="WARNING",
        tools=[offered(entry, run) for entry in TOOLS.values()],
    )
    for address, read in guiding.RESOURCES.items():
        server.resource(address, mime_type="application/json")(_document(_told(read, run, ResourceError)))
    server.prompt()(guiding.investigate_failed_execution)
    return server


def _told(call: Callable[..., Any], run: Run, kind: type[Exception]) -> Callable[..., Any]:
    """Carried out in a thread; what is wrong is told in our own words."""

    @functools.wraps(call)
    async def told(**arguments: Any) -> Any:
        try:
            return await run(functools.partial(call, **arguments))
        except SwfError as error:
            raise kind(str(error)) from None
        except Error as error:
            if not is_outage(error):
                raise
            log.warning("database: %s", error)
            raise kind(trouble(error)) from None

    return told


def _document(read: Callable[..., Any]) -> Callable[..., Any]:
    """The answer as text: a resource has no type of its own."""

    @functools.wraps(read)
    async def text(**arguments: Any) -> str:
        found: BaseModel = await read(**arguments)
        return found.model_dump_json(indent=1)

    text.__annotations__ = {**text.__annotations__, "return": str}
    return text

"""An assistant, for tests: the official SDK's client; and whoever answers what it has done."""

import asyncio
import contextlib
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import httpx2
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.types import CallToolResult

from swf_testbed.bus import Bus, Subscription
from swf_testbed.messages import Reply, decode
from swf_testbed.messages.codec import encode, headers
from swf_testbed.messages.control import Command

T = TypeVar("T")


def assist(url: str, token: str, work: Callable[[Client], Awaitable[T]]) -> T:
    """Do something with a client of its own."""

    async def assisted() -> T:
        said = {"Authorization": f"Bearer {token}"} if token else {}
        async with (
            httpx2.AsyncClient(headers=said, trust_env=False, timeout=60) as http,
            Client(streamable_http_client(f"{url}/mcp/", http_client=http)) as client,
        ):
            return await work(client)

    return asyncio.run(assisted())


def call(url: str, token: str, tool: str, **arguments: Any) -> CallToolResult:
    """Call one tool."""
    return assist(url, token, lambda client: client.call_tool(tool, arguments))


def text_of(result: CallToolResult) -> str:
    """What a result says in words."""
    return "".join(getattr(part, "text", "") for part in result.content)


@contextmanager
def answering(bus: Bus, destination: str, done: dict[str, Any] | str) -> Iterator[list[Command]]:
    """Carry out every command there by answering `done`, or by refusing in these words; what was asked."""
    asked: list[Command] = []
    inbox = bus.subscribe(Subscription(destination))

    def serve() -> None:
        while deliveries := inbox.take():
            command = decode(deliveries[0].body)
            inbox.ack(deliveries)
            if isinstance(command, Command) and command.reply_to and command.correlation_id:
                asked.append(command)
                reply = Reply(
                    namespace=command.namespace,
                    sender="answering",
                    correlation_id=command.correlation_id,
                    ok=isinstance(done, dict),
                    error=None if isinstance(done, dict) else done,
                    done=done if isinstance(done, dict) else {},
                )
                bus.publish_body(command.reply_to, encode(reply), headers(reply))

    thread = threading.Thread(target=serve)
    thread.start()
    with contextlib.closing(inbox):
        try:
            yield asked
        finally:
            inbox.close()
            thread.join(10)

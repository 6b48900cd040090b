"""`testbed mcp`: the monitor's tools for an assistant that starts programs rather than opens addresses."""

import asyncio
from typing import Annotated

import typer

from swf_testbed import __version__
from swf_testbed.config.environment import settings
from swf_testbed.model.hosts import is_loopback
from swf_testbed.monitor_client import MonitorClient

_TOOL_S = 180.0
"""How long a tool may take, s: agents that start are waited for."""

_CONNECT_S = 5.0


def add_to(app: typer.Typer) -> None:
    """Add this command."""
    app.command()(mcp)


def mcp(
    url: Annotated[
        str | None, typer.Option(help="The monitor; that of this testbed if left out (SWF_MONITOR_HTTP_URL).")
    ] = None,
) -> None:
    """Speak the Model Context Protocol on stdin and stdout, for an assistant on this machine.

    Everything is asked of the monitor, at its address /mcp/, with your token (SWF_API_TOKEN, or that of this
    testbed): an assistant may do what you may do over REST. In an assistant's settings the command is
    `testbed mcp`; assistants that open addresses themselves are better given that of the monitor.

    Exit code 0 when the assistant closes stdin, 1 if the monitor does not answer.
    """
    environment = settings()
    base = (url or environment.swf_monitor_http_url).rstrip("/")
    token = environment.token_for(base) if url else environment.api_token()
    with MonitorClient(base, patience_s=_CONNECT_S) as monitor:
        monitor.health()
    asyncio.run(_relay(base, token))


async def _relay(base: str, token: str) -> None:
    """Hand every request to the monitor, and its answer back."""
    # Both are only needed here, and take a second to load.
    import httpx2
    from mcp import Client
    from mcp.client.streamable_http import streamable_http_client
    from mcp.server.lowlevel import Server
    from mcp.server.stdio import stdio_server

    from swf_testbed.monitor_client.http import trust

    http = httpx2.AsyncClient(
        headers={"Authorization": f"Bearer {token}"} if token else {},
        timeout=httpx2.Timeout(_TOOL_S, connect=_CONNECT_S),
        trust_env=not is_loopback(base),
        verify=trust(base),
    )
    async with http, Client(streamable_http_client(f"{base}/mcp/", http_client=http)) as monitor:
        server = Server(
            "swf-testbed",
            version=__version__,
            instructions=monitor.instructions,
            on_list_tools=lambda _, __: monitor.list_tools(),
            on_call_tool=lambda _, asked: monitor.call_tool(asked.name, asked.arguments),
            on_list_resources=lambda _, __: monitor.list_resources(),
            on_list_resource_templates=lambda _, __: monitor.list_resource_templates(),
            on_read_resource=lambda _, asked: monitor.read_resource(asked.uri),
            on_list_prompts=lambda _, __: monitor.list_prompts(),
            on_get_prompt=lambda _, asked: monitor.get_prompt(asked.name, asked.arguments),
        )
        async with stdio_server() as (read, write):
            await server.run(read, write, server.create_initialization_options())

"""Calls of an assistant's tools over many sessions: rate, memory, what is left.

    python benchmarks/assistants.py [--calls N] [--sessions M]

A monitor of its own on an empty database; the official SDK's client, several sessions at a time, each a
mixture of tools. Beside it the same number of REST requests, in the same run. Exits with 1 if the server's
memory grew by more than 10 MB after the first tenth, any call failed, or a connection is left.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from pathlib import Path

import httpx
import httpx2
import psutil
from bench.served import served
from figures import Figure, tell
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

TOOLS = ("get_system_state", "list_runs", "list_messages", "list_logs", "list_tf_slices")
AT_ONCE = 5
MOST_GROWTH_MB = 10.0


async def session(url: str, token: str, calls: int) -> int:
    """One session of so many calls; how many failed."""
    headers = {"Authorization": f"Bearer {token}"}
    failed = 0
    async with (
        httpx2.AsyncClient(headers=headers, trust_env=False, timeout=60) as http,
        Client(streamable_http_client(f"{url}/mcp/", http_client=http)) as client,
    ):
        for number in range(calls):
            failed += (await client.call_tool(TOOLS[number % len(TOOLS)], {})).is_error
    return failed


async def soak(url: str, token: str, server: psutil.Process, sessions: int, calls: int) -> tuple[int, float]:
    """All sessions; how many calls failed, and how the server's memory grew after the first tenth, MB."""
    failed, settled = 0, 0.0
    for done in range(0, sessions, AT_ONCE):
        if done >= sessions / 10 and not settled:
            settled = server.memory_info().rss
        group = (session(url, token, calls) for _ in range(min(AT_ONCE, sessions - done)))
        failed += sum(await asyncio.gather(*group))
    return failed, (server.memory_info().rss - settled) / 1e6


def over_rest(url: str, token: str, calls: int) -> float:
    """Requests a second of the same lists over REST, on one connection."""
    paths = ("health", "runs", "workflow-messages", "logs", "tf-slices")
    headers = {"Authorization": f"Token {token}"}
    with httpx.Client(base_url=f"{url}/api", headers=headers, trust_env=False, timeout=60) as client:
        begin = time.perf_counter()
        for number in range(calls):
            client.get(f"/{paths[number % len(paths)]}/").raise_for_status()
        return calls / (time.perf_counter() - begin)


def main() -> int:
    """Measure, print, and judge."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--calls", type=int, default=2000, help="in all")
    parser.add_argument("--sessions", type=int, default=50)
    said = parser.parse_args()
    each = -(-said.calls // said.sessions)
    with tempfile.TemporaryDirectory() as home, served(Path(home)) as (_, url, token, server):
        begin = time.perf_counter()
        failed, growth = asyncio.run(soak(url, token, server, said.sessions, each))
        rate = said.sessions * each / (time.perf_counter() - begin)
        rest = over_rest(url, token, said.calls)
        left = [one for one in server.net_connections("tcp") if one.status == psutil.CONN_ESTABLISHED]
    print(f"{said.sessions} sessions of {each} calls: {failed} failed, {len(left)} connections left")
    good = tell(
        Figure("assistants' calls", rate, "calls/s", "REST requests", rest, "higher"),
        Figure("growth of memory after the first tenth", growth, "MB", "limit", MOST_GROWTH_MB, bound=1),
    )
    return 0 if good and not failed and not left else 1


if __name__ == "__main__":
    sys.exit(main())

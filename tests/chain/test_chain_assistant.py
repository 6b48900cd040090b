"""An assistant takes a run, from asking for the agent manager to the last histogram."""

import asyncio
import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

import httpx2
import pytest
from chain_testbed import QUICK, Testbed
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from swf_testbed.config.environment import username
from swf_testbed.config.instance import instance_namespace

pytestmark = [pytest.mark.chain, pytest.mark.timeout(240)]

STFS = 3
INSPECTOR = Path(__file__).with_name("inspector") / "node_modules" / ".bin" / "mcp-inspector"
_DEADLINE_S = 150


@pytest.fixture
def manager(testbed: Testbed) -> Iterator[None]:
    """An agent manager, in the background."""
    testbed.do("stop-agents")
    started = testbed.do("agent-manager", "--detach")
    assert started.returncode == 0, started.stderr
    yield
    testbed.do("agent-manager", "--stop")


class Assistant(Protocol):
    """Calls a tool by name, and reads what it answers."""

    async def __call__(self, tool: str, **arguments: Any) -> dict[str, Any]: ...


def by_sdk(client: Client) -> Assistant:
    """The official SDK's client."""

    async def ask(tool: str, **arguments: Any) -> dict[str, Any]:
        found = await client.call_tool(tool, arguments)
        assert not found.is_error, (tool, arguments, found.content)
        return dict(found.structured_content or {})

    return ask


def by_inspector(program: Path, url: str, token: str) -> Assistant:
    """The inspector's command line: a program of its own for each call."""

    async def ask(tool: str, **arguments: Any) -> dict[str, Any]:
        said = [
            f"{name}={value if isinstance(value, str) else json.dumps(value)}"
            for name, value in arguments.items()
        ]
        words = [
            *("--cli", f"{url}/mcp/", "--transport", "http", "--header", f"Authorization: Bearer {token}"),
            *("--method", "tools/call", "--tool-name", tool),
            *(word for pair in said for word in ("--tool-arg", pair)),
        ]
        process = await asyncio.create_subprocess_exec(
            program, *words, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        out, err = await process.communicate()
        assert process.returncode == 0, (words, out, err)
        return dict(json.loads(out)["structuredContent"])

    return ask


async def ask_until(
    good: Callable[[dict[str, Any]], bool], ask: Assistant, tool: str, **arguments: Any
) -> dict[str, Any]:
    """Ask again, as an assistant does, until the answer is as wished."""
    async with asyncio.timeout(_DEADLINE_S):
        while not good(said := await ask(tool, **arguments)):
            await asyncio.sleep(0.5)
    return said


async def take_a_run(ask: Assistant, namespace: str) -> None:
    managed = await ask("check_agent_manager")
    assert managed["what"] == f"the agent manager of {username()} answers"
    await ask("start_user_testbed", config_name="fast_processing")
    status = await ask("get_testbed_status")
    params = {**QUICK, "daq_state_machine.stf_count": STFS}
    started = await ask("start_workflow", workflow_name="fast_processing", namespace=namespace, params=params)
    execution, run = started["result"]["execution_id"], started["result"]["run_id"]
    seen = await ask_until(
        lambda said: bool(said["ended"]), ask, "get_workflow_monitor", execution_id=execution
    )
    assert seen["execution"]["status"] == "completed"
    assert seen["messages"]["stf_gen"] == STFS
    done = await ask_until(
        lambda said: len(said["items"]) == 15 * STFS,  # the total is counted a moment later
        ask,
        "list_tf_slices",
        run_number=run,
        status="completed",
        limit=200,
    )
    assert len(done["items"]) == 15 * STFS
    histograms = await ask_until(lambda said: said["total"] > 0, ask, "list_histograms", run_number=run)
    first = histograms["items"][0]
    found = await ask("get_histogram", run_number=run, subsystem=first["subsystem"], name=first["name"])
    assert found["content"]
    assert await ask("list_workflow_monitors", namespace=namespace) == {
        "total": 0,
        "items": [],
        "next_cursor": None,
    }
    assert status["result"]
    would = await ask("stop_user_testbed")
    assert would["done"] is False
    stopped = await ask("stop_user_testbed", confirm=True)
    assert stopped["done"] is True
    kept = await ask("list_logs", app_name="mcp", username=username())
    asked = " ".join(line["message"] for line in kept["items"])
    assert all(tool in asked for tool in ("start_user_testbed", "start_workflow", "stop_user_testbed"))


@pytest.mark.usefixtures("manager")
def test_an_assistant_takes_a_run(testbed: Testbed) -> None:
    settings = testbed.settings

    async def work() -> None:
        headers = {"Authorization": f"Bearer {settings.api_token()}"}
        async with (
            httpx2.AsyncClient(headers=headers, trust_env=False, timeout=180) as http,
            Client(
                streamable_http_client(f"{settings.swf_monitor_http_url}/mcp/", http_client=http)
            ) as client,
        ):
            await take_a_run(by_sdk(client), instance_namespace(settings.swf_home))

    asyncio.run(work())


@pytest.mark.usefixtures("manager")
def test_the_inspector_takes_a_run(testbed: Testbed) -> None:
    if not INSPECTOR.is_file() or shutil.which("node") is None:
        pytest.skip("the MCP inspector is not installed (npm ci --prefix tests/chain/inspector)")
    settings = testbed.settings
    ask = by_inspector(INSPECTOR, settings.swf_monitor_http_url, settings.api_token())
    asyncio.run(take_a_run(ask, instance_namespace(settings.swf_home)))

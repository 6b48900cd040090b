"""The monitor as an assistant sees it: the official SDK's client against a real monitor."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import httpx
import pytest
from assistant import answering, assist, call, text_of
from mcp import Client, StdioServerParameters
from monitor_instance import Instance

from swf_testbed.config.environment import username
from swf_testbed.messages.control import KillAgent, RunWorkflow
from swf_testbed.model import destinations
from swf_testbed.monitor_client import MonitorClient
from swf_testbed.records import (
    Alarm,
    FastmonFile,
    Histogram,
    Log,
    NamespaceRecord,
    QualityFlag,
    Run,
    RunState,
    StfFile,
    SystemAgent,
    SystemStateEvent,
    TfSlice,
    Worker,
    WorkflowDefinition,
    WorkflowExecution,
    WorkflowMessage,
)

_MOMENT = "2026-01-01T00:00:00+00:00"
_RUN = 600_000
_NAMESPACE = "assisted"
_EXECUTION = "assisted-alice-0001"
_STF = f"swf.{_RUN}.000001.stf"
_TF = f"swf.{_RUN}.000001_tf_001.tf"
_TIMES = {"start_time": "2020-01-01T00:00:00Z", "end_time": "2100-01-01T00:00:00+01:00"}
_PAGE = {**_TIMES, "limit": 200, "cursor": 10**12}
_USER = username()


class Tried(NamedTuple):
    """Arguments of a tool: the least, further ones up to the most, and some that are wrong."""

    least: dict[str, Any] = {}  # noqa: RUF012  # never changed
    more: dict[str, Any] = {}  # noqa: RUF012
    wrong: dict[str, Any] = {"bogus": 1}  # noqa: RUF012


TRIED = {
    "get_system_state": Tried(),
    "list_agents": Tried(
        more={"namespace": _NAMESPACE, "agent_type": "data", "operational_state": "READY", **_PAGE},
        wrong={"operational_state": "ready"},
    ),
    "get_agent": Tried({"instance_name": "data-agent-alice-1"}, wrong={"instance_name": "nobody"}),
    "list_namespaces": Tried(more={"owner": _USER, **_PAGE}, wrong={"limit": 201}),
    "get_namespace": Tried({"name": _NAMESPACE}, wrong={"name": "nowhere"}),
    "list_workflow_definitions": Tried(
        more={"workflow_name": "assisted", "created_by": "alice", **_PAGE}, wrong={"cursor": "x"}
    ),
    "list_workflow_executions": Tried(
        more={"namespace": _NAMESPACE, "status": "running", "executed_by": "alice", **_PAGE},
        wrong={"start_time": "yesterday"},
    ),
    "get_workflow_execution": Tried({"execution_id": _EXECUTION}, wrong={"execution_id": "x"}),
    "list_messages": Tried(
        more={
            "message_type": "note", "sender_agent": "x", "namespace": _NAMESPACE,
            "execution_id": _EXECUTION, "run_number": _RUN, **_PAGE,
        },
        wrong={"run_number": -1},
    ),
    "list_runs": Tried(
        more={"namespace": _NAMESPACE, "execution_id": _EXECUTION, **_PAGE}, wrong={"limit": 0}
    ),
    "get_run": Tried({"run_number": _RUN}, wrong={"run_number": 1}),
    "get_run_state": Tried({"run_number": _RUN}, wrong={"run_number": "one"}),
    "state_at": Tried(more={"time": _MOMENT, "run_number": _RUN}, wrong={"time": "1970-01-01T00:00:00Z"}),
    "list_stf_files": Tried(
        more={"run_number": _RUN, "status": "registered", "namespace": _NAMESPACE, **_PAGE},
        wrong={"status": "lost"},
    ),
    "get_stf_file": Tried({"stf_filename": _STF}, wrong={}),
    "list_tf_files": Tried(more={"run_number": _RUN, "stf_filename": _STF, "namespace": _NAMESPACE, **_PAGE}),
    "list_tf_slices": Tried(
        more={
            "run_number": _RUN, "status": "queued", "assigned_worker": "w", "namespace": _NAMESPACE, **_PAGE,
        },
        wrong={"status": "eaten"},
    ),
    "get_tf_slice": Tried({"tf_filename": _TF, "slice_id": 0}, wrong={"tf_filename": _TF, "slice_id": -1}),
    "list_workers": Tried(more={"run_number": _RUN, "status": "idle", "namespace": _NAMESPACE, **_PAGE}),
    "list_logs": Tried(
        more={
            "levelname": "INFO", "app_name": "mcp", "instance_name": "x", "execution_id": _EXECUTION,
            "run_number": _RUN, "username": "alice", **_PAGE,
        }
    ),
    "get_log_entry": Tried({"id": 1}, wrong={"id": 10**9}),
    "list_alarms": Tried(more={"severity": "error", "subject": "x", **_PAGE}, wrong={"severity": "grave"}),
    "get_histogram": Tried(
        {"run_number": _RUN, "subsystem": "drich", "name": "hits"},
        wrong={"run_number": _RUN, "subsystem": "drich", "name": "none"},
    ),
    "get_quality": Tried({"run_number": _RUN}, {"quality": "bad", "limit": 1, "cursor": 10**9}),
    "list_histograms": Tried({"run_number": _RUN}, {"subsystem": "drich", "limit": 1, "cursor": 10**9}),
    "get_workflow_monitor": Tried({"execution_id": _EXECUTION}, wrong={"execution_id": None}),
    "list_workflow_monitors": Tried(more={"namespace": _NAMESPACE, "limit": 1, "cursor": 10**9}),
    "send_message": Tried(
        {"text": "hello", "namespace": _NAMESPACE}, {"metadata": {"a": [1]}}, {"text": "", "namespace": "x"}
    ),
    "start_workflow": Tried(
        {"workflow_name": "w", "namespace": _NAMESPACE},
        {"config": "c", "realtime": False, "duration": 3.5, "params": {"daq_state_machine.stf_count": 3}},
        {"workflow_name": "w", "namespace": _NAMESPACE, "duration": -1},
    ),
    "stop_workflow": Tried({"execution_id": _EXECUTION}, {"confirm": True}, {"execution_id": "none"}),
    "end_execution": Tried({"execution_id": _EXECUTION}, {"confirm": False}, {"execution_id": "none"}),
    "check_agent_manager": Tried(more={"username": _USER}),
    "get_testbed_status": Tried(more={"username": _USER}),
    "start_user_testbed": Tried(more={"config_name": "fast_processing", "username": _USER}),
    "stop_user_testbed": Tried(more={"username": _USER, "confirm": True}, wrong={"confirm": "perhaps"}),
    "kill_agent": Tried(
        {"name": "data", "started_at": _MOMENT},
        {"username": _USER, "confirm": True},
        {"name": "data", "started_at": "now"},
    ),
    "get_sampling": Tried({"run_number": _RUN}, {}, {"run_number": 1}),
    "set_sampling": Tried(
        {"run_number": _RUN, "change": {"selection_fraction": 0.1}},
        {},
        {"run_number": _RUN, "change": {"selection_fraction": 7}},
    ),
    "get_trends": Tried({"run_number": _RUN}, {}, {"run_number": 1}),
    "acknowledge_alarm": Tried({}, {}, {"number": 0, "note": ""}),
    "mark_run": Tried({"run_number": _RUN, "mark": "good"}, {"note": "x"}, {"run_number": 1, "mark": "good"}),
}  # fmt: skip


@pytest.fixture
def filled(client: MonitorClient, instance: Instance) -> Iterator[Instance]:
    """A monitor with one of everything, a workflow runner and an agent manager that say yes."""
    client.ensure_namespace(_NAMESPACE)
    client.upsert([WorkflowDefinition(workflow_name="assisted", version="1", created_by="alice")])
    client.upsert([_execution(_EXECUTION)])
    client.upsert([Run(run_number=_RUN, namespace=_NAMESPACE, execution=_EXECUTION)])
    client.upsert([RunState.model_validate({"run_number": _RUN, "phase": "physics"})])
    event = {"message_id": uuid4(), "event_type": "start_run", "timestamp": _MOMENT, "run_number": _RUN}
    client.upsert([SystemStateEvent.model_validate({**event, "state": "run", "substate": "physics"})])
    client.upsert([StfFile(stf_filename=_STF, run=_RUN)])
    client.upsert([FastmonFile(tf_filename=_TF, stf_file=_STF)])
    client.upsert([TfSlice(fastmon_file=_TF, slice_id=0, run_number=_RUN)])
    client.upsert([Worker(worker_id="w-assisted", run_number=_RUN, namespace=_NAMESPACE)])
    client.upsert([SystemAgent(instance_name="data-agent-alice-1", agent_type="data", namespace=_NAMESPACE)])
    client.upsert([Alarm.model_validate({"severity": "error", "subject": "assisted"})])
    client.upsert([Histogram(run_number=_RUN, subsystem="drich", name="hits", content={"a": [1, 2]})])
    flag = {"run_number": _RUN, "subsystem": "drich", "check": "dead", "since": _MOMENT, "quality": "bad"}
    client.upsert([QualityFlag.model_validate(flag)])
    line = {"app_name": "a", "instance_name": "i", "timestamp": _MOMENT, "level": 40, "levelname": "ERROR"}
    client.upsert(
        [Log.model_validate({**line, "message": "broken", "extra_data": {"execution_id": _EXECUTION}})]
    )
    with ExitStack() as stack:
        bus = stack.enter_context(instance.bus())
        for destination in (
            destinations.workflow_control(_NAMESPACE),
            destinations.fastmon_control(_NAMESPACE),
            destinations.testbed_control(_USER),
        ):
            stack.enter_context(answering(bus, destination, {"execution_id": "w-alice-0001", "run_id": 7}))
        yield instance


def _execution(name: str, status: str = "running") -> WorkflowExecution:
    said = {"execution_id": name, "workflow_definition": "assisted/1", "namespace": _NAMESPACE}
    return WorkflowExecution.model_validate({**said, "status": status, "start_time": _MOMENT})


def test_every_tool_with_the_least_the_most_and_the_wrong_arguments(
    filled: Instance, client: MonitorClient
) -> None:
    (line,) = client.page(Log, limit=1).results
    (alarm,) = client.page(Alarm, limit=1, subject="assisted").results
    tried_now = {
        **TRIED,
        "get_log_entry": TRIED["get_log_entry"]._replace(least={"id": line.id}),
        "acknowledge_alarm": TRIED["acknowledge_alarm"]._replace(least={"number": alarm.id, "note": "mine"}),
    }

    async def work(assistant: Client) -> None:
        tools = {tool.name: tool for tool in (await assistant.list_tools()).tools}
        assert set(tools) == set(TRIED)
        for name, tried in tried_now.items():
            optional = set(tools[name].input_schema["properties"]) - set(
                tools[name].input_schema.get("required", ())
            )
            assert optional == set(tried.more), name
            nulls = {
                key: None for key in optional if _takes_null(tools[name].input_schema["properties"][key])
            }
            for arguments in (tried.least, {**tried.least, **nulls}, {**tried.least, **tried.more}):
                found = await assistant.call_tool(name, arguments)
                assert not found.is_error, (name, arguments, text_of(found))
                assert found.structured_content is not None
            refused = await assistant.call_tool(
                name, {**tried.wrong, **({} if tried.wrong else {"bogus": 1})}
            )
            assert refused.is_error, (name, tried.wrong)
            assert len(text_of(refused)) > len(f"Error executing tool {name}: "), "a crash says no more"

    assist(filled.url, filled.settings.api_token(), work)


def _takes_null(schema: dict[str, Any]) -> bool:
    return {"type": "null"} in schema.get("anyOf", [])


def test_tools_say_what_they_do_and_whether_it_can_hurt(instance: Instance) -> None:
    tools = assist(instance.url, "", lambda client: client.list_tools()).tools
    ends = {"stop_workflow", "end_execution", "stop_user_testbed", "kill_agent"}
    for tool in tools:
        assert tool.description
        assert tool.annotations
        assert tool.output_schema
        assert tool.annotations.destructive_hint is (
            True if tool.name in ends else tool.annotations.destructive_hint
        )
        assert ("confirm" in tool.input_schema["properties"]) is (tool.name in ends)
        if tool.name.startswith(("get_", "list_")):
            assert tool.annotations.read_only_hint, tool.name


def test_a_long_list_is_read_to_its_end_without_gap_or_copy(
    instance: Instance, client: MonitorClient
) -> None:
    namespace = f"n{uuid4().hex[:8]}"
    said = {"message_type": "note", "sender_agent": "x", "namespace": namespace}
    ids = [uuid4() for _ in range(450)]
    client.upsert([WorkflowMessage.model_validate({**said, "message_id": one}) for one in ids])
    seen: list[str] = []
    cursor: int | None = None
    while True:
        found = call(
            instance.url, "", "list_messages", namespace=namespace, limit=200, cursor=cursor
        ).structured_content
        assert found is not None
        assert found["total"] >= 450
        seen += [item["message_id"] for item in found["items"]]
        cursor = found["next_cursor"]
        if cursor is None:
            break
        # What comes meanwhile shifts nothing.
        client.upsert([WorkflowMessage.model_validate({**said, "message_id": uuid4()})])
    assert seen == [str(one) for one in reversed(ids)]


def test_an_execution_is_followed(filled: Instance) -> None:
    found = call(filled.url, "", "get_workflow_monitor", execution_id=_EXECUTION).structured_content
    assert found is not None
    assert found["ended"] is False
    assert found["runs"][0]["phase"] == "physics"
    assert found["slices"][str(_RUN)]["queued"] == 1
    assert found["errors"][0]["message"] == "broken"


def test_a_workflow_is_started_in_the_name_of_whoever_asks(instance: Instance, client: MonitorClient) -> None:
    client.ensure_namespace("mine1")
    token = instance.settings.api_token()
    with (
        instance.bus() as bus,
        answering(bus, destinations.workflow_control("mine1"), {"execution_id": "e"}) as asked,
    ):
        params = {"daq_state_machine.stf_count": 3}
        started = call(
            instance.url, token, "start_workflow", workflow_name="w", namespace="mine1", params=params
        )
    assert started.structured_content is not None
    assert started.structured_content["result"] == {"execution_id": "e"}
    (command,) = asked
    assert isinstance(command, RunWorkflow)
    assert (command.requested_by, command.params) == (_USER, params)
    (line,) = client.page(Log, app_name="mcp", limit=1).results
    assert line.username == _USER
    assert "asked start_workflow: started e" in line.message


def test_what_the_runner_refuses_is_told_in_its_words(instance: Instance, client: MonitorClient) -> None:
    client.ensure_namespace("mine2")
    with (
        instance.bus() as bus,
        answering(bus, destinations.workflow_control("mine2"), "there is no such workflow"),
    ):
        refused = call(
            instance.url,
            instance.settings.api_token(),
            "start_workflow",
            workflow_name="w",
            namespace="mine2",
        )
    assert refused.is_error
    assert "the workflow runner refuses: there is no such workflow" in text_of(refused)
    (line,) = client.page(Log, app_name="mcp", limit=1).results
    assert line.levelname == "WARNING"


def test_nothing_ends_without_confirm(filled: Instance, client: MonitorClient) -> None:
    name = f"assisted-alice-{client.next_workflow_execution_id():04d}"
    client.upsert([_execution(name)])
    token = filled.settings.api_token()
    would = call(filled.url, token, "end_execution", execution_id=name).structured_content
    assert would is not None
    assert (would["done"], f"would end: execution {name}" in would["what"]) == (False, True)
    assert client.get(WorkflowExecution, name).status == "running"
    done = call(filled.url, token, "end_execution", execution_id=name, confirm=True).structured_content
    assert done is not None
    assert done["done"] is True
    assert client.get(WorkflowExecution, name).status == "failed"
    again = call(filled.url, token, "end_execution", execution_id=name, confirm=True).structured_content
    assert again is not None
    assert (again["done"], "has ended before" in again["what"]) == (False, True)


def test_an_agent_is_killed_by_name_and_start_time(instance: Instance) -> None:
    token, mine = instance.settings.api_token(), destinations.testbed_control(_USER)
    with instance.bus() as bus, answering(bus, mine, {}) as asked:
        for confirm in (False, True):
            call(instance.url, token, "kill_agent", name="data", started_at=_MOMENT, confirm=confirm)
    (command,) = asked
    assert isinstance(command, KillAgent)
    assert (command.agent, command.started_at.isoformat()) == ("data", _MOMENT)


_USERS = """
import json
from swf_testbed.monitor.services.tokens import issue
print(json.dumps({
    "other": issue("assist-other", create_user=True),
    "member": issue("assist-member", create_user=True),
    "read-only": issue("assist-member", "reader", read_only=True),
}))
"""


def test_rights_are_those_of_rest(instance: Instance, client: MonitorClient) -> None:
    keys = json.loads(instance.manage("shell", "--no-imports", "-c", _USERS))
    for namespace in ("guarded1", "guarded2"):
        client.ensure_namespace(namespace)
    client.upsert([WorkflowDefinition(workflow_name="assisted", version="1", created_by="alice")])
    client.change(NamespaceRecord, "guarded1", members=["assist-member"])
    client.upsert([_execution("guarded-alice-0001").model_copy(update={"namespace": "guarded1"})])
    with instance.bus() as bus, answering(bus, destinations.workflow_control("guarded1"), {}) as asked:
        for who, told in (
            ("", "needs the header"),
            ("read-only", "needs the header"),
            ("other", "belongs to"),
        ):
            for tool, arguments in (
                ("start_workflow", {"workflow_name": "w", "namespace": "guarded1"}),
                ("send_message", {"text": "x", "namespace": "guarded1"}),
                ("stop_workflow", {"execution_id": "guarded-alice-0001", "confirm": True}),
                ("end_execution", {"execution_id": "guarded-alice-0001", "confirm": True}),
            ):
                refused = call(instance.url, keys.get(who, ""), tool, **arguments)
                assert refused.is_error
                assert told in text_of(refused), (who, tool)
        assert asked == []
        started = call(
            instance.url, keys["member"], "start_workflow", workflow_name="w", namespace="guarded1"
        )
        assert not started.is_error
        elsewhere = {
            "workflow_name": "w",
            "namespace": "guarded1",
            "params": {"testbed.namespace": "guarded2"},
        }
        refused = call(instance.url, keys["member"], "start_workflow", **elsewhere)
        assert "guarded2 belongs to" in text_of(refused)
    others = call(instance.url, keys["other"], "stop_user_testbed", username=_USER, confirm=True)
    assert others.is_error
    assert f"controlled by {_USER}" in text_of(others)


def test_who_may_not_read_is_kept_out(make_instance: Callable[..., Instance]) -> None:
    closed = make_instance(SWF_PUBLIC_READ="false")
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    accept = {"Accept": "application/json, text/event-stream"}
    with closed.serving(), httpx.Client(base_url=closed.url, headers=accept, trust_env=False) as http:
        for header in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic YTpi"}):
            refused = http.post("/mcp/", json=body, headers=header)
            assert refused.status_code == 401
            assert "Authorization" in refused.json()["detail"]
        key = closed.settings.api_token()
        assert http.post("/mcp", json=body, headers={"Authorization": f"Token {key}"}).is_success
        assert not call(closed.url, key, "list_runs").is_error


def test_resources_and_the_prompt(filled: Instance) -> None:
    async def work(client: Client) -> Any:
        templates = await client.list_resource_templates()
        run = await client.read_resource(f"swf://runs/{_RUN}")
        execution = await client.read_resource(f"swf://executions/{_EXECUTION}")
        prompt = await client.get_prompt("investigate_failed_execution", {"execution_id": _EXECUTION})
        return templates.resource_templates, run.contents[0], execution.contents[0], prompt.messages[0]

    templates, run, execution, prompt = assist(filled.url, "", work)
    assert {template.uri_template for template in templates} == {
        "swf://runs/{run_number}",
        "swf://executions/{execution_id}",
    }
    assert json.loads(run.text)["run_number"] == _RUN
    assert json.loads(execution.text)["execution"]["execution_id"] == _EXECUTION
    assert _EXECUTION in prompt.content.text


def test_an_assistant_that_starts_programs(filled: Instance, tmp_path: Path) -> None:
    """`testbed mcp` on stdin and stdout."""
    program = Path(sys.executable).with_name("testbed")

    async def talk() -> Any:
        server = StdioServerParameters(
            command=str(program), args=["mcp"], env=filled.environment, cwd=str(tmp_path)
        )
        async with Client(server) as client:
            tools = await client.list_tools()
            sent = await client.call_tool("send_message", {"text": "hello", "namespace": _NAMESPACE})
            wrong = await client.call_tool("get_run", {"run_number": 1})
            run = await client.read_resource(f"swf://runs/{_RUN}")
            return tools, sent, wrong, run

    import asyncio

    tools, sent, wrong, run = asyncio.run(talk())
    assert {tool.name for tool in tools.tools} == set(TRIED)
    assert sent.structured_content["done"] is True
    assert wrong.is_error
    assert json.loads(run.contents[0].text)["run_number"] == _RUN

"""Tools that change things: each is asked of whoever can do it, answered, and recorded with who asked."""

from collections.abc import Callable
from typing import Annotated, Any

from pydantic import Field, JsonValue

from swf_testbed.messages import Announcement, RunWorkflow, StopWorkflow
from swf_testbed.messages.control import Command
from swf_testbed.model.errors import SwfError, Unavailable
from swf_testbed.model.names import check_namespace
from swf_testbed.monitor.mcp import asker
from swf_testbed.monitor.mcp.answers import Confirm, Done
from swf_testbed.monitor.mcp.listing import one
from swf_testbed.monitor.mcp.record import record
from swf_testbed.monitor.mcp.registry import Effect, tool
from swf_testbed.monitor.services import broker, repair
from swf_testbed.monitor.services.broker import Broker
from swf_testbed.monitor.services.rights import Actor, may_control
from swf_testbed.records import WorkflowExecution

ANSWER_S = 30.0
"""How long whoever is asked may take: assistants give up after a minute or so."""

_RUNNER = "the workflow runner"
Namespace = Annotated[str, Field(description="the testbed instance, as in testbed.toml")]


def sender(actor: Actor) -> str:
    """The name under which an assistant speaks for somebody."""
    return f"mcp-{actor.name}"


def link() -> Broker:
    """The broker; `Unavailable` while it is down."""
    found = broker.present()
    if found is None or not found.connected:
        raise Unavailable("the broker does not answer the monitor; `testbed status` on its host shows why")
    return found


def act(tool_name: str, asked: dict[str, Any], work: Callable[[], Done]) -> Done:
    """Do something and keep who asked for it, also if it fails."""
    who = asker.present().name
    try:
        done = work()
    except SwfError as error:
        record(who, tool_name, asked, str(error), good=False)
        raise
    record(who, tool_name, asked, done.what, good=True)
    return done


def ask(command: Command, whom: str, answer_s: float = ANSWER_S) -> dict[str, Any]:
    """Have a command carried out."""
    return link().ask(command, whom, answer_s)


@tool(Effect.ADDS)
def send_message(
    text: Annotated[str, Field(min_length=1, max_length=2000)],
    namespace: Namespace,
    metadata: Annotated[dict[str, JsonValue] | None, Field(description="anything more")] = None,
) -> Done:
    """Say something to everyone who follows a namespace; an `announcement`, on which no agent acts."""
    actor = asker.writer()
    check_namespace(namespace)
    may_control(actor, namespace)
    said = Announcement(namespace=namespace, sender=sender(actor), text=text, metadata=metadata or {})

    def work() -> Done:
        link().announce(said, ANSWER_S)
        return Done(done=True, what="sent", result={"message_id": str(said.message_id)})

    return act("send_message", {"namespace": namespace, "text": text}, work)


@tool(Effect.ADDS)
def start_workflow(
    workflow_name: Annotated[str, Field(description="as `testbed run` takes it, like fast_processing")],
    namespace: Namespace,
    config: Annotated[str | None, Field(description="another configuration for it")] = None,
    realtime: Annotated[bool, Field(description="false simulates as fast as it can")] = True,
    duration: Annotated[float | None, Field(ge=0, le=86400, description="of physics, s")] = None,
    params: Annotated[
        dict[str, JsonValue] | None,
        Field(description='by `section.key`, like {"daq_state_machine.stf_count": 3}'),
    ] = None,
) -> Done:
    """Start a workflow; answers, with `execution_id` and `run_id`, when the namespace's runner has begun.

    Agents have to be up: `start_user_testbed` starts them. Follow it with `get_workflow_monitor`.
    """
    actor = asker.writer()
    for concerned in {namespace, str((params or {}).get("testbed.namespace", namespace))}:
        check_namespace(concerned)
        may_control(actor, concerned)
    command = RunWorkflow(
        namespace=namespace,
        sender=sender(actor),
        requested_by=actor.name,
        workflow_name=workflow_name,
        config=config or workflow_name,
        realtime=realtime,
        duration=duration or 0.0,
        params=params or {},
    )

    def work() -> Done:
        answer = ask(command, _RUNNER)
        return Done(done=True, what=f"started {answer.get('execution_id')}", result=answer)

    return act("start_workflow", command.model_dump(mode="json", include=_TOLD), work)


_TOLD = {"namespace", "workflow_name", "config", "realtime", "duration", "params"}


@tool(Effect.ENDS)
def stop_workflow(execution_id: str, confirm: Confirm = False) -> Done:
    """End a running execution in good order: its run ends, what was taken is processed to the end."""
    actor, execution = _controlled(execution_id)
    namespace = execution.namespace or ""
    if not confirm:
        return Done(done=False, what=f"would end {execution_id}, which is {execution.status}, and its run")
    command = StopWorkflow(
        namespace=namespace, sender=sender(actor), requested_by=actor.name, execution_id=execution_id
    )

    def work() -> Done:
        return Done(done=True, what=f"{execution_id} ends", result=ask(command, _RUNNER))

    return act("stop_workflow", {"namespace": namespace, "execution_id": execution_id}, work)


@tool(Effect.ENDS)
def end_execution(execution_id: str, confirm: Confirm = False) -> Done:
    """Mark an execution whose runner is gone, and its runs, as ended; `stop_workflow` ends what runs."""
    actor, execution = _controlled(execution_id)
    reason = f"ended by {actor.name}"
    would = repair.end_execution(execution_id, reason, dry_run=True)
    if not would:
        return Done(done=False, what=f"{execution_id} has ended before: {execution.status}")
    if not confirm:
        return Done(done=False, what="would end: " + "; ".join(map(str, would)))

    def work() -> Done:
        ended = repair.end_execution(execution_id, reason)
        return Done(done=True, what="ended: " + "; ".join(map(str, ended)))

    asked = {"namespace": execution.namespace, "execution_id": execution_id}
    return act("end_execution", asked, work)


def _controlled(execution_id: str) -> tuple[Actor, WorkflowExecution]:
    """Who asks, and an execution that they control."""
    actor = asker.writer()
    execution = one(WorkflowExecution, execution_id)
    if execution.namespace:
        may_control(actor, execution.namespace)
    return actor, execution

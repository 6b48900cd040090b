"""What every agent asks of a real monitor and a real broker: name, parameters, task, and the counts."""

import json
import logging
import os
import signal
from pathlib import Path
from typing import Any, ClassVar
from uuid import uuid4

import pytest
from monitor_instance import Instance

from own_process import own_log, own_settings, own_signals
from swf_testbed.bus import StompBus, Subscription
from swf_testbed.config.environment import username
from swf_testbed.config.parameters import Parameters
from swf_testbed.messages.tasks import TaskContent
from swf_testbed.model.destinations import slices
from swf_testbed.model.errors import NotFound
from swf_testbed.model.status import AgentStatus, OperationalState
from swf_testbed.monitor_client import MonitorClient
from swf_testbed.records import Log, SystemAgent, WorkflowExecution, WorkflowMessage
from swf_testbed.runtime import AgentContext, BaseAgent, run_agent
from swf_testbed.runtime.activity import Activity
from swf_testbed.runtime.broker_counts import BrokerCounts
from swf_testbed.runtime.presence import MonitorPresence
from swf_testbed.runtime.tasks import task_of


class Shown(BaseAgent):
    """Ends itself, by a real signal, as soon as it is ready."""

    agent_type: ClassVar[str] = "shown"

    def metadata(self) -> dict[str, Any]:
        return {"queue": 7}

    def changed(self) -> None:
        if self.activity.state is OperationalState.READY:
            logging.getLogger("shown").info("work has begun", extra={"run_id": 17})
            os.kill(os.getpid(), signal.SIGTERM)


@pytest.fixture
def context(instance: Instance, client: MonitorClient, bus: StompBus, namespace: str) -> AgentContext:
    return AgentContext(instance.settings, namespace, bus, client, user="torre", hostname="here", pid=4711)


def test_an_agent_takes_the_next_name_and_is_known_once_it_beats(
    context: AgentContext, client: MonitorClient
) -> None:
    activity = Activity(lambda: None)
    with activity.processing(1):
        pass
    activity.handled, activity.failed, activity.skipped = 5, 2, 3
    presence = MonitorPresence("probe", context, activity, lambda: {"queue": 7})
    presence.beat(OperationalState.STARTING, AgentStatus.OK)  # without a name it says nothing
    name = presence.register()
    agent_type, _, rest = name.partition("-agent-")
    assert (agent_type, rest.rpartition("-")[0]) == ("probe", "torre")
    assert presence.register() != name
    name = presence.register()
    with pytest.raises(NotFound):
        client.get(SystemAgent, name)
    presence.beat(OperationalState.PROCESSING, AgentStatus.WARNING)
    known = client.get(SystemAgent, name)
    assert (known.agent_type, known.pid, known.hostname) == ("probe", 4711, "here")
    assert (known.namespace, known.workflow_enabled) == (context.namespace, True)
    assert (known.operational_state, known.status) == (OperationalState.PROCESSING, AgentStatus.WARNING)
    assert known.total_stf_processed == 5
    assert {"failed": 2, "skipped": 3, "held_back": [], "queue": 7}.items() <= known.metadata.items()


def test_the_monitor_shows_the_life_of_a_program(
    instance: Instance,
    client: MonitorClient,
    namespace: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    own = tmp_path / "own.toml"
    own.write_text(f'[testbed]\nnamespace = "{namespace}"\n')
    for name, value in {**instance.environment, "SWF_TESTBED_CONFIG": str(own)}.items():
        monkeypatch.setenv(name, value)
    with own_settings(), own_signals(), own_log():
        assert run_agent(Shown) == 0
    assert "did not reach the monitor" not in capsys.readouterr().err
    [known] = client.list(SystemAgent, namespace=namespace)
    assert known.instance_name.startswith("shown-agent-")
    assert (known.agent_type, known.pid, known.metadata["queue"]) == ("shown", os.getpid(), 7)
    assert (known.operational_state, known.status) == (OperationalState.EXITED, AgentStatus.EXITED)
    lines = {line.message: line for line in client.list(Log, namespace=namespace)}
    begun = lines["work has begun"]
    assert (begun.app_name, begun.instance_name, begun.run_id) == ("shown", known.instance_name, 17)
    assert begun.username == username()
    assert f"{known.instance_name} has ended" in lines
    requests = [line for line in client.metrics().splitlines() if 'agent="shown"' in line]
    assert any("heartbeat" in line for line in requests), requests


def test_the_parameters_of_an_execution_are_those_it_was_begun_with(
    context: AgentContext, client: MonitorClient
) -> None:
    execution = f"probe-torre-{uuid4().hex[:8]}"
    said = Parameters.model_validate({"fastmon": {"selection_fraction": 0.25}})
    values = said.model_dump(mode="json")
    client.ensure(WorkflowExecution(execution_id=execution, parameter_values=values))
    assert context.parameters(execution) == said
    client.change(WorkflowExecution, execution, parameter_values={})
    assert context.parameters(execution) == said, "they are asked for once"


def test_without_an_execution_they_are_those_of_the_testbed(context: AgentContext) -> None:
    assert context.parameters(None) == context.parameters("nobody-began-this-0001")
    assert context.parameters(None).fastmon == Parameters().fastmon


def test_the_task_of_a_run_is_the_last_that_was_answered(
    client: MonitorClient, namespace: str, run_number: int
) -> None:
    assert task_of(client, run_number) == TaskContent(request_id=run_number)
    for transform in (17, 18):
        answer = WorkflowMessage(
            message_id=uuid4(),
            message_type="created_workflow_task",
            sender_agent="idds",
            namespace=namespace,
            run_id=run_number,
            message_content={"content": {"request_id": 5, "transform_id": transform}},
        )
        client.upsert([answer])
    content = {"content": {"request_id": 6, "transform_id": 19}}
    for other in ({"message_type": "closed_workflow_task"}, {"run_id": client.next_run_number()}):
        more = {"message_id": uuid4(), "message_content": content, **other}
        client.upsert([answer.model_copy(update=more)])
    assert task_of(client, run_number) == TaskContent(request_id=5, transform_id=18)


def test_the_broker_tells_what_waits(bus: StompBus, namespace: str) -> None:
    counts = BrokerCounts(bus, "test")
    queue = slices(namespace)
    for number in range(3):
        bus.publish_body(queue, json.dumps(number).encode(), {"persistent": "true"})
    told = counts.ask()
    assert told is not None
    assert (told["destinations"][queue]["queued"], told["destinations"][queue]["consumers"]) == (3, 0)
    inbox = bus.subscribe(Subscription(queue))
    inbox.ack(inbox.take(3, linger_s=5, timeout_s=60))
    inbox.close()
    again = counts.ask()
    assert again is not None
    assert again["destinations"][queue]["queued"] == 0
    counts.close()

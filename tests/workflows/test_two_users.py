"""Two users in two namespaces on one broker and one monitor, both at work at once: nothing crosses."""

import contextlib
from typing import Any

import pytest
from workflow_site import PATIENCE_S, Heard, Site, User, ended

from swf_testbed.bus import Subscription
from swf_testbed.control.supervision import wait_until
from swf_testbed.messages import Message, Slice, StatusRequest, StopWorkflow, decode
from swf_testbed.model import destinations
from swf_testbed.model.errors import Refused
from swf_testbed.model.names import AgentName
from swf_testbed.model.status import ExecutionStatus, OperationalState
from swf_testbed.records import (
    FastmonFile,
    Log,
    Run,
    StfFile,
    SystemAgent,
    TfSlice,
    WorkflowExecution,
    WorkflowMessage,
)

pytestmark = [pytest.mark.chain, pytest.mark.timeout(400)]

AGENTS = ("data", "fastmon", "fast_processing")
STFS = 5
SLICES = {"alice": 10, "bob": 17}
FRAMES = 400


def start_programs(user: User, programs: contextlib.ExitStack) -> None:
    """The runner and three agents of a user."""
    for agent in AGENTS:
        programs.enter_context(user.program("agents", agent))
    programs.enter_context(user.program("workflows"))


def ready(user: User) -> list[str]:
    return [
        one.instance_name
        for one in user.monitor.list(SystemAgent, namespace=user.namespace)
        if one.operational_state in {OperationalState.READY, OperationalState.PROCESSING}
    ]


def slices_of(user: User, count: int) -> list[Slice]:
    """What is in the work queue of a user."""
    inbox = user.bus.subscribe(Subscription(destinations.slices(user.namespace)))
    with contextlib.closing(inbox):
        found: list[Message] = []
        while len(found) < count:
            taken = inbox.take(count, timeout_s=PATIENCE_S)
            assert taken, f"only {len(found)} slices of {count}"
            found += [decode(one.body) for one in taken]
            inbox.ack(taken)
        assert not inbox.take(timeout_s=0.5)  # and no more
    return [one for one in found if isinstance(one, Slice)]


def test_nothing_crosses_from_one_namespace_to_another(site: Site) -> None:
    users = {name: site.user(name) for name in SLICES}
    with contextlib.ExitStack() as stack:
        for user in users.values():
            stack.callback(user.close)
            start_programs(user, stack)
        for user in users.values():
            assert wait_until(lambda: len(ready(user)) == len(AGENTS) + 1, PATIENCE_S), ready(user)  # noqa: B023
        inbox = stack.enter_context(
            contextlib.closing(site.owner.bus.subscribe(Subscription(destinations.EVENTS)))
        )
        assert inbox.wait_established(PATIENCE_S)
        runs = {name: start(users[name], per_sample) for name, per_sample in SLICES.items()}
        assert_commands_do_not_cross(users, runs)
        said = Heard(inbox).until(lambda found: all(ended(number)(found) for _, number in runs.values()))
        for name, user in users.items():
            execution_id, number = runs[name]
            assert user.await_end(execution_id).status is ExecutionStatus.COMPLETED
            pieces = slices_of(user, STFS * SLICES[name])
            assert {(one.namespace, one.content.run_id) for one in pieces} == {(user.namespace, number)}
            assert_rows_are_its_own(user, execution_id, number, STFS * SLICES[name])
            mine = [one for one in said if one.namespace == user.namespace]
            assert {one.run_id for one in mine} - {None} == {number}
            assert {one.execution_id for one in mine} - {None} == {execution_id}
            assert {AgentName.parse(one.sender).user for one in mine} == {name}
        assert {one.namespace for one in said} == {user.namespace for user in users.values()}


def start(user: User, per_sample: int) -> tuple[str, int]:
    parameters = {
        "daq_state_machine.stf_count": STFS,
        "simulation.tf_per_stf": FRAMES,
        "fast_processing.slices_per_sample": per_sample,
    }
    return user.run("fast_processing", parameters, realtime=True)


def assert_commands_do_not_cross(users: dict[str, User], runs: dict[str, tuple[str, int]]) -> None:
    for name, other in (("alice", "bob"), ("bob", "alice")):
        listed = [entry["execution_id"] for entry in users[name].ask(StatusRequest)["running"]]
        assert runs[other][0] not in listed
        with pytest.raises(Refused, match="is not running here"):
            users[name].ask(StopWorkflow, execution_id=runs[other][0])


def assert_rows_are_its_own(user: User, execution_id: str, number: int, slices: int) -> None:
    """Every row of a namespace is of its one run, and every row of the run is in the namespace."""
    monitor, namespace = user.monitor, user.namespace

    def counted() -> dict[str, Any]:
        return {
            "slices": monitor.page(TfSlice, namespace=namespace, limit=1).total,
            "messages": monitor.page(WorkflowMessage, namespace=namespace, message_type="end_run").total,
        }

    assert wait_until(lambda: counted() == {"slices": slices, "messages": 1}, PATIENCE_S), counted()
    assert [one.run_number for one in monitor.list(Run, namespace=namespace)] == [number]
    assert [one.execution_id for one in monitor.list(WorkflowExecution, namespace=namespace)] == [
        execution_id
    ]
    assert {one.run for one in monitor.list(StfFile, namespace=namespace)} == {number}
    assert monitor.page(StfFile, run=number).total == STFS
    assert monitor.page(FastmonFile, namespace=namespace).total == 7 * STFS
    assert {one.run_number for one in monitor.list(TfSlice, namespace=namespace)} == {number}
    assert len(list(monitor.list(SystemAgent, namespace=namespace))) == len(AGENTS) + 1
    messages = list(monitor.list(WorkflowMessage, namespace=namespace, ordering="id"))
    assert {one.run_id for one in messages} - {None} == {number}
    assert {one.execution_id for one in messages} - {None} == {execution_id}
    logs = list(monitor.list(Log, namespace=namespace, ordering="id"))
    assert {one.run_id for one in logs} - {None} <= {number}
    letters = user.bus.subscribe(Subscription(destinations.dead_letters(namespace), browse=True))
    with contextlib.closing(letters):
        assert [one for one in letters.take(10, timeout_s=PATIENCE_S) if not one.last] == []

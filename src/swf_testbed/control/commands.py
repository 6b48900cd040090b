"""Commands to the workflow runner, and its answers."""

from typing import Any

from swf_testbed.bus import Bus
from swf_testbed.config.environment import username
from swf_testbed.messages import RunWorkflow, StatusRequest, StopWorkflow
from swf_testbed.runtime.asking import ask

_RUNNER = "the workflow runner"


def run_workflow(
    bus: Bus, namespace: str, workflow: str, *, realtime: bool, params: dict[str, Any]
) -> tuple[str, int]:
    """Have a workflow run; its execution id and run number.

    Raises:
        Refused: the runner's own words.
        Unavailable: no answer in time.
    """
    command = RunWorkflow(**_envelope(namespace), workflow_name=workflow, realtime=realtime, params=params)
    done = ask(bus, command, _RUNNER)
    return str(done["execution_id"]), int(done["run_id"])


def stop_workflow(bus: Bus, namespace: str, execution_id: str) -> None:
    """Have an execution end in good order; errors as for `run_workflow`."""
    ask(bus, StopWorkflow(**_envelope(namespace), execution_id=execution_id), _RUNNER)


def runner_status(bus: Bus, namespace: str) -> dict[str, Any]:
    """What the runner runs; errors as for `run_workflow`."""
    return ask(bus, StatusRequest(**_envelope(namespace)), _RUNNER)


def _envelope(namespace: str) -> dict[str, Any]:
    user = username()
    return {"namespace": namespace, "sender": f"cli-{user}", "requested_by": user}

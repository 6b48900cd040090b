"""What a conversation may hold, and how one begins: resources of runs and executions, and a prompt."""

from collections.abc import Callable

from pydantic import BaseModel

from swf_testbed.monitor.mcp.watching import get_workflow_monitor
from swf_testbed.monitor.services.summary import run_summary


def run(run_number: str) -> BaseModel:
    """A run, counted: files, samples, slices, histograms, latency by stage."""
    return run_summary(int(run_number))


def execution(execution_id: str) -> BaseModel:
    """An execution of a workflow: how it goes, or went."""
    return get_workflow_monitor(execution_id)


RESOURCES: dict[str, Callable[[str], BaseModel]] = {
    "swf://runs/{run_number}": run,
    "swf://executions/{execution_id}": execution,
}
"""Documents by the template of their address."""


def investigate_failed_execution(execution_id: str) -> str:
    """Find out why an execution failed, and what to do about it."""
    return f"""Find out why the workflow execution {execution_id} failed.

1. `get_workflow_monitor` with it: status, error, phases of its runs, newest errors.
2. `get_workflow_execution`: the stack trace, and the parameters it ran with.
3. `list_logs` with `execution_id`, levels WARNING and ERROR: what came before the failure, and of whom.
4. `list_messages` with `execution_id`: the last message that was said, and which one should have followed.
   The chain is stf_gen, stf_ready, tf_file_registered, slices, histograms_updated.
5. `get_system_state`: whether services, agents or alarms tell of the cause.

Then say, with the lines that show it: what failed first, why, what was lost (compare `total_stf_files` of the
run with its STF files, and slices created with completed), and what the person should do. Do not start, stop
or end anything unless you are asked to."""

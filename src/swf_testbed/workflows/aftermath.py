"""What a dead runner left behind: files never announced, runs and executions never ended; it is mended."""

import logging

from swf_testbed.daq.announce import announcement_of
from swf_testbed.messages import EndRun
from swf_testbed.model.errors import BadData
from swf_testbed.model.names import StfName
from swf_testbed.model.states import BEAM_NOT_READY
from swf_testbed.model.status import ExecutionStatus
from swf_testbed.records import WorkflowExecution
from swf_testbed.runtime import AgentContext
from swf_testbed.workflows.execution import run_folder
from swf_testbed.workflows.ledger import Ledger

REASON = "the workflow runner died; its successor ended the run"

_log = logging.getLogger(__name__)


def end_what_was_left_open(context: AgentContext, ledger: Ledger) -> list[str]:
    """End every open execution of the runner's namespace, and its runs; the ids of the executions."""
    ended = []
    for execution in ledger.open_executions():
        for run_number in ledger.open_runs(execution):
            _end_run(context, execution, run_number)
        ledger.end(execution.execution_id, ExecutionStatus.FAILED, error=REASON)
        _log.warning("%s was left open; it is now failed", execution.execution_id)
        ended.append(execution.execution_id)
    return ended


def _end_run(context: AgentContext, execution: WorkflowExecution, run_number: int) -> None:
    namespace = execution.namespace or context.namespace
    files = sorted(run_folder(context.settings.state_dir, run_number).glob("*.stf"))
    # Only the last of a stream can be unannounced: the simulator waits for the receipt before the next.
    for path in {StfName.parse(path.name).stream: path for path in files}.values():
        try:
            context.bus.publish(
                announcement_of(
                    path,
                    namespace=namespace,
                    sender=context.name,
                    execution_id=execution.execution_id,
                )
            )
        except BadData as error:
            _log.warning("%s is not announced: %s", path.name, error)
    context.bus.publish(
        context.message(
            EndRun,
            namespace=namespace,
            run_id=run_number,
            execution_id=execution.execution_id,
            state=BEAM_NOT_READY.state,
            substate=BEAM_NOT_READY.substate,
            simulation_tick=0.0,
            total_stf_files=len(files),
            reason=REASON,
        )
    )

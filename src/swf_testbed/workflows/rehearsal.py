"""A workflow carried out with nothing but itself: no services, no files, in no time."""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from swf_testbed.daq.files import ExitBuffer
from swf_testbed.daq.simulator import Process, RunIdentity
from swf_testbed.daq.stf_store import StfStore
from swf_testbed.messages import Message
from swf_testbed.model.names import FIRST_RUN_NUMBER, ExecutionId
from swf_testbed.workflows.environment import WorkflowEnvironment, WorkflowOptions
from swf_testbed.workflows.preparation import PreparedWorkflow

_WHO = "rehearsal"


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What was said, why it ended, and how much simulated time had passed then, s."""

    messages: tuple[Message, ...]
    reason: str
    simulated_s: float


def rehearse(prepared: PreparedWorkflow, limit_s: float) -> Rehearsal:
    """Carry out a workflow in fast mode; STF files are named and not written.

    Args:
        prepared: what is carried out.
        limit_s: simulated seconds after which it is stopped.

    Raises:
        Exception: whatever the workflow raises.
    """
    simulation = prepared.parameters.simulation.model_copy(update={"source": "announce"})
    parameters = prepared.parameters.model_copy(update={"simulation": simulation})
    said: list[Message] = []
    runs = iter(range(FIRST_RUN_NUMBER, FIRST_RUN_NUMBER + 1_000_000))
    with tempfile.TemporaryDirectory() as folder:

        def next_run() -> tuple[int, StfStore]:
            number = next(runs)
            return number, ExitBuffer(Path(folder) / str(number), number, simulation)

        number, store = next_run()
        execution_id = str(ExecutionId(prepared.configuration.workflow.name, _WHO, 0))
        environment: WorkflowEnvironment[WorkflowOptions] = WorkflowEnvironment(
            RunIdentity(prepared.namespace, _WHO, execution_id, number),
            parameters,
            prepared.options,
            store,
            said.append,
            next_run,
            paced=False,
        )

        def limited(env: WorkflowEnvironment[Any]) -> Process:
            env.process(_stop_after(env, limit_s))
            yield from env.begin(prepared.code.execute)

        reason = environment.carry_out(limited)
    return Rehearsal(tuple(said), reason, environment.now)


def _stop_after(env: WorkflowEnvironment[Any], seconds: float) -> Process:
    yield env.timeout(seconds)
    env.stop(f"a rehearsal ends after {seconds:g} simulated seconds")

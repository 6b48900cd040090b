"""my_workflow: two physics periods with a pause between them.

`testbed run my_workflow` runs it with the values of my_workflow.toml. When this file changes, raise the
version there: what was run under a version stays what it was.
"""

from typing import Annotated

from pydantic import Field

from swf_testbed.workflows.environment import Process, WorkflowEnvironment, WorkflowOptions


class Options(WorkflowOptions):
    """The keys of `[options]`: type, range and default. Others are refused."""

    periods: Annotated[int, Field(ge=1, le=100)] = 2
    stfs_per_period: Annotated[int, Field(ge=0, le=10_000)] = 2
    pause: Annotated[float, Field(ge=0, le=3600, description="s")] = 5.0


def execute(env: WorkflowEnvironment[Options]) -> Process:
    """One run. Every `yield` lets simulated time pass; between them nothing else happens."""
    timing, options = env.parameters.daq_state_machine, env.options

    env.enter("no_beam", "not_ready")
    yield env.timeout(timing.no_beam_not_ready_delay)
    env.enter("beam", "not_ready")  # says run_imminent: agents prepare
    yield env.timeout(timing.broadcast_delay + timing.beam_not_ready_delay)
    env.enter("beam", "ready")
    yield env.timeout(timing.beam_ready_delay)

    env.enter("run", "physics")  # says start_run
    for period in range(options.periods):
        if period:
            env.enter("run", "standby")  # says pause_run
            yield env.timeout(options.pause)
            env.enter("run", "physics")  # says resume_run
        for _ in range(options.stfs_per_period):
            yield from env.take_stf()  # writes the file, says stf_gen
        env.log(f"period {period + 1} of {options.periods}: {env.stf_files} STF files so far")

    env.enter("beam", "not_ready")  # says end_run
    yield env.timeout(timing.beam_not_ready_end_delay)
    env.enter("no_beam", "not_ready")

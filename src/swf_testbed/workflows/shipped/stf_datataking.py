"""Data taking: the DAQ takes the run that the parameters plan.

The states and STFs of the plan follow from `[daq_state_machine]`; what is done with the files is
the agents' business. So this is the workflow of every shipped configuration.
"""

from swf_testbed.workflows.environment import Process, WorkflowEnvironment, WorkflowOptions


def execute(env: WorkflowEnvironment[WorkflowOptions]) -> Process:
    """Walk the plan, from `no_beam` through physics and back."""
    yield from env.walk(env.plan())
    env.log(f"{env.stf_files} STF files in {env.now:g} simulated seconds")

"""Tools about what fast monitoring says of runs: sampling, alarms, marks."""

from typing import Annotated

from pydantic import Field, JsonValue

from swf_testbed.model.fields import RunNumber
from swf_testbed.model.status import RunMark
from swf_testbed.monitor.mcp import asker
from swf_testbed.monitor.mcp.acting import act
from swf_testbed.monitor.mcp.answers import Done
from swf_testbed.monitor.mcp.registry import Effect, tool
from swf_testbed.monitor.services import alarms, run_marks, run_sampling, run_trends
from swf_testbed.monitor.services.rights import may_control
from swf_testbed.records import Marking, RunSampling, Trends

Note = Annotated[str, Field(max_length=2000, description="why, for others")]


@tool(Effect.READS)
def get_sampling(run_number: RunNumber) -> RunSampling:
    """Which frames of a run are looked at, all changes of that, and what it came to."""
    return run_sampling.sampling_of(run_number)


@tool(Effect.ADDS)
def set_sampling(
    run_number: RunNumber,
    change: Annotated[
        dict[str, JsonValue],
        Field(description='parameters of fastmon, like {"selection_fraction": 0.1}; null is as it began'),
    ],
) -> Done:
    """Change how a run that goes on is sampled, from the next STF."""
    actor = asker.writer()

    def work() -> Done:
        found = run_sampling.change_sampling(run_number, change, actor)
        return Done(done=True, what=f"run {run_number} is sampled by {found.policy}", result=found.sampling)

    return act("set_sampling", {"run_number": run_number, "change": change}, work)


@tool(Effect.READS)
def get_trends(run_number: RunNumber) -> Trends:
    """Figures of a run's STFs against time: hits and bytes of subsystems, sampling, latency."""
    return run_trends.of_run(run_number)


@tool(Effect.ADDS)
def acknowledge_alarm(number: Annotated[int, Field(ge=0, le=2**63 - 1)], note: Note) -> Done:
    """Say that somebody cares for an alarm; what to look at is told in its kind's description."""
    actor = asker.writer()
    namespace = alarms.get(number).namespace
    if namespace:
        may_control(actor, namespace)

    def work() -> Done:
        alarms.acknowledge(number, actor.name, note)
        return Done(done=True, what=f"alarm {number} is acknowledged by {actor.name}")

    return act("acknowledge_alarm", {"namespace": namespace, "number": number, "note": note}, work)


@tool(Effect.ADDS)
def mark_run(run_number: RunNumber, mark: RunMark | None, note: Note = "") -> Done:
    """Mark a run good or bad for its user; references are made of good ones. Ask the user before."""
    actor = asker.writer()

    def work() -> Done:
        run_marks.mark(run_number, Marking(mark=mark, note=note), actor)
        return Done(done=True, what=f"run {run_number} is marked {mark.value if mark else 'not at all'}")

    return act("mark_run", {"run_number": run_number, "mark": mark, "note": note}, work)

"""How runs are sampled: what is asked for, what that came to, and changes of it while a run goes on."""

from typing import Any

from django.db.models import Count, F, Sum
from pydantic import ValidationError

from swf_testbed.config.fastmon import SAMPLING
from swf_testbed.config.parameters import Parameters
from swf_testbed.fastmon.sampling import changed, sampling_config
from swf_testbed.messages import SetSampling
from swf_testbed.model.errors import BadInput, Conflict, NotFound, Unavailable
from swf_testbed.monitor.services import broker
from swf_testbed.monitor.services.rights import Actor, may_control
from swf_testbed.monitor.store.models import Run, StfFigures, SystemStateEvent, WorkflowExecution
from swf_testbed.records import RunSampling
from swf_testbed.records.monitoring import SamplingChange, SourceRead
from swf_testbed.records.runs import SAMPLING_CHANGED

ANSWER_S = 10.0
SUMS = ("frames", "evaluated", "sampled", "bytes_read", "stf_bytes", "requests")


def parameters_of(run: Run) -> Parameters:
    """The parameters that a run was begun with; the defaults where nobody recorded any that are right."""
    rows = WorkflowExecution.objects.filter(execution_id=run.execution)
    said = rows.values_list("parameter_values", flat=True).first() if run.execution else None
    try:
        return Parameters.model_validate(said or {})
    except ValidationError:
        return Parameters()


def _changes(run: Run) -> list[SamplingChange]:
    events = SystemStateEvent.objects.filter(run_number=run.run_number, event_type=SAMPLING_CHANGED)
    return [_change(event) for event in events.order_by("timestamp", "id")]


def parameters_after_changes(run: Run) -> Parameters:
    """The parameters of a run as they are now."""
    return after(parameters_of(run), [one.change for one in _changes(run)])


def sampling_of(run_number: int) -> RunSampling:
    """How a run is sampled; `NotFound` if there is no such run."""
    run = _run(run_number)
    changes = _changes(run)
    now = after(parameters_of(run), [one.change for one in changes])
    figures = StfFigures.objects.filter(run=run).aggregate(
        stfs=Count("id"), **{name: Sum(name, default=0) for name in SUMS}
    )
    evaluated = figures["evaluated"]
    sources = sources_of(run)
    return RunSampling(
        run_number=run_number,
        sampling=now.fastmon.model_dump(mode="json", include=set(SAMPLING)),
        policy=sampling_config(now).name,
        changes=tuple(changes),
        fraction=figures["sampled"] / evaluated if evaluated else None,
        sources=tuple(sources),
        **figures,
    )


def sources_of(run: Run) -> list[SourceRead]:
    """What was read of a run's STFs, site by site, with what failed there besides."""
    figures = StfFigures.objects.filter(run=run)
    read = figures.order_by("source").values(site=F("source"))
    sums = read.annotate(stfs=Count("id"), bytes_read=Sum("bytes_read"), requests=Sum("requests"))
    found = {row["site"]: SourceRead.model_validate(row) for row in sums}
    for failed in figures.exclude(failed=[]).order_by("since").values_list("failed", flat=True):
        for one in failed:
            site = one["site"]
            before = found.get(site) or SourceRead(site=site, stfs=0, bytes_read=0, requests=0)
            found[site] = SourceRead(
                site=site,
                stfs=before.stfs,
                bytes_read=before.bytes_read + one["bytes_read"],
                requests=before.requests + one["requests"],
                failures=before.failures + 1,
                error=one["error"],
            )
    return list(found.values())


def change_sampling(run_number: int, change: dict[str, Any], actor: Actor) -> RunSampling:
    """Have the fast monitoring agent of a run's namespace change how it is sampled.

    Args:
        run_number: of the run, which goes on.
        change: as `fastmon.sampling.changed` takes it.
        actor: who asks.

    Raises:
        NotFound: there is no such run.
        Refused: it is in a namespace that the actor does not control, or the agent refuses.
        BadInput: names what is wrong in the change.
        Unavailable: broker or agent do not answer.
    """
    run = _run(run_number)
    if run.namespace is None:
        raise Conflict(f"run {run_number} is in no namespace: no agent samples it")
    if run.end_time is not None:
        raise Conflict(f"run {run_number} has ended: it is sampled as it was")
    may_control(actor, run.namespace)
    if not change:
        raise BadInput("change", change, f"must have some of {', '.join(SAMPLING)}")
    changed(parameters_of(run), [change])
    link = broker.present()
    if link is None or not link.connected:
        raise Unavailable("the broker does not answer the monitor; `testbed status` on its host shows why")
    command = SetSampling(
        namespace=run.namespace,
        sender=f"monitor-{actor.name}",
        requested_by=actor.name,
        run_id=run_number,
        sampling=change,
    )
    link.ask(command, "the fastmon agent", ANSWER_S)
    return sampling_of(run_number)


def _run(run_number: int) -> Run:
    run = Run.objects.filter(run_number=run_number).first()
    if run is None:
        raise NotFound(f"run {run_number} does not exist")
    return run


def _change(event: SystemStateEvent) -> SamplingChange:
    said = event.event_data
    change = said.get("change")
    return SamplingChange(
        at=event.timestamp,
        by=str(said.get("requested_by", "unknown")),
        change=change if isinstance(change, dict) else {},
    )


def after(parameters: Parameters, changes: list[dict[str, Any]]) -> Parameters:
    """What somebody else wrote as a change, and is none, counts for nothing, as with the agent."""
    try:
        return changed(parameters, changes)
    except BadInput:
        return parameters

"""Looks after runs that go on: alarms when plots are late, samples too small, or nothing comes any more.

An alarm is raised at one limit and over at another (`[alarms]` of the run), so that it does not flicker. What
stands is known from the alarms themselves: whoever looks next goes on where this one was.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

import numpy as np
from django.db.models import Max

from swf_testbed.config.parameters import Alarms, Parameters
from swf_testbed.fastmon.policies import BlocksPolicy, FractionPolicy
from swf_testbed.fastmon.sampling import sampling_config
from swf_testbed.model.alarms import alarm_subject
from swf_testbed.model.clock import now
from swf_testbed.model.errors import BadInput
from swf_testbed.model.states import RunPhase
from swf_testbed.monitor.services import alarms
from swf_testbed.monitor.services.rows import Row
from swf_testbed.monitor.services.run_sampling import parameters_after_changes
from swf_testbed.monitor.services.slice_moments import EGRESS
from swf_testbed.monitor.store.models import Alarm, HistogramPart, Run, StfFigures, StfFile, TfSlice

RECENT = timedelta(seconds=60)
NEWEST_STFS = 20
LEAST_SLICES = 10
"""Slices that must be plotted in `RECENT` for their latency to count."""

FORGOTTEN = timedelta(days=1)
"""A run that nobody has ended and that nothing was heard of for so long is not looked after."""

Look = Callable[[Run, Parameters, bool], str | None]
"""Given a run, its parameters, and whether the alarm stands: why it should stand; None if it should not."""


def look() -> None:
    """Look once at all runs that go on, and at the alarms of those that have ended."""
    since = now() - FORGOTTEN
    going = Run.objects.filter(
        end_time=None,
        namespace__isnull=False,
        run_state__phase=RunPhase.PHYSICS,
        run_state__updated_at__gt=since,
    )
    watched = {run.run_number for run in going}
    for run in going.select_related("run_state"):
        parameters = parameters_after_changes(run)
        for kind, why in LOOKS.items():
            _settle(run, kind, why(run, parameters, _stands(run, kind)))
    standing = Alarm.objects.filter(cleared_at=None, run_number__isnull=False).exclude(run_number__in=watched)
    for kind in LOOKS:
        numbers = standing.filter(subject__startswith=f"{kind}:").values_list("run_number", flat=True)
        for run in Run.objects.filter(run_number__in=set(numbers)):
            _settle(run, kind, None)


def _settle(run: Run, kind: str, why: str | None) -> None:
    subject = alarm_subject(kind, run.run_number)
    if why is None and not _stands(run, kind):
        return
    wanted: dict[str, Row] = {}
    if why is not None:
        wanted[subject] = {"run_number": run.run_number, "text": f"run {run.run_number}: {why}"}
    alarms.settle(str(run.namespace), kind, wanted, run_number=run.run_number)


def _stands(run: Run, kind: str) -> bool:
    subject = alarm_subject(kind, run.run_number)
    return Alarm.objects.filter(namespace=run.namespace, subject=subject, cleared_at=None).exists()


def late(run: Run, parameters: Parameters, stands: bool) -> str | None:
    """Why the plots are late, if they are."""
    rows = TfSlice.objects.filter(run_number=run.run_number, plotted_at__gt=now() - RECENT).order_by()
    moments = [
        (plotted - egress).total_seconds()
        for egress, plotted in rows.values_list(EGRESS, "plotted_at")
        if egress is not None
    ]
    if len(moments) < LEAST_SLICES:
        return _kept(run, "latency") if stands else None
    limits: Alarms = parameters.alarms
    limit = limits.latency_clear if stands else limits.latency_raise
    p95 = float(np.percentile(moments, 95))
    # Rounded up to whole seconds: the text of an alarm that stands should not change at each look.
    return f"95 % of the newest plots took up to {np.ceil(p95):.0f} s from egress" if p95 > limit else None


def thin(run: Run, parameters: Parameters, stands: bool) -> str | None:
    """Why too little is sampled, if it is."""
    asked = asked_fraction(parameters)
    newest = StfFigures.objects.filter(run=run).order_by("-since")[:NEWEST_STFS]
    rows = list(newest.values_list("sampled", "evaluated"))
    evaluated = sum(row[1] for row in rows)
    if asked is None or not evaluated:
        return None
    limits: Alarms = parameters.alarms
    found = sum(row[0] for row in rows) / evaluated
    limit = limits.sampling_clear if stands else limits.sampling_raise
    return (
        f"{found:.1%} of the frames are sampled, {asked:.1%} are asked for" if found < limit * asked else None
    )


def asked_fraction(parameters: Parameters) -> float | None:
    """The part of the frames that the policies of the main stream ask for; None where only the data tells."""
    try:
        config = sampling_config(parameters)
    except BadInput:
        return None
    asked = 1.0
    for policy in config.policies:
        if not isinstance(policy, BlocksPolicy | FractionPolicy):
            return None
        asked *= policy.fraction
    return asked


def stalled(run: Run, parameters: Parameters, stands: bool) -> str | None:
    """What does not come any more, if something does not."""
    del stands
    edge = now() - timedelta(seconds=parameters.alarms.stall)
    begun = run.run_state.state_changed_at
    if begun is None or begun > edge:
        return None
    files = StfFile.objects.filter(run=run)
    newest = files.aggregate(at=Max("egress_at"))["at"]
    if newest is None or newest < edge:
        return f"no STF has come since {_clock(newest or begun)}"
    plotted = HistogramPart.objects.filter(run=run).aggregate(at=Max("plotted_at"))["at"]
    if (plotted is None or plotted < edge) and files.filter(egress_at__lt=edge).exists():
        return f"STFs come, and nothing was merged since {_clock(plotted or begun)}"
    return None


def _clock(moment: datetime) -> str:
    return f"{moment:%H:%M:%S} UTC"


def _kept(run: Run, kind: str) -> str | None:
    """What the alarm that stands says."""
    subject = alarm_subject(kind, run.run_number)
    found = Alarm.objects.filter(namespace=run.namespace, subject=subject, cleared_at=None)
    text = found.values_list("text", flat=True).first()
    return None if text is None else text.removeprefix(f"run {run.run_number}: ")


LOOKS: dict[str, Look] = {"latency": late, "sampling": thin, "stall": stalled}
"""What is looked at, by the kind of alarm."""

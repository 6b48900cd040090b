"""References of runs: made from those that a person marked good, and chosen by the conditions of a run."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from django.db.models import Max

from swf_testbed.fastmon.reference import Profile, ReferenceKey, make_reference
from swf_testbed.model.clock import now
from swf_testbed.model.errors import BadInput, Conflict, NotFound
from swf_testbed.model.status import RunMark
from swf_testbed.monitor.services import windows
from swf_testbed.monitor.services.changes import changed
from swf_testbed.monitor.services.rows import Row
from swf_testbed.monitor.services.writing import writing
from swf_testbed.monitor.store.models import Reference, Run, Window
from swf_testbed.records import ReferenceOrder

TAKEN_IN = "run/physics"
"""The state in which the data of references was taken."""

PROFILE = "run"
"""The window that has a run's profile."""

_DETECTOR = "epic"


def conditions_of(run: Run, state: str = TAKEN_IN) -> ReferenceKey:
    """What a run's data depends on: the detector's configuration, the beams, the state."""
    said = run.run_conditions
    scale = said.get("scale")
    configuration = said.get("detector_configuration") or (
        f"{_DETECTOR}-scale{scale:g}" if isinstance(scale, int | float) else _DETECTOR
    )
    return ReferenceKey(str(configuration), str(said.get("beam", "unknown")), state)


def make(order: ReferenceOrder, made_by: str) -> Row:
    """Make the next version of a reference.

    Args:
        order: the runs, which have ended, were marked good, and were taken under the same conditions.
        made_by: who asks.

    Returns:
        Its `name` and `version`.

    Raises:
        BadInput: a run cannot be part of it; says which, and why.
    """
    numbers = sorted(set(order.runs))
    with writing():
        runs = {run.run_number: run for run in Run.objects.filter(run_number__in=numbers)}
        key = _common_conditions([_fit(number, runs.get(number)) for number in numbers])
        profiles = {number: _profile(number) for number in numbers}
        name = name_of(key)
        version = (Reference.objects.filter(name=name).aggregate(last=Max("version"))["last"] or 0) + 1
        made = make_reference(key, version, profiles, now(), made_by)
        Reference.objects.create(
            name=name,
            version=version,
            configuration=key.configuration,
            beam=key.beam,
            state=key.state,
            runs=numbers,
            frames=made.profile.sums.frames,
            note=order.note,
            made_by=made_by,
            content=made.document(),
        )
    changed.send(None, resource="references")
    return {"name": name, "version": version, "created": True}


def name_of(key: ReferenceKey) -> str:
    """The name of the references for some conditions."""
    text = "-".join(key).replace("/", ".")
    return "".join(one if one.isascii() and (one.isalnum() or one in "_.+-") else "_" for one in text)[:64]


def _fit(number: int, run: Run | None) -> Run:
    if run is None:
        raise NotFound(f"there is no run {number}")
    if run.mark != RunMark.GOOD:
        raise Conflict(f"run {number} must be marked good first: `testbed reference mark RUN good`")
    if run.end_time is None:
        raise Conflict(f"run {number} must have ended")
    return run


def _common_conditions(runs: Sequence[Run]) -> ReferenceKey:
    first = conditions_of(runs[0])
    for run in runs[1:]:
        if (other := conditions_of(run)) != first:
            allowed = f"was taken under {name_of(other)}, run {runs[0].run_number} under {name_of(first)}"
            raise BadInput("runs", run.run_number, allowed)
    return first


def _profile(number: int) -> Profile:
    row = Window.objects.filter(run=number, window=PROFILE).first()
    if row is None:
        raise BadInput("runs", number, "has no profile: was it judged by a merger?")
    try:
        return Profile.of_document(row.content)
    except BadInput as error:
        raise BadInput("runs", number, f"has a damaged profile: {error}") from None


def reference_of(run_number: int, state: str | None = None) -> Row:
    """The key of the reference that a run is judged by: the one that was chosen, or the newest that fits.

    Raises:
        NotFound: there is no such run, or no reference for it.
    """
    run = Run.objects.filter(run_number=run_number).first()
    if run is None:
        raise NotFound(f"run {run_number} does not exist")
    name, _, version = (run.reference or "").rpartition("/")
    chosen = Reference.objects.filter(name=name, version=version) if version.isdigit() else None
    key = conditions_of(run, state or TAKEN_IN)
    found = (chosen.first() if chosen is not None else None) or _newest(key)
    if found is None:
        raise NotFound(f"there is no reference {name_of(key)}; make one of good runs")
    return {"name": found.name, "version": found.version}


def beside(run: Run) -> str | None:
    """The reference to look at a run beside: what it is judged by, or else the newest that fits it."""
    found = run.reference or _newest(conditions_of(run))
    return str(found) if found else None


def _newest(key: ReferenceKey) -> Reference | None:
    fitting = Reference.objects.filter(configuration=key.configuration, beam=key.beam, state=key.state)
    return fitting.order_by("-version").defer("content").first()


def histogram(name: str, version: int, subsystem: str, product: str) -> dict[str, Any]:
    """The UHI document of a histogram of a reference; `NotFound` if there is none."""
    found = documents(name, version).get((subsystem, product))
    if found is None:
        raise NotFound(f"the reference {name}/{version} has no histogram {subsystem}/{product}")
    return found


@lru_cache(maxsize=8)
def documents(name: str, version: int) -> dict[tuple[str, str], dict[str, Any]]:
    """All histograms of a reference, by subsystem and product; `NotFound` if there is no such reference."""
    row = Reference.objects.filter(name=name, version=version).first()
    if row is None:
        raise NotFound(f"references {name}/{version} does not exist")
    content = row.content.get("profile", {}).get("histograms")
    return {(key.subsystem, key.product): one for key, one in windows.documents_of(content).items()}

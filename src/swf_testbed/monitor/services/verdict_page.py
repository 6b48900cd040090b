"""What people say of a run, and the references of its conditions: those that exist, and the next one."""

from dataclasses import dataclass

from swf_testbed.fastmon.reference import ReferenceKey
from swf_testbed.model.errors import NotFound
from swf_testbed.model.status import RunMark
from swf_testbed.monitor.services.run_references import PROFILE, conditions_of, name_of
from swf_testbed.monitor.store.models import Reference, Run, Window

MOST_VERSIONS = 50


@dataclass(frozen=True, slots=True)
class VerdictPage:
    """A run, and the references of its conditions.

    Attributes:
        run: with its mark.
        conditions, name: what the references are for, and what they are called.
        known: the newest of them first, without their content.
        hindrance: why no reference can be made of this run now; empty if one can.
    """

    run: Run
    conditions: ReferenceKey
    name: str
    known: list[Reference]
    hindrance: str

    @property
    def next_version(self) -> int:
        """The version of the one that would be made."""
        return self.known[0].version + 1 if self.known else 1


def verdict_page(run_number: int) -> VerdictPage:
    """What the page shows; `NotFound` if there is no such run."""
    run = Run.objects.filter(run_number=run_number).first()
    if run is None:
        raise NotFound(f"there is no run {run_number}")
    conditions = conditions_of(run)
    name = name_of(conditions)
    found = Reference.objects.filter(name=name).order_by("-version").defer("content")
    return VerdictPage(run, conditions, name, list(found[:MOST_VERSIONS]), _hindrance(run))


def _hindrance(run: Run) -> str:
    if run.mark != RunMark.GOOD:
        return "Mark the run good first: references are made of good runs."
    if run.end_time is None:
        return "The run goes on: a reference is made of it when it has ended."
    if not Window.objects.filter(run=run, window=PROFILE).exists():
        return "The run has no profile: no merger has judged it."
    return ""

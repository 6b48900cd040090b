"""Where every file of a run is, in which state, and why: its sites, its alarms, the exit buffer."""

from collections import Counter
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.db.models import Count, Q, QuerySet, Sum

from swf_testbed.model.alarm_kind import AlarmKind
from swf_testbed.model.alarms import alarm_kind
from swf_testbed.model.data_alarms import DATA_ALARMS
from swf_testbed.model.errors import NotFound
from swf_testbed.model.names import ANNOUNCED_STREAM
from swf_testbed.model.status import CopyState, StfStatus
from swf_testbed.monitor.services.exit_buffer import ExitBuffer, exit_buffer
from swf_testbed.monitor.services.rows import number_in
from swf_testbed.monitor.store.models import Alarm, Dataset, Run, StfCopy, StfFile

FILES_A_PAGE = 100
MOST_ALARMS = 50
_MAY_BE_GONE = {CopyState.REMOVED.value, CopyState.VERIFIED.value}


@dataclass(frozen=True, slots=True)
class SiteLine:
    """How far a site is: copies by state, and the running checksum of its stream of files.

    `compared` is good if it equals what the DAQ announced, bad if it differs, and empty while the site has
    fewer files in a row.
    """

    site: str
    needed: bool
    states: Counter[str]
    missing: int
    in_a_row: float | None
    checksum: str
    compared: str


@dataclass(frozen=True, slots=True)
class FileLine:
    """One file; `states` of its copies are in the order of the sites, None where there is none."""

    file: StfFile
    states: list[str | None]
    why: str


@dataclass(frozen=True, slots=True)
class RunData:
    """The files of a run.

    Attributes:
        sites: where copies are or have to be; `needed` are those of the dataset.
        total, refused, size_bytes: of files; refused are not what was announced.
        files: a page of them, `pages` in all, of `listed` files.
        alarms: about data, that stand.
        lacks: what of the DAQ's count is not registered, in words; empty if nothing is known to lack.
    """

    run: Run
    dataset: Dataset | None
    sites: list[SiteLine]
    total: int
    refused: int
    size_bytes: int
    files: list[FileLine]
    listed: int
    alarms: list[tuple[Alarm, AlarmKind | None]]
    buffer: ExitBuffer | None

    @property
    def pages(self) -> int:
        """Pages of files."""
        return max(1, -(-self.listed // FILES_A_PAGE))

    @property
    def lacks(self) -> str:
        """As said above."""
        expected, good = self.dataset.expected_files if self.dataset else None, self.total - self.refused
        if expected is None or good >= expected:
            return ""
        return f"{good} of the {expected} files that the DAQ has counted are registered"


def run_data(run_number: int, *, only_missing: bool, page: int) -> RunData:
    """The files of a run; `NotFound` if there is no such run.

    Args:
        run_number: of the run.
        only_missing: only files that are not verified at every site of the dataset.
        page: which of the pages of files, from 1.
    """
    run = Run.objects.filter(run_number=run_number).first()
    if run is None:
        raise NotFound(f"there is no run {run_number}")
    dataset = Dataset.objects.filter(run=run).first()
    failed = Q(status=StfStatus.FAILED)
    counted = StfFile.objects.filter(run=run).aggregate(
        total=Count("id"), refused=Count("id", filter=failed), size_bytes=Sum("file_size_bytes", default=0)
    )
    sites = _sites(run, dataset, counted["total"] - counted["refused"])
    found = _missing(run, dataset) if only_missing else StfFile.objects.filter(run=run)
    begin = (page - 1) * FILES_A_PAGE
    shown = list(found.order_by("stream", "sequence", "stf_filename")[begin : begin + FILES_A_PAGE])
    return RunData(
        run=run,
        dataset=dataset,
        sites=sites,
        files=_lines(shown, sites),
        listed=found.count() if only_missing else counted["total"],
        alarms=_alarms(run),
        buffer=exit_buffer(run.namespace),
        **counted,
    )


def _sites(run: Run, dataset: Dataset | None, good_files: int) -> list[SiteLine]:
    rows = StfCopy.objects.filter(stf_file__run=run).order_by().values_list("site", "state")
    states: dict[str, Counter[str]] = {}
    for site, state, number in rows.annotate(Count("id")):
        states.setdefault(site, Counter())[state] = number
    needed = list(dataset.sites) if dataset else []
    streams: dict[str, Any] = dataset.streams if dataset else {}
    names = [*sorted(states.keys() - set(needed)), *needed]
    return [_site(name, name in needed, states.get(name, Counter()), good_files, streams) for name in names]


def _site(
    site: str, needed: bool, states: Counter[str], good_files: int, streams: dict[str, Any]
) -> SiteLine:
    announced, own = _stream(streams, ANNOUNCED_STREAM), _stream(streams, site)
    compared = ""
    if own.files is not None and own.files == announced.files:
        compared = "good" if own.checksum == announced.checksum else "bad"
    missing = max(0, good_files - states[CopyState.VERIFIED]) if needed else 0
    return SiteLine(site, needed, states, missing, own.files, own.checksum, compared)


class _Stream(NamedTuple):
    """How far a running checksum is; files are None where nobody has told."""

    files: float | None
    checksum: str


def _stream(streams: dict[str, Any], site: str) -> _Stream:
    said = streams.get(site)
    known = said if isinstance(said, dict) else {}
    return _Stream(number_in(known.get("files")), str(known.get("checksum", "")))


def _missing(run: Run, dataset: Dataset | None) -> QuerySet[StfFile]:
    """Files that are not verified at every site where they have to be; those that were refused are."""
    sites = list(dataset.sites) if dataset else []
    there = Count("copies", filter=Q(copies__site__in=sites, copies__state=CopyState.VERIFIED))
    found = StfFile.objects.filter(run=run).annotate(there=there)
    return found.filter(Q(there__lt=len(sites)) | Q(status=StfStatus.FAILED))


def _lines(files: list[StfFile], sites: list[SiteLine]) -> list[FileLine]:
    found = StfCopy.objects.filter(stf_file__in=files)
    copies = {(one.stf_file_id, one.site): one for one in found}
    return [_line(file, [copies.get((str(file), one.site)) for one in sites], sites) for file in files]


def _line(file: StfFile, copies: list[StfCopy | None], sites: list[SiteLine]) -> FileLine:
    states = [copy.state if copy else None for copy in copies]
    if file.status == StfStatus.FAILED:
        return FileLine(file, states, str(file.metadata.get("error") or "refused"))
    whys = [_why(site, copy) for site, copy in zip(sites, copies, strict=True)]
    return FileLine(file, states, "; ".join(dict.fromkeys(why for why in whys if why)))


def _why(site: SiteLine, copy: StfCopy | None) -> str:
    if copy is None:
        return f"{site.site}: nothing has been told of it" if site.needed else ""
    settled = copy.state == CopyState.VERIFIED or (copy.state in _MAY_BE_GONE and not site.needed)
    return "" if settled else f"{site.site}: {copy.problem or copy.state}"


def _alarms(run: Run) -> list[tuple[Alarm, AlarmKind | None]]:
    """Alarms about data that stand: of the run, and of its namespace as a whole."""
    kinds = {kind.name for kind in DATA_ALARMS}
    about = Q(run_number=run.run_number) | Q(run_number=None, namespace=run.namespace)
    found = Alarm.objects.filter(about, cleared_at=None).order_by("-raised_at")
    told = [(alarm, alarm_kind(alarm.subject)) for alarm in found[:MOST_ALARMS]]
    return [(alarm, kind) for alarm, kind in told if kind is not None and kind.name in kinds]

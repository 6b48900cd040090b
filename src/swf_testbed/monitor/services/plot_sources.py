"""Where the histograms of a plot come from: a run, its newest data, several runs as one, or a reference."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from swf_testbed.fastmon.presentation import SHOWN
from swf_testbed.fastmon.products import RUN, ChannelOccupancy
from swf_testbed.fastmon.uhi_codec import drawing
from swf_testbed.model.detectors import detectors
from swf_testbed.model.errors import BadInput, NotFound
from swf_testbed.monitor.services import channel_maps, run_references, windows
from swf_testbed.monitor.services.filtering import run_number_of
from swf_testbed.monitor.services.overview import newest_run
from swf_testbed.monitor.store.models import Histogram, Reference, Run

MOST_SOURCES = 6
MOST_ADDED = 20
"""Runs that are added together, the newest."""

NEWEST, ALL = "newest", "all"
ALLOWED = (
    "must be a reference like NAME/3, or a run's number or newest; with @stf or @30s behind it for its "
    "newest data, with @all for all runs of its namespace up to it"
)

Document = dict[str, Any]


class Key(NamedTuple):
    """Which histogram of a source."""

    subsystem: str
    name: str


class Wanted(NamedTuple):
    """Which histograms are asked for; none named is all."""

    subsystems: tuple[str, ...] = ()
    names: tuple[str, ...] = ()

    @property
    def limits(self) -> dict[str, Any]:
        """The same for a query."""
        named = {"subsystem__in": self.subsystems, "name__in": self.names}
        return {path: values for path, values in named.items() if values}


class Source(Protocol):
    """Something that has histograms."""

    @property
    def label(self) -> str:
        """What people call it."""

    def documents(self, wanted: Wanted) -> Iterable[tuple[Key, Document]]:
        """Its histograms as UHI documents."""


@dataclass(frozen=True, slots=True)
class OfRun:
    """The histograms of a run."""

    run_number: int

    @property
    def label(self) -> str:
        """The run."""
        return f"run {self.run_number}"

    def documents(self, wanted: Wanted) -> Iterable[tuple[Key, Document]]:
        """As they are stored."""
        rows = Histogram.objects.filter(run_id=self.run_number, **wanted.limits).order_by("subsystem", "name")
        for subsystem, name, content in rows.values_list("subsystem", "name", "content"):
            yield Key(subsystem, name), content


@dataclass(frozen=True, slots=True)
class OfRuns:
    """The sum of several runs: of what counts, and has the same bins in all of them."""

    run_numbers: tuple[int, ...]

    @property
    def label(self) -> str:
        """How many."""
        return f"{len(self.run_numbers)} runs"

    def documents(self, wanted: Wanted) -> Iterable[tuple[Key, Document]]:
        """Added up."""
        found: dict[Key, list[Document]] = {}
        for number in self.run_numbers:
            for key, document in OfRun(number).documents(wanted):
                found.setdefault(key, []).append(document)
        for key, documents in found.items():
            total = added(documents)
            if total is not None:
                yield key, total


def added(documents: Sequence[Document]) -> Document | None:
    """The sum of histograms, of those that have the bins of the first; None if they do not count."""
    first = documents[0]
    storage = first.get("storage", {})
    if storage.get("type") != "int" or "index" in storage:
        return None
    alike = [one["storage"]["values"] for one in documents if one.get("axes") == first["axes"]]
    values = [sum(bins) for bins in zip(*alike, strict=True)] if first["axes"][1:] == [] else None
    return None if values is None else {**first, "storage": {**storage, "values": values}}


@dataclass(frozen=True, slots=True)
class OfWindow:
    """The histograms of a run's newest data."""

    run_number: int
    window: str

    @property
    def label(self) -> str:
        """The window, and its run."""
        words = {"stf": "last STF", "30s": "last 30 s", windows.PROMPT: "all frames"}
        return f"{words.get(self.window, self.window)} of run {self.run_number}"

    def documents(self, wanted: Wanted) -> Iterable[tuple[Key, Document]]:
        """As the merger sent them; the map of channels only if it is asked for by name."""
        if channel_maps.NAME in wanted.names:
            counted = windows.counts(self.run_number, self.window)
            for subsystem in wanted.subsystems:
                document = None if counted is None else channel_maps.channel_map(counted, subsystem)
                if document is not None:
                    yield Key(subsystem, channel_maps.NAME), document
        yield from _wanted(windows.documents(self.run_number, self.window), wanted)


@dataclass(frozen=True, slots=True)
class OfReference:
    """What good data look like."""

    name: str
    version: int

    @property
    def label(self) -> str:
        """Which reference."""
        return f"reference {self.name}/{self.version}"

    def documents(self, wanted: Wanted) -> Iterable[tuple[Key, Document]]:
        """The sums over its runs."""
        yield from _wanted(run_references.documents(self.name, self.version), wanted)


def _wanted(found: Mapping[Any, Document], wanted: Wanted) -> Iterable[tuple[Key, Document]]:
    for (subsystem, name), document in found.items():
        # Windows and references leave out channels that were hit once: not what a run's histogram counts.
        if name == ChannelOccupancy.name:
            continue
        if subsystem in (wanted.subsystems or (subsystem,)) and name in (wanted.names or (name,)):
            yield Key(subsystem, name), document


def source(text: str, namespace: str | None = None) -> Source:
    """The source that a text names.

    Args:
        text: `100010`, `newest`, one of these with `@stf`, `@30s` or `@all`, or a reference's `name/version`.
        namespace: where `newest` is looked for; None is everywhere.

    Raises:
        BadInput: it names none.
        NotFound: there is no such run or reference.
    """
    if "/" in text:
        return _reference(text)
    which, at, kind = text.partition("@")
    number = newest_run(namespace) if which == NEWEST else _number(which, text)
    run = Run.objects.filter(run_number=number).first()
    if run is None:
        raise NotFound(f"there is no run {number}")
    if not at:
        return OfRun(number)
    if kind in windows.WINDOWS:
        return OfWindow(number, kind)
    if kind != ALL:
        raise BadInput("source", text, ALLOWED)
    earlier = Run.objects.filter(namespace=run.namespace, run_number__lte=number).order_by("-run_number")
    return OfRuns(tuple(earlier.values_list("run_number", flat=True)[:MOST_ADDED]))


def _reference(text: str) -> Source:
    name, _, version = text.rpartition("/")
    if not (version.isascii() and version.isdigit() and len(version) < 10):
        raise BadInput("source", text, ALLOWED)
    if not Reference.objects.filter(name=name, version=int(version)).exists():
        raise NotFound(f"there is no reference {text}")
    return OfReference(name, int(version))


def _number(said: str, text: str) -> int:
    try:
        return run_number_of(said, "source")
    except BadInput:
        raise BadInput("source", text, ALLOWED) from None


class Series(NamedTuple):
    """A histogram of one source, as a browser draws it; None with a `problem` if it cannot be drawn."""

    label: str
    source: str
    over: bool
    content: Document | None
    problem: str = ""


class Figure(NamedTuple):
    """What is drawn over one another."""

    subsystem: str
    name: str
    series: list[Series]


def figures(
    sources: Sequence[str], over: Sequence[str], wanted: Wanted, namespace: str | None
) -> list[Figure]:
    """The same histograms of several sources, in the order in which subsystems and products are shown.

    Args:
        sources: as `source` understands them.
        over: those that are drawn over each of the others.
        wanted: which histograms.
        namespace: as for `source`.

    Raises:
        BadInput: too many, or one is none.
        NotFound: there is no such run.
    """
    if not 1 <= len(sources) + len(over) <= MOST_SOURCES:
        raise BadInput("source", f"{len(sources) + len(over)} sources", f"must be 1 to {MOST_SOURCES}")
    found: dict[Key, list[Series]] = {}
    for place, text in enumerate([*sources, *over]):
        one = source(text, namespace)
        for key, document in one.documents(wanted):
            drawn = drawing(document)
            series = Series(one.label, text, place >= len(sources), *drawn)
            found.setdefault(key, []).append(series)
    return [Figure(*key, found[key]) for key in sorted(found, key=_place)]


_SUBSYSTEMS = {name: place for place, name in enumerate([*(one.name for one in detectors()), RUN])}
_NAMES = {shown.name: place for place, shown in enumerate(SHOWN)}


def _place(key: Key) -> tuple[int, int, Key]:
    return _SUBSYSTEMS.get(key.subsystem, len(_SUBSYSTEMS)), _NAMES.get(key.name, len(_NAMES)), key

"""The pages of single things, made from their records: every field, and what belongs to them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.http import urlencode

from swf_testbed.model.clock import iso
from swf_testbed.monitor.services import listing
from swf_testbed.monitor.services.declaration import Rule
from swf_testbed.monitor.services.facets import as_text
from swf_testbed.monitor.services.reading import get_row
from swf_testbed.monitor.services.rows import Row
from swf_testbed.monitor.web.catalogue import LISTS
from swf_testbed.monitor.web.columns import fields_of
from swf_testbed.monitor.web.lists import Heading, cells
from swf_testbed.monitor.web.serving import View, for_readers, page, stream

ROWS = 10
"""Rows of a table that is only an excerpt."""

AROUND = timedelta(seconds=30)
"""Lines of a log that stand around one."""


@dataclass(frozen=True)
class Part:
    """An excerpt of the list `of`: its filters by name, and the fields that give their values."""

    of: str
    title: str
    filters: Mapping[str, str]


Further = tuple[str, str]
"""A link: its words, and its address."""


def _no_links(row: Row) -> list[Further]:
    del row
    return []


@dataclass(frozen=True)
class Detail:
    """The page of one thing.

    Attributes:
        within: the name of the list that it is on.
        title: what such a thing is called.
        parts: excerpts of lists that belong to it.
        further: links that are more than fields.
    """

    within: str
    title: str
    parts: tuple[Part, ...] = ()
    further: Callable[[Row], list[Further]] = field(default=_no_links)


def _list_link(name: str, **said: Any) -> str:
    query = urlencode({key: value for key, value in said.items() if value is not None})
    return f"{reverse(f'web:{name}')}?{query}"


def _messages_naming(row: Row, run: str, name: str) -> list[Further]:
    said = {"q": row[name]} | ({"run_number": row[run]} if row.get(run) is not None else {})
    return [("Messages that name it", _list_link("messages", **said))]


def _of_slice(row: Row) -> list[Further]:
    return [
        (
            "Messages about its sample",
            _list_link("messages", q=row["fastmon_file"], run_number=row["run_number"]),
        )
    ]


def _of_dataset(row: Row) -> list[Further]:
    run = row["run"]
    return [
        *([("Where its files are, and why", reverse("web:run-data", args=[run]))] if run is not None else []),
        ("Copies of its files", _list_link("copies", run_number=run)),
        ("Its files", _list_link("stfs", run=run)),
    ]


def _of_namespace(row: Row) -> list[Further]:
    return [
        ("Its messages", _list_link("messages", namespace=row["name"])),
        ("Its log", _list_link("logs", namespace=row["name"])),
    ]


def _around(row: Row) -> list[Further]:
    begin, end = iso(row["timestamp"] - AROUND), iso(row["timestamp"] + AROUND)
    around = {"start_time": begin, "end_time": end, "ordering": "timestamp"}
    return [
        ("Lines of this program around it", _list_link("logs", instance_name=row["instance_name"], **around)),
        ("Lines of all programs around it", _list_link("logs", **around)),
    ]


DETAILS: dict[str, Detail] = {
    "stf": Detail(
        "stfs",
        "STF file",
        (
            Part("stages", "Stages", {"stf_file": "stf_filename"}),
            Part("copies", "Copies", {"stf_file": "stf_filename"}),
            Part("samples", "TF samples", {"stf_file": "stf_filename"}),
        ),
        lambda row: _messages_naming(row, "run", "stf_filename"),
    ),
    "dataset": Detail(
        "datasets",
        "Dataset",
        (Part("copies", "Copies", {"run_number": "run"}),),
        _of_dataset,
    ),
    "sample": Detail(
        "samples",
        "TF sample",
        (Part("slices", "Slices", {"fastmon_file": "tf_filename"}),),
        lambda row: _messages_naming(row, "run", "tf_filename"),
    ),
    "slice": Detail("slices", "Slice", further=_of_slice),
    "worker": Detail(
        "workers",
        "Worker",
        (
            Part("slices", "Slices", {"assigned_worker": "worker_id"}),
            Part("messages", "Messages that it sent", {"sender_agent": "worker_id"}),
            Part("logs", "Log", {"instance_name": "worker_id"}),
        ),
    ),
    "agent": Detail(
        "agents",
        "Agent",
        (
            Part("messages", "Messages that it sent", {"sender_agent": "instance_name"}),
            Part("logs", "Log", {"instance_name": "instance_name"}),
        ),
    ),
    "namespace": Detail(
        "namespaces",
        "Namespace",
        (
            Part("runs", "Runs", {"namespace": "name"}),
            Part("executions", "Workflow executions", {"namespace": "name"}),
            Part("agents", "Agents", {"namespace": "name"}),
        ),
        _of_namespace,
    ),
    "log": Detail("logs", "Line of a log", further=_around),
    "subscriber": Detail("subscribers", "Subscriber"),
}
"""Every such page by the name of its address."""


def detail_view(name: str) -> View:
    """The view of single things of a kind; `key` is their natural key, as in the REST interface."""
    detail = DETAILS[name]
    known = LISTS[detail.within]

    @for_readers
    def view(request: HttpRequest, key: str) -> HttpResponse:
        row = get_row(known.listing.resource, key)
        context = {
            "detail": detail,
            "list": known,
            "above": reverse(f"web:{detail.within}"),
            "key": key,
            "fields": fields_of(row, known.listing.resource.key),
            "parts": [excerpt(part, row) for part in detail.parts],
            "further": detail.further(row),
        }
        # What never changes is not looked at again.
        changes = known.listing.resource.rule is Rule.UPSERT
        moved_by = stream(known.moved_by, known.changes) if changes else None
        return page(request, "detail.html", context, here=f"web:{detail.within}", moved_by=moved_by)

    return view


def excerpt(part: Part, row: Row) -> dict[str, Any]:
    """What `table.html` shows of an excerpt, for the thing that `row` is."""
    known = LISTS[part.of]
    filters = {name: as_text(row[source]) for name, source in part.filters.items()}
    rows = listing.excerpt(known.listing, filters, known.stored, ROWS + 1)
    return {
        "title": part.title,
        "id": f"{part.of}-of-it",
        "list": known,
        "headings": [Heading(column, None, "") for column in known.columns],
        "rows": cells(known.columns, rows[:ROWS]),
        "more": len(rows) > ROWS,
        "all": _list_link(part.of, **filters),
    }

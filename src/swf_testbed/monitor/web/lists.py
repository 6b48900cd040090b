"""The pages of lists, all made from `catalogue`."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, NamedTuple

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.safestring import SafeString

from swf_testbed.model.clock import iso, now
from swf_testbed.model.errors import NotFound
from swf_testbed.monitor.services import listing
from swf_testbed.monitor.services.facets import NONE, Value
from swf_testbed.monitor.services.filtering import Filters
from swf_testbed.monitor.services.listing import Asked, Found
from swf_testbed.monitor.services.rows import Row
from swf_testbed.monitor.web import downloads
from swf_testbed.monitor.web.catalogue import LISTS
from swf_testbed.monitor.web.columns import Column, title_of
from swf_testbed.monitor.web.list_page import ListPage
from swf_testbed.monitor.web.queries import Links
from swf_testbed.monitor.web.serving import View, for_readers, page, stream

SHOWN_VALUES = 8
"""Values of a facet that are always shown; the rest can be opened."""

MOST_VALUES = 200

_SPANS = (("15 min", 15), ("1 h", 60), ("24 h", 24 * 60))
_TYPED = ("run_number", "start_time", "end_time")
"""Filters that every list offers as fields of its form, where the resource has them."""


class Heading(NamedTuple):
    """The head of a column; `link` sorts by it, if it can."""

    column: Column
    link: str | None
    sorted: str


class Choice(NamedTuple):
    """One value of a facet, as a link."""

    text: str
    rows: int
    chosen: bool
    link: str


class Choices(NamedTuple):
    """A facet."""

    title: str
    first: list[Choice]
    more: list[Choice]
    left_out: int


def list_view(name: str) -> View:
    """The view of a list."""

    @for_readers
    def view(request: HttpRequest) -> HttpResponse:
        known = LISTS[name]
        asked = listing.understand(known.listing, query_of(request))
        found = listing.find(known.listing, asked, known.stored)
        context = _context(known, asked, found)
        return page(request, "list.html", context, here=f"web:{name}", moved_by=_moved_by(known, asked))

    return view


@for_readers
def download(request: HttpRequest, name: str, form: str) -> HttpResponseBase:
    """All rows of a list as it is filtered and sorted, in a file."""
    known = LISTS.get(name)
    if known is None or form not in downloads.FORMS:
        there = f"lists are {', '.join(LISTS)}, and forms {', '.join(downloads.FORMS)}"
        raise NotFound(f"there is no {name}.{form}; {there}")
    asked = listing.understand(known.listing, query_of(request))
    rows = listing.download(known.listing, asked)
    write, content_type = downloads.FORMS[form]
    written = write(list(known.listing.resource.columns), rows)
    answer = StreamingHttpResponse(written, content_type=content_type)
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}.{form}"'
    return answer


def query_of(request: HttpRequest) -> dict[str, list[str]]:
    """What the address says, beside whether it is for the moving parts alone."""
    said = {name: [str(value) for value in values] for name, values in request.GET.lists()}
    said.pop("part", None)
    return said


def _moved_by(known: ListPage, asked: Asked) -> str | None:
    """The events of the first page; what stands on later ones is history."""
    if asked.page > 1:
        return None
    only = {name: texts[0] for name, texts in asked.filters.items() if len(texts) == 1 and texts[0] != NONE}
    return stream(
        [text for text in asked.filters.get("message_type", ()) if text != NONE] or known.moved_by,
        known.changes,
        run_ids=only.get("run_number"),
        namespace=only.get("namespace"),
        execution_id=only.get("execution_id"),
    )


def _context(known: ListPage, asked: Asked, found: Found) -> dict[str, Any]:
    links = Links(asked, known.listing.ordering)
    names = Filters(known.listing.resource).names
    typed = [name for name in _TYPED if name in names]
    return {
        "list": known,
        "asked": asked,
        "found": found,
        "links": links,
        "headings": [_heading(known, asked, links, column) for column in known.columns],
        "rows": cells(known.columns, found.rows),
        "facets": [_choices(known, name, values, links) for name, values in found.facets.items() if values],
        "chips": _chips(known, asked, links),
        "typed": [(name, _title(name), " ".join(asked.filters.get(name, ()))) for name in typed],
        "spans": [(title, links.with_values(start_time=_ago(minutes))) for title, minutes in _SPANS],
        "kept": links.fields(typed),
        "forms": downloads.FORMS,
        "previous": links.at(asked.page - 1) if asked.page > 1 else None,
        "next": links.at(asked.page + 1) if asked.page < found.pages else None,
        "last": links.at(found.pages) if asked.page + 1 < found.pages else None,
        "first": links.at(1) if asked.page > 2 else None,
        "searched": listing.SEARCHED if found.bounded else None,
    }


def cells(columns: Sequence[Column], rows: Sequence[Row]) -> list[list[tuple[Column, SafeString | str]]]:
    """The rows of a table, written."""
    return [[(column, column.cell(row)) for column in columns] for row in rows]


def _heading(known: ListPage, asked: Asked, links: Links, column: Column) -> Heading:
    if column.name not in known.listing.sortable:
        return Heading(column, None, "")
    way = {column.name: "ascending", f"-{column.name}": "descending"}.get(asked.ordering, "")
    # Times and numbers are wanted newest and largest first.
    first, second = (column.name, f"-{column.name}")
    if column.number or column.name.endswith(("_at", "_time", "_heartbeat")):
        first, second = second, first
    return Heading(column, links.sorted_by(second if asked.ordering == first else first), way)


def _choices(known: ListPage, name: str, values: list[Value], links: Links) -> Choices:
    made = [
        Choice(value.text or "none", value.rows, value.chosen, links.toggled(name, value.text))
        for value in values[:MOST_VALUES]
    ]
    chosen = [choice for choice in made[SHOWN_VALUES:] if choice.chosen]
    more = [choice for choice in made[SHOWN_VALUES:] if not choice.chosen]
    return Choices(
        _facet_title(known, name), made[:SHOWN_VALUES] + chosen, more, max(0, len(values) - MOST_VALUES)
    )


def _chips(known: ListPage, asked: Asked, links: Links) -> list[tuple[str, str, str]]:
    """What else is filtered by: its title, its values, and the link without it."""
    chips = [
        (_title(name), ", ".join("none" if text == NONE else text for text in texts), links.without(name))
        for name, texts in asked.filters.items()
        if name not in known.listing.facets
    ]
    return [*chips, *([("Search", asked.text, links.unsearched())] if asked.text else [])]


def _facet_title(known: ListPage, name: str) -> str:
    titles = {column.name: column.title for column in known.columns}
    return titles.get(name) or _title(name)


def _title(name: str) -> str:
    return {"start_time": "From", "end_time": "Until"}.get(name) or title_of(name)


def _ago(minutes: int) -> str:
    return iso((now() - timedelta(minutes=minutes)).replace(second=0, microsecond=0))

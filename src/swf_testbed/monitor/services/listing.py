"""Lists as people read them: searched, filtered, counted by what they can be filtered by, page by page.

Filters, their values and their mistakes are those of the REST interface (`filtering`). Beyond them a query
may say `q`, a text to search for, and `without`, names of filters of which a row has no value. Empty values
say nothing: a browser sends those of all fields of a form.

The number of rows and all counts come from one statement that groups the rows by their facets; an index over
these columns lets it read nothing else. A text is searched for once, whatever is then counted and shown.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from operator import or_
from typing import Any, NamedTuple

from django.db.models import Q, QuerySet

from swf_testbed.model.errors import BadInput, NotFound, Refused
from swf_testbed.monitor.services.declaration import Resource
from swf_testbed.monitor.services.facets import NONE, Filtered, Tally, Value
from swf_testbed.monitor.services.filtering import Filters, number_between, path_of
from swf_testbed.monitor.services.rows import Row, plain

PAGE = 50
"""Rows on a page."""

SEARCHED = 50_000
"""Newest rows that a text is searched in."""

FEW = 1000
"""Rows that are got by their keys, once they are found."""

MAX_DOWNLOAD = 500_000
"""Rows of one download."""

_BATCH = 1000
_LONGEST_TEXT = 200

Query = Mapping[str, Sequence[str]]


def _nothing(rows: list[Row]) -> None:
    del rows


@dataclass(frozen=True)
class Listing:
    """What a list can do.

    Attributes:
        resource: whose rows it lists.
        facets: filters that are shown with the number of rows of each value; few values make few groups.
        search: columns that a text is searched in.
        sortable: fields that it is ordered by, beyond the filters.
        ordering: the order when none is asked for, as in a query; empty is the table's own.
        complete: adds what is counted to the rows of a page.
    """

    resource: Resource
    facets: tuple[str, ...] = ()
    search: tuple[str, ...] = ()
    sortable: tuple[str, ...] = ()
    ordering: str = ""
    complete: Callable[[list[Row]], None] = _nothing


@dataclass(frozen=True)
class Asked:
    """What a reader asked of a list: filters by name, a text, an order, a page from 1."""

    filters: Filtered = field(default_factory=dict)
    text: str = ""
    ordering: str = ""
    page: int = 1


class Found(NamedTuple):
    """A page of a list.

    Attributes:
        total: the length of the whole.
        rows: those of this page.
        facets: the values by filter.
        bounded: whether a text was searched in the newest rows only.
    """

    total: int
    rows: list[Row]
    facets: dict[str, list[Value]]
    bounded: bool

    @property
    def pages(self) -> int:
        """How many pages there are, at least one."""
        return max(1, -(-self.total // PAGE))


def understand(listing: Listing, query: Query) -> Asked:
    """What a query asks for.

    Args:
        listing: of which list.
        query: `q`, `ordering`, `page`, and filters, each with its values.

    Raises:
        BadInput: a filter that does not exist, or a malformed value, by name.
    """
    said = {name: tuple(dict.fromkeys(filter(None, values))) for name, values in query.items()}
    text = _last(said.pop("q", ())).strip()
    if len(text) > _LONGEST_TEXT or "\0" in text:
        raise BadInput("q", text, f"must be at most {_LONGEST_TEXT} characters, none of them NUL")
    if text and not listing.search:
        raise BadInput("q", text, "is not known here: this list is not searched")
    ordering = _last(said.pop("ordering", ())) or listing.ordering
    page = number_between("page", _last(said.pop("page", ())) or "1", 1, 10**8)
    for name in said.pop("without", ()):
        said[name] = (*said.get(name, ()), NONE)
    for name, values in said.items():
        Filters(listing.resource).check(name, values)
    asked = Asked({name: values for name, values in said.items() if values}, text, ordering, page)
    _condition(listing, asked.filters)
    if asked.ordering:
        Filters(listing.resource).ordering(asked.ordering, listing.sortable)
    return asked


def _last(values: Sequence[str]) -> str:
    return values[-1] if values else ""


def _condition(listing: Listing, filters: Filtered) -> Q:
    """The filters of REST, of which `without` lets rows pass that have no value."""
    known = Filters(listing.resource)
    found = Q()
    for name, texts in filters.items():
        values = [text for text in texts if text != NONE]
        one = known.condition({name: values} if values else {})
        found &= one if len(values) == len(texts) else one | known.absent(name)
    return found


def select(listing: Listing, asked: Asked) -> "QuerySet[Any]":
    """All rows that are asked for, in order."""
    return _in_order(listing, asked, _oldest(listing, asked))


def _in_order(listing: Listing, asked: Asked, oldest: int | None) -> "QuerySet[Any]":
    rows = _matching(listing, asked.filters, asked.text, oldest)
    return _ordered(rows, listing, asked)


def _ordered(rows: "QuerySet[Any]", listing: Listing, asked: Asked) -> "QuerySet[Any]":
    if not asked.ordering:
        return rows
    return rows.order_by(*Filters(listing.resource).ordering(asked.ordering, listing.sortable))


def _oldest(listing: Listing, asked: Asked) -> int | None:
    """The key of the last row that a text is searched in; None if it is searched in all, or there is none."""
    if not asked.text:
        return None
    newest = _matching(listing, asked.filters, "", None).order_by("-pk").values_list("pk", flat=True)
    return newest[SEARCHED : SEARCHED + 1].first()


def _matching(listing: Listing, filters: Filtered, text: str, oldest: int | None) -> "QuerySet[Any]":
    rows = listing.resource.model._default_manager.filter(_condition(listing, filters))
    if not text:
        return rows
    if oldest is not None:
        rows = rows.filter(pk__gt=oldest)
    return rows.filter(reduce(or_, (Q(**{f"{column}__icontains": text}) for column in listing.search)))


def find(listing: Listing, asked: Asked, columns: Sequence[str]) -> Found:
    """One page, with the counts of the facets.

    Args:
        listing: of which list.
        asked: what `understand` made of a query.
        columns: names of the fields that are wanted, as records or filters call them.

    Raises:
        NotFound: the list does not have so many pages.
    """
    oldest = _oldest(listing, asked)
    tally = Tally(listing.resource, listing.facets, asked.filters)
    outside = _matching(listing, tally.outside, asked.text, oldest).order_by()
    rows = _in_order(listing, asked, oldest)
    if asked.text:
        rows = _those(rows, listing, asked, tally.count_found(outside))
    else:
        tally.count(outside)
    begin = (asked.page - 1) * PAGE
    if begin and begin >= tally.total:
        raise NotFound(f"page {asked.page} of this list does not exist: {tally.total} rows, {PAGE} on each")
    end = min(begin + PAGE, tally.total)
    if begin > tally.total - end:  # nearer from the other end
        turned = range(tally.total - end, tally.total - begin)
        found = _rows(rows.reverse(), listing.resource, columns, turned)[::-1]
    else:
        found = _rows(rows, listing.resource, columns, range(begin, end))
    listing.complete(found)
    return Found(tally.total, found, tally.facets, bounded=oldest is not None)


def _those(rows: "QuerySet[Any]", listing: Listing, asked: Asked, keys: list[Any]) -> "QuerySet[Any]":
    """The rows that were found; a few are got by their keys, as a second search would take as long."""
    if len(keys) > FEW:
        return rows
    few = listing.resource.model._default_manager.filter(pk__in=keys)
    return _ordered(few, listing, asked)


def excerpt(listing: Listing, filters: Mapping[str, str], columns: Sequence[str], most: int) -> list[Row]:
    """The first rows that pass some filters; as `find`, but nothing is counted."""
    asked = Asked({name: (text,) for name, text in filters.items()}, ordering=listing.ordering)
    rows = _rows(select(listing, asked), listing.resource, columns, range(most))
    listing.complete(rows)
    return rows


def _rows(rows: "QuerySet[Any]", resource: Resource, columns: Sequence[str], part: range) -> list[Row]:
    names = list(dict.fromkeys((*resource.key, *columns)))
    wanted = rows.values_list(*(path_of(resource, name) for name in names))
    return [dict(zip(names, values, strict=True)) for values in wanted[part.start : part.stop]]


def download(listing: Listing, asked: Asked) -> Iterator[Row]:
    """All records that are asked for, as REST answers them, read as they are taken.

    Raises:
        Refused: at once, when they are too many.
    """
    rows = select(listing, asked)
    if (number := rows.count()) > MAX_DOWNLOAD:
        raise Refused(f"{number} rows are more than one download has ({MAX_DOWNLOAD}): filter them further")
    return _records(rows, listing.resource)


def _records(rows: "QuerySet[Any]", resource: Resource) -> Iterator[Row]:
    names, columns = list(resource.columns), list(resource.columns.values())
    batch: list[Row] = []
    for values in rows.values_list(*columns).iterator(_BATCH):
        batch.append({name: plain(value) for name, value in zip(names, values, strict=True)})
        if len(batch) == _BATCH:
            resource.complete(batch)
            yield from batch
            batch = []
    resource.complete(batch)
    yield from batch

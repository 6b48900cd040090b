"""Facets of a list: filters that are shown with the number of rows that each of their values would leave."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import Count, QuerySet

from swf_testbed.model.clock import iso
from swf_testbed.monitor.services.declaration import Resource
from swf_testbed.monitor.services.filtering import Filters, field_of, path_of

NONE = ""
"""Stands among a filter's values for having none; a query says `without=NAME`."""

Filtered = Mapping[str, tuple[str, ...]]
"""The values of each filter, of which any lets a row pass."""


class Value(NamedTuple):
    """One value of a facet, as a query says it, or `NONE`; `rows` have it and pass all other filters."""

    text: str
    rows: int
    chosen: bool


class Tally:
    """The number of rows, and each facet's values, counted where all filters but its own let rows pass.

    Attributes:
        outside: the filters that are no facets: they decide which rows are counted at all.
        total: rows that pass all.
    """

    def __init__(self, resource: Resource, facets: Sequence[str], filters: Filtered) -> None:
        self._resource, self._names = resource, facets
        self._paths = [path_of(resource, name) for name in facets]
        self._chosen = [_chosen(resource, name, filters.get(name, ())) for name in facets]
        self._counts = [Counter(dict.fromkeys(values, 0)) for values in self._chosen]
        self.outside = {name: texts for name, texts in filters.items() if name not in facets}
        self.total = 0

    def count(self, rows: "QuerySet[Any]") -> None:
        """Count rows, group by group; without facets all are one."""
        if not self._paths:
            self.total = rows.count()
            return
        for *values, number in rows.values_list(*self._paths).annotate(Count("pk")):
            self._add(values, number)

    def count_found(self, rows: "QuerySet[Any]") -> list[Any]:
        """Count rows that are searched for, each of which is looked at; the keys of those that pass."""
        found = list(rows.values_list("pk", *self._paths))
        groups = Counter(row[1:] for row in found)
        passing = {group for group, number in groups.items() if self._add(group, number)}
        return [row[0] for row in found if row[1:] in passing]

    def _add(self, values: Sequence[Any], number: int) -> bool:
        texts = [as_text(value) for value in values]
        refusing = [i for i, text in enumerate(texts) if self._chosen[i] and text not in self._chosen[i]]
        self.total += 0 if refusing else number
        if len(refusing) < 2:
            for i in refusing or range(len(texts)):
                self._counts[i][texts[i]] += number
        return not refusing

    @property
    def facets(self) -> dict[str, list[Value]]:
        """What was counted."""
        return {
            name: [Value(text, rows, text in chosen) for text, rows in _sorted(self._resource, name, counts)]
            for name, chosen, counts in zip(self._names, self._chosen, self._counts, strict=True)
        }


def _chosen(resource: Resource, name: str, texts: Sequence[str]) -> set[str]:
    filters = Filters(resource)
    return {as_text(filters.value(name, text)) if text else NONE for text in texts}


def as_text(value: Any) -> str:
    """A value as a query says it, or `NONE`."""
    if value is None:
        return NONE
    if isinstance(value, bool):
        return "true" if value else "false"
    return iso(value) if isinstance(value, datetime) else str(value)


def _sorted(resource: Resource, name: str, counts: "Counter[str]") -> list[tuple[str, int]]:
    """Words of a closed set in their order, others by their number; rows without any come last."""
    order = [value for value, _ in field_of(resource, name).flatchoices]
    place = {text: i for i, text in enumerate(order)}
    return sorted(counts.items(), key=lambda one: (not one[0], place.get(one[0], -one[1]), one[0]))

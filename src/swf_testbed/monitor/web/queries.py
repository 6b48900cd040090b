"""Links within a list: the same query with one thing changed. A copied link shows the same again."""

from collections.abc import Iterable, Mapping

from django.utils.http import urlencode

from swf_testbed.monitor.services.facets import NONE
from swf_testbed.monitor.services.listing import Asked


class Links:
    """The links of a list as it is asked for; each begins at the first page."""

    def __init__(self, asked: Asked, usual_ordering: str) -> None:
        self._asked, self._usual = asked, usual_ordering

    def toggled(self, name: str, text: str) -> str:
        """With one value of a filter more, or one less."""
        had = self._asked.filters.get(name, ())
        kept = tuple(one for one in had if one != text) if text in had else (*had, text)
        return self._query({**self._asked.filters, name: kept})

    def without(self, name: str) -> str:
        """Without a filter."""
        return self._query({key: texts for key, texts in self._asked.filters.items() if key != name})

    def with_values(self, **values: str) -> str:
        """With filters that have one value each."""
        return self._query({**self._asked.filters, **{name: (text,) for name, text in values.items()}})

    def sorted_by(self, ordering: str) -> str:
        """In another order."""
        return self._query(self._asked.filters, ordering=ordering)

    def at(self, page: int) -> str:
        """Another page."""
        return self._query(self._asked.filters, page=page)

    def unsearched(self) -> str:
        """Without the text that is searched for."""
        return self._query(self._asked.filters, text="")

    @property
    def here(self) -> str:
        """All that is asked for, from the first page on."""
        return self._query(self._asked.filters)

    def fields(self, left_out: Iterable[str]) -> list[tuple[str, str]]:
        """What a form has to keep, beside its own fields."""
        own = {"q", "page", *left_out}
        return [pair for pair in self._pairs(self._asked.filters, None, None, 1) if pair[0] not in own]

    def _query(
        self,
        filters: Mapping[str, tuple[str, ...]],
        text: str | None = None,
        ordering: str | None = None,
        page: int = 1,
    ) -> str:
        return "?" + urlencode(self._pairs(filters, text, ordering, page))

    def _pairs(
        self, filters: Mapping[str, tuple[str, ...]], text: str | None, ordering: str | None, page: int
    ) -> list[tuple[str, str]]:
        said = [
            (name, one) if one != NONE else ("without", name)
            for name, all_ in filters.items()
            for one in all_
        ]
        further = {
            "q": self._asked.text if text is None else text,
            "ordering": self._asked.ordering if ordering is None else ordering,
            "page": str(page) if page > 1 else "",
        }
        if further["ordering"] == self._usual:
            further["ordering"] = ""
        return [*said, *((name, one) for name, one in further.items() if one)]

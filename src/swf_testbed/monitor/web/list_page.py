"""What a page of a list is made of."""

from dataclasses import dataclass
from typing import Any

from swf_testbed.monitor.services.listing import Listing
from swf_testbed.monitor.services.resources import RESOURCES
from swf_testbed.monitor.web.columns import Column


@dataclass(frozen=True)
class ListPage:
    """One list.

    Attributes:
        name: of its address, `web:<name>`.
        title: of the page.
        rows: what its rows are called, as in `3 slices`.
        listing: what it can do.
        columns: what it shows, the first of which names the row.
        moved_by: the types of messages after which it may look different.
        changes: resources whose records it shows, so that their changes by REST move it too.
        hint: what to do when there are none at all.
        further: links to what else can be done: their words, and the name of the address.
    """

    name: str
    title: str
    rows: str
    listing: Listing
    columns: tuple[Column, ...]
    moved_by: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()
    hint: str = ""
    further: tuple[tuple[str, str], ...] = ()

    @property
    def stored(self) -> list[str]:
        """The fields to read for a row."""
        return [column.name for column in self.columns if not column.computed]


def list_page(name: str, title: str, resource: str, *columns: Column, **options: Any) -> ListPage:
    """A page of a resource; what is not about the page itself is about its listing."""
    known = ("rows", "moved_by", "changes", "hint", "further")
    about = {key: options.pop(key) for key in known if key in options}
    about.setdefault("changes", (resource,))
    sortable = tuple(column.name for column in columns if not (column.computed or column.wide))
    listing = Listing(RESOURCES[resource], sortable=sortable, **options)
    return ListPage(name, title, about.pop("rows", title[0].lower() + title[1:]), listing, columns, **about)

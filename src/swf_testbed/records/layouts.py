"""Arrangements of plots that people make for themselves, and share by their address."""

from typing import Annotated, ClassVar, Self

from pydantic import Field, model_validator

from swf_testbed.model.fields import Name, ShortText
from swf_testbed.records.base import FrozenDocument, Record, Word

MOST_CELLS = 64
MOST_COLUMNS = 6
MOST_ROWS = 4
Columns = Annotated[int, Field(strict=True, ge=1, le=MOST_COLUMNS)]


class Cell(FrozenDocument):
    """A plot, and how many columns wide and rows high it is."""

    subsystem: Word
    name: Word
    width: Columns = 1
    height: Annotated[int, Field(strict=True, ge=1, le=MOST_ROWS)] = 1


class Layout(Record):
    """Plots in an order, in so many columns; only its owner, and staff, changes it, and everybody sees it."""

    resource: ClassVar[str] = "layouts"
    key: ClassVar[tuple[str, ...]] = ("owner", "name")

    owner: Name
    name: Word
    title: ShortText = ""
    columns: Columns = 4
    cells: Annotated[tuple[Cell, ...], Field(max_length=MOST_CELLS)] = ()

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        seen = [(cell.subsystem, cell.name) for cell in self.cells]
        if len(set(seen)) != len(seen):
            raise ValueError("cells must not show the same histogram twice")
        return self

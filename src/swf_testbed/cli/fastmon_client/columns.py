"""The columns of the live view: as many as the terminal has room for, the most important first."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from rich.table import Table

from swf_testbed.cli.fastmon_client.shown import size
from swf_testbed.fastmon_client.statistics import RunStatistics, latency_s
from swf_testbed.messages import TfFileRegistered

T = TypeVar("T")
_BORDER = 3
"""Characters between two columns."""


@dataclass(frozen=True)
class Column(Generic[T]):
    """One column: its head, its width in characters, its rank (1 stays longest), what it says of a row."""

    name: str
    width: int
    rank: int
    says: Callable[[T], str]


def table_of(title: str, columns: Sequence[Column[T]], rows: Iterable[T], width: int) -> Table:
    """A table no wider than `width`."""
    room = width - 1
    chosen = set()
    for column in sorted(columns, key=lambda column: column.rank):
        room -= column.width + _BORDER
        if room < 0:
            break
        chosen.add(column.name)
    shown = [column for column in columns if column.name in chosen]
    table = Table(title=title, title_justify="left")
    for column in shown:
        table.add_column(column.name, no_wrap=True, min_width=column.width, overflow="ellipsis")
    for row in rows:
        table.add_row(*(column.says(row) for column in shown))
    return table


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f} s"


def _per_second(value: float | None, write: Callable[[float], str]) -> str:
    return "-" if value is None else f"{write(value)}/s"


RUN_COLUMNS: tuple[Column[RunStatistics], ...] = (
    Column("run", 7, 1, lambda run: str(run.run)),
    Column("phase", 9, 5, lambda run: run.phase.value if run.phase else "-"),
    Column("STFs", 5, 9, lambda run: str(run.stfs)),
    Column("samples", 7, 2, lambda run: str(run.samples)),
    Column("frames", 7, 7, lambda run: str(run.frames)),
    Column("volume", 9, 4, lambda run: size(run.volume)),
    Column("frames/s", 8, 8, lambda run: _per_second(run.rate(run.frames), "{:.1f}".format)),
    Column("rate", 11, 6, lambda run: _per_second(run.rate(run.volume), size)),
    Column("latency", 8, 3, lambda run: _seconds(run.latency and run.latency.p50)),
    Column("p95", 8, 10, lambda run: _seconds(run.latency and run.latency.p95)),
    Column("max", 8, 11, lambda run: _seconds(run.latency and run.latency.max)),
)
"""Of runs; `latency` is the median."""

SAMPLE_COLUMNS: tuple[Column[TfFileRegistered], ...] = (
    Column("at (UTC)", 8, 2, lambda sample: f"{sample.timestamp:%H:%M:%S}"),
    Column("run", 7, 1, lambda sample: str(sample.run_id)),
    Column("sample", 28, 5, lambda sample: sample.tf_filename),
    Column("frames", 6, 6, lambda sample: str(sample.tf_count)),
    Column("size", 9, 4, lambda sample: size(sample.file_size_bytes)),
    Column("latency", 8, 3, lambda sample: _seconds(latency_s(sample))),
)
"""Of samples."""

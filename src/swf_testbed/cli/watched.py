"""How a run that is watched is shown: a table that moves, plain lines, or JSON lines."""

from typing import Protocol

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from swf_testbed.cli.console import on_terminal, show, tell
from swf_testbed.cli.fastmon_client.shown import size
from swf_testbed.model.clock import now
from swf_testbed.model.status import Quality, Severity
from swf_testbed.records import Overview, SubsystemLine

_COLOURS = {Quality.BAD: "bold red", Quality.MEDIUM: "yellow", Quality.GOOD: "green", Quality.NULL: "dim"}
_BLOCKS = "▁▂▃▄▅▆▇█"
_WIDE, _WIDEST = 80, 110
_MOST_ALARMS = 5
_OLD_S = 30


class Watched(Protocol):
    """What is told of a run, as it changes."""

    def show(self, seen: Overview) -> None:
        """How it is now."""

    def connection(self, lost: str | None) -> None:
        """Why there is no connection to the monitor; None if there is one."""

    def close(self) -> None:
        """Nothing more comes: give the terminal back."""


def watched_by(address: str, *, as_json: bool, once: bool) -> Watched:
    """How to show: as asked for, else a table to a person and lines to a pipe."""
    if as_json:
        return JsonLines()
    if not on_terminal():
        return Lines()
    return Once(address) if once else Moving(address)


class _Told:
    """Says on stderr that the connection is lost, and that it is back."""

    def __init__(self) -> None:
        self._lost: str | None = None

    def connection(self, lost: str | None) -> None:
        """Once for each change."""
        if (lost is None) != (self._lost is None):
            tell(f"no connection: {lost}" if lost else "connected again")
        self._lost = lost

    def close(self) -> None:
        """Nothing is held."""


class JsonLines(_Told):
    """The overview as one JSON object a line."""

    def show(self, seen: Overview) -> None:
        """The whole of it."""
        show(seen.model_dump_json())


class Lines(_Told):
    """A line for each subsystem and alarm; later one for each that is not as it was."""

    def __init__(self) -> None:
        super().__init__()
        self._said: dict[str, str] = {}

    def show(self, seen: Overview) -> None:
        """What has changed."""
        at, run = f"{seen.time:%H:%M:%S}Z", f"run {seen.run_number}"
        rows = {"run": f"{seen.phase or '-'}\t{seen.quality}"}
        rows |= {line.subsystem: f"{line.quality}\t{because(line)}" for line in seen.subsystems}
        rows |= {f"alarm {alarm.id}": f"{alarm.severity}\t{alarm.subject}" for alarm in seen.alarms}
        for name in self._said.keys() - rows.keys():
            show(f"{at}\t{run}\t{name}\tcleared\t")
        for name, text in rows.items():
            if self._said.get(name) != text:
                show(f"{at}\t{run}\t{name}\t{text}")
        self._said = rows


class Once:
    """The table, printed."""

    def __init__(self, address: str) -> None:
        self._address = address

    def show(self, seen: Overview) -> None:
        """All of it."""
        console = Console()
        console.print(picture(seen, self._address, console.width))

    def connection(self, lost: str | None) -> None:
        """Nothing is followed."""

    def close(self) -> None:
        """Nothing is held."""


class Moving:
    """A table that moves; its ages are counted here, so that one sees when nothing comes any more."""

    def __init__(self, address: str) -> None:
        self._address, self._lost = address, ""
        self._seen: Overview | None = None
        self._console = Console()
        self._live = Live(get_renderable=self._drawn, refresh_per_second=2, console=self._console)
        self._live.start()

    def show(self, seen: Overview) -> None:
        """How it is now."""
        self._seen = seen

    def connection(self, lost: str | None) -> None:
        """Said in the table."""
        self._lost = f"no connection: {lost}; what is shown is old" if lost else ""

    def close(self) -> None:
        """The last picture stays."""
        self._live.stop()

    def _drawn(self) -> RenderableType:
        if self._seen is None:
            return Text("connecting", "yellow")
        parts = [picture(self._seen, self._address, self._console.width)]
        return Group(*parts, Text(self._lost, "bold red") if self._lost else Text("Ctrl-C ends", "dim"))


def picture(seen: Overview, address: str, width: int) -> RenderableType:
    """The overview in at most `width` characters."""
    alarms = [
        Text(f"{alarm.severity}: {alarm.subject}: {alarm.text}", _alarm_colour(alarm.severity))
        for alarm in seen.alarms[:_MOST_ALARMS]
    ]
    more = (
        [Text(f"and {len(seen.alarms) - _MOST_ALARMS} more alarms")]
        if len(seen.alarms) > _MOST_ALARMS
        else []
    )
    return Group(_head(seen, address), *alarms, *more, _table(seen, width))


def _head(seen: Overview, address: str) -> Text:
    late = seen.latency_s.p95
    fraction = "-" if seen.sampled_fraction is None else f"{100 * seen.sampled_fraction:.3g} %"
    return Text.assemble(
        (f"run {seen.run_number} ", "bold"),
        f"{seen.phase or '-'} ",
        (f"{seen.quality}", _COLOURS[seen.quality]),
        f"  {seen.stfs} STFs, {seen.stfs_per_s:.2f}/s, sampled {fraction}",
        f", egress to plot {'-' if late is None else f'{late:.2f} s'} (p95)",
        *_age(seen),
        (f"\n{seen.time:%Y-%m-%d %H:%M:%S} UTC  {address}/shift/?run={seen.run_number}", "dim"),
    )


def _age(seen: Overview) -> list[str | tuple[str, str]]:
    """How old the plots are, while the run goes on."""
    if seen.plotted_at is None or seen.end_time is not None:
        return []
    age_s = max(0.0, (now() - seen.plotted_at).total_seconds())
    return [(f", plots {age_s:.0f} s old", "red" if age_s > _OLD_S else "")]


def _table(seen: Overview, width: int) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim", expand=width >= _WIDE)
    table.add_column("quality", no_wrap=True)
    table.add_column("subsystem", no_wrap=True)
    table.add_column("why", ratio=1, overflow="fold")
    if width >= _WIDE:
        table.add_column("since (UTC)", no_wrap=True)
        table.add_column("hits", justify="right", no_wrap=True)
    if width >= _WIDEST:
        table.add_column("data", justify="right", no_wrap=True)
        table.add_column("hits a frame", no_wrap=True)
    for line in seen.subsystems:
        cells = [Text(line.quality, _COLOURS[line.quality]), Text(line.title), Text(because(line))]
        cells += [Text(f"{line.since:%H:%M:%S}" if line.since else ""), Text(_hertz(line.hits_hz))]
        cells += [
            Text("-" if line.bytes_per_s is None else f"{size(line.bytes_per_s)}/s"),
            Text(_spark(line.trend)),
        ]
        table.add_row(*cells[: len(table.columns)])
    return table


def because(line: SubsystemLine) -> str:
    """Why a subsystem is judged so, in words."""
    more = f" (and {line.findings - 1} more)" if line.findings > 1 else ""
    return f"{line.reason}{more}" if line.reason else _BECAUSE.get(line.quality, "")


_BECAUSE = {Quality.NULL: "not judged yet", Quality.GOOD: "as expected"}


def _hertz(value: float | None) -> str:
    if value is None:
        return "-"
    for unit in ("Hz", "kHz", "MHz"):
        if value < 1000:
            return f"{value:.3g} {unit}"
        value /= 1000
    return f"{value:.3g} GHz"


def _spark(trend: tuple[float, ...], most: int = 24) -> str:
    """Values as blocks of different height."""
    step = -(-len(trend) // most) or 1
    means = [sum(part) / len(part) for part in (trend[i : i + step] for i in range(0, len(trend), step))]
    highest = max(means, default=0.0) or 1.0
    return "".join(_BLOCKS[min(7, int(8 * mean / highest))] for mean in means)


def _alarm_colour(severity: Severity) -> str:
    return {Severity.ERROR: "red", Severity.WARNING: "yellow"}.get(severity, "")

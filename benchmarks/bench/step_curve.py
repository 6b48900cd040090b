"""A step in load as it was seen: what is measured each second, and its plot."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from itertools import pairwise

WIDTH, HEIGHT, LEFT, TOP, GAP = 760, 150, 52, 34, 46
COLOURS = {"wanted": "#b35900", "engine": "#3a6ea5", "broker": "#2e7d32", "p95": "#b35900", "p50": "#3a6ea5"}


@dataclass(frozen=True)
class Moment:
    """A second of a step: slices that wait and are in hand, and workers as wanted, run, and heard of.

    `rate` (slices a second) and `service_s` are what the controller has measured.
    """

    at: float
    queued: int
    in_hand: int
    wanted: int
    engine: int
    broker: int
    rate: float
    service_s: float


@dataclass(frozen=True)
class Latency:
    """How long slices took that were queued in some seconds, from the queue to the result, s."""

    at: float
    p50: float
    p95: float


@dataclass
class Curve:
    """All that was seen; `begin` and `end` of the step and all times in s of the run."""

    begin: float
    end: float
    needed: int
    target_s: float
    moments: list[Moment] = field(default_factory=list)
    latencies: list[Latency] = field(default_factory=list)


def table(curve: Curve, every_s: float = 10.0) -> str:
    """A line each so many seconds."""
    lines = ["   s  queued  in hand  wanted  engine  broker    rate service   p50 s   p95 s"]
    due = 0.0
    for one in curve.moments:
        if one.at < due:
            continue
        due = one.at + every_s - 0.5
        near = [said for said in curve.latencies if abs(said.at - one.at) <= every_s / 2]
        latency = f"{near[0].p50:8.2f}{near[0].p95:8.2f}" if near else f"{'-':>8}{'-':>8}"
        step = " <- step" if curve.begin <= one.at < curve.end else ""
        lines.append(
            f"{one.at:4.0f}{one.queued:8}{one.in_hand:9}{one.wanted:8}{one.engine:8}{one.broker:8}"
            f"{one.rate:8.1f}{one.service_s:8.3f}{latency}{step}"
        )
    return "\n".join(lines)


class _Panel:
    """One plot of several that share the axis of time."""

    def __init__(self, curve: Curve, place: int, title: str, most: float) -> None:
        self._last = curve.moments[-1].at
        self._top, self._most = TOP + place * (HEIGHT + GAP), max(most * 1.08, 1e-9)
        self.parts = [self._step(curve), self._frame(title)]

    def x(self, at: float) -> float:
        return LEFT + (WIDTH - LEFT - 12) * at / self._last

    def y(self, value: float) -> float:
        return self._top + HEIGHT * (1 - value / self._most)

    def _step(self, curve: Curve) -> str:
        x, width = self.x(curve.begin), self.x(curve.end) - self.x(curve.begin)
        return f'<rect class="step" x="{x:.1f}" y="{self._top}" width="{width:.1f}" height="{HEIGHT}"/>'

    def _frame(self, title: str) -> str:
        bottom = self._top + HEIGHT
        marks = [
            f'<text x="{LEFT - 6}" y="{self.y(value) + 4:.1f}" text-anchor="end">{value:.3g}</text>'
            f'<line class="grid" x1="{LEFT}" x2="{WIDTH - 12}" y1="{self.y(value):.1f}" '
            f'y2="{self.y(value):.1f}"/>'
            for value in (0.0, self._most / 2.16, self._most / 1.08)
        ]
        times = [
            f'<text x="{self.x(at):.1f}" y="{bottom + 14}" text-anchor="middle">{at}</text>'
            for at in range(0, int(self._last) + 1, 30 if self._last > 90 else 10)
        ]
        return f'<text x="{LEFT}" y="{self._top - 8}" class="title">{escape(title)}</text>' + "".join(
            [*marks, *times]
        )

    def line(self, points: Sequence[tuple[float, float]], colour: str, *, steps: bool = False) -> None:
        """Through points, or from one to the next as a stair."""
        said = [f"M{self.x(points[0][0]):.1f} {self.y(points[0][1]):.1f}"] if points else []
        for (_, before), (at, value) in pairwise(points):
            if steps:
                said.append(f"L{self.x(at):.1f} {self.y(before):.1f}")
            said.append(f"L{self.x(at):.1f} {self.y(value):.1f}")
        self.parts.append(f'<path d="{" ".join(said)}" stroke="{colour}"/>')

    def level(self, value: float, words: str) -> None:
        """A limit."""
        y = self.y(value)
        self.parts.append(
            f'<line class="level" x1="{LEFT}" x2="{WIDTH - 12}" y1="{y:.1f}" y2="{y:.1f}"/>'
            f'<text x="{WIDTH - 14}" y="{y - 4:.1f}" text-anchor="end">{escape(words)}</text>'
        )


_STYLE = """
svg { background: #fff; font: 11px system-ui, sans-serif } text { fill: #333 } .title { font-weight: bold }
path { fill: none; stroke-width: 1.6 } .step { fill: #f4ead8 } .grid { stroke: #ddd }
.level { stroke: #c62828; stroke-dasharray: 5 4 }
"""


def drawing(curve: Curve) -> str:
    """Workers, slices that wait, and latency, one below the other, as SVG."""
    seen, limit = curve.moments, 1.3 * curve.needed
    workers = _Panel(
        curve,
        0,
        "Workers: wanted (orange), run by the engine (blue), heard of on the broker (green)",
        max(limit, *(max(one.wanted, one.engine, one.broker) for one in seen)),
    )
    workers.level(limit, "30 % beyond what the step needs")
    for name in ("broker", "engine", "wanted"):
        workers.line([(one.at, getattr(one, name)) for one in seen], COLOURS[name], steps=True)
    waiting = _Panel(curve, 1, "Slices that wait in the queue", max(1, *(one.queued for one in seen)))
    waiting.line([(one.at, one.queued) for one in seen], COLOURS["engine"])
    latency = _Panel(
        curve,
        2,
        "From the queue to the result, s: p95 (orange), p50 (blue), by when a slice was queued",
        max([curve.target_s, *(one.p95 for one in curve.latencies)]),
    )
    latency.level(curve.target_s, "latency_target")
    for name in ("p95", "p50"):
        latency.line([(one.at, getattr(one, name)) for one in curve.latencies], COLOURS[name])
    height = TOP + 3 * (HEIGHT + GAP)
    body = "\n".join(part for panel in (workers, waiting, latency) for part in panel.parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" '
        f'height="{height}" role="img" aria-label="A step in load: workers, queue and latency over time">\n'
        f'<style>{_STYLE}</style>\n<rect width="{WIDTH}" height="{height}" fill="#fff"/>\n{body}\n</svg>\n'
    )

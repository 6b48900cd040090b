"""The page of all figures: a table, and for each a bar on a logarithmic axis."""

import math
from html import escape
from typing import Any

_WIDTH, _HEIGHT = 300, 16
_DECADES = 3
"""The axis goes from a thousandth to a thousand."""

_STYLE = """
:root { color-scheme: light dark; font: 15px/1.4 system-ui, sans-serif }
body { margin: 1rem auto; max-width: 75rem; padding: 0 1rem }
.wide { overflow-x: auto }
table { border-collapse: collapse; width: 100% }
th, td { border-bottom: 1px solid #8884; padding: .25rem .5rem; text-align: left; vertical-align: middle }
td.number { font-variant-numeric: tabular-nums; text-align: right; white-space: nowrap }
rect.bar { fill: #3a6ea5 } rect.met { fill: #2e7d32 } rect.missed { fill: #c62828 }
line.one { stroke: currentColor } line.bound { stroke: #e69f00; stroke-width: 2 }
"""


def page(document: dict[str, Any]) -> str:
    """The whole page, which asks nobody for anything."""
    machine = document["machine"]
    where = (
        f"{machine['time']}, Python {machine['python']}, {machine['cores']} cores, "
        f"load before {machine['load_before']:.1f}, {machine['system']}"
    )
    quick = "<p><strong>Measured quickly: figures are rough.</strong></p>" if document["quick"] else ""
    return f"""<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>swf-testbed: benchmarks</title><style>{_STYLE}</style>
<h1>Benchmarks</h1><p>{escape(where)}</p>{quick}
<p>Each figure stands beside a limit, or beside a peer measured in the same run. The bar is their ratio on a
logarithmic axis, from the peer (the upright line at 1); an orange line is what is asked.</p>
{"".join(_benchmark(one) for one in document["benchmarks"])}
</html>
"""


def _benchmark(said: dict[str, Any]) -> str:
    failed = "" if said["status"] == 0 else f" <strong>ended with {said['status']}</strong>"
    rows = "".join(_row(figure) for figure in said["figures"])
    head = "<tr><th>Figure<th>Value<th>Beside<th>Its value<th>Ratio<th>Asked<th>Ratio, drawn</tr>"
    table = f'<div class="wide"><table>{head}{rows}</table></div>' if rows else "<p>No figures.</p>"
    return f"<h2>{escape(said['name'])}</h2><p>{said['seconds']:.0f} s{failed}</p>{table}"


def _row(figure: dict[str, Any]) -> str:
    unit = escape(figure["unit"])
    asked = (
        ""
        if figure["bound"] is None
        else f"{'≥' if figure['better'] == 'higher' else '≤'} {figure['bound']:.3g}"
    )
    return (
        f"<tr><td>{escape(figure['name'])}"
        f'<td class="number">{figure["value"]:.4g} {unit}<td>{escape(figure["beside"])}'
        f'<td class="number">{figure["other"]:.4g} {unit}<td class="number">{figure["ratio"]:.3g}'
        f'<td class="number">{asked}<td>{_bar(figure)}</tr>'
    )


def _bar(figure: dict[str, Any]) -> str:
    kind = {None: "bar", True: "met", False: "missed"}[figure["within"]]
    one, at = _place(1.0), _place(figure["ratio"])
    begin, length = min(one, at), max(1, abs(at - one))
    bound = ""
    if figure["bound"] is not None:
        place = _place(figure["bound"])
        bound = f'<line class="bound" x1="{place}" x2="{place}" y1="0" y2="{_HEIGHT}"/>'
    return (
        f'<svg role="img" aria-label="ratio {figure["ratio"]:.3g}" width="{_WIDTH}" height="{_HEIGHT}">'
        f'<rect class="{kind}" x="{begin}" y="3" width="{length}" height="{_HEIGHT - 6}"/>'
        f'<line class="one" x1="{one}" x2="{one}" y1="0" y2="{_HEIGHT}"/>{bound}</svg>'
    )


def _place(ratio: float) -> int:
    """Where a ratio stands on the axis, in pixels."""
    decades = math.log10(ratio) if 0 < ratio < math.inf else math.copysign(_DECADES, ratio - 1)
    clipped = max(-_DECADES, min(_DECADES, decades))
    return round((clipped + _DECADES) / (2 * _DECADES) * _WIDTH)

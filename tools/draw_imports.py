"""Draws the packages in their layers, with an arrow for each import, as `docs/images/imports.svg`.

    python tools/draw_imports.py

The layers are those of the contract in pyproject.toml, the imports those of the code; a test fails when the
picture shows something else.
"""

import re
import tomllib
from html import escape
from pathlib import Path

import grimp

ROOT = Path(__file__).resolve().parent.parent
PICTURE = ROOT / "docs" / "images" / "imports.svg"
PACKAGE = "swf_testbed"

_WIDTH, _ROW, _BOX, _GAP = 980, 92, 112, 14
_STYLE = (
    "text{font:13px system-ui,sans-serif;fill:#123}rect{fill:#e8f0f8;stroke:#3a6ea5;rx:6}"
    "path{stroke:#3a6ea5;stroke-opacity:.35;fill:none;stroke-width:1.2}"
)


def layers() -> list[list[str]]:
    """The packages of each layer, from the top, as the contract says."""
    tools = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]
    contracts = tools["importlinter"]["contracts"]
    (contract,) = [one for one in contracts if one.get("containers") == [PACKAGE]]
    return [[re.sub(r"[()]", "", name) for name in layer.split(" | ")] for layer in contract["layers"]]


def imports() -> set[tuple[str, str]]:
    """Which package imports which, by name below the root."""
    graph = grimp.build_graph(PACKAGE, include_external_packages=False)
    found: set[tuple[str, str]] = set()
    for module in graph.modules:
        for imported in graph.find_modules_directly_imported_by(module):
            pair = (module.split(".")[1:2], imported.split(".")[1:2])
            if pair[0] and pair[1] and pair[0] != pair[1]:
                found.add((pair[0][0], pair[1][0]))
    return found


def picture() -> str:
    """The drawing."""
    rows = layers()
    places: dict[str, tuple[float, float]] = {}
    for depth, row in enumerate(rows):
        left = (_WIDTH - len(row) * _BOX - (len(row) - 1) * _GAP) / 2
        for index, name in enumerate(row):
            places[name] = (left + index * (_BOX + _GAP), 20 + depth * _ROW)
    arrows = [
        _arrow(places[one], places[other]) for one, other in sorted(imports()) if {one, other} <= set(places)
    ]
    boxes = [_box(name, *place) for name, place in places.items()]
    height = 20 + len(rows) * _ROW - _ROW + 54
    label = f"Packages of {PACKAGE} in {len(rows)} layers; every import goes down."
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img" '
        f'aria-label="{escape(label)}">\n<style>{_STYLE}</style>\n'
        f'<rect width="{_WIDTH}" height="{height}" style="fill:#fff;stroke:none"/>\n'
        + "\n".join([*arrows, *boxes])
        + "\n</svg>\n"
    )


def _box(name: str, x: float, y: float) -> str:
    return (
        f'<rect x="{x:g}" y="{y:g}" width="{_BOX}" height="34"/>'
        f'<text x="{x + _BOX / 2:g}" y="{y + 22:g}" text-anchor="middle">{escape(name)}</text>'
    )


def _arrow(one: tuple[float, float], other: tuple[float, float]) -> str:
    begin, end = (one[0] + _BOX / 2, one[1] + 34), (other[0] + _BOX / 2, other[1])
    middle = (begin[1] + end[1]) / 2
    bend = f"C{begin[0]:g} {middle:g} {end[0]:g} {middle:g} {end[0]:g} {end[1]:g}"
    return f'<path d="M{begin[0]:g} {begin[1]:g}{bend}"/>'


def main() -> None:
    """Draw."""
    PICTURE.write_text(picture(), "utf-8")
    print(PICTURE.relative_to(ROOT))


if __name__ == "__main__":
    main()

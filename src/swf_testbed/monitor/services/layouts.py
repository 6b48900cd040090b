"""Layouts: read from their address, kept, and found again."""

import re
from collections.abc import Iterable

from pydantic import ValidationError

from swf_testbed.model.detectors import detectors
from swf_testbed.model.errors import BadInput, NotFound
from swf_testbed.monitor.services import deleting
from swf_testbed.monitor.services.changes import upsert
from swf_testbed.monitor.services.resources import RESOURCES
from swf_testbed.monitor.services.rights import Actor
from swf_testbed.monitor.store import models as store
from swf_testbed.records import Cell, Layout

MOST_LISTED = 500
_LAYOUTS = RESOURCES["layouts"]
_CELL = re.compile(r"([\w+-]+)\.([\w+-]+)(?:\.([0-9])x([0-9]))?")
_ALLOWED = "must be like drich.adc or drich.adc.2x1 (columns by rows), with commas between"


def layout(owner: str, name: str) -> Layout:
    """A layout that was kept; `NotFound` if there is none."""
    found = store.Layout.objects.filter(owner=owner, name=name).first()
    if found is None:
        raise NotFound(f"{owner} has no layout {name}")
    said = {one: getattr(found, one) for one in ("owner", "name", "title", "columns", "cells")}
    return Layout.model_validate(said)


def layouts() -> list[store.Layout]:
    """All that were kept, by owner and name."""
    return list(store.Layout.objects.all()[:MOST_LISTED])


def cells_of(text: str) -> tuple[Cell, ...]:
    """Cells as an address has them; `BadInput` says what is wrong."""
    found = []
    for said in filter(None, text.split(",")):
        matched = _CELL.fullmatch(said)
        if matched is None:
            raise BadInput("cells", said, _ALLOWED)
        subsystem, name, width, height = matched.groups()
        size = {"width": int(width), "height": int(height)} if width else {}
        found.append({"subsystem": subsystem, "name": name, **size})
    return made("nobody", "unnamed", cells=found).cells


def text_of(cells: Iterable[Cell]) -> str:
    """Cells for an address."""
    return ",".join(f"{one.subsystem}.{one.name}.{one.width}x{one.height}" for one in cells)


def of_every_subsystem(name: str) -> str:
    """The cells of one histogram of every subsystem, for an address."""
    return ",".join(f"{detector.name}.{name}" for detector in detectors())


def made(owner: str, name: str, **said: object) -> Layout:
    """A layout of what was said; `BadInput` names the field that is wrong."""
    try:
        return Layout.model_validate({"owner": owner, "name": name, **said})
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"]) or "cells"
        raise BadInput(field, first["input"] if first["loc"] else "", first["msg"]) from None


def keep(actor: Actor, sent: Layout) -> None:
    """Keep a layout; `Refused` if it is another's."""
    upsert(_LAYOUTS, [sent], actor=actor)


def forget(actor: Actor, owner: str, name: str) -> None:
    """Forget one; errors as of `deleting.delete`."""
    deleting.delete(_LAYOUTS, f"{owner}/{name}", actor)

"""Every resource of the REST contract, declared once."""

from swf_testbed.model.errors import NotFound
from swf_testbed.monitor.services.declaration import Resource
from swf_testbed.monitor.services.resources import (
    files,
    judgement,
    processing,
    results,
    runs,
    workers,
    workflows,
)
from swf_testbed.records import RECORDS

_PARTS = (runs, files, workers, workflows, processing, results, judgement)
_DECLARED = {declared.name: declared for part in _PARTS for declared in part.RESOURCES}

RESOURCES: dict[str, Resource] = {name: _DECLARED[name] for name in RECORDS}
"""Every resource by its name, in the order of the records."""


def resource(name: str) -> Resource:
    """The resource of that name; `NotFound` if there is none."""
    found = RESOURCES.get(name)
    if found is None:
        raise NotFound(f"there is no resource {name!r}; there are {', '.join(sorted(RESOURCES))}")
    return found

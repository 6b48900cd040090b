"""What the page of a workflow's definition shows."""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from django.db.models import Count

from swf_testbed.model.errors import NotFound
from swf_testbed.monitor.store.models import WorkflowDefinition

MOST_VERSIONS = 200


class Version(NamedTuple):
    """One version of a workflow, and how often it was executed."""

    version: str
    created_at: object
    created_by: str | None
    executions: int


@dataclass(frozen=True, slots=True)
class DefinitionPage:
    """One version of a workflow's definition, and what other versions there are, newest first."""

    definition: WorkflowDefinition
    versions: list[Version]
    against: WorkflowDefinition | None


def definition_page(label: str, against: str | None) -> DefinitionPage:
    """The page of a definition.

    Args:
        label: `<workflow_name>/<version>`.
        against: the version to show beside it.

    Raises:
        NotFound: there is no such definition, or no such version of it.
    """
    definition = WorkflowDefinition.objects.filter(label=label).first()
    if definition is None:
        raise NotFound(f"there is no workflow definition {label}; the name is <workflow_name>/<version>")
    known = WorkflowDefinition.objects.filter(workflow_name=definition.workflow_name)
    counted = known.annotate(number=Count("executions"))
    columns = ("version", "created_at", "created_by", "number")
    other = known.filter(version=against).first() if against else None
    if against and other is None:
        raise NotFound(f"{definition.workflow_name} has no version {against}")
    versions = [Version(*row) for row in counted.values_list(*columns)[:MOST_VERSIONS]]
    return DefinitionPage(definition, versions, other)


class Pair(NamedTuple):
    """Lines that stand side by side, by number from 0; None where one has nothing."""

    left: int | None
    right: int | None
    changed: bool


CONTEXT = 3
"""Lines around a change that are shown."""


def side_by_side(left: Sequence[str], right: Sequence[str]) -> list[list[Pair]]:
    """The parts of two texts that differ, each with some lines around it; empty for equal ones."""
    matcher = difflib.SequenceMatcher(None, left, right, autojunk=False)
    return [
        [pair for code in group for pair in _pairs(*code)] for group in matcher.get_grouped_opcodes(CONTEXT)
    ]


def _pairs(tag: str, first: int, last: int, begin: int, end: int) -> list[Pair]:
    number = max(last - first, end - begin)
    return [
        Pair(
            first + i if first + i < last else None,
            begin + i if begin + i < end else None,
            tag != "equal",
        )
        for i in range(number)
    ]

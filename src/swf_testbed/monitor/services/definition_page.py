"""What the page of a workflow's definition shows."""

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

"""The contract of who may do what, as one table: a page shows it, a test holds the server to it."""

from enum import StrEnum
from typing import NamedTuple


class Who(StrEnum):
    """Who asks, seen from the namespace that a record belongs to."""

    ANONYMOUS = "anonymous"
    READ_ONLY = "read-only token"
    OTHER = "other user"
    MEMBER = "member"
    OWNER = "owner"
    STAFF = "staff"


Group = frozenset[Who]

ANYONE: Group = frozenset(Who)
READERS = ANYONE - {Who.ANONYMOUS}
"""Who lists and gets; everybody, where reading is public."""

WRITERS = READERS - {Who.READ_ONLY}
CONTROLLERS = WRITERS - {Who.OTHER}
OWNERS = CONTROLLERS - {Who.MEMBER}
STAFF = frozenset({Who.STAFF})
NOBODY: Group = frozenset()


class Permissions(NamedTuple):
    """Who may create, update and delete a resource's records; who reads is the same for all."""

    create: Group
    update: Group
    delete: Group


PERMISSIONS: dict[str, Permissions] = {
    "runs": Permissions(CONTROLLERS, CONTROLLERS, CONTROLLERS),
    "stf-files": Permissions(WRITERS, WRITERS, NOBODY),
    "stf-copies": Permissions(WRITERS, WRITERS, NOBODY),
    "datasets": Permissions(WRITERS, WRITERS, NOBODY),
    "fastmon-files": Permissions(WRITERS, WRITERS, NOBODY),
    "tf-slices": Permissions(WRITERS, WRITERS, NOBODY),
    "workers": Permissions(CONTROLLERS, CONTROLLERS, CONTROLLERS),
    "run-states": Permissions(WRITERS, WRITERS, NOBODY),
    "system-state-events": Permissions(WRITERS, NOBODY, NOBODY),
    "workflow-definitions": Permissions(WRITERS, NOBODY, NOBODY),
    "workflow-executions": Permissions(CONTROLLERS, CONTROLLERS, CONTROLLERS),
    "workflows": Permissions(WRITERS, WRITERS, CONTROLLERS),
    "workflow-stages": Permissions(WRITERS, WRITERS, CONTROLLERS),
    "workflow-messages": Permissions(CONTROLLERS, NOBODY, NOBODY),
    "systemagents": Permissions(CONTROLLERS, CONTROLLERS, CONTROLLERS),
    "subscribers": Permissions(WRITERS, WRITERS, STAFF),
    "namespaces": Permissions(WRITERS, OWNERS, OWNERS),
    "logs": Permissions(ANYONE, NOBODY, NOBODY),
    "histograms": Permissions(WRITERS, WRITERS, NOBODY),
    "windows": Permissions(WRITERS, WRITERS, NOBODY),
    "stf-figures": Permissions(WRITERS, WRITERS, NOBODY),
    "quality-flags": Permissions(WRITERS, WRITERS, CONTROLLERS),
    "references": Permissions(WRITERS, NOBODY, NOBODY),
    "alarms": Permissions(WRITERS, WRITERS, CONTROLLERS),
    "layouts": Permissions(OWNERS, OWNERS, OWNERS),
}
"""Every resource; records are in an owned namespace where the resource has one; layouts are a user's own."""

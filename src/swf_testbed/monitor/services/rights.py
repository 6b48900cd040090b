"""Who may write what: the owner of a namespace, its members and staff control what is in it.

The rules, which `docs/explanation/access.md` tells users:

- A record of a guarded resource in an owned namespace is written by the owner, members and staff.
- The record of an owned namespace is written by its owner and staff.
- A record is deleted by those who control its namespace; by staff alone where nobody owns it.
- A record that belongs to a user is written and deleted by that user and staff.
- Everything else is written with any token that may write.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from swf_testbed.model.errors import Refused
from swf_testbed.monitor.services.declaration import Resource
from swf_testbed.monitor.services.rows import Row
from swf_testbed.monitor.store.models import Namespace

NAMESPACES = "namespaces"

Key = tuple[Any, ...]


class Actor(NamedTuple):
    """Who asks for a change."""

    name: str
    staff: bool = False


def may_write(resource: Resource, actor: Actor, new: Mapping[Key, Row], known: Mapping[Key, Row]) -> None:
    """Refuse what the actor may not write; a new namespace belongs to the actor unless it says otherwise.

    Args:
        resource: whose rows they are.
        actor: who asks.
        new: the rows to write, by key.
        known: those that exist, with their `namespace` (of namespaces: whole).

    Raises:
        Refused: it is another's.
    """
    if resource.name == NAMESPACES:
        for key, row in new.items():
            _claim(actor, row, known.get(key))
    elif resource.owner is not None:
        for row in new.values():
            _refuse_another(actor, resource, str(row[resource.owner]))
    elif resource.guarded:
        rows = [*new.values(), *known.values()]
        _refuse_foreign(actor, {str(row["namespace"]) for row in rows if row.get("namespace")})


def may_control(actor: Actor, namespace: str) -> None:
    """Refuse whoever does not control the workflows and agents of a namespace: `Refused` says whose it is."""
    _refuse_foreign(actor, [namespace])


def controls(actor: Actor, namespace: str | None) -> bool:
    """Whether the actor controls a namespace; None is nobody's."""
    try:
        if namespace:
            may_control(actor, namespace)
    except Refused:
        return False
    return True


def may_delete(resource: Resource, actor: Actor, namespace: str | None, owner: str | None = None) -> None:
    """Refuse what the actor may not delete: `namespace` or `owner` are None if the record has none."""
    if actor.staff:
        return
    if owner is not None:
        _refuse_another(actor, resource, owner)
        return
    found = Namespace.objects.filter(name=namespace, owner__isnull=False).first() if namespace else None
    if found is None:
        raise Refused(f"only staff may delete {resource.name} that belong to nobody's namespace")
    members = () if resource.name == NAMESPACES else found.members
    if actor.name != found.owner and actor.name not in members:
        raise _foreign(actor, found.name, found.owner)


def _claim(actor: Actor, row: Row, known: Row | None) -> None:
    owner = known["owner"] if known else None
    if known is None or owner is None:
        if row.get("owner") is None:
            row["owner"] = actor.name
    elif not actor.staff and actor.name != owner and _changes(row, known):
        raise Refused(
            f"the namespace {row['name']} belongs to {owner}, who alone (or staff) changes it; "
            f"you are {actor.name}"
        )


def _changes(row: Row, known: Row) -> bool:
    return any(known[name] != _listed(value) for name, value in row.items())


def _listed(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _refuse_foreign(actor: Actor, names: Iterable[str]) -> None:
    if actor.staff:
        return
    owned = Namespace.objects.filter(name__in=names, owner__isnull=False).order_by("name")
    for name, owner, members in owned.values_list("name", "owner", "members"):
        if actor.name != owner and actor.name not in members:
            raise _foreign(actor, name, owner)


def _refuse_another(actor: Actor, resource: Resource, owner: str) -> None:
    if not actor.staff and actor.name != owner:
        raise Refused(
            f"these {resource.name} belong to {owner}, who alone changes them; you are {actor.name}"
        )


def _foreign(actor: Actor, name: str, owner: str | None) -> Refused:
    return Refused(
        f"the namespace {name} belongs to {owner}: only its owner, its members and staff control what is in "
        f"it; you are {actor.name}"
    )

"""Deleting records, where that makes sense, by those who may."""

from swf_testbed.model.errors import Conflict, NotFound
from swf_testbed.monitor.services import reading
from swf_testbed.monitor.services.changes import tell
from swf_testbed.monitor.services.declaration import Resource
from swf_testbed.monitor.services.rights import Actor, may_delete
from swf_testbed.monitor.services.writing import writing


def delete(resource: Resource, path: str, actor: Actor) -> None:
    """Delete one record and what is part of it.

    Args:
        resource: which.
        path: its key.
        actor: who asks.

    Raises:
        NotFound: there is none.
        Refused: it is another's.
        Conflict: such records are not deleted, or not as this one is.
    """
    with writing():
        tell(resource)
        row = reading.get(resource, path)
        limits = {column: row[name] for name, column in zip(resource.key, resource.key_columns, strict=True)}
        found = resource.model._default_manager.filter(**limits).order_by()
        # By itself: PostgreSQL refuses to lock where the namespace is asked for by way of other tables.
        if not found.select_for_update():
            raise NotFound(f"{resource.name} {path} does not exist")
        if reason := resource.rule.refusal or resource.kept:
            raise Conflict(f"{resource.name} {path} cannot be deleted: {resource.name} {reason}")
        namespace = found.values_list(resource.namespace, flat=True)[0] if resource.namespace else None
        owner = found.values_list(resource.owner, flat=True)[0] if resource.owner else None
        may_delete(resource, actor, namespace, owner)
        if reason := resource.in_use(row):
            raise Conflict(f"{resource.name} {path} cannot be deleted now: it {reason}")
        found.delete()

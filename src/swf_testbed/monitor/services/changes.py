"""Storing records: in bulk, by their natural keys, in one transaction, with few statements."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from django.db import IntegrityError, models, transaction
from django.dispatch import Signal

from swf_testbed.model.errors import BadInput, Conflict, NotFound
from swf_testbed.monitor.services import news
from swf_testbed.monitor.services.declaration import Resource, Rule
from swf_testbed.monitor.services.rights import NAMESPACES, Actor, may_write
from swf_testbed.monitor.services.rows import Row, plain
from swf_testbed.monitor.services.writing import writing
from swf_testbed.records import MAX_BULK, Record

Key = tuple[Any, ...]

changed = Signal()
"""Sent in this process after records of a `resource` (its name) were stored, changed or deleted."""


def tell(resource: Resource) -> None:
    """Let it be known after this transaction that records of a resource are not as they were."""
    transaction.on_commit(lambda: changed.send(None, resource=resource.name))


def upsert(
    resource: Resource, records: Sequence[Record], *, actor: Actor | None = None, must_exist: bool = False
) -> list[Row]:
    """Store records; what was not sent is not changed, `metadata` is merged, statuses only go forward.

    Args:
        resource: which.
        records: 1 to 1000 of the resource's record class.
        actor: whose rights count, and whose changes the stream tells of; None is the monitor itself.
        must_exist: refuse to create.

    Returns:
        For each record its natural key and whether it was `created`.

    Raises:
        BadInput: a field that only the server sets, or that refers to nothing.
        Refused: a record is in a namespace that the actor does not control.
        Conflict: an immutable record exists and is different, or a unique identity is another record's.
        NotFound: `must_exist`, and one does not.
    """
    if not 1 <= len(records) <= MAX_BULK:
        raise BadInput("records", len(records), f"must be 1 to {MAX_BULK} at a time")
    rows = [_row(resource, record) for record in records]
    return upsert_rows(resource, rows, actor=actor, must_exist=must_exist)


def upsert_rows(
    resource: Resource, rows: list[Row], *, actor: Actor | None = None, must_exist: bool = False
) -> list[Row]:
    """`upsert` for rows that the monitor itself has made, which may set what clients may not."""
    try:
        return _upsert(resource, rows, actor, must_exist)
    except IntegrityError as error:
        raise Conflict(f"{resource.name}: contradicts a record that exists ({error})") from None


def change_numbered(resource: Resource, number: int, sent: Record, *, actor: Actor | None = None) -> None:
    """Change the sent fields of a record whose key the server gave; `NotFound` if there is none."""
    assert resource.change is not None  # noqa: S101  # what never changes was refused before
    resource.change(number, _row(resource, sent), actor.name if actor else None)


def _upsert(resource: Resource, rows: list[Row], actor: Actor | None, must_exist: bool) -> list[Row]:
    with writing():
        tell(resource)
        resource.prepare(rows)
        if resource.numbered:
            return _append(resource, rows, actor.name if actor else None)
        unique = _merged_by_key(resource, rows)
        known = _known(resource, unique)
        if must_exist and (missing := unique.keys() - known.keys()):
            raise NotFound(f"{resource.name} {_shown(next(iter(missing)))} does not exist")
        if actor is not None:
            may_write(resource, actor, unique, known)
        _write(resource, unique, known)
        resource.follow(list(unique.values()))
        if actor is not None:
            changes = [news.Change(row, known.get(key)) for key, row in unique.items()]
            news.tell(resource.tells(changes, actor.name))
    answered: set[Key] = set()
    return [_answer(resource, row, known, answered) for row in rows]


def _row(resource: Resource, record: Record) -> Row:
    sent = record.model_dump(exclude_unset=True)
    for name in sorted(sent.keys() & record.server_fields):
        raise BadInput(name, sent[name], "is set by the server; leave it out")
    # What is no column is a part that `prepare` stores elsewhere.
    return {resource.columns.get(name, name): value for name, value in sent.items()}


def _key(resource: Resource, row: Row) -> Key:
    return tuple(row[name] for name in resource.key_columns)


def _shown(key: Key) -> str:
    return "/".join(str(part) for part in key)


def _answer(resource: Resource, row: Row, known: dict[Key, Row], answered: set[Key]) -> Row:
    key = _key(resource, row)
    created = key not in known and key not in answered
    answered.add(key)
    return {**dict(zip(resource.key, map(plain, key), strict=True)), "created": created}


def _append(resource: Resource, rows: list[Row], by: str | None) -> list[Row]:
    if resource.append is not None:
        return resource.append(rows, by)
    objects = resource.model._default_manager.bulk_create([_object(resource, row) for row in rows])
    return [{"id": entry.pk, "created": True} for entry in objects]


def _object(resource: Resource, row: Row) -> models.Model:
    # A column whose name begins with + is a default: it counts when the row is new.
    return resource.model(**{name.removeprefix("+"): value for name, value in row.items()})


def _merged_by_key(resource: Resource, rows: list[Row]) -> dict[Key, Row]:
    """One row a key: what comes later in a request counts as sent later."""
    unique: dict[Key, Row] = {}
    for row in rows:
        key = _key(resource, row)
        before = unique.get(key)
        if before is None:
            unique[key] = dict(row)
            continue
        held = resource.hold({**_defaults(resource), **before}, row) if resource.held_fields else set()
        merged = {name: value for name, value in row.items() if name not in held}
        if "metadata" in before and "metadata" in row:
            merged["metadata"] = before["metadata"] | row["metadata"]
        before.update(merged)
    return unique


def _defaults(resource: Resource) -> Row:
    return {
        name: resource.model._meta.get_field(name).get_default()  # type: ignore[union-attr]  # stored fields
        for name in resource.held_fields
    }


def _known(resource: Resource, unique: dict[Key, Row]) -> dict[Key, Row]:
    """The rows that exist, with the columns that decide about changes."""
    # Every part of the key by itself selects a little too much, which costs less than 1000 conditions.
    limits = {f"{name}__in": {key[i] for key in unique} for i, name in enumerate(resource.key_columns)}
    columns = {*resource.key_columns, *resource.held_fields, *resource.told_fields}
    if resource.guarded:
        columns.add("namespace")
    if resource.rule is Rule.IMMUTABLE or resource.name == NAMESPACES:
        columns |= set(resource.columns.values())
    if resource.merges:
        columns.add("metadata")
    found = resource.model._default_manager.filter(**limits).order_by().select_for_update().values(*columns)
    return {key: row for row in found if (key := _key(resource, row)) in unique}


def _write(resource: Resource, unique: dict[Key, Row], known: dict[Key, Row]) -> None:
    if resource.rule is Rule.UPSERT:
        for key, row in unique.items():
            if key in known:
                _settle(resource, row, known[key])
        _store_changes(resource, list(unique.values()))
        return
    if resource.rule is Rule.IMMUTABLE:
        for key in unique.keys() & known.keys():
            _refuse_difference(resource, unique[key], known[key])
    new = [_object(resource, row) for key, row in unique.items() if key not in known]
    resource.model._default_manager.bulk_create(new, ignore_conflicts=True)


def _settle(resource: Resource, row: Row, known: Row) -> None:
    """Let a row say what will be stored: held fields as they are, metadata merged."""
    for name in resource.hold(known, row):
        row.pop(name, None)
    if "metadata" in row:
        row["metadata"] = known["metadata"] | row["metadata"]


def _store_changes(resource: Resource, rows: list[Row]) -> None:
    """One statement (in batches) for all rows in which the same fields were sent."""
    alike: dict[frozenset[str], list[Row]] = defaultdict(list)
    for row in rows:
        alike[frozenset(row)].append(row)
    for names, members in alike.items():
        changed = sorted(name for name in names - set(resource.key_columns) if not name.startswith("+"))
        resource.model._default_manager.bulk_create(
            [_object(resource, row) for row in members],
            update_conflicts=True,
            update_fields=[*changed, "updated_at"],
            unique_fields=list(resource.key_columns),
        )


def _refuse_difference(resource: Resource, row: Row, known: Row) -> None:
    for name, value in row.items():
        if name in known and known[name] != value:
            raise Conflict(
                f"{resource.name} {_shown(_key(resource, row))} exists with a different {name}, and never "
                "changes; choose a new version"
            )

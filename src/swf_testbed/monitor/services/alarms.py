"""Alarms: raised, acknowledged and cleared, the same from pages, REST and messages; each with its history."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Any

from django.db import transaction

from swf_testbed import messages as bus
from swf_testbed.model.clock import iso, now
from swf_testbed.model.errors import Conflict, NotFound
from swf_testbed.model.status import Severity
from swf_testbed.monitor.services import broker, messages
from swf_testbed.monitor.services.changes import changed
from swf_testbed.monitor.services.rows import Row
from swf_testbed.monitor.services.writing import writing
from swf_testbed.monitor.store.models import Alarm, AlarmEvent

SENDER = "monitor"
"""Who says on the bus what a person did here; also the namespace of an alarm that is in none."""

_RANK = {severity.value: rank for rank, severity in enumerate(Severity)}


class Action(StrEnum):
    """What happens to an alarm."""

    RAISED = "raised"
    ACKNOWLEDGED = "acknowledged"
    CLEARED = "cleared"
    CHANGED = "changed"


def append(rows: list[Row], by: str | None) -> list[Row]:
    """Raise alarms that somebody sent: for each its number, and whether it is a new one."""
    return [{"id": alarm.pk, "created": created} for alarm, created in raise_all(rows, by)]


def raise_all(rows: Sequence[Row], by: str | None, *, announced: bool = False) -> list[tuple[Alarm, bool]]:
    """Raise alarms; one that stands, of the same namespace and subject, is changed instead.

    Args:
        rows: severity, subject, and what else is known; `raised_at` is now if left out.
        by: who raises them.
        announced: the bus has said it, so that nobody must be told.

    Returns:
        For each row its alarm, and whether the row made it.
    """
    with writing():
        standing = _standing({row["subject"] for row in rows})
        found: list[tuple[Alarm, bool]] = []
        events: list[AlarmEvent] = []
        for row in rows:
            key = row.get("namespace"), row["subject"]
            stands = None if row.get("cleared_at") else standing.get(key)
            alarm = stands or _new(row)
            found.append((alarm, stands is None))
            if stands is None or _worsen(alarm, row):
                alarm.save()
                events.append(AlarmEvent(alarm=alarm, at=now(), action=Action.RAISED, by=by, note=alarm.text))
            if not alarm.cleared_at:
                standing[key] = alarm
        _remember(events, announced=announced)
    return found


def _standing(subjects: Iterable[str]) -> dict[tuple[str | None, str], Alarm]:
    rows = Alarm.objects.select_for_update().filter(subject__in=subjects, cleared_at=None).order_by("id")
    return {(alarm.namespace, alarm.subject): alarm for alarm in rows}


def _new(row: Row) -> Alarm:
    return Alarm(**{**row, "raised_at": row.get("raised_at") or now()})


def _worsen(alarm: Alarm, row: Row) -> bool:
    """Let an alarm say what was said again; whether that is new. What is worse wants attention anew."""
    before = alarm.severity, alarm.text
    alarm.severity, alarm.text = row["severity"], row.get("text", alarm.text)
    if _RANK[alarm.severity] > _RANK[before[0]]:
        alarm.acknowledged_by = None
    return (alarm.severity, alarm.text) != before


def hear(said: Sequence[bus.Alarm]) -> None:
    """Let the bus raise and clear alarms, in order."""
    for message in said:
        if message.state == "raised":
            row = {name: getattr(message, name) for name in ("namespace", "severity", "subject", "text")}
            raise_all([row | {"raised_at": message.timestamp}], message.sender, announced=True)
        else:
            _hear_cleared(message)


def _hear_cleared(message: bus.Alarm) -> None:
    standing = _standing({message.subject}).get((message.namespace, message.subject))
    if standing is not None and standing.raised_at <= message.timestamp:
        sent = {"cleared_at": message.timestamp, "note": message.text}
        change(standing.pk, sent, message.sender, announced=True)


def get(number: int) -> Alarm:
    """One alarm; `NotFound` if there is none."""
    found = Alarm.objects.filter(pk=number).first()
    if found is None:
        raise NotFound(f"there is no alarm {number}")
    return found


def acknowledge(number: int, by: str, note: str) -> None:
    """Somebody has seen an alarm and cares for it.

    Raises:
        NotFound: there is none.
        Conflict: it is cleared.
    """
    _refuse_cleared(number)
    change(number, {"acknowledged_by": by, "note": note}, by)


def clear(number: int, by: str, note: str) -> None:
    """What an alarm tells is over; errors as of `acknowledge`."""
    _refuse_cleared(number)
    change(number, {"cleared_at": now(), "note": note}, by)


def _refuse_cleared(number: int) -> None:
    alarm = get(number)
    if alarm.cleared_at is not None:
        raise Conflict(f"alarm {number} was cleared at {iso(alarm.cleared_at)}; raise a new one")


def change(number: int, sent: Row, by: str | None, *, announced: bool = False) -> None:
    """Change what was sent of an alarm, and remember what that means; `NotFound` if there is none."""
    with writing():
        alarm = Alarm.objects.select_for_update().filter(pk=number).first()
        if alarm is None:
            raise NotFound(f"alarms {number} does not exist")
        new = {name: value for name, value in sent.items() if getattr(alarm, name) != value}
        if not new:
            return
        action = _meaning(new)
        for name, value in new.items():
            setattr(alarm, name, value)
        alarm.save()
        event = AlarmEvent(alarm=alarm, at=now(), action=action, by=by, note=sent.get("note", ""))
        _remember([event], announced=announced)
        transaction.on_commit(lambda: changed.send(None, resource="alarms"))


def _meaning(new: Row) -> Action:
    if "cleared_at" in new:
        return Action.CLEARED if new["cleared_at"] else Action.RAISED
    return Action.ACKNOWLEDGED if new.get("acknowledged_by") else Action.CHANGED


def _remember(events: Sequence[AlarmEvent], *, announced: bool) -> None:
    AlarmEvent.objects.bulk_create(events)
    if announced:
        return
    said = [_message(event) for event in events if event.action in {Action.RAISED, Action.CLEARED}]
    if said:
        # Stored here, so that pages hear it without a broker; the intake drops the copy by its id.
        messages.store([messages.row_of(m, m.model_dump(mode="json"), m.destination) for m in said])
        transaction.on_commit(lambda: _say(said))


def _message(event: AlarmEvent) -> bus.Alarm:
    alarm = event.alarm
    return bus.Alarm(
        namespace=alarm.namespace or SENDER,
        sender=SENDER,
        severity=Severity(alarm.severity),
        subject=alarm.subject,
        text=event.note or alarm.text,
        state="cleared" if event.action == Action.CLEARED else "raised",
    )


def _say(said: Iterable[bus.Alarm]) -> None:
    link = broker.present()
    for message in said if link else ():
        link.say(message)  # type: ignore[union-attr]  # nothing is said without


def add_history(rows: list[Row]) -> None:
    """What happened to alarms, oldest first, for rows that are answered."""
    found: defaultdict[int, list[dict[str, Any]]] = defaultdict(list)
    for event in AlarmEvent.objects.filter(alarm__in=[row["id"] for row in rows]):
        said = {"at": iso(event.at), "action": event.action, "by": event.by, "note": event.note}
        found[event.alarm_id].append(said)
    for row in rows:
        row["history"] = found[row["id"]]

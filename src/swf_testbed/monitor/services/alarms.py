"""Alarms: raised, acknowledged and cleared, the same from pages, REST and messages; each with its history.

An alarm of a kind that is latched (`model.alarms`) wants attention until somebody has acknowledged it, also
when it is over; if it comes again before that, it is the same alarm.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any

from django.db import transaction
from django.db.models import Q

from swf_testbed import messages as bus
from swf_testbed.model.alarms import ALARMS, alarm_kind
from swf_testbed.model.clock import iso, now
from swf_testbed.model.errors import Conflict, NotFound
from swf_testbed.model.status import Severity
from swf_testbed.monitor.services import broker, messages
from swf_testbed.monitor.services.changes import changed
from swf_testbed.monitor.services.rows import Row
from swf_testbed.monitor.services.writing import writing
from swf_testbed.monitor.store.models import Alarm, AlarmEvent
from swf_testbed.records.judgement import AlarmState

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
            if stands is None or _comes_again(alarm) | _worsen(alarm, row):
                alarm.save()
                events.append(AlarmEvent(alarm=alarm, at=now(), action=Action.RAISED, by=by, note=alarm.text))
            if not alarm.cleared_at:
                standing[key] = alarm
        _remember(events, announced=announced)
    return found


def _standing(subjects: Iterable[str]) -> dict[tuple[str | None, str], Alarm]:
    """Those that are not over, and those that are but still latched."""
    found = Alarm.objects.select_for_update().filter(subject__in=subjects).filter(attention())
    return {(alarm.namespace, alarm.subject): alarm for alarm in found.order_by("id")}


def attention() -> Q:
    """The condition of alarms that want a person's attention: not over, or latched."""
    latched = Q()
    for kind in ALARMS.values():
        if kind.latched:
            latched |= Q(subject=kind.name) | Q(subject__startswith=f"{kind.name}:")
    return Q(cleared_at=None) | Q(latched, acknowledged_by=None)


def state_of(subject: str, cleared_at: object, acknowledged_by: str | None) -> AlarmState:
    """How an alarm stands."""
    if cleared_at is None:
        return AlarmState.ACKNOWLEDGED if acknowledged_by else AlarmState.ACTIVE
    kind = alarm_kind(subject)
    is_latched = kind is not None and kind.latched and not acknowledged_by
    return AlarmState.RETURNED if is_latched else AlarmState.OVER


def _new(row: Row) -> Alarm:
    return Alarm(**{**row, "raised_at": row.get("raised_at") or now()})


def _comes_again(alarm: Alarm) -> bool:
    over = alarm.pk is not None and alarm.cleared_at is not None
    if over:
        alarm.cleared_at = None
    return over


def _worsen(alarm: Alarm, row: Row) -> bool:
    """Let an alarm say what was said again; whether that is new. What is worse wants attention anew."""
    before = alarm.severity, alarm.text
    alarm.severity, alarm.text = row["severity"], row.get("text", alarm.text)
    alarm.run_number = row.get("run_number", alarm.run_number)
    if _RANK[alarm.severity] > _RANK[before[0]]:
        alarm.acknowledged_by = None
    return (alarm.severity, alarm.text) != before


def hear(said: Sequence[bus.Alarm]) -> None:
    """Let the bus raise and clear alarms, in order."""
    for message in said:
        if message.state == "raised":
            row = {name: getattr(message, name) for name in ("namespace", "severity", "subject", "text")}
            row |= {"raised_at": message.timestamp, "run_number": message.run_id}
            raise_all([row], message.sender, announced=True)
        else:
            _hear_cleared(message)


def _hear_cleared(message: bus.Alarm) -> None:
    standing = _standing({message.subject}).get((message.namespace, message.subject))
    if standing is not None and standing.cleared_at is None and standing.raised_at <= message.timestamp:
        sent = {"cleared_at": message.timestamp, "note": message.text}
        change(standing.pk, sent, message.sender, announced=True)


def settle(
    namespace: str, name: str, wanted: Mapping[str, Row], by: str = SENDER, *, run_number: int | None = None
) -> None:
    """Let exactly the wanted alarms of a kind stand in a namespace.

    Args:
        namespace: whose.
        name: of the kind, as in `model.alarms`.
        wanted: the fields of each, by subject; others of the kind that stand are over.
        by: who says so.
        run_number: only those of this run are over.
    """
    with writing():
        rows = [
            {"severity": ALARMS[name].severity, **row, "namespace": namespace, "subject": subject}
            for subject, row in wanted.items()
        ]
        if rows:
            raise_all(rows, by)
            transaction.on_commit(lambda: changed.send(None, resource="alarms"))
        ours = Q(subject=name) | Q(subject__startswith=f"{name}:")
        over = Alarm.objects.filter(ours, namespace=namespace, cleared_at=None).exclude(subject__in=wanted)
        if run_number is not None:
            over = over.filter(run_number=run_number)
        for number in over.values_list("pk", flat=True):
            change(number, {"cleared_at": now()}, by)


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
        Conflict: it is over, and not latched.
    """
    _attended(number)
    change(number, {"acknowledged_by": by, "note": note}, by)


def clear(number: int, by: str, note: str) -> None:
    """What an alarm tells is over, and whoever says so has seen it; errors as of `acknowledge`."""
    alarm = _attended(number)
    sent = {"cleared_at": alarm.cleared_at or now(), "note": note}
    change(number, sent | {"acknowledged_by": alarm.acknowledged_by or by}, by)


def _attended(number: int) -> Alarm:
    alarm = get(number)
    if state_of(alarm.subject, alarm.cleared_at, alarm.acknowledged_by) is AlarmState.OVER:
        assert alarm.cleared_at is not None  # noqa: S101  # what is over was cleared
        raise Conflict(f"alarm {number} was cleared at {iso(alarm.cleared_at)}; raise a new one")
    return alarm


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
        run_id=alarm.run_number,
        severity=Severity(alarm.severity),
        subject=alarm.subject,
        text=event.note or alarm.text,
        state="cleared" if event.action == Action.CLEARED else "raised",
    )


def _say(said: Iterable[bus.Alarm]) -> None:
    link = broker.present()
    for message in said if link else ():
        link.say(message)  # type: ignore[union-attr]  # nothing is said without


def complete(rows: list[Row]) -> None:
    """How alarms stand, and what happened to them, oldest first, for rows that are answered."""
    found: defaultdict[int, list[dict[str, Any]]] = defaultdict(list)
    for event in AlarmEvent.objects.filter(alarm__in=[row["id"] for row in rows]):
        said = {"at": iso(event.at), "action": event.action, "by": event.by, "note": event.note}
        found[event.alarm_id].append(said)
    for row in rows:
        row["history"] = found[row["id"]]
        row["state"] = state_of(row["subject"], row["cleared_at"], row["acknowledged_by"])

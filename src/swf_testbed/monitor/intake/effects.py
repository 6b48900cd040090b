"""What messages change beyond being stored: runs and their states, workers, slices, stages, alarms."""

import logging
from collections.abc import Iterable, Sequence
from typing import TypeVar

from swf_testbed.messages import (
    Alarm,
    EndRun,
    Message,
    RunImminent,
    RunImminentWorker,
    StartRun,
    StateChanged,
    WorkerHeartbeat,
)
from swf_testbed.messages.lifecycle import Lifecycle
from swf_testbed.model.status import SliceStatus, WorkerStatus
from swf_testbed.monitor.intake.stages import facts_of
from swf_testbed.monitor.services import alarms, stages
from swf_testbed.monitor.services.changes import upsert_rows
from swf_testbed.monitor.services.resources import RESOURCES
from swf_testbed.monitor.services.rows import Row
from swf_testbed.monitor.store.models import Run, TfSlice, Worker

log = logging.getLogger(__name__)

M = TypeVar("M", bound=Message)


def apply(messages: Sequence[Message]) -> None:
    """Let messages have their effects, in order; part of the transaction that stores them."""
    about_runs = _of_their_own(
        [message for message in messages if isinstance(message, Lifecycle | StateChanged | RunImminentWorker)]
    )
    lives = [message for message in about_runs if isinstance(message, Lifecycle)]
    changes = [message for message in about_runs if isinstance(message, Lifecycle | StateChanged)]
    calls = [message for message in about_runs if isinstance(message, RunImminentWorker)]
    beats = [message for message in messages if isinstance(message, WorkerHeartbeat)]
    _upsert("runs", map(_run, lives))
    _upsert("run-states", map(_run_state, lives))
    _upsert("system-state-events", map(_event, changes))
    _upsert("run-states", map(_wanted_workers, calls))
    _upsert("workers", map(_worker, beats))
    if facts := list(facts_of(messages)):
        stages.note(facts)
    alarms.hear([message for message in messages if isinstance(message, Alarm)])
    _slices_in_hand(beats)


def _of_their_own(messages: Sequence[M]) -> list[M]:
    """Without what one namespace says of a run of another: it is stored, and changes nothing."""
    runs = {run for message in messages if (run := _run_of(message)) is not None}
    if not runs:
        return list(messages)
    known = Run.objects.filter(run_number__in=runs, namespace__isnull=False)
    owners: dict[int | None, str] = dict(known.values_list("run_number", "namespace"))
    kept = []
    for message in messages:
        run = _run_of(message)
        owner = owners.setdefault(run, message.namespace)
        if run is None or owner == message.namespace:
            kept.append(message)
        else:
            log.warning(
                "%s of %s in %s speaks of run %s of %s: it changes nothing",
                message.msg_type,
                message.sender,
                message.namespace,
                run,
                owner,
            )
    return kept


def _run_of(message: Message) -> int | None:
    """The run that a message is about."""
    return message.content.run_id if isinstance(message, RunImminentWorker) else message.run_id


def _upsert(resource: str, rows: Iterable[Row]) -> None:
    if listed := list(rows):
        upsert_rows(RESOURCES[resource], listed)


def _run(message: Lifecycle) -> Row:
    row: Row = {"run_number": message.run_id, "namespace": message.namespace}
    if message.execution_id is not None:
        row["execution"] = message.execution_id
    if isinstance(message, RunImminent):
        row |= {"dataset": message.dataset, "run_conditions": message.run_conditions}
    elif isinstance(message, StartRun):
        row["start_time"] = message.timestamp
    elif isinstance(message, EndRun):
        row |= {
            "end_time": message.timestamp,
            "total_stf_files": message.total_stf_files,
            "end_reason": message.reason,
        }
    return row


def _run_state(message: Lifecycle) -> Row:
    return {
        "run_id": message.run_id,
        "phase": message.phase,
        "state": message.state,
        "substate": message.substate,
        "state_changed_at": message.timestamp,
    }


def _event(message: Lifecycle | StateChanged) -> Row:
    return {
        "message_id": message.message_id,
        "event_type": message.msg_type,
        "timestamp": message.timestamp,
        "run_number": message.run_id,
        "state": message.state,
        "substate": message.substate,
        "event_data": {
            "simulation_tick": message.simulation_tick,
            "sender": message.sender,
            "namespace": message.namespace,
            "execution_id": message.execution_id,
        },
    }


def _wanted_workers(message: RunImminentWorker) -> Row:
    return {"run_id": message.content.run_id, "target_worker_count": message.content.target_worker_count}


def _worker(message: WorkerHeartbeat) -> Row:
    said = message.content
    row: Row = {
        "worker_id": said.worker_id,
        "namespace": message.namespace,
        "run_number": message.run_id,
        "location": said.hostname,
        "status": said.state,
        "current_slice_id": said.slice_id,
        "tf_filename": said.tf_filename,
        "slices_completed": said.slices_completed,
        "panda_job": said.job,
        "metadata": {
            name: value
            for name in ("pool", "number", "busy_s", "slices_failed", "reason")
            if (value := getattr(said, name)) is not None
        },
        "last_heartbeat": message.timestamp,
        "ended_at": message.timestamp if said.state is WorkerStatus.ENDED else None,
    }
    if said.started_at is not None:
        row["started_at"] = said.started_at
    return row


def _slices_in_hand(beats: Sequence[WorkerHeartbeat]) -> None:
    """The slices that workers have in hand are being processed, if nothing later is known of them."""
    said = {(beat.content.tf_filename, beat.content.slice_id): beat for beat in beats}
    in_hand = {key: beat for key, beat in said.items() if None not in key}
    if not in_hand:
        return
    waiting = TfSlice.objects.filter(status__in=(SliceStatus.QUEUED, SliceStatus.PROCESSING))
    samples, numbers = zip(*in_hand, strict=True)
    begun = []
    for piece in waiting.filter(fastmon_file__in=samples, slice_id__in=numbers).order_by():
        beat = in_hand.get((piece.fastmon_file_id, piece.slice_id))
        if beat is None or (piece.status, piece.assigned_worker) == (
            SliceStatus.PROCESSING,
            beat.content.worker_id,
        ):
            continue
        piece.status, piece.assigned_at = SliceStatus.PROCESSING, beat.timestamp
        piece.assigned_worker = beat.content.worker_id
        begun.append(piece)
    # Only those that still wait: a result may have come since they were read.
    waiting.bulk_update(begun, ["status", "assigned_worker", "assigned_at"])


def changes_of_state(beats: Sequence[WorkerHeartbeat]) -> list[WorkerHeartbeat]:
    """The heartbeats that say that a worker's state is another than before: only these are worth keeping."""
    names = {beat.content.worker_id for beat in beats}
    states = dict(Worker.objects.filter(worker_id__in=names).values_list("worker_id", "status"))
    kept = []
    for beat in beats:
        said = beat.content
        if states.get(said.worker_id) != said.state:
            kept.append(beat)
        states[said.worker_id] = said.state.value
    return kept

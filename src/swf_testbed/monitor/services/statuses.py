"""Statuses only go forward: which sent fields a late or repeated record may not change."""

from swf_testbed.model.states import RunPhase, phase_may_follow
from swf_testbed.model.status import DatasetStatus, ExecutionStatus, ProcessingStatus, SliceStatus, StfStatus
from swf_testbed.monitor.services.rows import Row

_STF_RANK = {
    StfStatus.REGISTERED: 0,
    StfStatus.PROCESSING: 1,
    StfStatus.FAILED: 2,
    StfStatus.PROCESSED: 3,
    StfStatus.DONE: 4,
}
_SLICE_RANK = {
    SliceStatus.QUEUED: 0,
    SliceStatus.PROCESSING: 1,
    SliceStatus.FAILED: 2,
    SliceStatus.COMPLETED: 3,
}
_EXECUTION_RANK = {ExecutionStatus.PENDING: 0, ExecutionStatus.RUNNING: 1}


_DATASET_RANK = {status: rank for rank, status in enumerate(DatasetStatus)}
_PROCESSING_RANK = {status: rank for rank, status in enumerate(ProcessingStatus)}


def hold_nothing(known: Row, sent: Row) -> set[str]:
    """Every sent field changes the row."""
    del known, sent
    return set()


def stf_file(known: Row, sent: Row) -> set[str]:
    """A file's status never goes back; a failed one may still succeed, a refused one be registered."""
    refused = known["status"] == StfStatus.FAILED and known.get("metadata", {}).get("error")
    if refused and sent.get("status") == StfStatus.REGISTERED:
        return set()
    if "status" not in sent or _STF_RANK[sent["status"]] >= _STF_RANK[known["status"]]:
        return set()
    return {"status"}


def dataset(known: Row, sent: Row) -> set[str]:
    """A dataset never opens again."""
    if "status" not in sent or _DATASET_RANK[sent["status"]] >= _DATASET_RANK[known["status"]]:
        return set()
    return {"status"}


def processing(known: Row, sent: Row) -> set[str]:
    """The processing of an STF never goes back; a failed one may still finish."""
    if "status" not in sent or _PROCESSING_RANK[sent["status"]] >= _PROCESSING_RANK[known["status"]]:
        return set()
    return {"status"}


def tf_slice(known: Row, sent: Row) -> set[str]:
    """A slice's status never goes back, except from failed to another try: with more `retries`."""
    held = {"retries"} if sent.get("retries", 0) < known["retries"] else set()
    if "status" not in sent or _SLICE_RANK[sent["status"]] >= _SLICE_RANK[known["status"]]:
        return held
    tried_again = known["status"] == SliceStatus.FAILED and sent.get("retries", 0) > known["retries"]
    return held if tried_again else {*held, "status", "assigned_worker", "assigned_at"}


def execution(known: Row, sent: Row) -> set[str]:
    """An execution that has ended stays as it ended."""
    before, after = ExecutionStatus(known["status"]), sent.get("status")
    if after is None:
        return set()
    if before.terminal or _EXECUTION_RANK.get(after, 2) < _EXECUTION_RANK[before]:
        return {"status", "end_time", "error_message"} if before.terminal and after != before else {"status"}
    return set()


def run_state(known: Row, sent: Row) -> set[str]:
    """A run never moves backwards and never reopens; a late word about it changes nothing of its state."""
    if sent.get("phase") is None:
        return {"phase"} if "phase" in sent else set()
    before, after = RunPhase(known["phase"]) if known["phase"] else None, RunPhase(sent["phase"])
    if not _is_late(known, sent, after) and (after == before or phase_may_follow(before, after)):
        return set()
    return {"phase", "state", "substate", "state_changed_at"}


def _is_late(known: Row, sent: Row, after: RunPhase) -> bool:
    """Physics and standby take turns: of those two, the newer word counts. An end always counts."""
    then, told = known.get("state_changed_at"), sent.get("state_changed_at")
    return not after.ended and then is not None and told is not None and told < then

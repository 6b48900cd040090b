"""Slices that workers of another system have failed: another one may try, as with our own.

Ours give a slice back themselves, and say of a failure that it is final. Others say `failed`, and no more.
What was tried is kept with the slice in the monitor; a result that comes again is known by its worker, and by
when that was asked. The slice is said again before that is noted, and both follow from the result alone: who
dies in between says the same again.
"""

import logging
from collections.abc import Sequence
from typing import Any

from swf_testbed.messages import Slice, SliceContent, SliceResult, StfVolume
from swf_testbed.model.clock import iso
from swf_testbed.model.status import SLICE_ATTEMPTS, SliceOutcome
from swf_testbed.records import FastmonFile, Run, TfSlice
from swf_testbed.runtime import AgentContext

Said = SliceResult | StfVolume

TRIES = "tries"
"""What was tried, in the slice's `metadata`: by whom, asked when, and the error."""

_log = logging.getLogger(__name__)


def last_words(context: AgentContext, said: Sequence[Said]) -> list[Said]:
    """What is to be merged: all but failures after which another worker tries.

    Raises:
        Unavailable: monitor or broker do not answer; nothing is lost if it is said again.
    """
    kept: list[Said] = []
    for one in said:
        if (
            isinstance(one, SliceResult)
            and one.content.state is SliceOutcome.FAILED
            and not one.content.final
        ):
            whole = _Failure(context, one).settle()
            kept += [] if whole is None else [whole]
        else:
            kept.append(one)
    return kept


class _Failure:
    """A slice that a worker could not do."""

    def __init__(self, context: AgentContext, said: SliceResult) -> None:
        self._context, self._said = context, said
        sample = context.monitor.list(TfSlice, fastmon_file=said.content.tf_filename)
        self._pieces = {piece.slice_id: piece for piece in sample}
        self._piece = self._pieces.get(said.content.slice_id)

    def settle(self) -> SliceResult | None:
        """Let another worker try; or the result, if it is the last word."""
        content, piece = self._said.content, self._piece
        if piece is None or piece.status.settled:
            return self._said
        tries = _tries(piece)
        this = {"worker": content.worker_id, "asked_at": iso(content.requested_at)}
        if any(this.items() <= one.items() for one in tries):
            return None  # said again
        attempt = max(content.attempt, len(tries) + 1)
        if attempt >= SLICE_ATTEMPTS:
            return self._said.model_copy(update={"content": content.model_copy(update={"attempt": attempt})})
        _log.warning(
            "slice %s#%d, attempt %d by %s: %s",
            content.tf_filename,
            content.slice_id,
            attempt,
            content.worker_id,
            content.result.error,
        )
        tries.append({**this, "error": content.result.error})
        self._try_again(piece, attempt + 1, tries)
        return None

    def _try_again(self, piece: TfSlice, attempt: int, tries: list[dict[str, Any]]) -> None:
        context, said = self._context, self._said
        content = self._content(piece, attempt, tuple(one["worker"] for one in tries))
        again = context.message(
            Slice,
            cause=said,
            execution_id=content.execution_id,
            instance=context.name,
            created_at=said.content.processed_at,
            content=content,
        )
        context.bus.publish(again)
        context.monitor.upsert(
            [
                TfSlice(
                    fastmon_file=piece.fastmon_file,
                    slice_id=piece.slice_id,
                    retries=attempt - 1,
                    metadata={TRIES: tries},
                )
            ]
        )

    def _content(self, piece: TfSlice, attempt: int, tried_by: tuple[str, ...]) -> SliceContent:
        """The work as it was cut, from what is stored of it."""
        said = self._said
        monitor = self._context.monitor
        sample = monitor.get(FastmonFile, piece.fastmon_file)
        execution = said.execution_id or monitor.get(Run, said.run_id).execution
        before = [one.tf_count or 0 for one in self._pieces.values() if one.slice_id < piece.slice_id]
        return SliceContent(
            run_id=said.run_id,
            execution_id=execution,
            req_id=f"{piece.fastmon_file}#{piece.slice_id}",
            filename=said.content.filename,
            tf_filename=piece.fastmon_file,
            file_url=sample.file_url or "",
            slice_id=piece.slice_id,
            start=piece.tf_first or 0,
            end=piece.tf_last or 0,
            tf_count=piece.tf_count or 1,
            substate="retry",
            attempt=attempt,
            egress_at=said.content.egress_at,
            skip=sum(before),
            payload=self._context.parameters(execution).fast_processing.payload,
            tried_by=tried_by,
        )


def _tries(piece: TfSlice) -> list[dict[str, Any]]:
    """What was tried, as far as it can be read."""
    kept = piece.metadata.get(TRIES)
    found = kept if isinstance(kept, list) else []
    return [one for one in found if isinstance(one, dict) and isinstance(one.get("worker"), str)]

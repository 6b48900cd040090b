"""`python counted_batches.py STFS...`: the statements of a batch of each kind about so many STFs, as JSON."""

import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from typing import Any

from stage_messages import stf_ready, tf_file_registered

from swf_testbed.bus import Delivery
from swf_testbed.config.environment import load_settings
from swf_testbed.messages import (
    Message,
    StfReady,
    TfFileRegistered,
    WorkerHeartbeat,
    WorkerHeartbeatContent,
    encode,
)
from swf_testbed.model.clock import now
from swf_testbed.model.names import stf_filename, tf_filename
from swf_testbed.model.status import SliceStatus, WorkerStatus
from swf_testbed.monitor.startup import prepare
from swf_testbed.records import (
    FastmonFile,
    Record,
    Run,
    RunResults,
    SliceDone,
    StfFile,
    TfSlice,
    slice_part,
    stf_part,
)

SAID: dict[str, Any] = {"namespace": "count", "sender": "somebody"}


def ready(run: int, stf: str) -> StfReady:
    return stf_ready(stf, **SAID, run_id=run)


def sampled(run: int, stf: str) -> TfFileRegistered:
    return tf_file_registered(stf, **SAID, run_id=run)


def in_hand(run: int, stf: str) -> WorkerHeartbeat:
    content = WorkerHeartbeatContent(
        worker_id=f"worker-of-{stf}",
        hostname="h",
        state=WorkerStatus.BUSY,
        slices_completed=0,
        tf_filename=tf_filename(stf, 1),
        slice_id=0,
    )
    return WorkerHeartbeat(**SAID, run_id=run, content=content)


def steps(run: int, stfs: list[str]) -> Iterator[tuple[str, Callable[[], object]]]:
    """What happens to STFs, a batch each."""
    from swf_testbed.monitor.intake import batches
    from swf_testbed.monitor.services.changes import upsert
    from swf_testbed.monitor.services.resources import RESOURCES
    from swf_testbed.monitor.services.results import store_results

    def stored(name: str, records: list[Record]) -> Callable[[], object]:
        return lambda: upsert(RESOURCES[name], records)

    def heard(messages: list[Message]) -> Callable[[], object]:
        deliveries = [Delivery(one.destination, {}, encode(one)) for one in messages]
        return lambda: batches.store(deliveries, lambda _: False)

    samples = [tf_filename(stf, 1) for stf in stfs]
    done = tuple(
        SliceDone(fastmon_file=tf, slice_id=0, status=SliceStatus.COMPLETED, processed_at=now())
        for tf in samples
    )
    parts = tuple(slice_part(tf, 0) for tf in samples) + tuple(map(stf_part, stfs))
    results = RunResults(run_number=run, expected_revision=0, parts=parts, slices=done)
    yield "the run", stored("runs", [Run(run_number=run, namespace="count")])
    yield "files", stored("stf-files", [StfFile(stf_filename=stf, run=run) for stf in stfs])
    yield "ready", heard([ready(run, stf) for stf in stfs])
    yield (
        "samples",
        stored(
            "fastmon-files",
            [FastmonFile(tf_filename=tf, stf_file=stf) for stf, tf in zip(stfs, samples, strict=True)],
        ),
    )
    yield "sampled", heard([sampled(run, stf) for stf in stfs])
    yield "slices", stored("tf-slices", [TfSlice(fastmon_file=tf, slice_id=0) for tf in samples])
    yield "in hand", heard([in_hand(run, stf) for stf in stfs])
    yield "results", lambda: store_results(results)


def counted(run: int, stfs: list[str]) -> dict[str, int]:
    """The statements of each step."""
    from django.db import connection

    asked: list[str] = []

    def count(execute: Any, sql: str, *rest: Any) -> Any:
        asked.append(sql)
        return execute(sql, *rest)

    found = {}
    for name, step in steps(run, stfs):
        asked.clear()
        with connection.execute_wrapper(count):
            step()
        found[name] = len(asked)
    return found


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="swf-counted-") as home:
        os.environ |= {"SWF_HOME": home, "SWF_LOG_LEVEL": "ERROR"}
        prepare(load_settings(dict(os.environ)))
        for run, number in enumerate(map(int, sys.argv[1:]), 1):
            stfs = [stf_filename(run, sequence) for sequence in range(1, number + 1)]
            print(json.dumps(counted(run, stfs)))  # noqa: T201  # that is what it is for


if __name__ == "__main__":
    main()

"""Results of a run: stored whole and once, and what the summary counts from them."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import httpx
import numpy as np
import pytest

from swf_testbed.fastmon.counts import Axis
from swf_testbed.fastmon.uhi_codec import to_uhi
from swf_testbed.model.clock import now
from swf_testbed.model.errors import BadInput, Conflict, NotFound
from swf_testbed.model.status import SliceStatus
from swf_testbed.monitor_client import MonitorClient
from swf_testbed.records import (
    FastmonFile,
    Histogram,
    Run,
    RunResults,
    SliceDone,
    StfFile,
    TfSlice,
    slice_part,
)

pytestmark = pytest.mark.both_databases

EGRESS = now().replace(microsecond=0)


def names(run: int) -> tuple[str, str]:
    return f"swf.{run}.000001.stf", f"swf.{run}.000001_tf_001.tf"


@pytest.fixture
def prepared(client: MonitorClient, run_number: int) -> int:
    stf, tf = names(run_number)
    client.upsert([StfFile(stf_filename=stf, run=run_number, egress_at=EGRESS)])
    client.upsert([FastmonFile(tf_filename=tf, stf_file=stf, tf_count=4)])
    client.upsert([TfSlice(fastmon_file=tf, slice_id=n, tf_count=2, tf_first=2 * n) for n in range(2)])
    return run_number


def step(run: int, slice_id: int, revision: int, **more: Any) -> RunResults:
    _, tf = names(run)
    said = {
        "run_number": run,
        "expected_revision": revision,
        "parts": (slice_part(tf, slice_id),),
        "slices": (
            SliceDone(
                fastmon_file=tf,
                slice_id=slice_id,
                status=SliceStatus.COMPLETED,
                processed_at=EGRESS + timedelta(seconds=1 + slice_id),
                assigned_worker="worker-1",
                result={"hits": 5},
            ),
        ),
        "histograms": (
            Histogram(
                run_number=run,
                subsystem="svt_ib",
                name="unit_occupancy",
                content=to_uhi("u", "U", Axis("unit", "", 3, 0, 3), np.array([1, 2, 4, 0])),
                slices=slice_id + 1,
                tfs=2 * (slice_id + 1),
            ),
        ),
    }
    return RunResults.model_validate({**said, **more})


def test_a_step_is_stored_once_and_counted(client: MonitorClient, prepared: int) -> None:
    first = client.post_results(step(prepared, 0, 0))
    second = client.post_results(step(prepared, 1, first.revision, duplicates=3))
    assert (first.revision, second.revision) == (1, 2)
    known = client.results(prepared)
    assert (known.revision, known.slices, known.tfs) == (2, 2, 4)
    assert known.parts == tuple(slice_part(names(prepared)[1], number) for number in range(2))
    done = client.get(TfSlice, names(prepared)[1], 1)
    assert (done.status, done.assigned_worker, done.tf_first) == (SliceStatus.COMPLETED, "worker-1", 2)
    assert done.plotted_at == second.plotted_at
    assert done.metadata == {"result": {"hits": 5}}
    summary = client.summary(prepared)
    assert (summary.stf_registered, summary.tf_files, summary.results, summary.duplicates) == (1, 1, 2, 3)
    assert (summary.slices.created, summary.slices.completed) == (2, 2)
    assert summary.histograms.hits == {"svt_ib": 7.0}
    assert (summary.histograms.revision, summary.histograms.slices, summary.histograms.tfs) == (2, 2, 4)
    result = summary.latency_s.egress_to_result
    assert (result.count, result.p50, result.max) == (2, 1.5, 2.0)
    assert summary.latency_s.egress_to_plot.count == 2
    assert summary.latency_s.stages["registered"].count == 2


def test_a_step_at_the_wrong_revision_or_told_again_changes_nothing(
    client: MonitorClient, api: httpx.Client, prepared: int
) -> None:
    client.post_results(step(prepared, 0, 0))
    before = client.summary(prepared)
    part = slice_part(names(prepared)[1], 0)
    for results, known in ((step(prepared, 0, 1), [part]), (step(prepared, 1, 0), [])):
        answer = api.post("/run-results/", content=results.model_dump_json(exclude_unset=True))
        assert answer.status_code == 409
        assert answer.json()["revision"] == 1
        assert answer.json()["known_parts"] == known
    assert client.summary(prepared) == before


def test_one_of_many_at_the_same_time_wins(client: MonitorClient, prepared: int) -> None:
    def post(slice_id: int) -> bool:
        try:
            client.post_results(step(prepared, slice_id % 2, 0))
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(post, range(8)))
    assert sum(won) == 1
    assert client.summary(prepared).results == 1


def test_a_step_with_a_slice_of_no_sample_is_stored_not_at_all(client: MonitorClient, prepared: int) -> None:
    lost = SliceDone(fastmon_file="none.tf", slice_id=0, status=SliceStatus.COMPLETED, processed_at=EGRESS)
    with pytest.raises(BadInput, match="fastmon_file"):
        client.post_results(step(prepared, 0, 0, slices=(lost,)))
    assert client.results(prepared).revision == 0
    assert client.results(prepared).parts == ()


def test_a_result_may_come_before_its_slice_is_registered(client: MonitorClient, prepared: int) -> None:
    client.post_results(step(prepared, 5, 0))
    client.upsert([TfSlice(fastmon_file=names(prepared)[1], slice_id=5, tf_count=9)])
    found = client.get(TfSlice, names(prepared)[1], 5)
    assert (found.status, found.tf_count, found.run_number) == (SliceStatus.COMPLETED, 9, prepared)


def test_a_slice_that_failed_for_good_is_not_plotted(client: MonitorClient, prepared: int) -> None:
    failed = SliceDone(
        fastmon_file=names(prepared)[1], slice_id=0, status=SliceStatus.FAILED, processed_at=EGRESS, retries=3
    )
    client.post_results(step(prepared, 0, 0, parts=(), slices=(failed,), histograms=()))
    assert client.get(TfSlice, names(prepared)[1], 0).plotted_at is None
    assert client.summary(prepared).slices.failed == 1


def test_histograms_are_given_as_stored_and_as_drawn(
    client: MonitorClient, api: httpx.Client, prepared: int
) -> None:
    client.post_results(step(prepared, 0, 0))
    path = f"/histograms/{prepared}/svt_ib/unit_occupancy/"
    assert api.get(path).json()["content"]["uhi_schema"] == 1
    query: dict[str, str | int] = {"run_number": prepared, "subsystem": "svt_ib", "format": "root"}
    page = api.get("/histograms/", params=query)
    drawn = page.json()["results"][0]["content"]
    assert (drawn["kind"], drawn["nbins"], drawn["contents"]) == ("TH1D", 3, [0, 1, 2, 4, 0])
    again = api.get("/histograms/", params=query, headers={"If-None-Match": page.headers["etag"]})
    assert again.status_code == 304
    assert api.get(path, params={"format": "png"}).status_code == 400


def test_what_cannot_be_drawn_says_so(client: MonitorClient, api: httpx.Client, run_number: int) -> None:
    bad = [{}, {"axes": [7]}, {"axes": [{"type": "regular", "bins": 0}], "storage": {"type": "int"}}]
    client.upsert(
        [
            Histogram.model_validate(
                {"run_number": run_number, "subsystem": "x", "name": f"n{n}", "content": content}
            )
            for n, content in enumerate(bad)
        ]
    )
    rows = api.get("/histograms/", params={"run_number": run_number, "format": "root"}).json()["results"]
    assert [row["content"] for row in rows] == [None] * 3
    assert all(row["problem"] for row in rows)


def test_the_summary_of_no_run(client: MonitorClient) -> None:
    with pytest.raises(NotFound, match="run 3999999 does not exist"):
        client.summary(3_999_999)
    assert client.results(3_999_999).parts == ()


def test_the_true_number_of_files_is_what_the_daq_says(client: MonitorClient, run_number: int) -> None:
    client.upsert([Run(run_number=run_number, total_stf_files=9)])
    assert (client.summary(run_number).stf_count, client.summary(run_number).stf_registered) == (9, 0)

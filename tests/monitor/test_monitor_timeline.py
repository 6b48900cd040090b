"""The way of STFs through the stages, as pages tell it: the same on each database."""

from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from monitor_instance import Instance

from swf_testbed.model.clock import now
from swf_testbed.model.status import SliceStatus
from swf_testbed.monitor_client import MonitorClient
from swf_testbed.records import (
    FastmonFile,
    Run,
    RunResults,
    RunState,
    SliceDone,
    StfFile,
    TfSlice,
    WorkflowExecution,
    slice_part,
)

pytestmark = pytest.mark.both_databases

BEGIN = now() - timedelta(minutes=5)
PRECISION_S = 0.005


def egress(sequence: int) -> datetime:
    return BEGIN + timedelta(seconds=10 * sequence)


def after_egress(moment: datetime) -> Any:
    """What is told of a moment of the first STF."""
    return pytest.approx((moment - egress(1)).total_seconds(), abs=PRECISION_S)


def stem(run_number: int, sequence: int) -> str:
    return f"swf.{run_number}.{sequence:06d}"


def take(client: MonitorClient, run_number: int, sequence: int) -> None:
    """An STF with two samples of two slices each, waiting."""
    name = f"{stem(run_number, sequence)}.stf"
    samples = [f"{stem(run_number, sequence)}_tf_{number:03d}.tf" for number in (1, 2)]
    file = {"stf_filename": name, "run": run_number, "sequence": sequence, "egress_at": egress(sequence)}
    client.upsert([StfFile(**file, tf_count=1000, file_size_bytes=10**7)])
    client.upsert([FastmonFile(tf_filename=sample, stf_file=name, tf_count=4) for sample in samples])
    client.upsert(
        [TfSlice(fastmon_file=sample, slice_id=n, tf_count=2) for sample in samples for n in range(2)]
    )


def finish(
    client: MonitorClient, run_number: int, sequence: int, samples: tuple[int, ...] = (1, 2)
) -> datetime:
    """The slices of some samples of an STF are done; when they came into the plots."""
    names = [f"{stem(run_number, sequence)}_tf_{number:03d}.tf" for number in samples]
    done = [
        SliceDone(
            fastmon_file=name,
            slice_id=number,
            status=SliceStatus.COMPLETED,
            processed_at=egress(sequence) + timedelta(seconds=2 + number),
            assigned_worker=f"worker-{number + 1}",
        )
        for name in names
        for number in range(2)
    ]
    parts = [slice_part(one.fastmon_file, one.slice_id) for one in done]
    said = {"run_number": run_number, "expected_revision": client.results(run_number).revision}
    return client.post_results(RunResults(**said, parts=parts, slices=done)).plotted_at


@pytest.fixture
def run(client: MonitorClient, run_number: int) -> int:
    client.upsert([WorkflowExecution(execution_id=f"timed-alice-{run_number}", namespace="torre1")])
    about = {"namespace": "torre1", "execution": f"timed-alice-{run_number}"}
    client.upsert([Run(run_number=run_number, start_time=BEGIN, **about)])
    client.upsert([RunState(run_number=run_number, phase="physics", state="run", substate="physics")])
    return run_number


@pytest.fixture
def pages(instance: Instance) -> Any:
    with httpx.Client(base_url=instance.url, trust_env=False, timeout=30) as browser:
        yield browser


def told(pages: httpx.Client, run_number: int) -> dict[str, Any]:
    """The timeline, by STF."""
    answer = pages.get(f"/runs/{run_number}/timeline.json")
    assert answer.status_code == 200
    table = answer.json()
    reached = dict(zip(table["stages"], table["reached"], strict=True))
    assert list(reached) == ["registered", "sampled", "queued", "processed", "plotted"]
    return {
        name: {stage: column[at] for stage, column in reached.items()}
        | {"egress": table["egress"][at], "slices": table["slices"][at], "done": table["plotted"][at]}
        for at, name in enumerate(table["name"])
    }


def test_every_stage_of_every_stf_is_told_as_the_records_say(
    client: MonitorClient, pages: httpx.Client, run: int
) -> None:
    take(client, run, 1)
    first = f"{stem(run, 1)}.stf"
    waiting = told(pages, run)[first]
    assert (waiting["processed"], waiting["plotted"], waiting["slices"], waiting["done"]) == (
        None,
        None,
        4,
        0,
    )
    finish(client, run, 1, samples=(1,))
    half = told(pages, run)[first]
    assert (half["slices"], half["done"], half["processed"]) == (4, 2, pytest.approx(3, abs=PRECISION_S))
    plotted = finish(client, run, 1, samples=(2,))
    take(client, run, 2)
    both = told(pages, run)
    assert list(both) == [first, f"{stem(run, 2)}.stf"]
    whole = both[first]
    stored = client.get(StfFile, first)
    assert stored.created_at is not None
    assert whole["egress"] == pytest.approx(egress(1).timestamp(), abs=PRECISION_S)
    assert whole["registered"] == after_egress(stored.created_at)
    assert whole["plotted"] == after_egress(plotted)
    assert (whole["slices"], whole["done"]) == (4, 4)
    assert whole["registered"] <= whole["sampled"] <= whole["queued"]


def test_the_stages_of_a_run_are_those_of_its_summary(
    client: MonitorClient, pages: httpx.Client, run: int
) -> None:
    for sequence in (1, 2, 3):
        take(client, run, sequence)
        finish(client, run, sequence)
        pages.get(f"/runs/{run}/")
    text = " ".join(pages.get(f"/runs/{run}/").text.split())
    summary = client.summary(run).latency_s.stages
    for stage in ("registered", "plotted"):
        assert f'<th scope="row">{stage}</th>' in text
        assert summary[stage].count == 12
    for worker in ("worker-1", "worker-2"):
        line = text.split(f"<bdi>{worker}</bdi>")[1].split("</tr>")[0]
        assert '<td class="number">6</td>' in line
    cells = text.split('<th scope="row">processed</th>')[1].split("</tr>")[0]
    assert [cell.split(">")[1] for cell in cells.split("</td>")[:-1]] == [
        "2.50 s",
        "3.00 s",
        "3.00 s",
        "12",
    ]


def test_a_run_in_a_small_picture_and_at_its_pace(
    client: MonitorClient, pages: httpx.Client, run: int
) -> None:
    take(client, run, 1)
    finish(client, run, 1)
    hub = pages.get("/", params={"namespace": "torre1"}).text
    assert f"Run {run}" in hub
    line = hub.split(f'/runs/{run}/">{run}</a>')[1].split("</tr>")[0]
    assert line.count("<rect") == 1
    assert '<rect class="bad"' in line  # minutes after egress, as the STF is from before the test
    client.upsert([Run(run_number=run, end_time=now())])
    client.upsert([RunState(run_number=run, phase="completed")])
    assert pages.get("/").status_code == 200
    assert f'<h2><a href="/runs/{run}/">' not in pages.get("/").text


def test_a_page_of_stfs_that_is_not_there_is_said(
    client: MonitorClient, pages: httpx.Client, run: int
) -> None:
    take(client, run, 1)
    address = f"/executions/timed-alice-{run}/"
    assert pages.get(address).text.count(f"{stem(run, 1)}.stf</a>") == 1
    for query, status in (
        ({"page": "2"}, 404),
        ({"page": "none"}, 400),
        ({"run": "1"}, 404),
        ({"run": "x"}, 400),
    ):
        answer = pages.get(address, params=query)
        assert answer.status_code == status, query
        assert "Traceback" not in answer.text
    assert pages.get("/executions/nobody-knows/").status_code == 404
    assert pages.get("/runs/1/timeline.json").status_code == 404

"""Flags and what follows from them, marks, references, windows, figures, trends, sampling, watched runs."""

import csv
import io
from datetime import datetime, timedelta
from typing import Any

import httpx
import numpy as np
import pytest
from monitor_instance import Instance

from swf_testbed.fastmon.codec import encode
from swf_testbed.fastmon.counts import Counts, ProductKey, ProductSet
from swf_testbed.fastmon.reference import Profile
from swf_testbed.fastmon.windows import Sums
from swf_testbed.model.clock import now
from swf_testbed.model.errors import BadInput, Conflict, NotFound
from swf_testbed.model.status import Quality, RunMark
from swf_testbed.monitor_client import MonitorClient
from swf_testbed.records import Alarm, Histogram, QualityFlag, Reference, Run, StfFigures, Window
from swf_testbed.records.monitoring import FailedRead

pytestmark = pytest.mark.both_databases

NAMESPACE = "judged"
BEGIN = now().replace(microsecond=0)
KEY = ProductKey("femc", "fine_time")


def at(seconds: float) -> datetime:
    return BEGIN + timedelta(seconds=seconds)


def flag(
    run: int, quality: Quality, since_s: float, until_s: float | None = None, **more: Any
) -> QualityFlag:
    said = {"run_number": run, "subsystem": "femc", "check": "dead", "histogram": "unit_occupancy"}
    said |= {"since": at(since_s), "quality": quality, "reason": "no hit", "part": "units 3-4"}
    return QualityFlag.model_validate({**said, "until": None if until_s is None else at(until_s), **more})


@pytest.fixture
def run(client: MonitorClient, run_number: int) -> int:
    conditions = {"scale": 0.004, "beam": f"18x{run_number}"}
    client.upsert([Run(run_number=run_number, namespace=NAMESPACE, run_conditions=conditions)])
    return run_number


def alarms_of(client: MonitorClient, run: int) -> list[Alarm]:
    return list(client.list(Alarm, run_number=run))


def test_bad_data_raises_an_alarm_that_medium_keeps_and_good_ends(client: MonitorClient, run: int) -> None:
    client.upsert([flag(run, Quality.MEDIUM, 0)])
    assert alarms_of(client, run) == []
    bad = [flag(run, Quality.MEDIUM, 0, 5), flag(run, Quality.BAD, 5)]
    for _ in range(2):  # told twice, it is one alarm
        client.upsert(bad)
    (alarm,) = alarms_of(client, run)
    assert (alarm.subject, alarm.state) == ("quality:femc", "active")
    assert "dead (units 3-4): no hit" in alarm.text
    client.upsert([flag(run, Quality.BAD, 5, 9), flag(run, Quality.MEDIUM, 9)])
    assert alarms_of(client, run)[0].cleared_at is None
    client.upsert([flag(run, Quality.MEDIUM, 9, 12), flag(run, Quality.GOOD, 12)])
    (alarm,) = alarms_of(client, run)
    assert alarm.cleared_at is not None
    assert alarm.state == "returned"
    # It comes again before anybody has looked: the same alarm.
    client.upsert([flag(run, Quality.GOOD, 12, 14), flag(run, Quality.BAD, 14)])
    assert [(one.id, one.state) for one in alarms_of(client, run)] == [(alarm.id, "active")]
    client.change(Alarm, alarm.id, acknowledged_by="alice", note="seen")
    client.upsert([flag(run, Quality.BAD, 14, 15), flag(run, Quality.GOOD, 15)])
    (alarm,) = alarms_of(client, run)
    assert alarm.state == "over"
    assert [one.action for one in alarm.history] == ["raised", "cleared", "raised", "acknowledged", "cleared"]


def test_runs_and_histograms_are_as_good_as_the_worst_that_is_said(client: MonitorClient, run: int) -> None:
    client.upsert([Histogram(run_number=run, subsystem="femc", name="unit_occupancy")])
    client.upsert([flag(run, Quality.BAD, 5, 9), flag(run, Quality.GOOD, 9)])
    client.upsert([flag(run, Quality.NULL, 5, subsystem="btof"), flag(run, Quality.NULL, 5, check="hot")])
    assert client.summary(run).quality == {"femc": "good", "btof": "null"}
    assert client.get(Histogram, run, "femc", "unit_occupancy").quality is Quality.NULL
    client.upsert([Run(run_number=run, end_time=at(20))])
    assert client.summary(run).quality == {"femc": "bad", "btof": "null"}


def test_flags_are_exported_as_csv(client: MonitorClient, api: httpx.Client, run: int) -> None:
    client.upsert([flag(run, Quality.BAD, 5, 9, reason='=2+2, "quoted"')])
    answer = api.get("/quality-flags/", params={"run_number": run, "format": "csv"})
    assert answer.headers["content-type"].startswith("text/csv")
    (row,) = csv.DictReader(io.StringIO(answer.text))
    assert row["reason"] == '\'=2+2, "quoted"'
    assert (row["run_number"], row["quality"], row["part"]) == (str(run), "bad", "units 3-4")
    assert datetime.fromisoformat(row["until"]) == at(9)


def profile() -> dict[str, Any]:
    sums, found = Sums(), Profile()
    sums.add(ProductSet(7, {KEY: Counts(np.arange(257))}))
    found.add(sums, {})
    return found.document()


def test_references_are_made_of_good_runs_and_chosen_by_the_conditions(
    client: MonitorClient, run: int
) -> None:
    client.upsert([Window(run_number=run, window="run", content=profile())])
    with pytest.raises(Conflict, match="marked good"):
        client.make_reference([run])
    assert client.mark_run(run, RunMark.GOOD, "fine").marked_by
    with pytest.raises(Conflict, match="ended"):
        client.make_reference([run])
    client.upsert([Run(run_number=run, end_time=now())])
    assert client.reference_of(run) is None
    first, second = client.make_reference([run], "first"), client.make_reference([run])
    assert (first.version, second.version) == (1, 2)
    assert first.name == f"epic-scale0.004-18x{run}-run.physics"
    assert first.runs == (run,)
    found = client.reference_of(run)
    assert found is not None
    assert found.version == 2
    client.upsert([Run(run_number=run, reference=f"{first.name}/1")])
    assert client.reference_of(run) == first
    with pytest.raises(Conflict, match="never change"):
        client.change(Reference, first.name, 1, note="other")


def test_runs_of_other_conditions_are_no_part_of_a_reference(client: MonitorClient, run: int) -> None:
    other = client.next_run_number()
    client.upsert([Run(run_number=other, namespace=NAMESPACE, run_conditions={"scale": 1, "beam": "10x100"})])
    for number in (run, other):
        client.upsert([Run(run_number=number, end_time=now())])
        client.upsert([Window(run_number=number, window="run", content=profile())])
        client.mark_run(number, RunMark.GOOD)
    with pytest.raises(BadInput, match="10x100"):
        client.make_reference([run, other])
    client.mark_run(run, RunMark.BAD)
    with pytest.raises(Conflict, match="marked good"):
        client.make_reference([run])


def test_histograms_of_windows_and_references(client: MonitorClient, api: httpx.Client, run: int) -> None:
    content = encode(ProductSet(7, {KEY: Counts(np.arange(257))}))
    client.upsert([Window(run_number=run, window="30s", frames=7, revision=1, content=content)])
    path = f"/histograms/{run}/femc/fine_time/"
    found = api.get(path, params={"window": "30s"}).json()
    assert (found["tfs"], sum(found["content"]["storage"]["values"][:256])) == (7, sum(range(256)))
    drawn = api.get(path, params={"window": "30s", "format": "root"}).json()
    assert "problem" not in drawn
    assert drawn["content"] != found["content"]
    assert api.get(path, params={"window": "stf"}).status_code == 404
    assert api.get(path, params={"window": "1h"}).json()["field"] == "window"
    client.upsert(
        [Window(run_number=run, window="run", content=profile()), Window(run_number=run, window="x")]
    )
    client.upsert([Run(run_number=run, end_time=now())])
    client.mark_run(run, RunMark.GOOD)
    made = client.make_reference([run])
    there = f"/references/{made.name}/{made.version}/histograms/femc/fine_time/"
    assert sum(api.get(there).json()["content"]["storage"]["values"][:256]) == sum(range(256))
    assert "problem" not in api.get(there, params={"format": "root"}).json()
    assert api.get(there.replace("fine_time", "nothing")).status_code == 404


def test_trends_are_columns_over_stfs_and_over_runs(client: MonitorClient, run: int) -> None:
    client.upsert(
        [
            StfFigures(
                run_number=run,
                stf_filename=f"{number}.stf",
                sequence=number,
                since=at(number),
                frames=100,
                sampled=number,
                evaluated=100,
                values={"femc": {"hits": 10 * number, "adc_mean": None}},
            )
            for number in (2, 1)
        ]
    )
    trends = client.trends(run)
    assert trends.points == ("1.stf", "2.stf")
    assert trends.columns["sampled_fraction"] == (0.01, 0.02)
    assert trends.subsystems["femc"] == {"hits": (10, 20), "adc_mean": (None, None)}
    whole = client.trends_of_runs([run])
    assert whole.points == (str(run),)
    assert list(whole.columns["sampled"]) == [3]
    assert list(whole.subsystems["femc"]["hits"]) == [15]
    with pytest.raises(NotFound):
        client.trends(run + 10_000)
    sampling = client.sampling(run)
    assert (sampling.sampled, sampling.evaluated, sampling.fraction) == (3, 200, 0.015)
    assert sampling.policy == "blocks"


def test_what_was_read_is_added_up_site_by_site_failures_included(client: MonitorClient, run: int) -> None:
    gone = FailedRead(site="E0", error="no answer", bytes_read=30, requests=2)
    damaged = FailedRead(site="E1", error="frame 7 of femc is damaged", bytes_read=9, requests=3)
    client.upsert(
        [
            StfFigures(
                run_number=run,
                stf_filename=f"{number}.stf",
                since=at(number),
                bytes_read=100,
                requests=4,
                source=source,
                failed=failed,
            )
            for number, source, failed in ((1, "E0", ()), (2, "E1", (gone,)), (3, "E2", (gone, damaged)))
        ]
    )
    found = {one.site: one for one in client.sampling(run).sources}
    assert {site: (one.stfs, one.bytes_read, one.requests) for site, one in found.items()} == {
        "E0": (1, 160, 8),
        "E1": (1, 109, 7),
        "E2": (1, 100, 4),
    }
    assert {site: (one.failures, one.error) for site, one in found.items()} == {
        "E0": (2, "no answer"),
        "E1": (1, "frame 7 of femc is damaged"),
        "E2": (0, None),
    }


def test_a_change_of_the_sampling_that_is_wrong_changes_nothing(client: MonitorClient, run: int) -> None:
    with pytest.raises(BadInput, match="selection_fraction"):
        client.change_sampling(run, {"selection_fraction": 7})
    with pytest.raises(BadInput, match="must be one of"):
        client.change_sampling(run, {"colour": "red"})
    client.upsert([Run(run_number=run, end_time=now())])
    with pytest.raises(Conflict, match="has ended"):
        client.change_sampling(run, {"selection_fraction": 0.5})
    assert client.sampling(run).changes == ()


def test_a_run_in_which_nothing_comes_raises_an_alarm_until_it_ends(
    instance: Instance, client: MonitorClient, run: int
) -> None:
    state = {
        "run_number": run,
        "phase": "physics",
        "state_changed_at": (now() - timedelta(hours=1)).isoformat(),
    }
    with instance.raw() as api:
        assert api.post("/run-states/", json=state).is_success
    with client.events(0, msg_types=["alarm"], run_ids=[run]) as events:
        heard = iter(events)
        raised = next(heard).data
        assert (raised["subject"], raised["state"]) == (f"stall:{run}", "raised")
        assert "no STF has come" in raised["text"]
        client.upsert([Run(run_number=run, end_time=now())])
        assert next(heard).data["state"] == "cleared"

"""A run as its shift crew sees it: what is worst stands first, with the reason and since when."""

from datetime import timedelta

import httpx
import numpy as np
import pytest

from swf_testbed.fastmon.counts import Axis
from swf_testbed.fastmon.uhi_codec import to_uhi
from swf_testbed.model.clock import now
from swf_testbed.model.detectors import TF_NS, detectors
from swf_testbed.model.errors import NotFound
from swf_testbed.model.states import RunPhase, State, Substate
from swf_testbed.model.status import Quality, Severity
from swf_testbed.monitor_client import MonitorClient
from swf_testbed.records import (
    Alarm,
    FastmonFile,
    Histogram,
    QualityFlag,
    Run,
    RunResults,
    RunState,
    StfFile,
    stf_part,
)

pytestmark = pytest.mark.both_databases

BEGUN = now().replace(microsecond=0)


@pytest.fixture
def namespace(run_number: int) -> str:
    return f"shift-{run_number}"


@pytest.fixture
def going(client: MonitorClient, run_number: int, namespace: str) -> int:
    """A run in physics with one STF of 1000 frames, 70 of them sampled, and hits of dRICH."""
    client.upsert([Run(run_number=run_number, namespace=namespace, start_time=BEGUN)])
    state = RunState(run_number=run_number, phase=RunPhase.PHYSICS, state=State.RUN)
    client.upsert([state.model_copy(update={"substate": Substate.PHYSICS})])
    stf = f"swf.{run_number}.000001.stf"
    client.upsert([StfFile(stf_filename=stf, run=run_number, tf_first=0, tf_count=1000, egress_at=now())])
    client.upsert([FastmonFile(tf_filename=f"{stf[:-4]}_tf_001.tf", stf_file=stf, tf_count=70)])
    axis = Axis("time in run", "s", 8, 0, 8)
    hits = np.array([0, 100, 100, 300, 300, 300, 300, 0, 0])
    histogram = Histogram(
        run_number=run_number,
        subsystem="drich",
        name="hits_per_frame",
        content=to_uhi("hits_per_frame", "Hits", axis, hits),
    )
    step = {"run_number": run_number, "expected_revision": 0, "parts": (stf_part(stf),)}
    client.post_results(RunResults.model_validate(step | {"histograms": (histogram,)}))
    return run_number


def flag(run: int, subsystem: str, check: str, quality: Quality, **more: object) -> QualityFlag:
    said = {"run_number": run, "subsystem": subsystem, "check": check, "quality": quality, "since": BEGUN}
    return QualityFlag.model_validate(said | more)


def test_the_worst_stands_first_with_its_reason(client: MonitorClient, going: int) -> None:
    client.upsert(
        [
            flag(going, "ftof", "rate", Quality.GOOD),
            flag(going, "drich", "dead", Quality.BAD, reason="unit 17 is dead", histogram="unit_occupancy"),
            flag(going, "drich", "rate", Quality.MEDIUM, reason="a bit low"),
            flag(going, "btof", "hot", Quality.MEDIUM, reason="channel 5 is hot"),
            flag(going, "mpgd", "dead", Quality.BAD, reason="was", until=BEGUN + timedelta(seconds=1)),
        ]
    )
    seen = client.overview(going)
    assert seen.quality is Quality.BAD
    assert [line.subsystem for line in seen.subsystems[:2]] == ["drich", "btof"]
    first = seen.subsystems[0]
    assert (first.reason, first.check, first.since) == ("unit 17 is dead", "dead", BEGUN)
    assert first.findings == 2
    assert seen.subsystems[-1].subsystem == "ftof"
    assert {line.subsystem for line in seen.subsystems} == {detector.name for detector in detectors()}
    assert next(line for line in seen.subsystems if line.subsystem == "mpgd").quality is Quality.NULL


def test_rates_and_the_sampled_fraction_are_counted(client: MonitorClient, going: int) -> None:
    seen = client.overview(going)
    assert (seen.frames, seen.sampled_frames, seen.sampled_fraction) == (1000, 70, 0.07)
    drich = next(line for line in seen.subsystems if line.subsystem == "drich")
    assert drich.hits_per_frame == pytest.approx(300)
    assert drich.hits_hz == pytest.approx(300 / (TF_NS * 1e-9))
    assert list(drich.trend) == [0, 100, 100, 300, 300, 300, 300]
    assert seen.revision == 1
    assert seen.plotted_at is not None


def test_what_an_ended_run_had_is_still_told(client: MonitorClient, going: int) -> None:
    client.upsert([flag(going, "mpgd", "dead", Quality.BAD, reason="was", until=BEGUN)])
    client.upsert([Run(run_number=going, end_time=now())])
    seen = client.overview(going)
    assert seen.subsystems[0].subsystem == "mpgd"
    assert seen.subsystems[0].until == BEGUN


def test_alarms_of_its_namespace_stand_beside_it(client: MonitorClient, going: int, namespace: str) -> None:
    for severity in (Severity.WARNING, Severity.ERROR):
        client.upsert([Alarm(namespace=namespace, severity=severity, subject=f"a {severity}", text="so")])
    client.upsert([Alarm(namespace="elsewhere", severity=Severity.ERROR, subject=f"not of {going}")])
    seen = client.overview(going).alarms
    assert [alarm.subject for alarm in seen] == ["a error", "a warning"]


def test_the_newest_that_goes_on_is_found(client: MonitorClient, going: int, namespace: str) -> None:
    assert client.overview(namespace=namespace).run_number == going
    client.upsert([Run(run_number=going, end_time=now())])
    assert client.overview(namespace=namespace).run_number == going
    with pytest.raises(NotFound, match="no run in the namespace nobody-was-here"):
        client.overview(namespace="nobody-was-here")


def test_what_is_wrong_is_said(api: httpx.Client) -> None:
    assert api.get("/runs/123456789/overview/").status_code == 404
    for path in ("x", "-1", "1e3"):
        told = api.get(f"/runs/{path}/overview/")
        assert told.status_code == 400
        assert told.json()["field"] == "run_number"
    assert api.get("/runs/newest/overview/", params={"namespace": "no such"}).status_code == 400

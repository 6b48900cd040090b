"""Late plots and small samples: raised at one limit and over at another, by the intake that looks at runs."""

from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from monitor_instance import Instance

from swf_testbed.model.clock import now
from swf_testbed.model.status import SliceStatus
from swf_testbed.monitor_client import MonitorClient
from swf_testbed.records import (
    Alarm,
    FastmonFile,
    Run,
    RunResults,
    SliceDone,
    StfFigures,
    StfFile,
    TfSlice,
    slice_part,
)

SLICES = 12
"""Plotted at a time: more than an alarm needs to be raised."""


class Watched:
    """A run in physics whose plots and samples are as the test says; 5 % of the frames are asked for."""

    def __init__(self, instance: Instance, client: MonitorClient, run: int) -> None:
        self._client, self.run = client, run
        self._stf, self._tf = f"swf.{run}.000001.stf", f"swf.{run}.000001_tf_001.tf"
        self._steps = count()
        client.upsert([Run(run_number=run, namespace="watched")])
        client.upsert([StfFile(stf_filename=self._stf, run=run, egress_at=None)])
        client.upsert([FastmonFile(tf_filename=self._tf, stf_file=self._stf)])
        # It has just begun for as long as the test takes: nothing of it is stalled.
        begun = (now() + timedelta(hours=1)).isoformat()
        state = {"run_number": run, "phase": "physics", "state_changed_at": begun}
        with instance.raw() as api:
            assert api.post("/run-states/", json=state).is_success

    def plot(self, latency_s: float) -> None:
        """Plot more slices; of these and all before the slowest took exactly so long."""
        step = next(self._steps)
        numbers = range(step * SLICES, (step + 1) * SLICES)
        self._client.upsert([TfSlice(fastmon_file=self._tf, slice_id=number) for number in numbers])
        done = [
            SliceDone(
                fastmon_file=self._tf, slice_id=number, status=SliceStatus.COMPLETED, processed_at=now()
            )
            for number in numbers
        ]
        parts = tuple(slice_part(self._tf, number) for number in numbers)
        results = RunResults(
            run_number=self.run, expected_revision=step, parts=parts, slices=tuple(done), histograms=()
        )
        plotted = self._client.post_results(results).plotted_at
        left = plotted - timedelta(seconds=latency_s)
        self._client.upsert([StfFile(stf_filename=self._stf, egress_at=left)])

    def sample(self, frames: int) -> None:
        """Let so many of the 1000 frames of its newest STF be sampled."""
        figures = StfFigures(
            run_number=self.run, stf_filename=self._stf, since=now(), sampled=frames, evaluated=1000
        )
        self._client.upsert([figures])

    def alarm(self, kind: str) -> Alarm | None:
        """The alarm of a kind; there is never a second."""
        found = list(self._client.list(Alarm, run_number=self.run, subject=f"{kind}:{self.run}"))
        assert len(found) <= 1
        return found[0] if found else None

    def history(self, kind: str) -> list[str]:
        """What happened to it, the same again left out."""
        alarm = self.alarm(kind)
        assert alarm is not None
        actions = [one.action for one in alarm.history]
        return [one for place, one in enumerate(actions) if place == 0 or one != actions[place - 1]]


@pytest.fixture
def watched(instance: Instance, client: MonitorClient, run_number: int) -> Watched:
    return Watched(instance, client, run_number)


def test_they_are_raised_once_latched_acknowledged_and_cleared_with_hysteresis(
    watched: Watched, client: MonitorClient
) -> None:
    with client.events(0, msg_types=["alarm"], run_ids=[watched.run]) as events:
        heard = iter(events)

        def until(kind: str, state: str, text: str = "") -> dict[str, Any]:
            wanted = f"{kind}:{watched.run}", state
            return next(
                one.data
                for one in heard
                if (one.data["subject"], one.data["state"]) == wanted and text in one.data["text"]
            )

        # Between both limits: what does not stand is not raised. Latency is looked at before the sample is.
        watched.plot(20)
        watched.sample(10)
        said = until("sampling", "raised")
        assert "1.0% of the frames are sampled, 5.0% are asked for" in said["text"]
        assert watched.alarm("latency") is None

        watched.plot(100)
        assert "up to 100 s" in until("latency", "raised", "100 s")["text"]
        sampling = watched.alarm("sampling")
        assert sampling is not None
        client.change(Alarm, sampling.id, acknowledged_by="alice", note="one replica is gone")

        # Between both limits again: what stands is kept, and says how it is now.
        watched.plot(20)
        watched.sample(30)
        until("latency", "raised", "up to 20 s")
        until("sampling", "raised", "3.0% of the frames")

        watched.plot(5)
        watched.sample(50)
        until("latency", "cleared")
        until("sampling", "cleared")
    assert watched.history("sampling") == ["raised", "acknowledged", "raised", "cleared"]
    assert watched.history("latency") == ["raised", "cleared"]
    sampling, latency = watched.alarm("sampling"), watched.alarm("latency")
    assert sampling is not None
    assert latency is not None
    assert (sampling.state, sampling.acknowledged_by, sampling.note) == (
        "over",
        "alice",
        "one replica is gone",
    )
    assert latency.state == "returned"  # nobody has looked yet
    client.change(Alarm, latency.id, acknowledged_by="bob", note="storage was slow")
    latency = watched.alarm("latency")
    assert latency is not None
    assert (latency.state, latency.note) == ("over", "storage was slow")

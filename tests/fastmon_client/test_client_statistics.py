"""What the client makes of the stream: counts, rates, latencies, judgements, whatever comes."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from swf_testbed.fastmon_client.connection import ConnectionLog
from swf_testbed.fastmon_client.statistics import FOLLOWED, MOST_RUNS, Statistics
from swf_testbed.messages import REGISTRY
from swf_testbed.model.clock import iso
from swf_testbed.monitor_client import Connected, Disconnected, Event

T0 = datetime(2026, 11, 27, 20, 0, tzinfo=UTC)


def event(kind: str, at_s: float = 0, run_id: int = 100_010, **more: Any) -> Event:
    said = {"namespace": "n", "sender": "s", "run_id": run_id, "timestamp": iso(T0 + timedelta(seconds=at_s))}
    return Event(1, kind, {"msg_type": kind, **said, **more})


def sample(at_s: float, late_s: float | None = 2.0, frames: int = 7, run_id: int = 100_010) -> Event:
    egress = None if late_s is None else iso(T0 + timedelta(seconds=at_s - late_s))
    sampling = {
        "policy": "p",
        "fraction": 0.1,
        "seed": 1,
        "accepted": 7,
        "evaluated": 70,
        "part": 0,
        "parts": [7],
    }
    return event(
        "tf_file_registered",
        at_s,
        run_id,
        tf_file_id="6f0f8a3e-5f0b-5c39-9d7b-6b2f8a1c3d5e",
        tf_filename="a_tf_001.tf",
        file_url="file:///a",
        stf_filename="a.stf",
        tf_first=0,
        tf_last=frames - 1,
        tf_count=frames,
        file_size_bytes=1000 * frames,
        checksum="ad:00000001",
        status="registered",
        sampling=sampling,
        egress_at=egress,
    )


def flag(quality: str, at_s: float, check: str = "dead") -> Event:
    said: dict[str, Any] = {
        "subsystem": "dRICH",
        "histogram": "adc",
        "check": check,
        "reason": "r",
        "since": iso(T0),
    }
    return event("quality_flag", at_s, quality=quality, **said)


def counted(*events: Event) -> Statistics:
    statistics = Statistics()
    for one in events:
        statistics.add(one)
    return statistics


def test_samples_are_counted_with_rates_and_latency() -> None:
    (run,) = counted(*(sample(at_s, late_s=at_s) for at_s in range(11))).runs
    document = run.document()
    assert (document["samples"], document["frames"], document["bytes"]) == (11, 77, 77_000)
    assert document["frames_per_s"] == pytest.approx(7.7)
    assert document["bytes_per_s"] == pytest.approx(7700)
    assert document["latency_s"] == {"p50": 5.0, "p95": 10.0, "max": 10.0}
    assert document["last_sample"] == "2026-11-27T20:00:10.000000+00:00"


def test_what_cannot_be_said_is_null() -> None:
    (run,) = counted(sample(0, late_s=None)).runs
    assert run.document()["frames_per_s"] is None
    assert run.document()["latency_s"] is None


def test_the_latest_judgement_of_a_check_holds_and_the_worst_comes_first() -> None:
    events = (flag("bad", 5), flag("good", 1), flag("medium", 2, "hot"), flag("good", 3, "gain"))
    (run,) = counted(*events).runs
    assert [(one.check, one.quality) for one in run.flagged] == [("dead", "bad"), ("hot", "medium")]


def test_a_late_message_moves_no_run_backwards() -> None:
    common: dict[str, Any] = {"state": "run", "substate": "physics", "simulation_tick": 0}
    ended = event("end_run", 9, state="beam", substate="not_ready", simulation_tick=9, total_stf_files=1)
    (run,) = counted(event("start_run", **common), ended, event("resume_run", **common)).runs
    assert run.phase == "completed"


def test_alarms_stand_until_they_are_cleared() -> None:
    raised = event("alarm", severity="error", subject="broker", text="gone", state="raised")
    statistics = counted(raised)
    assert list(statistics.alarms) == ["broker"]
    statistics.add(event("alarm", severity="error", subject="broker", text="", state="cleared"))
    assert not statistics.alarms


def test_memory_is_bounded() -> None:
    statistics = counted(*(sample(0, run_id=100_010 + number) for number in range(MOST_RUNS + 5)))
    assert [run.run for run in statistics.runs] == list(range(100_015, 100_015 + MOST_RUNS))


def test_all_that_is_counted_is_known() -> None:
    assert set(FOLLOWED) <= set(REGISTRY)


_SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10)
_VALUES = st.recursive(
    _SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)
)


@given(
    kind=st.sampled_from([*FOLLOWED, "colour", ""]),
    changes=st.dictionaries(st.sampled_from(sorted(sample(0).data)), _VALUES),
)
def test_no_message_breaks_it(kind: str, changes: dict[str, Any]) -> None:
    statistics = counted(Event(1, kind, {**sample(0).data, **changes}), sample(1))
    assert statistics.messages == 2
    for run in statistics.runs:
        run.document()


def test_an_outage_is_told_once_and_its_end_with_what_it_cost() -> None:
    log = ConnectionLog()
    assert log.hear(Disconnected("before the first connection", 1)) is None
    assert log.hear(Connected(None, gap=False)) == "connected; waiting for what comes"
    assert "cable" in str(log.hear(Disconnected("the cable", 1)))
    assert log.hear(Disconnected("still the cable", 2)) is None
    assert "resumed after message 7: nothing was missed" in str(log.hear(Connected(7, gap=False)))
    assert "messages are missing" in str(log.hear(Connected(9, gap=True)))
    assert log.document() == {"outages": 1, "gaps": 1}

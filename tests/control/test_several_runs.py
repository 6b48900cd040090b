"""Executions of several runs: how many there will be, and one summary of all."""

from typing import Any

import pytest

from swf_testbed.config.datataking import DaqStateMachine
from swf_testbed.control.several_runs import combined
from swf_testbed.daq.plan import runs_in


def summary(run: int, **more: Any) -> dict[str, Any]:
    return {
        "run_id": run,
        "status": "completed",
        "stf_count": 2,
        "stf_registered": 2,
        "sequence_gaps": {},
        "tf_files": 14,
        "slices": {"created": 30, "completed": 29, "failed": 1, "lost": 0},
        "processing": {"finished": 2, "failed": 0},
        "results": 30,
        "duplicates": 0,
        "redelivered": 1,
        "histograms": {"products": 177, "hits": 100, "hits_in_files": 100, "equal": True},
        "quality": {"drich": "good"},
        "latency_s": {"egress_to_plot": {"p50": 1.0, "max": None}},
        "monitor_url": f"http://x/runs/{run}/",
        **more,
    }


def test_counts_are_sums_and_the_worst_counts() -> None:
    worse = summary(
        100_011,
        sequence_gaps={"100011.main": [2, 3]},
        quality={"drich": "bad", "btof": "null"},
        latency_s={"egress_to_plot": {"p50": 0.5, "max": 3.0}},
        histograms={"products": 160, "hits": 7, "hits_in_files": 8, "equal": False},
    )
    both = combined([summary(100_010), worse], http_calls=20)
    assert (both["run_id"], both["runs"], both["monitor_url"]) == (
        100_010,
        [100_010, 100_011],
        "http://x/runs/100010/",
    )
    assert (both["stf_count"], both["results"], both["redelivered"]) == (4, 60, 2)
    assert both["sequence_gaps"] == {"100011.main": [2, 3]}
    assert both["slices"] == {"created": 60, "completed": 58, "failed": 2, "lost": 0}
    assert both["histograms"] == {"products": 177, "hits": 107, "hits_in_files": 108, "equal": False}
    assert both["quality"] == {"drich": "bad", "btof": "null"}
    assert both["latency_s"] == {"egress_to_plot": {"p50": 1.0, "max": 3.0}}
    assert both["http_calls_per_stf"] == 5.0


def test_one_run_is_as_it_was() -> None:
    alone = combined([summary(100_010)])
    assert alone == {**summary(100_010), "runs": [100_010], "http_calls_per_stf": None}


@pytest.mark.parametrize(
    ("way", "runs"),
    [
        ("", 1),
        ("no_beam/not_ready calib/not_ready", 0),
        ("no_beam/not_ready beam/not_ready no_beam/not_ready beam/not_ready", 2),
        ("no_beam/not_ready beam/not_ready beam/ready run/physics run/standby run/physics beam/not_ready", 1),
        (
            "no_beam/not_ready beam/not_ready beam/ready run/physics beam/not_ready beam/ready run/physics "
            "beam/not_ready no_beam/not_ready beam/not_ready",
            3,
        ),
    ],
)
def test_the_runs_of_a_schedule_are_counted_beforehand(way: str, runs: int) -> None:
    pairs = [pair.split("/") for pair in way.split()]
    steps = [{"state": state, "substate": substate, "span": 1} for state, substate in pairs]
    assert runs_in(DaqStateMachine.model_validate({"schedule": steps})) == runs

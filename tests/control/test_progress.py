"""Progress of a run: what is told by events and by counts is one and the same."""

from hypothesis import given
from hypothesis import strategies as st

from swf_testbed.control.progress import Progress
from swf_testbed.monitor_client import Event
from swf_testbed.records import RunSummary
from swf_testbed.records.results import HistogramCounts, Latency, Percentiles, SliceCounts


def summary(registered: int) -> RunSummary:
    none = Percentiles()
    return RunSummary(
        run_number=7,
        namespace="n",
        execution_id=None,
        phase="physics",
        start_time=None,
        end_time=None,
        total_stf_files=None,
        stf_count=registered,
        stf_registered=registered,
        tf_files=0,
        slices=SliceCounts(),
        results=0,
        duplicates=0,
        histograms=HistogramCounts(),
        quality={},
        latency_s=Latency(egress_to_result=none, egress_to_plot=none, stages={}),
    )


@given(st.permutations(["event"] * 4 + ["count"] * 3))
def test_an_stf_that_is_counted_before_its_event_comes_is_one(order: list[str]) -> None:
    """The monitor's count is of all four at once, whenever it comes between the events."""
    progress = Progress()
    for what in order:
        if what == "event":
            progress = progress.heard(Event(1, "stf_gen", {}))
        else:
            progress = progress.counted([summary(4)])
        assert progress.stf_written <= 4
    assert progress.stf_written == 4

"""Histograms for notebooks, from a real monitor: now, and live."""

import threading
from collections.abc import Iterator

import hist
import numpy as np
import pytest
from monitor_instance import Instance

from swf_testbed.client import Monitor
from swf_testbed.fastmon.counts import Axis
from swf_testbed.fastmon.uhi_codec import to_uhi
from swf_testbed.messages import HistogramsUpdated
from swf_testbed.model.clock import now
from swf_testbed.model.errors import BadInput, NotFound, Unavailable
from swf_testbed.model.status import Quality
from swf_testbed.monitor_client import MonitorClient
from swf_testbed.records import Histogram, Run, RunResults, stf_part

AXIS = Axis("ADC", "counts", 256, 0, 1024)


@pytest.fixture
def monitor(instance: Instance) -> Iterator[Monitor]:
    with Monitor(instance.url) as opened:
        yield opened


def count(client: MonitorClient, instance: Instance, run: int, hits: int, revision: int) -> None:
    """Merge so many hits into the ADC spectrum of BIC SciFi, and say it as the merger does."""
    values = np.zeros(257, np.int64)
    values[10] = hits
    content = to_uhi("adc", "BIC SciFi: ADC spectrum", AXIS, values)
    histogram = Histogram(run_number=run, subsystem="bic_scifi", name="adc", content=content)
    step = {"run_number": run, "expected_revision": revision, "parts": (stf_part(f"swf.{revision}.stf"),)}
    client.post_results(RunResults.model_validate(step | {"histograms": (histogram,)}))
    said = {"namespace": "notebooks", "sender": "merger-t-1", "run_id": run, "revision": revision + 1}
    more = {"slices": 1, "tfs": 1, "latency_s": None, "products": {"bic_scifi": ["adc"]}}
    with instance.bus() as bus:
        bus.publish(HistogramsUpdated.model_validate({**said, **more}))


@pytest.fixture
def run(client: MonitorClient, instance: Instance, run_number: int) -> int:
    client.upsert([Run(run_number=run_number, namespace=f"notebook-{run_number}", start_time=now())])
    count(client, instance, run_number, 100, 0)
    return run_number


@pytest.mark.parametrize("subsystem", ["BIC SciFi", "bic_scifi", "bic scifi"])
def test_a_histogram_in_three_lines(monitor: Monitor, run: int, subsystem: str) -> None:
    found = monitor.run(run).histogram(subsystem, "adc")
    assert isinstance(found, hist.Hist)
    assert found.sum() == 100
    assert found.axes[0].edges[-1] == 1024
    assert found.axes[0].label == "ADC"
    assert found.values()[10] == 100


def test_the_newest_run_of_a_namespace(monitor: Monitor, run: int) -> None:
    namespace = f"notebook-{run}"
    assert monitor.run(namespace=namespace).number == run
    assert monitor.runs(namespace=namespace) == [run]


def test_what_there_is(monitor: Monitor, run: int) -> None:
    found = monitor.run(run)
    assert found.names("BIC SciFi") == ["adc"]
    assert {name: one.sum() for name, one in found.histograms("BIC SciFi").items()} == {"adc": 100}
    assert found.overview().quality is Quality.NULL


def test_it_is_followed_until_the_run_is_over(
    monitor: Monitor, client: MonitorClient, instance: Instance, run: int
) -> None:
    seen: list[float] = []
    news = threading.Condition()

    def follow() -> None:
        for found in monitor.run(run).follow("BIC SciFi", "adc"):
            with news:
                seen.append(found.sum())
                news.notify_all()

    def wait_for(hits: int) -> None:
        with news:
            assert news.wait_for(lambda: hits in seen, 60), f"{hits} in {seen}"

    following = threading.Thread(target=follow, daemon=True)
    following.start()
    wait_for(100)
    count(client, instance, run, 250, 1)
    wait_for(250)
    client.upsert([Run(run_number=run, end_time=now())])
    count(client, instance, run, 300, 2)
    following.join(60)
    assert not following.is_alive()
    assert seen == sorted(seen)
    assert seen[-1] == 300


def test_what_is_not_there_is_said(monitor: Monitor, run: int) -> None:
    with pytest.raises(BadInput, match="subsystem"):
        monitor.run(run).histogram("dRITCH", "adc")
    with pytest.raises(NotFound, match="'pedestal' of bic_scifi; there is adc"):
        monitor.run(run).histogram("bic_scifi", "pedestal")
    with pytest.raises(NotFound, match="nothing yet"):
        monitor.run(run).histogram("drich", "adc")
    with pytest.raises(NotFound, match="there is no run 4000000"):
        monitor.run(4_000_000)


def test_a_monitor_that_is_away_is_said() -> None:
    with Monitor("http://127.0.0.1:1", patience_s=0) as away, pytest.raises(Unavailable):
        away.run()

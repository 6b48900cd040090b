"""A run with judgements, windows, figures of STFs and alarms, for the pages of fast monitoring."""

from datetime import timedelta

import numpy as np
from live_monitor import Monitor

from swf_testbed.fastmon.codec import encode
from swf_testbed.fastmon.counts import Axis, Counts, ProductKey, ProductSet
from swf_testbed.fastmon.uhi_codec import to_uhi
from swf_testbed.model.clock import iso, now
from swf_testbed.model.detectors import detector, detectors

WHY = "unit 17 has no hits where 212 are expected"


def fill_shift(monitor: Monitor, run: int, namespace: str) -> None:
    """A run in physics of that namespace, with dRICH bad, barrel TOF medium, and everything else good."""
    monitor.add_run(run, namespace=namespace)
    judge(monitor, run, {"drich": ("bad", WHY), "btof": ("medium", "rate 8 % below the reference")})
    count(monitor, run, "drich", "adc", 20_000)
    count(monitor, run, "btof", "adc", 10_000)
    add_window(monitor, run, "30s", 5_000)
    add_window(monitor, run, "stf", 400)
    figures = [
        {
            "run_number": run,
            "stf_filename": f"swf.{run}.{number:06d}.stf",
            "since": iso(now() - timedelta(seconds=60 - number)),
            "sequence": number,
            "frames": 1000,
            "values": {"drich": {"hits": 300.0 + number, "bytes": 2400.0 + 3 * number}},
        }
        for number in range(1, 20)
    ]
    monitor.post("stf-figures", figures)
    alarm = {"severity": "error", "subject": "quality:dRICH", "text": WHY, "namespace": namespace}
    monitor.post("alarms", alarm)


def judge(monitor: Monitor, run: int, wrong: dict[str, tuple[str, str]]) -> None:
    """Let the check of occupancy judge every subsystem: good, where nothing is said."""
    flags = []
    for one in detectors():
        quality, reason = wrong.get(one.name, ("good", ""))
        flags.append(
            {
                "run_number": run,
                "subsystem": one.name,
                "check": "occupancy",
                "histogram": "unit_occupancy",
                "since": iso(now() - timedelta(seconds=5)),
                "quality": quality,
                "reason": reason,
                "part": "unit 17" if reason == WHY else "",
            }
        )
    monitor.post("quality-flags", flags)


def count(monitor: Monitor, run: int, subsystem: str, name: str, hits: int) -> None:
    """A step of merging."""
    values = np.zeros(257, np.int64)
    values[20:220] = hits // 200
    axis = Axis("ADC", "counts", 256, 0, 1024)
    title = detector(subsystem).title
    content = to_uhi(name, f"{title}: ADC spectrum", axis, values, subsystem=subsystem, quantity="hits")
    histogram = {"run_number": run, "subsystem": subsystem, "name": name, "content": content}
    revision = monitor.revision.get(run, 0)
    results = {"run_number": run, "expected_revision": revision, "histograms": [histogram]}
    monitor.post("run-results", results | {"parts": [f"stf:shift.{run}.{revision:06d}.stf"]})
    monitor.revision[run] = revision + 1
    monitor.say("histograms_updated", run, revision=revision + 1, products={subsystem: [name]})


def add_window(monitor: Monitor, run: int, window: str, hits: int) -> None:
    """A window of dRICH: an ADC spectrum, and hits of every hundredth channel."""
    spectrum = np.zeros(257, np.int64)
    spectrum[30:130] = hits // 100
    where = np.arange(0, detector("drich").channels, 100)
    channels = Counts(np.full(len(where), 3, np.int64), where)
    counts = {
        ProductKey("drich", "adc"): Counts(spectrum),
        ProductKey("drich", "channel_occupancy"): channels,
    }
    said = {"run_number": run, "window": window, "stfs": 1, "frames": 70, "revision": 1}
    monitor.post("windows", said | {"content": encode(ProductSet(70, counts))})

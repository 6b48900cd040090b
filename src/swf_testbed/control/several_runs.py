"""The summaries of an execution's runs, as one."""

from collections.abc import Sequence
from typing import Any

from swf_testbed.model.status import Quality

_SUMMED = ("stf_count", "stf_registered", "tf_files", "results", "duplicates", "redelivered")


_FROM_BEST = [quality.value for quality in (Quality.GOOD, Quality.NULL, Quality.MEDIUM, Quality.BAD)]


def combined(runs: Sequence[dict[str, Any]], http_calls: float | None = None) -> dict[str, Any]:
    """The document of an execution from those of its runs.

    Counts are sums, of latencies the worst counts; `run_id` and `monitor_url` are of the first run, `runs`
    the numbers of all.

    Args:
        runs: a `summary_document` each; at least one.
        http_calls: requests of the testbed's programs to the monitor while the execution went on.
    """
    registered = sum(run["stf_registered"] for run in runs)
    return {
        **runs[0],
        "runs": [run["run_id"] for run in runs],
        **{name: sum(run[name] for run in runs) for name in _SUMMED},
        "sequence_gaps": {what: gap for run in runs for what, gap in run["sequence_gaps"].items()},
        "slices": _added([run["slices"] for run in runs]),
        "processing": _added([run["processing"] for run in runs]),
        "histograms": {
            "products": max(run["histograms"]["products"] for run in runs),
            "hits": sum(run["histograms"]["hits"] for run in runs),
            "hits_in_files": sum(run["histograms"]["hits_in_files"] for run in runs),
            "equal": all(run["histograms"]["equal"] for run in runs),
        },
        "quality": _worst_qualities([run["quality"] for run in runs]),
        "latency_s": {
            path: {name: _worst([run["latency_s"][path][name] for run in runs]) for name in percentiles}
            for path, percentiles in runs[0]["latency_s"].items()
        },
        "http_calls_per_stf": round(http_calls / registered, 2) if http_calls and registered else None,
    }


def _added(counts: Sequence[dict[str, int]]) -> dict[str, int]:
    names = dict.fromkeys(name for one in counts for name in one)
    return {name: sum(one.get(name, 0) for one in counts) for name in names}


def _worst_qualities(runs: Sequence[dict[str, str]]) -> dict[str, str]:
    subsystems = dict.fromkeys(name for run in runs for name in run)
    return {
        name: max((run[name] for run in runs if name in run), key=_FROM_BEST.index) for name in subsystems
    }


def _worst(values: Sequence[float | None]) -> float | None:
    return max((value for value in values if value is not None), default=None)

"""Histograms of a run's newest data: taken out of the windows that the merger keeps up to date."""

from functools import lru_cache
from typing import Any

from swf_testbed.fastmon.codec import decode
from swf_testbed.fastmon.counts import ProductKey
from swf_testbed.fastmon.merging import RunHistograms
from swf_testbed.fastmon.presentation import present
from swf_testbed.model.errors import BadInput, NotFound, one_of
from swf_testbed.monitor.services.rows import Row
from swf_testbed.monitor.store.models import Window

PROMPT = "prompt"
WINDOWS = ("stf", "30s", PROMPT)
"""Of one STF, of the last 30 s, and of all frames of all STFs, which prompt processing fills; what is sampled
of the whole run are its histograms."""


def histogram(run_number: int, window: str, subsystem: str, name: str) -> Row:
    """A histogram of a window, in the form of the run's own; `NotFound` if there is none."""
    rows = Window.objects.filter(run=run_number, window=window)
    found = rows.values("revision", "stfs", "frames", "since", "until").first()
    document = (
        _documents(run_number, window, found["revision"]).get(ProductKey(subsystem, name)) if found else None
    )
    if found is None or document is None:
        raise NotFound(f"run {run_number} has no histogram {subsystem}/{name} of the window {window!r}")
    return {
        "run_number": run_number,
        "subsystem": subsystem,
        "name": name,
        "content": document,
        "revision": found["revision"],
        "tfs": found["frames"],
    }


def documents(run_number: int, window: str) -> dict[ProductKey, dict[str, Any]]:
    """All histograms of a window; none if there is no such window yet."""
    revision = Window.objects.filter(run=run_number, window=window).values_list("revision", flat=True).first()
    return {} if revision is None else _documents(run_number, window, revision)


def counts(run_number: int, window: str) -> RunHistograms | None:
    """What a window counts, channel by channel; None if there is no such window yet."""
    row = Window.objects.filter(run=run_number, window=window).first()
    try:
        return None if row is None else RunHistograms(decode(row.content))
    except BadInput:
        return None


@lru_cache(maxsize=16)
def _documents(run_number: int, window: str, revision: int) -> dict[ProductKey, dict[str, Any]]:
    """All of a window, which changes only with the revision."""
    del revision
    row = Window.objects.get(run=run_number, window=window)
    return documents_of(row.content)


def documents_of(content: dict[str, Any]) -> dict[ProductKey, dict[str, Any]]:
    """UHI documents of products in the form of `fastmon.codec`; none of what is not."""
    try:
        counted = RunHistograms(decode(content))
    except BadInput:
        return {}
    return present(counted, counted.keys())


def of_key(key: str, window: str) -> Row:
    """The same, by the key of a histogram in a path; `BadInput` for a window that there is not."""
    if window not in WINDOWS:
        raise BadInput("window", window, one_of(("run", *WINDOWS)))
    run_number, _, rest = key.partition("/")
    subsystem, _, name = rest.partition("/")
    if not (run_number.isascii() and run_number.isdigit() and len(run_number) <= 10):
        raise NotFound(f"histograms {key} does not exist; the key is run_number/subsystem/name")
    return histogram(int(run_number), window, subsystem, name)

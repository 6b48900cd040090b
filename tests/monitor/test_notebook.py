"""The notebook of the tutorial, run in a kernel of its own against a real monitor with a run that goes on."""

import os
import threading
from pathlib import Path
from unittest import mock

import nbclient
import nbformat
import numpy as np
from monitor_instance import Instance

from swf_testbed.fastmon.counts import Axis
from swf_testbed.fastmon.uhi_codec import to_uhi
from swf_testbed.messages import HistogramsUpdated
from swf_testbed.model.clock import now
from swf_testbed.model.detectors import detector
from swf_testbed.monitor_client import MonitorClient
from swf_testbed.records import Histogram, Run, RunResults, stf_part

NOTEBOOK = Path(__file__).parents[2] / "docs" / "tutorials" / "histograms-in-a-notebook.ipynb"
SUBSYSTEMS = ("bic_scifi", "drich", "btof")
STEP_S = 0.5


def merge(client: MonitorClient, instance: Instance, run: int, revision: int) -> None:
    """A step of merging, and its message."""
    histograms = []
    for name in SUBSYSTEMS:
        values = np.zeros(257, np.int64)
        values[10:110] = 10 * (revision + 1)
        axis = Axis("ADC", "counts", 256, 0, detector(name).adc_end)
        content = to_uhi("adc", "ADC spectrum", axis, values)
        histograms.append(Histogram(run_number=run, subsystem=name, name="adc", content=content))
    step = {
        "run_number": run,
        "expected_revision": revision,
        "parts": (stf_part(f"swf.{run}.{revision}.stf"),),
    }
    client.post_results(RunResults.model_validate(step | {"histograms": tuple(histograms)}))
    said = {"namespace": "notebooks", "sender": "merger-t-1", "run_id": run, "revision": revision + 1}
    more = {"slices": 1, "tfs": 1, "latency_s": None, "products": {name: ["adc"] for name in SUBSYSTEMS}}
    with instance.bus() as bus:
        bus.publish(HistogramsUpdated.model_validate({**said, **more}))


def test_every_cell_of_the_notebook_runs(instance: Instance, client: MonitorClient, run_number: int) -> None:
    # The newest run of all: that of the tests beside it have lower numbers.
    client.upsert([Run(run_number=2_000_000 + run_number, start_time=now())])
    merge(client, instance, 2_000_000 + run_number, 0)
    done = threading.Event()

    def go_on() -> None:
        revision = 0
        while not done.wait(STEP_S):
            revision += 1
            merge(client, instance, 2_000_000 + run_number, revision)

    merging = threading.Thread(target=go_on)
    notebook = nbformat.reads(NOTEBOOK.read_text("utf-8"), as_version=4)  # type: ignore[no-untyped-call]
    own = {"SWF_MONITOR_HTTP_URL": instance.url, "SWF_HOME": str(instance.home)}
    merging.start()
    try:
        with mock.patch.dict(os.environ, own):
            nbclient.NotebookClient(notebook, timeout=90, startup_timeout=90).execute()
    finally:
        done.set()
        merging.join(60)
        client.upsert([Run(run_number=2_000_000 + run_number, end_time=now())])
    drawn = notebook.cells[1]["outputs"][0]["data"]
    assert "<svg" in drawn["text/html"]
    printed = notebook.cells[7]["outputs"][0]["text"]
    assert "BIC SciFi" in printed
    assert "counts" in printed
    seen = notebook.cells[9]["outputs"][0]["data"]["text/plain"]
    assert len(seen.strip("[]").split(",")) == 3

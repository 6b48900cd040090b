"""What whole STFs gave: kept on disk file by file, and as one sum of the run in the monitor."""

import json
import os
from pathlib import Path

from swf_testbed.adapters.production import StfJob
from swf_testbed.fastmon.codec import decode, encode
from swf_testbed.fastmon.merging import RunHistograms
from swf_testbed.monitor_client import MonitorClient
from swf_testbed.payloads import Outcome
from swf_testbed.records import Window

WINDOW = "prompt"
"""The window of a run's histograms that prompt processing fills: all frames of all STFs."""


class Results:
    """The results of jobs; the files are the truth, the sum follows from them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, job: StfJob, outcome: Outcome) -> tuple[str, ...]:
        """Write a job's result, whole or not at all; its URL."""
        path = self._folder / str(job.run_number) / f"{job.filename}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        said = {"result": outcome.result, "histograms": outcome.histograms, "seconds": outcome.seconds}
        with part.open("w", encoding="utf-8") as file:
            json.dump(said, file)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
        return (path.absolute().as_uri(),)

    def sum_of(self, run_number: int) -> tuple[RunHistograms, int]:
        """All of a run's files added up, and how many had histograms."""
        total = RunHistograms()
        for path in sorted((self._folder / str(run_number)).glob("*.json")):
            if (document := json.loads(path.read_text("utf-8")).get("histograms")) is not None:
                total.add(path.stem, decode(document))
        return total, len(total.parts)

    def tell(self, monitor: MonitorClient, run_number: int) -> None:
        """Store the sum with the monitor, if there is any."""
        total, stfs = self.sum_of(run_number)
        if stfs:
            window = Window(
                run_number=run_number,
                window=WINDOW,
                stfs=stfs,
                frames=total.frames,
                revision=stfs,
                content=encode(total.saved()),
            )
            monitor.upsert([window])

"""Workers that another system brings: nothing is started here."""

from collections.abc import Sequence

from swf_testbed.adapters.pool.protocol import Handle, JobStatus, WorkerSpec
from swf_testbed.model.errors import Refused


class ElsewhereEngine:
    """Starts nothing, and so has nothing to look after; the other system is asked by messages."""

    name = "transformer"

    def probe(self) -> str:
        """There is nothing that could answer."""
        return "another system brings the workers"

    def launch(self, pool_id: str, numbers: Sequence[int], spec: WorkerSpec) -> list[Handle]:
        """Never."""
        raise Refused(f"{self.probe()}: no worker of {pool_id} is started here")

    def status(self, handles: Sequence[Handle]) -> list[JobStatus]:
        """Of nothing."""
        return []

    def stop(self, handles: Sequence[Handle], grace_s: float) -> None:
        """Nothing."""

    def adopt(self, pool_id: str) -> list[Handle]:
        """Nothing."""
        return []

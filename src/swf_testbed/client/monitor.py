"""The monitor as a notebook sees it."""

from typing import Self

from swf_testbed.client.runs import RunHistograms
from swf_testbed.config.environment import settings
from swf_testbed.monitor_client import MonitorClient
from swf_testbed.records import Run


class Monitor:
    """A monitor, whose runs have histograms.

    Everything raises `Unavailable` when the monitor does not answer, `NotFound` for what is not there, and
    `BadInput` for what cannot be meant.

    Args:
        url: like `https://swf.example.org/swf-monitor`; default: `SWF_MONITOR_HTTP_URL`.
        token: for a monitor that does not let everybody read; default: `SWF_API_TOKEN`, and at this machine's
            own testbed the token that it made.
        patience_s: how long to try again while the monitor is away, s.
    """

    def __init__(self, url: str | None = None, token: str | None = None, patience_s: float = 5.0) -> None:
        environment = settings()
        self.url = (url or environment.swf_monitor_http_url).rstrip("/")
        if token is None:
            token = environment.token_for(self.url)
        self._client = MonitorClient(self.url, token, "swf/notebook", patience_s)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def run(self, number: int | None = None, *, namespace: str | None = None) -> RunHistograms:
        """A run by its number; without one the newest that goes on, of a namespace or of all."""
        seen = self._client.overview(number, namespace)
        return RunHistograms(self._client, seen.run_number)

    def runs(self, *, namespace: str | None = None, most: int = 20) -> list[int]:
        """The numbers of the newest runs, the newest first."""
        page = self._client.page(Run, limit=most, ordering="-run_number", namespace=namespace)
        return [run.run_number for run in page.results]

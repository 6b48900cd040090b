"""Every page on a database that has run for long: median time and number of queries, against their limits.

    python benchmarks/pages.py [--scale 1] [--rounds 5] [--only NAME ...] [--queries-only] [--home FOLDER]

A scratch SQLite database gets 200 000 messages, 100 000 logs, 50 000 slices and 2 000 STFs; each page is then
made for a logged-in user, in this process, with everything but the network. The exit status is 1 when the
median of a page is above 300 ms, when it asks the database more than 12 times, or when it is no page. Beside
the time stands the processor's, which says what a page costs where the machine is busy with other things.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from figures import Figure, tell

LIMIT_MS = 300.0
LIMIT_QUERIES = 12

PAGES = {
    "hub": "/",
    "hub of a namespace": "/?namespace={namespace}",
    "run": "/runs/{run}/",
    "run in progress": "/runs/{live_run}/",
    "run, what moves": "/runs/{live_run}/?part=live",
    "run, marked": "/runs/{run}/verdict/",
    "run, sampling": "/runs/{run}/sampling/",
    "run, data": "/runs/{run}/data/",
    "run, missing data": "/runs/{run}/data/?show=missing",
    "run, every STF": "/runs/{run}/timeline.json",
    "runs": "/runs/",
    "runs of a phase": "/runs/?phase=completed",
    "stfs": "/stfs/",
    "stfs of a run": "/stfs/?run={run}",
    "stfs, searched": "/stfs/?q=0004",
    "samples": "/samples/",
    "samples of a run": "/samples/?run_number={run}",
    "slices": "/slices/",
    "slices of a run": "/slices/?run_number={run}",
    "slices that failed": "/slices/?status=failed",
    "slices, by time done": "/slices/?ordering=-completed_at",
    "slices, the last page": "/slices/?page={slice_pages}",
    "slices, searched": "/slices/?q=worker-100012",
    "workers": "/workers/",
    "stages": "/stages/",
    "pool": "/pool/",
    "pool of a namespace": "/pool/?namespace={namespace}",
    "definitions": "/definitions/",
    "executions": "/executions/",
    "namespaces": "/namespaces/",
    "agents": "/agents/",
    "messages": "/messages/",
    "messages, the last page": "/messages/?page={message_pages}",
    "messages, in the middle": "/messages/?page={middle}",
    "messages of a run": "/messages/?run_number={run}",
    "messages of a type": "/messages/?message_type=stf_ready",
    "messages of two types in one": "/messages/?message_type=slice&message_type=stf_gen&namespace=alice",
    "messages of eight hours": "/messages/?start_time={hours_ago}",
    "messages, by sender": "/messages/?ordering=sender_agent",
    "messages, searched": "/messages/?q=swf.100029",
    "messages, searched for nothing": "/messages/?q=nowhere",
    "logs": "/logs/",
    "logs, errors": "/logs/?levelname=ERROR",
    "logs of a run": "/logs/?run_number={run}",
    "logs, searched": "/logs/?q=.001234",
    "logs, searched for nothing": "/logs/?q=nowhere",
    "logs, the oldest first": "/logs/?ordering=timestamp",
    "logs, by module": "/logs/?ordering=module",
    "logs, the last page": "/logs/?page={log_pages}",
    "log summary": "/logs/summary/",
    "log summary of a run": "/logs/summary/?run_number={run}",
    "subscribers": "/subscribers/",
    "alarms": "/alarms/",
    "quality": "/quality/",
    "states": "/states/",
    "copies": "/copies/",
    "datasets": "/datasets/",
    "dataset": "/datasets/{dataset}/",
    "shift": "/shift/?run={run}",
    "shift, a subsystem": "/shift/drich/?run={run}",
    "trends": "/trends/?subsystem=drich",
    "trends, whole runs": "/trends/",
    "compare": "/compare/?of={run}+{live_run}&subsystem=drich",
    "layouts": "/layouts/",
    "layout, unnamed": "/layouts/unnamed/?run={run}&cells=drich.adc",
    "wall": "/wall/?run={run}&show=drich",
    "stf": "/stfs/{stf}/",
    "sample": "/samples/{sample}/",
    "slice": "/slices/{slice}/",
    "worker": "/workers/{worker}/",
    "definition": "/definitions/{definition}/",
    "execution": "/executions/{execution}/",
    "namespace": "/namespaces/{namespace}/",
    "agent": "/agents/{agent}/",
    "message": "/messages/{message}/",
    "message, the cause of most": "/messages/{cause}/",
    "message, new plots": "/messages/{plots}/",
    "log": "/logs/{log}/",
    "subscriber": "/subscribers/{subscriber}/",
    "alarm": "/alarms/{alarm}/",
    "raise an alarm": "/alarms/raise/",
    "replay, to choose": "/replay/",
    "replay": "/replay/{run}/",
    "replay, its events": "/replay/{run}/events/",
    "timeline": "/runs/{run}/timeline.json",
    "system": "/system/",
    "repair": "/system/repair/",
    "tokens": "/account/tokens/",
}
"""Addresses by what they show; in braces what `page_rows.names` tells."""


class Measured(NamedTuple):
    """One page: how long it took, ms, and how often it asked the database."""

    status: int
    median_ms: float
    processor_ms: float
    queries: int
    bytes: int


@contextmanager
def scratch(kept: Path | None) -> Iterator[None]:
    """A database of its own, empty or as it was kept, and Django set up on it."""
    with tempfile.TemporaryDirectory(prefix="swf-pages-") as passing:
        home = str(kept or passing)
        os.environ |= {"SWF_HOME": home, "SWF_MODE": "embedded", "SWF_LOG_LEVEL": "ERROR"}
        from swf_testbed.config.environment import load_settings
        from swf_testbed.monitor.startup import prepare

        prepare(load_settings(os.environ))
        yield


class Browser:
    """A logged-in user, without a network."""

    def __init__(self) -> None:
        from django.contrib.auth.models import User
        from django.test import Client

        self._client = Client(HTTP_HOST="localhost", raise_request_exception=False)
        user, _ = User.objects.update_or_create(username="alice", defaults={"is_staff": True})
        self._client.force_login(user)

    def measure(self, address: str, rounds: int) -> Measured:
        """Get a page once to count, and then so many times."""
        from django.db import connection

        asked: list[str] = []

        def count(execute: Any, sql: str, *rest: Any) -> Any:
            asked.append(sql)
            return execute(sql, *rest)

        with connection.execute_wrapper(count):
            answer = self._client.get(address)
        times, busy = [], []
        for _ in range(rounds):
            begin, before = time.perf_counter(), time.process_time()
            self._client.get(address)
            times.append(1000 * (time.perf_counter() - begin))
            busy.append(1000 * (time.process_time() - before))
        medians = [statistics.median(all_) if all_ else 0.0 for all_ in (times, busy)]
        return Measured(answer.status_code, *medians, len(asked), len(answer.content))


def arguments() -> argparse.Namespace:
    """What was said."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--scale", type=float, default=1.0, help="part of the rows")
    parser.add_argument("--rounds", type=int, default=5, help="times that each page is made")
    parser.add_argument("--only", nargs="*", metavar="NAME", help="pages whose names begin so")
    parser.add_argument("--queries-only", action="store_true", help="no times: only queries are judged")
    parser.add_argument("--home", type=Path, help="a folder where the database is kept for the next time")
    return parser.parse_args()


def main() -> int:
    """Print a line a page; 1 if any is above a limit."""
    said = arguments()
    with scratch(said.home):
        from datetime import timedelta

        from page_rows import History, Sizes, names

        from swf_testbed.model.clock import iso, now
        from swf_testbed.monitor.store.models import Run

        sizes, begin = Sizes().scaled(said.scale), time.perf_counter()
        if not Run.objects.exists():
            History(sizes).store()
        print(f"{sizes}, there after {time.perf_counter() - begin:.0f} s", flush=True)
        known = names(sizes) | {"hours_ago": iso(now() - timedelta(hours=8)).replace("+00:00", "Z")}
        browser, failed, slowest, most = Browser(), 0, 0.0, 0
        print(f"{'page':<40}{'median ms':>10}{'processor':>11}{'queries':>9}{'kB':>7}")
        for name, address in PAGES.items():
            if said.only and not name.startswith(tuple(said.only)):
                continue
            found = browser.measure(address.format(**known), 0 if said.queries_only else said.rounds)
            good = found.status == 200 and found.median_ms <= LIMIT_MS and found.queries <= LIMIT_QUERIES
            note = "" if good else f"  above a limit (status {found.status})"
            failed += not good
            slowest = max(slowest, found.median_ms)
            most = max(most, found.queries)
            times = f"{found.median_ms:>10.0f}{found.processor_ms:>11.0f}"
            print(f"{name:<40}{times}{found.queries:>9}{found.bytes / 1000:>7.0f}{note}", flush=True)
    print(f"pages above a limit: {failed}")
    tell(
        Figure("slowest page, median", slowest, "ms", "limit", LIMIT_MS, bound=1),
        Figure("most queries of a page", most, "queries", "limit", LIMIT_QUERIES, bound=1),
    )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

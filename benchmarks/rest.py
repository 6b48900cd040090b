"""REST beside the raw ORM, on SQLite and on PostgreSQL: `python benchmarks/rest.py [--seconds S]`.

Single POSTs, rows in bulks of 100, and lists of 100, of STF files, over HTTP to a web server in a process of
its own; beside each the same done by Django's ORM in one process, on the same database. The two take turns,
and the best round of each counts. The ORM checks nothing, merges nothing and answers nothing: the ratio is
what that costs. PostgreSQL is left out where it is not installed.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import httpx
from bench.served import served
from figures import Figure, tell

from swf_test_servers import Absent, Postgres

BULK = 100
ROUNDS = 3
WORK = ("single rows", "rows in bulks of 100", "lists of 100")


def files(numbers: Iterator[int], rows: int) -> list[dict[str, Any]]:
    """STF files of a run, as a data agent registers them."""
    return [
        {
            "stf_filename": f"swf.100010.{number:09d}.stf",
            "run": 100010,
            "sequence": number,
            "file_url": f"file:///data/exit-buffer/100010/swf.100010.{number:09d}.stf",
            "file_size_bytes": 2_000_000_000,
            "checksum": "ad:0a1b2c3d",
            "status": "registered",
            "daq_state": "run",
            "daq_substate": "physics",
            "tf_first": 1000 * number,
            "tf_count": 1000,
            "metadata": {"sender": "data-agent-alice-1"},
        }
        for number, _ in zip(numbers, range(rows), strict=False)
    ]


def rate(work: Callable[[], object], units: int, seconds: float) -> float:
    """Units of work a second."""
    work()
    begin, done = time.perf_counter(), 0
    while (passed := time.perf_counter() - begin) < seconds:
        work()
        done += units
    return done / passed


def over_rest(url: str, token: str, seconds: float, first: int) -> list[float]:
    """The rates over HTTP, on one connection."""
    numbers = count(first)
    with httpx.Client(
        base_url=f"{url}/api", headers={"Authorization": f"Token {token}"}, trust_env=False, timeout=60
    ) as client:

        def post(rows: int) -> None:
            said = files(numbers, rows)
            client.post("/stf-files/", json=said if rows > 1 else said[0]).raise_for_status()

        return [
            rate(lambda: post(1), 1, seconds),
            rate(lambda: post(BULK), BULK, seconds),
            rate(lambda: client.get("/stf-files/", params={"run": 100010}).raise_for_status(), 1, seconds),
        ]


def by_orm(seconds: float, first: int) -> list[float]:
    """The rates of the ORM, in this process."""
    from swf_testbed.monitor.startup import set_up_django

    set_up_django()
    from django.db import transaction

    from swf_testbed.model.names import derived_id
    from swf_testbed.monitor.store.models import StfFile

    numbers = count(first)

    def objects(rows: int) -> list[StfFile]:
        said = [(file.pop("run"), file) for file in files(numbers, rows)]
        return [
            StfFile(run_id=run, file_id=derived_id("stf-file", str(file["stf_filename"])), **file)
            for run, file in said
        ]

    def bulk() -> None:
        with transaction.atomic():
            StfFile.objects.bulk_create(objects(BULK))

    return [
        rate(lambda: objects(1)[0].save(force_insert=True), 1, seconds),
        rate(bulk, BULK, seconds),
        rate(lambda: list(StfFile.objects.filter(run=100010)[:BULK].values()), 1, seconds),
    ]


def measure(name: str, database: dict[str, str], seconds: float) -> None:
    """Print a line for each kind of work."""
    with (
        tempfile.TemporaryDirectory() as home,
        served(Path(home), database) as (environment, url, token, _),
    ):
        command = [sys.executable, __file__, "--orm", "--seconds", str(seconds)]
        rest: list[list[float]] = []
        orm: list[list[float]] = []
        for begin in range(ROUNDS):
            rest.append(over_rest(url, token, seconds, first=1 + begin * 10**7))
            first = str((begin + 10) * 10**7)
            orm.append(json.loads(subprocess.check_output([*command, "--first", first], env=environment)))
    for i, work in enumerate(WORK):
        ours, raw = max(figures[i] for figures in rest), max(figures[i] for figures in orm)
        # Asked is that bulk is within a factor 3 of the bare ORM's.
        bound = 1 / 3 if "bulk" in work else None
        tell(Figure(f"{name}, {work} over REST", ours, "rows/s", "bare ORM", raw, "higher", bound))


def main() -> None:
    """Measure on each database there is."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=2.0, help="for each figure of each round")
    parser.add_argument("--orm", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--first", type=int, default=1, help=argparse.SUPPRESS)
    said = parser.parse_args()
    if said.orm:
        print(json.dumps(by_orm(said.seconds, said.first)))
        return
    measure("SQLite", {"SWF_MODE": "embedded"}, said.seconds)
    try:
        with Postgres(durable=True) as server:
            measure("PostgreSQL", server.new_database(), said.seconds)
    except Absent as absent:
        print(absent)


if __name__ == "__main__":
    main()

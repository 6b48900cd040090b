"""The commands `pool ...`."""

from collections.abc import Iterator
from typing import Any

import typer

from swf_testbed.cli.console import AsJson, show, show_json, show_table
from swf_testbed.config.environment import settings
from swf_testbed.config.instance import instance_namespace
from swf_testbed.control.pool_status import pools
from swf_testbed.control.readiness import open_monitor
from swf_testbed.model.clock import iso

app = typer.Typer(name="pool", help="The pool of workers that grows and shrinks.", no_args_is_help=True)


@app.callback()
def _pool() -> None:
    """The pool of workers that grows and shrinks."""


@app.command()
def status(as_json: AsJson = False) -> None:
    """How many workers are wanted, and how many there are: to the engine, and on the broker, side by side.

    Both are counted apart: a worker that the engine runs and that nobody hears on the broker is in trouble.
    There is a pool when `[agents.pool]` is enabled in testbed.toml and the agents run.
    """
    environment = settings()
    namespace = instance_namespace(environment.swf_home, environment.swf_testbed_config)
    with open_monitor(environment) as monitor:
        found = pools(monitor, namespace)
    if as_json:
        show_json([one._asdict() for one in found])
    elif not found:
        show(f"no pool controller runs in namespace {namespace}; see [agents.pool] in testbed.toml")
    for one in [] if as_json else found:
        told = f", told at {iso(one.told_at)}" if one.told_at else ""
        show_table(f"{one.controller}{told}", ("what", "is"), _rows(one.report))


def _rows(report: dict[str, Any]) -> Iterator[tuple[str, object]]:
    yield "engine", f"{report.get('engine')} ({report.get('engine_says')})"
    yield "wanted", report.get("desired")
    yield "to the engine", _counts(report.get("engine_counts"))
    yield "on the broker", _counts(report.get("broker_counts"))
    yield "others' workers", report.get("helpers")
    yield "slices that wait", report.get("queued")
    yield "slices a second", f"{report.get('arrivals_per_s') or 0.0:.1f}"
    yield "a slice takes", f"{report.get('service_s') or 0.0:.3f} s"
    wait = report.get("wait_s")
    told = "no worker is there" if wait is None else f"{wait:.1f} s"
    yield "wait in the queue", f"{told} (target {report.get('latency_target_s')} s)"
    yield "launched, released", f"{report.get('launched')}, {report.get('released')}"
    yield "died, lost", f"{report.get('died')}, {report.get('lost')}"
    if report.get("held_back"):
        yield "held back", report["held_back"]


def _counts(counts: Any) -> str:
    return ", ".join(f"{number} {state}" for state, number in (counts or {}).items()) or "none"

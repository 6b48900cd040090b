"""The command `watch`: a run as its shift crew sees it, in the terminal."""

import time
from typing import Annotated

import typer

from swf_testbed.cli.fastmon_client.ending import Ended, Endings, reader_may_leave
from swf_testbed.cli.watched import Watched, watched_by
from swf_testbed.config.environment import settings
from swf_testbed.messages.lifecycle import LIFECYCLE
from swf_testbed.model.names import check_namespace
from swf_testbed.monitor_client import Changes, MonitorClient
from swf_testbed.records import Overview

_PATIENCE_S = 5.0
_LEAST_PAUSE_S = 1.0
_LOOK_ANYHOW_S = 15.0
_MOVES = ("histograms_updated", "quality_flag", "alarm", *LIFECYCLE)


def add_to(app: typer.Typer) -> None:
    """Add this command."""
    app.command()(watch)


def watch(
    run: Annotated[
        int | None,
        typer.Argument(min=0, help="A run's number; left out, the newest that goes on, and those after it."),
    ] = None,
    namespace: Annotated[str | None, typer.Option(help="Look for the newest run in this namespace.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,
    once: Annotated[bool, typer.Option("--once", help="Show how it is now, and end.")] = False,
) -> None:
    """Watch a run: every subsystem with its quality, the worst first.

    On a terminal a table that moves; piped elsewhere a line for each subsystem, and then one for each that
    has changed; with --json the whole overview as one line, each time that anything has. It shows what the
    monitor's page `/shift/` does, pushed by the monitor, at most once a second.

    Ends by itself when the run that was asked for has ended. Ctrl-C ends it (exit code 130); the run goes on.

    Examples:

      testbed watch

      testbed watch 100010 --once

      testbed watch --namespace torre --json | jq .quality
    """
    environment = settings()
    namespace = None if namespace is None else check_namespace(namespace)
    url, token = environment.swf_monitor_http_url, environment.api_token()
    code = 0
    with MonitorClient(url, token, "swf/watch", _PATIENCE_S) as monitor:
        seen = monitor.overview(run, namespace)
        shown = watched_by(url, as_json=as_json, once=once)
        try:
            with reader_may_leave(), Endings():
                shown.show(seen)
                if not (once or _is_over(run, seen)):
                    _follow(monitor, run, namespace, shown)
        except Ended as ended:
            code = ended.code
        finally:
            shown.close()
    raise typer.Exit(code)


def _is_over(run: int | None, seen: Overview) -> bool:
    return run is not None and seen.end_time is not None


def _follow(monitor: MonitorClient, run: int | None, namespace: str | None, shown: Watched) -> None:
    runs = None if run is None else [run]
    moves = monitor.events(patience_s=_PATIENCE_S, msg_types=_MOVES, namespace=namespace, run_ids=runs)
    with moves as stream, Changes(stream) as changes:
        changes.ready(_PATIENCE_S)
        while True:
            seen = monitor.overview(run, namespace)
            shown.show(seen)
            if _is_over(run, seen):
                return
            time.sleep(_LEAST_PAUSE_S)
            changes.wait(_LOOK_ANYHOW_S)
            shown.connection(changes.lost)

"""The commands `start status version receive send` of the fast monitoring client."""

import logging
import platform
import sys
from collections.abc import Callable
from typing import Annotated

import typer

from swf_testbed import __version__
from swf_testbed.cli.console import show, show_json, show_table, tell
from swf_testbed.cli.fastmon_client import options as o
from swf_testbed.cli.fastmon_client.ending import reader_may_leave
from swf_testbed.cli.fastmon_client.following import Following, shown_by
from swf_testbed.cli.reporting import FAILED, INTERRUPTED, report
from swf_testbed.config.environment import settings, username
from swf_testbed.fastmon_client.access import PATIENCE_S
from swf_testbed.fastmon_client.receiver import Receiver, receiver_name
from swf_testbed.fastmon_client.sender import send_tests
from swf_testbed.fastmon_client.since import position
from swf_testbed.fastmon_client.statistics import Statistics
from swf_testbed.model.errors import SwfError
from swf_testbed.model.names import check_namespace
from swf_testbed.monitor_client import Event, MonitorClient
from swf_testbed.records import RunState
from swf_testbed.records.health import Overall

PROGRAM = "python -m swf_fastmon_client.main"

logging.getLogger("swf_testbed").addHandler(logging.NullHandler())

app = typer.Typer(
    help="""Follow fast monitoring from anywhere, over HTTPS alone.

    `start` shows the samples of time frames as they come, with rates, latencies and quality for each run. It
    survives outages of the network and of the monitor, goes on where it was, and says so.

    The monitor is SWF_MONITOR_URL, or --monitor-url. The token is SWF_API_TOKEN, or the first line of
    --token-file; it is never given on the command line, where others could see it. If the monitor's
    certificate is not of a known authority, set REQUESTS_CA_BUNDLE to a file that holds it.

    Exit codes: 0 done, or the reader of the output has gone; 1 the monitor does not answer; 2 what was asked
    is wrong or not allowed; 130 after Ctrl-C and 143 after SIGTERM, both with the summary. Errors are one
    line on stderr.""",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def main() -> None:
    """The client; ends the process with its exit code."""
    try:
        app(prog_name=PROGRAM)
    except SwfError as error:
        sys.exit(report(error))


@app.command()
def start(  # noqa: PLR0913, PLR0917  # the options of a command
    monitor_url: o.MonitorUrl = None,
    token_file: o.TokenFile = None,
    message_types: o.MessageTypes = None,
    agents: o.Agents = None,
    run: o.Run = None,
    namespace: o.Namespace = None,
    since: o.Since = None,
    count: o.Count = None,
    as_json: o.AsJson = False,
    quiet: o.Quiet = False,
) -> None:
    """Follow what happens, until Ctrl-C; then print a summary.

    On a terminal the view is live; into a pipe it is a line a message, with the time in UTC.

    With --json each line is an object whose `event` says what it is: a message's type, with its number `id`
    and the message as `data`; `connected` and `disconnected`, where `gap` says that messages are missing; at
    last `summary`. Its `last_event_id`, given to --since, goes on from there.

    Examples:

      python -m swf_fastmon_client.main start --run 100010 --since earliest

      python -m swf_fastmon_client.main start --message-types quality_flag,alarm --json
    """
    access = o.Access.of(monitor_url, token_file)
    wish = o.Wish(o.filters(message_types, agents, run, namespace), count, as_json, quiet)
    with access.client() as monitor:
        code = _follow(access, monitor, wish, position(monitor, since, namespace))
    raise typer.Exit(code)


def _follow(
    access: o.Access,
    monitor: MonitorClient,
    wish: o.Wish,
    begin: int | None,
    heard: Callable[[Event], None] = lambda event: None,
) -> int:
    statistics = Statistics()
    with monitor.events(begin, patience_s=PATIENCE_S, **wish.filters) as stream:
        shown = shown_by(access.address, statistics, as_json=wish.as_json, quiet=wish.quiet)
        return Following(stream, shown, statistics, heard).until(wish.count)


@app.command()
def receive(  # noqa: PLR0913, PLR0917  # the options of a command
    name: Annotated[
        str | None,
        typer.Option("--name", metavar="NAME", help="How it is known; SWF_SSE_RECEIVER_NAME if not said."),
    ] = None,
    monitor_url: o.MonitorUrl = None,
    token_file: o.TokenFile = None,
    message_types: o.MessageTypes = None,
    agents: o.Agents = None,
    run: o.Run = None,
    namespace: o.Namespace = None,
    since: o.Since = None,
    count: o.Count = None,
    as_json: o.AsJson = False,
    quiet: o.Quiet = False,
) -> None:
    """Receive as an agent of the testbed: seen in the monitor, and resumed where it left off.

    It stands among the monitor's agents and subscribers under its name, with how much it received. Started
    again it goes on after the last message of its life before, unless --since says otherwise; after a kill,
    up to 15 s of messages may come a second time. Needs a token that may write.

    What is printed is as for `start`.
    """
    access = o.Access.of(monitor_url, token_file)
    wish = o.Wish(o.filters(message_types, agents, run, namespace), count, as_json, quiet)
    own = name or receiver_name(settings())
    with access.client(own) as monitor:
        begin = position(monitor, since, namespace)
        with Receiver(monitor, own, namespace, wish.shown, begin) as receiver:
            tell(f"receiving as {own}")
            code = _follow(access, monitor, wish, receiver.position, receiver.note)
    raise typer.Exit(code)


@app.command()
def send(
    namespace: Annotated[
        str,
        typer.Option("--namespace", metavar="NS", help="The instance that it is said in; you control it."),
    ],
    text: Annotated[str, typer.Option("--text", metavar="TEXT", help="What to say.")] = "test",
    every: Annotated[
        float | None,
        typer.Option("--every", metavar="SECONDS", help="Say it again and again, --count times."),
    ] = None,
    count: Annotated[
        int | None, typer.Option("--count", metavar="N", help="How often; 10 with --every, else once.")
    ] = None,
    monitor_url: o.MonitorUrl = None,
    token_file: o.TokenFile = None,
) -> None:
    """Put test messages (`sse_test`) on the stream, to see whether they arrive.

    Prints the id of each when the monitor has stored it. At most 10000, at least 0.1 s apart. Needs a token
    that may write in the namespace.

    Example: in one terminal `receive --message-types sse_test`, in another

      python -m swf_fastmon_client.main send --namespace local --every 5 --count 3
    """
    check_namespace(namespace)
    access = o.Access.of(monitor_url, token_file)
    often = count if count is not None else 1 if every is None else 10
    sender = f"sse_sender-{username()}"
    try:
        with access.client() as monitor, reader_may_leave():
            for message in send_tests(monitor, namespace, sender, text=text, count=often, every_s=every):
                show(f"{message.sequence} of {message.total}: {message.message_id}")
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None


@app.command()
def status(
    monitor_url: o.MonitorUrl = None,
    token_file: o.TokenFile = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document in place of tables.")] = False,
) -> None:
    """Show whether the monitor works, who follows its stream, and the latest runs.

    Exit code 0 if the monitor and all it needs are up, else 1.
    """
    access = o.Access.of(monitor_url, token_file)
    with access.client() as monitor:
        health = monitor.health()
        stream = monitor.stream_status()
        runs = monitor.page(RunState, limit=5, ordering="-run_number").results
    if as_json:
        found = {
            "monitor": access.address,
            "health": health.model_dump(mode="json"),
            "stream": stream.model_dump(mode="json"),
        }
        show_json(found | {"runs": [one.model_dump(mode="json") for one in runs]})
    else:
        versions = health.versions
        facts = {
            "monitor": access.address,
            "status": health.status.value,
            "its version": versions.swf_testbed,
            "stream clients": stream.count,
            "last message": stream.last_id,
        }
        show_table("Monitor", ("", ""), facts.items())
        columns = ("run", "phase", "samples", "slices", "completed")
        rows = [
            (one.run_number, one.phase, one.stf_samples_received, one.slices_created, one.slices_completed)
            for one in runs
        ]
        show_table("Latest runs", columns, rows)
    raise typer.Exit(0 if health.status is Overall.OK else FAILED)


@app.command()
def version() -> None:
    """Show the version of the client."""
    show(f"swf-fastmon-client {__version__} (Python {platform.python_version()})")

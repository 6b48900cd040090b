"""`testbed`: from the simulated detector to a live plot."""

import logging
import sys

import typer

from swf_testbed.cli import (
    agent_manager,
    config,
    data,
    dead_letters,
    doctor,
    files,
    mcp,
    new_workflow,
    plan,
    pool,
    processes,
    quality,
    references,
    rehearse,
    replay,
    run,
    sampling,
    status,
    token,
    version,
    watch,
)
from swf_testbed.cli.reporting import report
from swf_testbed.model.errors import SwfError

# What is wrong is said once, by an error; what the bus and the monitor's client log is not for people here.
logging.getLogger("swf_testbed").addHandler(logging.NullHandler())

app = typer.Typer(
    name="testbed",
    help="""The streaming workflow testbed of ePIC: from the simulated detector to a live plot.

    `testbed run fast_processing --watch` brings up what is needed, takes a run and shows how it goes; the
    monitor's web pages are at http://127.0.0.1:8002.

    Exit codes: 0 done; 1 tried, and did not work; 2 not done, because what was asked is wrong or not allowed
    now; 130 interrupted. Errors are one line on stderr; stdout holds only what was asked for.

    Settings are environment variables, also read from ~/.env and $SWF_HOME/.env: SWF_HOME (default: the
    folder with testbed.toml), SWF_MONITOR_HTTP_URL, ACTIVEMQ_PORT and others.""",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
version.add_to(app)
run.add_to(app)
watch.add_to(app)
plan.add_to(app)
replay.add_to(app)
processes.add_to(app)
status.add_to(app)
quality.add_to(app)
agent_manager.add_to(app)
files.add_to(app)
doctor.add_to(app)
token.add_to(app)
new_workflow.add_to(app)
rehearse.add_to(app)
mcp.add_to(app)
app.add_typer(config.app)
app.add_typer(sampling.app)
app.add_typer(references.app)
app.add_typer(data.app)
app.add_typer(dead_letters.app)
app.add_typer(pool.app)


def main() -> None:
    """The command line; ends the process with its exit code."""
    try:
        app(prog_name="testbed")
    except SwfError as error:
        sys.exit(report(error))


if __name__ == "__main__":
    main()

"""Commands about the sampling of a run: how it is, and changes of it while the run goes on."""

import tomllib
from pathlib import Path
from typing import Annotated, Any

import typer

from swf_testbed.cli.console import AsJson, show_document, show_table
from swf_testbed.config.environment import settings
from swf_testbed.config.fastmon import SAMPLING
from swf_testbed.config.instance import instance_namespace
from swf_testbed.config.overrides import parse_override
from swf_testbed.config.settings import Settings
from swf_testbed.model.errors import BadInput
from swf_testbed.monitor_client import MonitorClient
from swf_testbed.records import RunSampling
from swf_testbed.records.monitoring import SourceRead

app = typer.Typer(
    name="sampling",
    help="Which frames of a run are looked at: how it is, and changes while the run goes on.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
OfRun = Annotated[
    int | None, typer.Argument(metavar="RUN", help="Its number; the newest of this namespace if left out.")
]


def monitor_of(environment: Settings) -> MonitorClient:
    """The monitor of this testbed."""
    return MonitorClient(
        environment.swf_monitor_http_url, environment.api_token(), user_agent="swf/testbed", patience_s=5
    )


def run_said(environment: Settings, monitor: MonitorClient, run: int | None) -> int:
    """The run that was said, or the newest of this namespace."""
    if run is not None:
        return run
    return monitor.overview(
        namespace=instance_namespace(environment.swf_home, environment.swf_testbed_config)
    ).run_number


@app.command()
def show(run: OfRun = None, as_json: AsJson = False) -> None:
    """Show how a run is sampled: policies, changes, how many frames were taken, what reading them cost."""
    environment = settings()
    with monitor_of(environment) as monitor:
        _show(monitor.sampling(run_said(environment, monitor, run)), as_json)


@app.command("set")
def set_(
    run: OfRun = None,
    values: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="A parameter of [fastmon]; may be repeated."),
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="A TOML file with a table [fastmon], for policies."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Change how a run is sampled, from the next STF that leaves the DAQ.

    The fastmon agent carries it out, and keeps to it until the run ends, also if it is started again. The
    change is recorded with the run. The owner of the run's namespace, its members and staff may do it.

    Examples:

      testbed sampling set --set selection_fraction=0.1

      testbed sampling set 100012 --file policies.toml
    """
    change = {**_of_file(file), **dict(parse_override(f"fastmon.{text}") for text in values or ())}
    change = {name.removeprefix("fastmon."): value for name, value in change.items()}
    if not change:
        raise BadInput("--set", "", f"say what to change: {', '.join(SAMPLING)}, or give a --file")
    _change(run, change, as_json)


@app.command()
def reset(run: OfRun = None, as_json: AsJson = False) -> None:
    """Sample a run again as it began."""
    _change(run, dict.fromkeys(SAMPLING), as_json)


def _of_file(file: Path | None) -> dict[str, Any]:
    if file is None:
        return {}
    try:
        document = tomllib.loads(file.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadInput("--file", str(file), f"is no TOML: {error}") from None
    table = document.get("fastmon")
    if not isinstance(table, dict):
        raise BadInput("--file", str(file), "must have a table [fastmon]")
    return table


def _change(run: int | None, change: dict[str, Any], as_json: bool) -> None:
    environment = settings()
    with monitor_of(environment) as monitor:
        _show(monitor.change_sampling(run_said(environment, monitor, run), change), as_json)


def _show(found: RunSampling, as_json: bool) -> None:
    if as_json:
        show_document(found, "", as_json)
        return
    fraction = "-" if found.fraction is None else f"{found.fraction:.2%}"
    share = f"{found.bytes_read / found.stf_bytes:.2%}" if found.stf_bytes else "-"
    rows: list[tuple[str, object]] = [
        ("policy", found.policy),
        *((name, value) for name, value in found.sampling.items() if value not in (None, [], {})),
        ("STFs", found.stfs),
        ("frames taken", f"{found.sampled} of {found.evaluated}: {fraction}"),
        ("bytes read", f"{found.bytes_read} of {found.stf_bytes}: {share}, in {found.requests} requests"),
        *((f"read at {one.site or '?'}", _of_source(one)) for one in found.sources),
        *((f"changed {one.at:%Y-%m-%d %H:%M:%S %Z} by {one.by}", one.change) for one in found.changes),
    ]
    show_table(f"Sampling of run {found.run_number}", ("", ""), rows)


def _of_source(one: SourceRead) -> str:
    read = f"{one.stfs} STFs, {one.bytes_read} bytes in {one.requests} requests"
    return f"{read}; failed {one.failures} times, at last: {one.error}" if one.failures else read

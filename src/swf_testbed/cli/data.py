"""Commands about the files of runs: where they are, in which state, and why."""

from typing import Annotated, Any

import typer

from swf_testbed.cli.console import AsJson, show, show_json, show_table, tell
from swf_testbed.cli.sampling import OfRun, monitor_of, run_said
from swf_testbed.config.environment import settings
from swf_testbed.control import run_files
from swf_testbed.control.run_files import Whereabouts
from swf_testbed.model.errors import BadInput, one_of
from swf_testbed.model.status import CopyState, StfStatus
from swf_testbed.records import Dataset, StfFile

_FAILED = 1
_ABSENT = "-"

app = typer.Typer(
    name="data",
    help="Files of runs: where they are, in which state, and why.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _found(run: int | None) -> tuple[Dataset, list[Whereabouts]]:
    environment = settings()
    with monitor_of(environment) as monitor:
        return run_files.whereabouts(monitor, run_said(environment, monitor, run))


def _states(one: Whereabouts, sites: list[str]) -> list[str]:
    refused = one.file.status is StfStatus.FAILED
    return [_state(one, site, refused=refused) for site in sites]


def _state(one: Whereabouts, site: str, *, refused: bool) -> str:
    copy = one.copies.get(site)
    if copy is None:
        return run_files.REFUSED if refused else _ABSENT
    return (copy.state or CopyState.WAITING).value


def _sites(dataset: Dataset, found: list[Whereabouts]) -> list[str]:
    """Those that have a copy beside the sites of the dataset, as the exit buffer, come first."""
    others = {site for one in found for site in one.copies} - set(dataset.sites)
    return [*sorted(others), *dataset.sites]


@app.command("ls")
def ls(run: OfRun = None, as_json: AsJson = False) -> None:
    """List the files of a run with the state of each copy; of the newest run if none is said.

    Examples:

      testbed data ls

      testbed data ls 100012 --json
    """
    dataset, found = _found(run)
    sites = _sites(dataset, found)
    if as_json:
        show_json({"dataset": _dataset(dataset), "files": [_document(one) for one in found]})
        return
    rows = [
        (
            one.file.stf_filename,
            one.file.file_size_bytes,
            *_states(one, sites),
            "; ".join(dict.fromkeys(one.missing.values())),
        )
        for one in found
    ]
    show_table(_title(dataset), ("file", "bytes", *sites, "why not everywhere"), rows)
    if problem := dataset.problem or run_files.lacking(dataset, found):
        tell(problem)


@app.command("missing")
def missing(run: OfRun = None, as_json: AsJson = False) -> None:
    """List what is not verified at every site, and why. Exit code 1 if there is anything."""
    dataset, found = _found(run)
    lacks = run_files.lacking(dataset, found)
    gone = [one for one in found if one.missing]
    if as_json:
        show_json({"dataset": _dataset(dataset), "lacks": lacks, "files": [_document(one) for one in gone]})
    elif gone:
        rows = [(one.file.stf_filename, site, why) for one in gone for site, why in one.missing.items()]
        show_table(f"{dataset.name}: not at every site", ("file", "site", "why"), rows)
    elif not lacks:
        places = ", ".join(dataset.sites) or "no site, as none is configured"
        show(f"{dataset.name}: nothing is missing; {len(found)} files at {places}")
    if lacks:
        tell(lacks)
    if gone or lacks:
        raise typer.Exit(_FAILED)


@app.command("verify")
def verify(
    run: OfRun = None,
    sites: Annotated[
        list[str] | None, typer.Option("--site", help="Only copies at this site; may be said again.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Read every copy of a run's files, and compare size and checksum. Exit code 1 if one differs.

    Nothing is changed: what differs is for the data agent and for you to mend.
    """
    dataset, found = _found(run)
    known = _sites(dataset, found)
    for site in sites or ():
        if site not in known:
            raise BadInput("--site", site, one_of(known))
    checked = []
    for number, one in enumerate(run_files.verified(found, tuple(sites or ())), 1):
        checked.append(one)
        if number % 100 == 0:
            tell(f"{number} copies read")
    bad = [one for one in checked if one.problem]
    if as_json:
        documents = [{"filename": one.filename, "site": one.site, "problem": one.problem} for one in bad]
        show_json({"dataset": dataset.name, "copies": len(checked), "bad": documents})
    elif bad:
        rows = [(one.filename, one.site, one.problem) for one in bad]
        show_table(
            f"{dataset.name}: {len(bad)} of {len(checked)} copies differ", ("file", "site", "how"), rows
        )
    else:
        show(f"{dataset.name}: {len(checked)} copies are as they were announced")
    if bad:
        raise typer.Exit(_FAILED)


@app.command("replicas")
def replicas(
    filename: Annotated[str, typer.Argument(metavar="FILE", help="Name of an STF file.")],
    as_json: AsJson = False,
) -> None:
    """Show the copies of one file: site, state, where it lies, and what went wrong."""
    with monitor_of(settings()) as monitor:
        file = monitor.get(StfFile, filename)
    if as_json:
        show_json([copy.model_dump(mode="json") for copy in file.replicas])
        return
    rows = [
        (copy.site, (copy.state or CopyState.WAITING).value, copy.url or _ABSENT, copy.problem)
        for copy in file.replicas
    ]
    show_table(
        f"{filename} ({file.file_size_bytes} bytes, {file.checksum})",
        ("site", "state", "url", "problem"),
        rows,
    )


def _title(dataset: Dataset) -> str:
    expected = "" if dataset.expected_files is None else f" of {dataset.expected_files}"
    return (
        f"{dataset.scope}:{dataset.name} {dataset.status.value}, {dataset.files}{expected} files registered"
    )


def _dataset(dataset: Dataset) -> dict[str, Any]:
    return dataset.model_dump(mode="json", exclude=set(dataset.server_fields))


def _document(one: Whereabouts) -> dict[str, Any]:
    return {
        "filename": one.file.stf_filename,
        "status": one.file.status.value,
        "bytes": one.file.file_size_bytes,
        "checksum": one.file.checksum,
        "copies": {site: copy.model_dump(mode="json") for site, copy in one.copies.items()},
        "missing": one.missing,
    }

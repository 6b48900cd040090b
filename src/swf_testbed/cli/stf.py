"""The `stf` command: look into STF files, verify them, recover what is intact, cut samples out of them."""

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn, TransferSpeedColumn

from swf_testbed.cli import version
from swf_testbed.cli.stf_reports import describe, plain_console, report_document, show, show_report
from swf_testbed.fastmon.policies import BlocksPolicy, StfFrames
from swf_testbed.model.errors import BadData, BadInput, SwfError
from swf_testbed.stf.ranges import file_size
from swf_testbed.stf.reader import StfReader
from swf_testbed.stf.recovery import recover as recover_file
from swf_testbed.stf.skim import skim
from swf_testbed.stf.verify import verify as verify_file

OK, BAD_DATA, BAD_USE = 0, 1, 2
_EXIT_CODES = "Exit codes: 0 all is well, 1 bad data was found, 2 wrong usage or the input cannot be read."

app = typer.Typer(
    help="Look into super time frame (STF) files.",
    epilog=_EXIT_CODES,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
version.add_to(app)

Urls = Annotated[
    list[str], typer.Argument(metavar="FILE...", help="Paths, or file:// http(s):// root:// URLs.")
]
Source = Annotated[str, typer.Argument(metavar="IN", help="Path or URL of the file to read.")]
Target = Annotated[Path, typer.Argument(metavar="OUT", help="The file to write.")]
Force = Annotated[bool, typer.Option("--force", help="Replace OUT if it is there.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of tables.")]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command; ends the process with its exit code."""
    try:
        app(arguments)
    except (SwfError, OSError) as error:
        sys.exit(_tell(error))


def _tell(error: Exception) -> int:
    """Say what went wrong, and give the exit code for it."""
    Console(stderr=True, soft_wrap=True).print(f"[red]stf:[/red] {escape(str(error))}", highlight=False)
    return BAD_DATA if isinstance(error, BadData) else BAD_USE


def _each(urls: list[str], work: Callable[[str], int]) -> None:
    """Do the work on every file, whatever happens to the others, and exit with the worst code."""
    worst = OK
    for url in urls:
        try:
            code = work(url)
        except (SwfError, OSError) as error:
            code = _tell(error)
        worst = max(worst, code)
    raise typer.Exit(worst)


@contextmanager
def _progress(title: str, total: int) -> Iterator[Callable[[int], None]]:
    """A bar of bytes done on standard error, if that is a terminal."""
    console = Console(stderr=True)
    columns = (
        "{task.description}",
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(escape(title), total=total)
        yield lambda done: progress.update(task, completed=done)


@app.command("ls", epilog=_EXIT_CODES)
def list_files(
    files: Urls,
    frames: Annotated[bool, typer.Option("--frames", help="Show every frame too.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show the header and what each detector sent, from the index alone: frames are not read."""
    documents: list[dict[str, Any]] = []

    def one(url: str) -> int:
        with StfReader.open(url) as reader:
            document = describe(reader, frames)
        documents.append(document)
        if not as_json:
            show(document)
        return BAD_DATA if document["recovered"] else OK

    try:
        _each(files, one)
    finally:
        if as_json:
            typer.echo(json.dumps(documents, indent=1))


@app.command(epilog=_EXIT_CODES)
def verify(
    files: Urls,
    checksum: Annotated[
        str | None, typer.Option(help="What the (one) file's checksum should be, like ad:0a1b2c3d.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Read files wholly and check every checksum and size, and the index against the frames.

    Says for each problem the file, and the frame, detector and link where they are known.
    """
    if checksum is not None and len(files) > 1:
        raise BadInput("checksum", checksum, "can be given for one file only")
    documents: list[dict[str, Any]] = []

    def one(url: str) -> int:
        with _progress(url, file_size(url)) as progress:
            report = verify_file(url, checksum, progress)
        documents.append(report_document(report))
        if not as_json:
            show_report(report)
        return OK if report.ok else BAD_DATA

    try:
        _each(files, one)
    finally:
        if as_json:
            typer.echo(json.dumps(documents, indent=1))


@app.command(epilog=_EXIT_CODES)
def recover(source: Source, target: Target, force: Force = False) -> None:
    """Write a new valid file with every intact frame of a damaged or truncated one.

    Frames are copied bit for bit; a damaged bank is left out of its frame. Exit code 1 says that something
    was lost; it is listed.
    """
    _check_target(source, target, force)
    console = plain_console()
    with _progress(source, file_size(source)) as progress:
        done = recover_file(source, target, progress)
    losses = [done.header_lost, *done.lost, *done.bad_banks]
    for loss in losses:
        if loss is not None:
            console.print(f"lost: {escape(str(loss))}", soft_wrap=True)
    summary = done.summary
    console.print(
        f"{escape(str(target))}: {summary.tf_count:,} frames, {summary.n_hits:,} hits, "
        f"{summary.size_bytes:,} bytes, {summary.checksum}",
        soft_wrap=True,
    )
    raise typer.Exit(OK if losses == [None] else BAD_DATA)


@app.command(epilog=_EXIT_CODES)
def cut(
    source: Source,
    target: Target,
    frames: Annotated[
        str | None, typer.Option(metavar="A-B[,C-D...]", help="Frame numbers, ends included.")
    ] = None,
    fraction: Annotated[
        float | None, typer.Option(help="This fraction of the frames (above 0, at most 1).")
    ] = None,
    blocks: Annotated[
        int, typer.Option(help="With --fraction: contiguous blocks, spread over the file.")
    ] = 7,
    force: Force = False,
) -> None:
    """Copy some frames, bit for bit, into one new STF file; only those are read.

    Give either --frames or --fraction. The same arguments give the same bytes.
    """
    if (frames is None) == (fraction is None):
        raise typer.BadParameter("give either --frames or --fraction")
    _check_target(source, target, force)
    with StfReader.open(source) as reader:
        held = reader.tf_numbers().astype(np.int64)
        if not len(held):
            raise BadInput("input", reader.url, "must have frames")
        if frames is not None:
            chosen = held[_in_ranges(held, frames)]
        else:
            chosen = _sampled(held, reader.header.run, fraction, blocks)
        if not len(chosen):
            raise BadInput("frames", frames, f"must overlap {held.min()} to {held.max()}, which the file has")
    made = skim(source, [chosen.tolist()], target.parent, lambda _: target.name)[0]
    plain_console().print(
        f"{escape(str(target))}: {made.tf_count:,} frames ({made.tf_first} to {made.tf_last}), "
        f"{made.size_bytes:,} bytes, {made.checksum}; "
        f"{made.source_bytes:,} bytes read in {made.source_requests} requests",
        soft_wrap=True,
    )


def _in_ranges(held: NDArray[np.int64], text: str) -> NDArray[np.bool_]:
    chosen = np.zeros(len(held), np.bool_)
    for word in text.split(","):
        first, dash, last = word.strip().partition("-")
        if not first.isdecimal() or not (last.isdecimal() or not dash):
            raise BadInput("frames", text, "must be numbers or ranges, like 7000-7049,7100")
        low, high = int(first), int(last or first)
        if low > high:
            raise BadInput("frames", text, f"{low}-{high} ends before it begins")
        chosen |= (held >= low) & (held <= high)
    return chosen


def _sampled(held: NDArray[np.int64], run: int, fraction: float | None, blocks: int) -> NDArray[np.int64]:
    if fraction is None or not 0 < fraction <= 1:
        raise BadInput("fraction", fraction, "must be above 0 and at most 1")
    if not 1 <= blocks <= len(held):
        raise BadInput("blocks", blocks, f"must be from 1 to the file's {len(held)} frames")
    first, count = int(held.min()), int(held.max() - held.min()) + 1
    policy = BlocksPolicy(kind="blocks", blocks=min(blocks, 1000), fraction=fraction)
    return held[policy.accepts(StfFrames(run, first, count, held), seed=0)]


def _check_target(source: str, target: Path, force: bool) -> None:
    if target.resolve() == Path(source).resolve():
        raise BadInput("OUT", str(target), "must be another file than IN")
    if target.exists() and not force:
        raise BadInput("OUT", str(target), "is there already; --force replaces it")
    if not target.parent.is_dir():
        raise BadInput("OUT", str(target), "must be in a folder that exists")


if __name__ == "__main__":
    main()

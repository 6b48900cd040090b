"""What the `stf` command tells of files: as documents, and as tables on the screen."""

from typing import Any

import numpy as np
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from swf_testbed.model.clock import from_ns, iso
from swf_testbed.stf.reader import StfReader
from swf_testbed.stf.verify import Report

_WIDTH_OF_A_PIPE = 140


def plain_console() -> Console:
    """Of a terminal; a pipe has a fixed width, so that tables look the same everywhere."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=_WIDTH_OF_A_PIPE)


def describe(reader: StfReader, with_frames: bool) -> dict[str, Any]:
    """The header of a file, and what each detector sent, as a document."""
    header, index, slots = reader.header, reader.index, reader.slots
    nbytes, hits = slots.nbytes.sum(axis=0, dtype=np.int64), slots.n_hits.sum(axis=0, dtype=np.int64)
    present = (slots.nbytes > 0).sum(axis=0)
    document: dict[str, Any] = {
        "file": reader.url,
        "size_bytes": reader.size,
        "run": header.run,
        "sequence": header.sequence,
        "state": header.state,
        "substate": header.substate,
        "stream": header.stream,
        "start": iso(from_ns(header.t0_ns)),
        "flags": [flag.name for flag in header.flags],
        "uuid": str(header.uuid),
        "frames": len(index.tf),
        "tf_first": int(index.tf[0]) if len(index.tf) else None,
        "tf_last": int(index.tf[-1]) if len(index.tf) else None,
        "hits": int(index.n_hits.sum(dtype=np.int64)),
        "recovered": reader.recovered,
        "lost": [str(loss) for loss in reader.lost],
        "detectors": [
            {
                "id": detector.id,
                "name": detector.name,
                "encoding": detector.encoding.label,
                "channels": detector.channels,
                "units": detector.units,
                "frames_with_data": int(present[slot]),
                "bytes": int(nbytes[slot]),
                "hits": int(hits[slot]),
            }
            for slot, detector in enumerate(header.detectors)
        ],
    }
    if with_frames:
        columns = ("tf", "offset", "block_size", "n_hits", "flags")
        rows = zip(*(index.entries[name].tolist() for name in columns), strict=True)
        document["frame_list"] = [dict(zip(columns, row, strict=True)) for row in rows]
    return document


def show(document: dict[str, Any]) -> None:
    """Print what `describe` has found."""
    console = plain_console()
    console.print(f"[bold]{escape(document['file'])}[/bold]  {document['size_bytes']:,} bytes")
    state = "/".join(filter(None, (document["state"], document["substate"]))) or "unknown state"
    flags = "".join(f", {flag.lower().replace('_', ' ')}" for flag in document["flags"])
    console.print(
        f"run {document['run']}, STF {document['sequence']}, stream {document['stream'] or 'unknown'}, "
        f"{escape(state)}{flags}, from {document['start']}, uuid {document['uuid']}"
    )
    span = f" ({document['tf_first']} to {document['tf_last']})" if document["frames"] else ""
    console.print(f"{document['frames']:,} frames{span}, {document['hits']:,} hits")
    for loss in document["lost"]:
        console.print(f"[yellow]damaged:[/yellow] {escape(loss)}")
    console.print(_table(document["detectors"]))
    if "frame_list" in document:
        console.print(_table(document["frame_list"]))


def _table(rows: list[dict[str, Any]]) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name, value in (rows[0] if rows else {}).items():
        table.add_column(name.replace("_", " "), justify="left" if isinstance(value, str) else "right")
    for row in rows:
        table.add_row(*(escape(v) if isinstance(v, str) else str(v) for v in row.values()))
    return table


def report_document(report: Report) -> dict[str, Any]:
    """The report of a verification as a document."""
    names = ("url", "size_bytes", "checksum", "frames", "banks", "hits", "ok")
    document = {name: getattr(report, name) for name in names}
    return document | {"problems": [problem._asdict() for problem in report.problems]}


def show_report(report: Report) -> None:
    """Print the report of a verification."""
    console = plain_console()
    counts = f"{report.frames:,} frames, {report.banks:,} banks, {report.hits:,} hits, {report.checksum}"
    verdict = "[green]good[/green]" if report.ok else f"[red]{len(report.problems)} problems[/red]"
    console.print(f"{escape(report.url)}: {verdict}, {counts}", soft_wrap=True)
    for problem in report.problems:
        console.print(f"  {escape(str(problem))}", soft_wrap=True)

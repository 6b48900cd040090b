"""Files come into the catalogue: in one request what can be, one by one what is in dispute."""

import re
from collections.abc import Sequence
from typing import Any

from swf_testbed.adapters.rucio.access import Connection
from swf_testbed.adapters.storage.door import Door
from swf_testbed.adapters.storage.protocol import Did, Registration, StoredFile
from swf_testbed.model.errors import BadData, BadInput, Conflict

BATCH = 100
"""Files of one request; more gain nothing."""

_SCOPE = re.compile(r"[A-Za-z0-9_.-]{1,25}")
_NAME = re.compile(r"[/A-Za-z0-9][/A-Za-z0-9.\-_]{0,249}")
_NAMES = "up to 250 of A-Z a-z 0-9 / . - _, and begin with none of . - _"
_ADLER32 = re.compile(r"ad:[0-9a-fA-F]{8}")
_COLUMNS = {"run_number", "stream_name", "events", "lumiblocknr", "datatype", "campaign"}
"""What Rucio keeps of a file beside its size and checksum; other metadata stays with the monitor."""


def check_names(did: Did) -> None:
    """`BadInput` for a scope or a dataset that Rucio refuses."""
    if not _SCOPE.fullmatch(did.scope):
        raise BadInput("scope", did.scope, "must be up to 25 of A-Z a-z 0-9 _ . -")
    if not _NAME.fullmatch(did.name):
        raise BadInput("dataset", did.name, f"must be {_NAMES}")


def refused(file: StoredFile) -> str:
    """Why Rucio does not take a file; empty if it may."""
    if not _NAME.fullmatch(file.name):
        return f"{file.name!r}: to Rucio a name must be {_NAMES}"
    if not _ADLER32.fullmatch(file.checksum):
        return f"{file.name}: checksum {file.checksum!r} must be ad: and exactly 8 hex digits, zeros included"
    return ""


def register(
    rucio: Connection, did: Did, buffer: str, door: Door, files: Sequence[StoredFile]
) -> list[Registration]:
    """Register and attach; for each file what came of it, in the order given."""
    problems = {file.name: refused(file) for file in files}
    good = []
    for file in files:
        if problems[file.name]:
            continue
        try:
            good.append((file, _document(did, door, file)))
        except BadInput as error:
            problems[file.name] = str(error)
    for first in range(0, len(good), BATCH):
        problems.update(_attach(rucio, did, buffer, good[first : first + BATCH]))
    return [Registration(file.name, problems[file.name]) for file in files]


def _document(did: Did, door: Door, file: StoredFile) -> dict[str, Any]:
    return {
        "scope": did.scope,
        "name": file.name,
        "bytes": file.size_bytes,
        "adler32": file.adler32,
        "pfn": door.outside(file.url),
        "meta": {key: value for key, value in file.metadata.items() if key in _COLUMNS},
    }


Entry = tuple[StoredFile, dict[str, Any]]


def _attach(rucio: Connection, did: Did, buffer: str, entries: Sequence[Entry]) -> dict[str, str]:
    """Attach a batch in one transaction; what is wrong with its files, by name.

    Rucio refuses a batch whole. What is known with another size is then left out first, and what is refused
    for another reason is found by asking for each.
    """
    if not entries:
        return {}
    attachment = {**did._asdict(), "rse": buffer, "dids": [document for _, document in entries]}
    try:
        rucio.ask(
            f"registering {len(entries)} files in {did}",
            lambda client: client.add_files_to_datasets([attachment], ignore_duplicate=True),
        )
    except Conflict:
        return _of_closed(rucio, did, [file for file, _ in entries])
    except (BadData, BadInput) as error:
        disputed = _differences(rucio, did, [file for file, _ in entries])
        if not disputed and len(entries) == 1:
            return {entries[0][0].name: str(error)}
        rest = [entry for entry in entries if entry[0].name not in disputed]
        portions = [rest] if disputed else [[entry] for entry in rest]
        for portion in portions:
            disputed |= _attach(rucio, did, buffer, portion)
        return disputed
    return {}


def _of_closed(rucio: Connection, did: Did, files: Sequence[StoredFile]) -> dict[str, str]:
    held = rucio.ask(f"looking into {did}", lambda client: {one["name"] for one in client.list_content(*did)})
    for file in files:
        if file.name not in held:
            raise Conflict(f"{did} is closed: {file.name} cannot be attached")
    return _differences(rucio, did, files)


def _differences(rucio: Connection, did: Did, files: Sequence[StoredFile]) -> dict[str, str]:
    """Why files are not those that are registered under their names."""
    asked = [{"scope": did.scope, "name": file.name} for file in files]
    known = rucio.ask(
        f"comparing {len(files)} files of {did}",
        lambda client: {one["name"]: one for one in client.get_metadata_bulk(asked)},
    )
    found = {file.name: _difference(known.get(file.name), file) for file in files}
    return {name: problem for name, problem in found.items() if problem}


def _difference(known: dict[str, Any] | None, said: StoredFile) -> str:
    if known is None:
        return ""
    for what, before, now in (
        ("size", known["bytes"], said.size_bytes),
        ("checksum", f"ad:{known['adler32']}", said.checksum),
    ):
        if before != now:
            return f"{said.name} is registered with {what} {before}, not {now}; the registered one stays"
    return ""

"""The copies of STF files at sites: written as parts of their file, and answered as such."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from swf_testbed.model.clock import now
from swf_testbed.model.status import CopyState
from swf_testbed.monitor.services.rows import Row
from swf_testbed.monitor.store.models import StfCopy


def take_replicas(rows: Iterable[Row]) -> None:
    """Store what rows of STF files say of copies, and leave the rest to the file's own table."""
    copies = {
        (row["stf_filename"], said["site"]): _copy(row["stf_filename"], said)
        for row in rows
        for said in row.pop("replicas", ())
    }
    if copies:
        StfCopy.objects.bulk_create(
            copies.values(),
            update_conflicts=True,
            update_fields=["state", "url", "problem", "verified_at", "updated_at"],
            unique_fields=["stf_file", "site"],
        )


def _copy(filename: str, said: dict[str, Any]) -> StfCopy:
    state = said.get("state") or (CopyState.VERIFIED if said["verified"] else CopyState.ARRIVED)
    return StfCopy(
        stf_file_id=filename,
        site=said["site"],
        url=said.get("url"),
        state=state,
        problem=said.get("problem", ""),
        verified_at=now() if said["verified"] else None,
    )


def add_replicas(rows: list[Row]) -> None:
    """The copies of STF files, in the order in which they came to be, for rows that are answered."""
    names = [row["stf_filename"] for row in rows]
    found: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for copy in StfCopy.objects.filter(stf_file__in=names).order_by("id"):
        found[copy.stf_file_id].append(
            {
                "site": copy.site,
                "url": copy.url,
                "verified": copy.state == CopyState.VERIFIED,
                "state": copy.state,
                "problem": copy.problem,
            }
        )
    for row in rows:
        row["replicas"] = found[row["stf_filename"]]

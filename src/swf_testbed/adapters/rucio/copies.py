"""How far the copies at the sites are, as the catalogue has it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from swf_testbed.adapters.rucio.access import Connection
from swf_testbed.adapters.rucio.doors import difference
from swf_testbed.adapters.storage.protocol import Copy, Did, SiteStanding, StoredFile
from swf_testbed.model.errors import NotFound
from swf_testbed.model.status import CopyState

_STATES = {"AVAILABLE": CopyState.ARRIVED, "BAD": CopyState.FAILED}
"""Of a replica; all others are on their way."""


def look(rucio: Connection, did: Did, site: str, files: Sequence[StoredFile]) -> list[Copy]:
    """The copies of files at a site, in one request. `NotFound` for a file that is not registered."""
    asked = [{"scope": did.scope, "name": file.name} for file in files]
    known = rucio.ask(
        f"looking for {len(files)} files of {did} at {site}",
        # Of itself the server sorts addresses by distance: it asks its database for each, and the network.
        lambda client: {
            one["name"]: one for one in client.list_replicas(asked, all_states=True, sort="random")
        },
    )
    for file in files:
        if file.name not in known:
            raise NotFound(f"{file.name} is not registered in {did}")
    return [_copy(site, known[file.name]) for file in files]


def _copy(site: str, replica: Mapping[str, Any]) -> Copy:
    state = _STATES.get(replica["states"].get(site, ""), CopyState.WAITING)
    url = next(iter(replica["rses"].get(site, ())), "")
    problem = f"the copy at {site} was declared bad" if state is CopyState.FAILED else ""
    return Copy(replica["name"], site, state, url, problem)


def checked(copy: Copy, file: StoredFile) -> Copy:
    """A copy, its bytes compared by the site's own server."""
    if copy.state is not CopyState.ARRIVED:
        problem = copy.problem or f"there is no copy at {copy.site} yet"
        return replace(copy, state=CopyState.FAILED, url="", problem=problem)
    if problem := difference(copy.url, file):
        return replace(copy, state=CopyState.FAILED, problem=problem)
    return replace(copy, state=CopyState.VERIFIED, checksum=file.checksum)


def stuck(rucio: Connection, rules: Sequence[Mapping[str, Any]], site: str) -> dict[str, str]:
    """Why copies at a site are stuck, by file; Rucio tries them again by itself."""
    found: dict[str, str] = {}
    for rule in rules:
        if not rule["locks_stuck_cnt"]:
            continue
        why = str(rule.get("error") or "the transfer has failed")
        for lock in _locks(rucio, rule["id"]):
            if lock["rse"] == site and str(lock["state"]).upper().endswith("STUCK"):
                found[lock["name"]] = why
    return found


def as_stuck(copy: Copy, stuck: Mapping[str, str]) -> Copy:
    """The copy, failed if it is stuck."""
    if copy.state is CopyState.WAITING and copy.name in stuck:
        return replace(copy, state=CopyState.FAILED, problem=stuck[copy.name])
    return copy


def standings(
    rucio: Connection, did: Did, rules: Sequence[Mapping[str, Any]], files: int
) -> tuple[SiteStanding, ...]:
    """Each site that a rule wants copies at."""
    there = rucio.ask(
        f"counting the copies of {did}",
        lambda client: {
            one["rse"]: int(one["available_length"] or 0)
            for one in client.list_dataset_replicas(*did, deep=True)
        },
    )
    counted: Counter[str] = Counter()
    problems: dict[str, str] = {}
    for site in sites_of(rules):
        found = stuck(rucio, rules, site)
        counted[site] = len(found)
        problems[site] = next(iter(found.values()), "")
    return tuple(
        SiteStanding(
            site,
            here := there.get(site, 0),
            max(0, files - here - counted[site]),
            counted[site],
            problems[site],
        )
        for site in sites_of(rules)
    )


def sites_of(rules: Sequence[Mapping[str, Any]]) -> list[str]:
    """The sites that rules name, in their order."""
    return list(dict.fromkeys(site for rule in rules for site in rule["rse_expression"].split("|")))


def _locks(rucio: Connection, rule: str) -> list[dict[str, Any]]:
    return rucio.ask(
        f"looking at the locks of rule {rule}", lambda client: list(client.list_replica_locks(rule))
    )

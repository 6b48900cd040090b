"""A `Storage` whose catalogue is Rucio's, and whose files are moved by its rules."""

import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from swf_testbed.adapters.rucio import copies, doors, registering
from swf_testbed.adapters.rucio.access import Access, Connection
from swf_testbed.adapters.storage.door import Door
from swf_testbed.adapters.storage.protocol import (
    Copy,
    DatasetSpec,
    DatasetStanding,
    Did,
    Registration,
    StoredFile,
)
from swf_testbed.model.errors import Conflict, NotFound, Refused
from swf_testbed.model.status import CopyState

_log = logging.getLogger(__name__)


class RucioStorage:
    """Storage by Rucio.

    A dataset has one rule, with a copy at each site. What the rule wants is copied by Rucio's daemons; here
    is only asked how far they are.

    Args:
        access: how the server is reached.
        buffer: the exit buffer's name as a storage of Rucio, one that is not deterministic.
        door: how its files are called from outside.
    """

    def __init__(self, access: Access, buffer: str, door: Door) -> None:
        self._rucio = Connection(access)
        self._buffer, self._door = buffer, door

    def open(self, dataset: DatasetSpec) -> None:
        """As of `Storage`."""
        did = dataset.did
        registering.check_names(did)
        rule = {
            "account": self._rucio.account,
            "copies": len(dataset.sites),
            "rse_expression": "|".join(dataset.sites),
            "grouping": "ALL",
            "lifetime": dataset.lifetime_s,
            # A site that is down is one whose copies come later.
            "ignore_availability": True,
        }
        rules = [rule] if dataset.sites else []
        if not self._made(dataset, rules):
            self._want(did, rules)
        if dataset.metadata:
            said = dict(dataset.metadata)
            self._rucio.ask(f"describing {did}", lambda rucio: rucio.set_metadata_bulk(*did, said))

    def _made(self, dataset: DatasetSpec, rules: list[dict[str, Any]]) -> bool:
        """Make a dataset with its rule in one transaction; False if it is there already."""
        try:
            self._rucio.ask(
                f"opening {dataset.did}",
                lambda rucio: rucio.add_dataset(
                    *dataset.did, meta={"run_number": dataset.run}, lifetime=dataset.lifetime_s, rules=rules
                ),
            )
        except Conflict:
            return False
        return True

    def _want(self, did: Did, rules: list[dict[str, Any]]) -> None:
        """Let the rule be there; the server keeps two of the same apart."""
        if not rules or self._rules(did):
            return
        wanted = {**rules[0], "dids": [did._asdict()]}
        try:
            self._rucio.ask(f"wanting copies of {did}", lambda rucio: rucio.add_replication_rule(**wanted))
        except Conflict:
            return

    def register(self, did: Did, files: Sequence[StoredFile]) -> Sequence[Registration]:
        """As of `Storage`."""
        return registering.register(self._rucio, did, self._buffer, self._door, files)

    def deliver(self, did: Did, site: str, files: Sequence[StoredFile]) -> Sequence[Copy]:
        """As of `Storage`; what is stuck is tried again when it is asked for, not after Rucio's two hours."""
        found = copies.look(self._rucio, did, site, files)
        if any(copy.state is CopyState.WAITING for copy in found):
            rules = self._rules(did)
            stuck = copies.stuck(self._rucio, rules, site)
            found = [copies.as_stuck(copy, stuck) for copy in found]
            if any(copy.state is CopyState.FAILED for copy in found):
                self._boost(did, rules)
        return found

    def _boost(self, did: Did, rules: Sequence[Mapping[str, Any]]) -> None:
        for rule in rules:
            with suppress(Refused):  # the account may not: Rucio tries again by itself, later
                self._rucio.ask(
                    f"having copies of {did} tried again",
                    lambda rucio: rucio.update_replication_rule(rule["id"], {"boost_rule": True}),  # noqa: B023  # run at once
                )

    def verify(self, did: Did, site: str, files: Sequence[StoredFile]) -> Sequence[Copy]:
        """As of `Storage`: the site's server reads its copy; one that differs is declared bad."""
        found = copies.look(self._rucio, did, site, files)
        checked = [copies.checked(copy, file) for copy, file in zip(found, files, strict=True)]
        bad = [copy for copy in checked if copy.state is CopyState.FAILED and copy.url]
        if bad:
            self._declare_bad(did, bad)
        return checked

    def _declare_bad(self, did: Did, bad: Sequence[Copy]) -> None:
        reason = "; ".join(sorted({copy.problem for copy in bad}))[:250]
        # By name: from an address Rucio guesses the scope, and what it guesses wrong it passes over.
        named = [{"scope": did.scope, "name": copy.name, "rse": copy.site} for copy in bad]
        try:
            passed_over = self._rucio.ask(
                f"declaring copies of {did} bad",
                lambda rucio: rucio.declare_bad_file_replicas(named, reason, force=True),
            )
        except Refused:
            # Who may not declare a copy bad may still say so; who may, decides.
            passed_over = self._rucio.ask(
                f"declaring copies of {did} suspicious",
                lambda rucio: rucio.declare_suspicious_file_replicas([copy.url for copy in bad], reason),
            )
        if passed_over:
            _log.warning("Rucio does not take note that copies of %s are bad: %s", did, passed_over)

    def remove(self, did: Did, files: Sequence[StoredFile]) -> Sequence[Copy]:
        """As of `Storage`; in the catalogue the copies are unavailable first, so nobody is sent there."""
        gone = [{"scope": did.scope, "name": file.name, "state": "U"} for file in files]
        self._rucio.ask(
            f"removing {len(files)} files of {did} from {self._buffer}",
            lambda rucio: rucio.update_replicas_states(self._buffer, gone),
        )
        return [self._removed(file) for file in files]

    def _removed(self, file: StoredFile) -> Copy:
        problem = doors.delete(file)
        state = CopyState.FAILED if problem else CopyState.REMOVED
        return Copy(file.name, self._buffer, state, problem=problem)

    def close(self, did: Did) -> DatasetStanding:
        """As of `Storage`."""
        try:
            self._rucio.ask(f"closing {did}", lambda rucio: rucio.close(*did))
        except Conflict:
            standing = self.standing(did)
            if standing.is_open:
                raise
            return standing
        return self.standing(did)

    def standing(self, did: Did) -> DatasetStanding:
        """As of `Storage`."""
        known = self._rucio.ask(f"looking at {did}", lambda rucio: rucio.get_did(*did, dynamic_depth="FILE"))
        files = int(known["length"] or 0)
        sites = copies.standings(self._rucio, did, self._rules(did), files)
        return DatasetStanding(did, bool(known["open"]), files, int(known["bytes"] or 0), sites)

    def forget(self, did: Did) -> None:
        """As of `Storage`; everything is in Rucio."""

    def _rules(self, did: Did) -> list[dict[str, Any]]:
        try:
            return self._rucio.ask(
                f"looking at the rules of {did}", lambda rucio: list(rucio.list_did_rules(*did))
            )
        except NotFound:
            return []

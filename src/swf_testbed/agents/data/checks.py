"""The checks of what the DAQ says of its files: no gaps in numbers and frames, states, and content."""

from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from swf_testbed.messages import StfGen
from swf_testbed.messages.lifecycle import Lifecycle
from swf_testbed.model.errors import BadInput, SwfError
from swf_testbed.model.names import StfName
from swf_testbed.model.states import DaqState
from swf_testbed.stf.reader import StfReader

MOST_SHOWN = 10


class Finding(NamedTuple):
    """What a check has found: the kind of its alarm, what it is about, in words, and whether it is over."""

    alarm: str
    what: str
    text: str
    over: bool = False


@dataclass
class _StreamSeen:
    """What came of one stream of a run: the numbers that are missing, and where its frames should go on."""

    last: int = 0
    next_tf: int | None = None
    missing: set[int] = field(default_factory=set)


class DaqChecks:
    """Looks at announcements in the order in which they come; a file that comes twice is looked at once."""

    def __init__(self) -> None:
        self._streams: dict[tuple[int, str], _StreamSeen] = {}
        self._states: dict[int, list[tuple[datetime, DaqState]]] = {}

    def prime(self, run: int, names: Iterable[str]) -> None:
        """What came of a run before this process began."""
        for name in names:
            try:
                known = StfName.parse(name)
            except BadInput:
                continue
            seen = self._streams.setdefault((run, known.stream), _StreamSeen())
            if known.sequence > seen.last:
                seen.missing.update(range(seen.last + 1, known.sequence))
                seen.last, seen.next_tf = known.sequence, None
            else:
                seen.missing.discard(known.sequence)

    def hear(self, said: Lifecycle) -> None:
        """The state of a run has changed."""
        history = self._states.setdefault(said.run_id, [])
        entry = said.timestamp, DaqState(said.state, said.substate)
        if entry not in history:
            history.append(entry)
            history.sort(key=lambda one: one[0])

    def keep_only(self, runs: Collection[int]) -> None:
        """Forget all other runs."""
        self._states = {run: history for run, history in self._states.items() if run in runs}
        self._streams = {key: seen for key, seen in self._streams.items() if key[0] in runs}

    def look(self, said: StfGen) -> list[Finding]:
        """What is wrong with an announcement, seen with those before it."""
        return [*self._sequence(said), *self._state(said)]

    def _sequence(self, said: StfGen) -> Iterator[Finding]:
        seen = self._streams.setdefault((said.run_id, said.stream), _StreamSeen())
        what = f"{said.run_id}.{said.stream}"
        if said.sequence <= seen.last:
            yield from _late(seen, said, what)
            return
        gap = range(seen.last + 1, said.sequence)
        follows = not gap
        seen.missing.update(gap)
        if gap:
            yield Finding("sequence_gap", what, _missing(seen.missing, said))
        if follows and seen.next_tf is not None and said.tf_first != seen.next_tf:
            text = f"{said.filename} begins with frame {said.tf_first}, and {seen.next_tf} was to follow"
            yield Finding("tf_gap", said.filename, text)
        seen.last, seen.next_tf = said.sequence, said.tf_first + said.tf_count

    def _state(self, said: StfGen) -> Iterator[Finding]:
        history = self._states.get(said.run_id, [])
        place = bisect_right(history, said.start, key=lambda one: one[0])
        if not place:
            return  # what was before this process began is not known
        then = history[place - 1][1]
        stamped = DaqState(said.state, said.substate)
        if then != stamped:
            text = f"{said.filename} is stamped {stamped}, and the state at its start was {then}"
            yield Finding("state_stamp", said.filename, text)


def _late(seen: _StreamSeen, said: StfGen, what: str) -> Iterator[Finding]:
    if said.sequence in seen.missing:
        seen.missing.discard(said.sequence)
        yield Finding("sequence_gap", what, _missing(seen.missing, said), over=not seen.missing)


def _missing(missing: set[int], said: StfGen) -> str:
    if not missing:
        return f"run {said.run_id}, stream {said.stream}: every number has come"
    shown = ", ".join(map(str, sorted(missing)[:MOST_SHOWN]))
    more = f" and {len(missing) - MOST_SHOWN} more" if len(missing) > MOST_SHOWN else ""
    return f"run {said.run_id}, stream {said.stream}: no STF with number {shown}{more}"


def content_problem(said: StfGen, frames: int) -> str:
    """What is wrong with some frames of a file, spread over it; empty if nothing is."""
    try:
        with StfReader.open(said.file_url) as reader:
            if reader.recovered:
                return f"{said.filename}: the index is missing or damaged"
            count = len(reader.index.tf)
            if count != said.tf_count:
                return f"{said.filename} has {count} frames, {said.tf_count} announced"
            chosen = sorted({count * part // frames for part in range(frames)}) if count else []
            for place in chosen:
                list(reader.read_frames(slice(place, place + 1)))
    except SwfError as error:
        return str(error)
    return ""

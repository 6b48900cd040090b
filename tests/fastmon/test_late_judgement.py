"""A run whose STFs come to the merger's judge late, many at once, and a monitor that is away meanwhile."""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from judged_runs import STF_S, parts, reference

from swf_testbed.agents.merger import judgement
from swf_testbed.agents.merger.judgement import RunJudgement
from swf_testbed.agents.merger.judging import Judging
from swf_testbed.agents.merger.stfs import StfPart
from swf_testbed.agents.merger.verdicts import Kept, Verdicts
from swf_testbed.config.parameters import Parameters
from swf_testbed.control.supervision import wait_until
from swf_testbed.messages import Message, QualityFlagged, StfVolumeContent
from swf_testbed.model.errors import Unavailable
from swf_testbed.model.status import Quality
from swf_testbed.records import Window
from swf_testbed.runtime import AgentContext

RUN, STFS = 100_010, 16
DEAD = {
    "kind": "dead_units",
    "detector": "femc",
    "units": [3, 4],
    "start_s": 4 * STF_S,
    "end_s": 8 * STF_S,
}


class Ears:
    """Hears what the judge says, as monitor and bus; every `away`-th time the monitor does not answer."""

    def __init__(self, away: int = 0) -> None:
        self.said: list[QualityFlagged] = []
        self.windows: list[Window] = []
        self._away, self._asked = away, 0

    def reference_of(self, run: int, state: str | None) -> Any:
        return SimpleNamespace(name="good", version=1, content=reference().document())

    def upsert(self, records: Sequence[Any]) -> None:
        self._asked += 1
        if self._away and self._asked % self._away == 0:
            raise Unavailable("the monitor does not answer")
        self.windows += [one for one in records if isinstance(one, Window) and one.window == "run"]

    def publish_many(self, messages: Iterable[Message]) -> None:
        self.said += [one for one in messages if isinstance(one, QualityFlagged)]

    def context(self) -> AgentContext:
        def message(cls: type[Message], **fields: Any) -> Message:
            return cls(**{"namespace": "n", "sender": "merger", **fields})

        said = SimpleNamespace(monitor=self, bus=self, message=message, parameters=lambda _: Parameters())
        return cast("AgentContext", said)


def stf_parts(stfs: int, faults: Sequence[dict[str, Any]] = ()) -> Iterator[StfPart]:
    """The parts of a run as the merger tells the judge of them."""
    for seen, products in parts(12, stfs, faults):
        name, sampled = f"{seen.sequence}.stf", products.frames
        about = None
        if not sampled:
            said = {"filename": name, "tf_count": 400, "histograms": {}, "sequence": seen.sequence}
            span = {"start": seen.start, "end": seen.end, "stream": seen.stream, "sampled": 80}
            about = StfVolumeContent.model_validate(said | span)
        yield StfPart(name, products, sampled, about)


def judge_late(ears: Ears, folder: Path) -> None:
    """All STFs of the run wait before the first is judged."""
    run = RunJudgement(RUN, None, ears.context(), Verdicts(folder / "judged.sqlite3"))
    for part in stf_parts(STFS, [DEAD]):
        run.add(part)
    run.total = STFS
    for _ in range(200):
        if run.finished:
            return
        try:
            run.step()
        except Unavailable:
            continue
    raise AssertionError("the run is not judged to its end")


@pytest.mark.parametrize("away", [0, 3])
def test_a_short_fault_among_many_stfs_that_waited_is_found_and_told(away: int, tmp_path: Path) -> None:
    ears = Ears(away)
    judge_late(ears, tmp_path)
    bad = {(one.subsystem, one.check, one.part) for one in ears.said if one.quality is Quality.BAD}
    assert ("femc", "dead", "units 3-4") in bad
    assert {subsystem for subsystem, _, _ in bad} == {"femc"}
    assert (ears.windows[-1].stfs, ears.windows[-1].frames) == (STFS, 80 * STFS)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "judged.sqlite3"


@pytest.fixture
def judging(path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Judging]:
    """A judge in its thread, for whom a run is quiet after a moment."""
    monkeypatch.setattr(judgement, "QUIET_S", 0.1)
    Verdicts(path).close()  # the file is there
    judging = Judging(Ears().context(), path)
    judging.start()
    yield judging
    judging.stop()


def kept_at_last(path: Path, run: int) -> Kept:
    """What is kept of a run when it is over."""
    reader = sqlite3.connect(path)  # `Verdicts` would write, and the judge be in its way

    def over() -> bool:
        found = reader.execute("SELECT finished FROM run WHERE run = ?", (run,)).fetchone()
        return bool(found and found[0])

    assert wait_until(over, 60), f"run {run} is not judged to its end"
    reader.close()
    verdicts = Verdicts(path)
    kept = verdicts.begin(run, None)
    verdicts.close()
    return kept


def test_what_comes_of_a_run_that_was_given_up_empty_stops_no_other(judging: Judging, path: Path) -> None:
    judging.tell(RUN, None, 2)
    assert kept_at_last(path, RUN).profile is None
    for part in stf_parts(2):
        judging.tell(RUN, None, part)
        judging.tell(RUN + 1, None, part)
    judging.tell(RUN + 1, None, 2)
    profile = kept_at_last(path, RUN + 1).profile
    assert profile is not None
    assert profile.stfs == 2


def test_a_run_whose_parts_wait_behind_those_of_others_is_not_given_up(judging: Judging, path: Path) -> None:
    with judging.merging(RUN):
        judging.tell(RUN + 1, None, 2)  # its end is heard before its data, which wait in a queue
        judging.tell(RUN - 1, None, 2)
        kept_at_last(path, RUN - 1)  # one that nothing can come of any more
        for part in stf_parts(2):
            judging.tell(RUN + 1, None, part)
    profile = kept_at_last(path, RUN + 1).profile
    assert profile is not None
    assert profile.stfs == 2


def test_a_damaged_profile_is_begun_anew(judging: Judging, path: Path) -> None:
    verdicts = Verdicts(path)
    verdicts.begin(RUN, None)
    verdicts.keep(RUN, {"stfs": "many"}, (), finished=False)
    verdicts.close()
    for part in stf_parts(2):
        judging.tell(RUN, None, part)
    judging.tell(RUN, None, 2)
    profile = kept_at_last(path, RUN).profile
    assert profile is not None
    assert profile.stfs == 2

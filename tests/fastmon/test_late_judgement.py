"""A run whose STFs come to the merger's judge late, many at once, and a monitor that is away meanwhile."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from judged_runs import STF_S, parts, reference

from swf_testbed.agents.merger.judgement import RunJudgement
from swf_testbed.agents.merger.stfs import StfPart
from swf_testbed.agents.merger.verdicts import Verdicts
from swf_testbed.config.parameters import Parameters
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


def judge_late(ears: Ears, folder: Path) -> None:
    """All STFs of the run wait before the first is judged."""
    run = RunJudgement(RUN, None, ears.context(), Verdicts(folder / "judged.sqlite3"))
    for seen, products in parts(12, STFS, [DEAD]):
        name, sampled = f"{seen.sequence}.stf", products.frames
        about = None
        if not sampled:
            said = {"filename": name, "tf_count": 400, "histograms": {}, "sequence": seen.sequence}
            span = {"start": seen.start, "end": seen.end, "stream": seen.stream, "sampled": 80}
            about = StfVolumeContent.model_validate(said | span)
        run.add(StfPart(name, products, sampled, about))
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

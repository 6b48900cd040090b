"""The STFs of a run as their parts come: each is judged when it is whole."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from swf_testbed.fastmon.counts import ProductSet
from swf_testbed.fastmon.windows import StfSeen
from swf_testbed.messages import StfVolumeContent

OVERTAKEN = 8
"""So many STFs after it that are whole, an STF is not waited for any longer."""


@dataclass(frozen=True, slots=True)
class StfPart:
    """A part of an STF that is in the histograms.

    Attributes:
        stf: the name of the STF.
        products: what was counted.
        frames: of its sample that are settled with this part.
        about: what is known of the STF, if this part is its index.
        latency_s: from egress to plot, of a slice.
    """

    stf: str
    products: ProductSet
    frames: int = 0
    about: StfVolumeContent | None = None
    latency_s: float | None = None


@dataclass(slots=True)
class Stf:
    """What has come of one STF."""

    name: str
    about: StfVolumeContent | None = None
    products: list[ProductSet] = field(default_factory=list)
    frames: int = 0
    latency_s: float | None = None
    overtaken: int = 0
    """How many were given out that began to come after it."""

    def add(self, part: StfPart) -> None:
        """One more part."""
        self.products.append(part.products)
        self.frames += part.frames
        self.about = self.about or part.about
        if part.latency_s is not None:
            self.latency_s = max(part.latency_s, self.latency_s or 0.0)

    @property
    def seen(self) -> StfSeen | None:
        """Its place in the run; None before its index has come, or if that does not say."""
        about = self.about
        if about is None or about.sequence is None or about.start is None or about.end is None:
            return None
        return StfSeen(about.sequence, about.start, about.end, about.stream)

    @property
    def whole(self) -> bool:
        """Whether its index and all its slices have come."""
        return self.about is not None and self.frames >= self.about.sampled


class Gathering:
    """Puts parts together; an STF is given out once, whole or overtaken."""

    def __init__(self) -> None:
        self._waiting: dict[str, Stf] = {}
        self._given: dict[str, StfSeen | None] = {}

    def __len__(self) -> int:
        """How many STFs are waited for."""
        return len(self._waiting)

    @property
    def given(self) -> int:
        """How many were given out."""
        return len(self._given)

    @property
    def seen(self) -> set[StfSeen]:
        """The places of those that were given out."""
        return {seen for seen in self._given.values() if seen is not None}

    def add(self, part: StfPart) -> None:
        """One more part; what comes for an STF that was given out comes too late to be judged."""
        if part.stf not in self._given:
            self._waiting.setdefault(part.stf, Stf(part.stf)).add(part)

    def take(self, everything: bool = False) -> Iterator[Stf]:
        """The STFs that are not waited for any longer, in the order in which their first parts came."""
        waiting = list(self._waiting.values())
        for place, stf in enumerate(waiting):
            if stf.whole:
                for earlier in waiting[:place]:
                    earlier.overtaken += 1
        for stf in waiting:
            if stf.whole or stf.overtaken >= OVERTAKEN or everything:
                del self._waiting[stf.name]
                self._given[stf.name] = stf.seen
                if stf.seen is not None:
                    yield stf

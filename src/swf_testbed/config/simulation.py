"""What the simulated detector sends: the section `[simulation]`."""

from typing import Annotated, Any, Literal
from zlib import crc32

from pydantic import Field, model_validator

from swf_testbed.config.section import AboveZero, Section, Seed, told
from swf_testbed.model.fields import StreamName
from swf_testbed.model.names import MAIN_STREAM

TfPerStf = Annotated[int, Field(ge=1, le=100_000, description="frames in an STF file")]
Scale = Annotated[
    float,
    Field(gt=0, le=4, description="hits beside those of the real detector; 1.0 is about 2.7 MB a frame"),
]


class SideStream(Section):
    """A stream that is taken beside the first one; what is not set is as there."""

    name: Annotated[StreamName, told("stands in the names of its files")]
    stf_interval: Annotated[AboveZero | None, told("from one of its STFs to the next")] = None
    tf_per_stf: TfPerStf | None = None
    scale: Scale | None = None


class Simulation(Section):
    """What the simulated detector sends, and where that comes from.

    `source` is `generate` (hits are made), `play` (recorded STF files, in the order of their names and from
    the beginning again when they are used up) or `announce` (no files, only their names).
    """

    scale: Scale = 0.004
    tf_per_stf: TfPerStf = 1000
    beam: Annotated[str, told("energies of the beams, GeV: electrons x hadrons")] = "18x275"
    seed: Annotated[Seed, told("of all random numbers: the same seed and run make the same hits")] = 1
    stream: Annotated[StreamName, told("the name of the first stream")] = MAIN_STREAM
    streams: Annotated[
        tuple[SideStream, ...],
        Field(strict=False, max_length=16, description="more streams; their tables are below"),
    ] = ()
    recycle_frames: Annotated[
        int, Field(ge=0, le=100_000, description="make so many frames and use them over; 0 makes each anew")
    ] = 0
    anomalies: Annotated[
        tuple[dict[str, Any], ...], Field(strict=False, description="faults; their tables are below")
    ] = ()
    source: Annotated[Literal["generate", "play", "announce"], told("where frames come from")] = "generate"
    recorded: Annotated[
        str, Field(max_length=4000, description="what `play` plays: a folder, a file, or the URL of either")
    ] = ""
    restamp: Annotated[bool, told("whether played files get this run's number, sequence and times")] = True

    @model_validator(mode="after")
    def _consistent(self) -> "Simulation":
        names = [self.stream, *(one.name for one in self.streams)]
        if len(set(names)) < len(names):
            raise ValueError(f"streams: names must differ ({', '.join(names)})")
        if self.source == "play" and not self.recorded:
            raise ValueError('recorded: must name what source = "play" plays')
        return self

    @property
    def plays_as_is(self) -> bool:
        """Whether files may say that they are of another run."""
        return self.source == "play" and not self.restamp

    def of_each_stream(self) -> "tuple[Simulation, ...]":
        """What each stream sends: one without side streams for each; random numbers differ."""
        return (self.model_copy(update={"streams": ()}), *map(self._of_side, self.streams))

    def _of_side(self, side: SideStream) -> "Simulation":
        own = side.model_dump(exclude={"name", "stf_interval"}, exclude_none=True)
        seed = (self.seed + crc32(side.name.encode())) % 2**63
        return self.model_copy(update={**own, "stream": side.name, "streams": (), "seed": seed})

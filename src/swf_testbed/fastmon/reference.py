"""What data should look like: profiles of runs, and references made of the profiles of good runs.

A profile is a run's sums and, of the numbers that checks measure of each STF, how they scattered. Profiles
are sums, and add. A reference is the sum of the profiles of runs that a person marked good.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple, TypeVar

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from swf_testbed.config.checked import checked
from swf_testbed.fastmon.codec import decode, encode
from swf_testbed.fastmon.windows import Sums, Tally
from swf_testbed.model.detectors import detector
from swf_testbed.model.errors import BadInput

T = TypeVar("T")


@dataclass(slots=True)
class Scatter:
    """Of a number measured once an STF: how often, its sum, and the sum of its squares."""

    number: int = 0
    total: float = 0.0
    squares: float = 0.0

    def add(self, value: float) -> None:
        """One more measurement."""
        self.number += 1
        self.total += value
        self.squares += value * value

    def merge(self, other: "Scatter") -> None:
        """Another profile's."""
        self.number += other.number
        self.total += other.total
        self.squares += other.squares

    @property
    def mean(self) -> float:
        """The mean; 0 without measurements."""
        return self.total / self.number if self.number else 0.0

    @property
    def variance(self) -> float:
        """The variance from STF to STF; 0 with less than two."""
        if self.number < 2:
            return 0.0
        return max(self.squares - self.total**2 / self.number, 0.0) / (self.number - 1)


class Measured(NamedTuple):
    """What was measured: a check's number, as `<check>.<name>`, of a subsystem."""

    subsystem: str
    name: str


@dataclass(slots=True)
class Profile:
    """What a run looked like: its sums, in how many STFs, and how its numbers scattered."""

    sums: Sums = field(default_factory=Sums)
    stfs: int = 0
    scatter: dict[Measured, Scatter] = field(default_factory=dict)

    def add(self, sums: Sums, measured: Mapping[Measured, float]) -> None:
        """One more STF, and what was measured of it."""
        self.stfs += 1
        self.sums.merge(sums)
        for key, value in measured.items():
            self.scatter.setdefault(key, Scatter()).add(value)

    def merge(self, other: "Profile") -> None:
        """Another run."""
        self.stfs += other.stfs
        self.sums.merge(other.sums)
        for key, scatter in other.scatter.items():
            self.scatter.setdefault(key, Scatter()).merge(scatter)

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "stfs": self.stfs,
            "histograms": encode(self.sums.products()),
            "scatter": [
                [*key, one.number, one.total, one.squares] for key, one in sorted(self.scatter.items())
            ],
        }

    @classmethod
    def of_document(cls, document: Any, field_name: str = "profile") -> "Profile":
        """From JSON; `BadInput` if it is not what `document` makes."""
        read = checked(_PROFILE, document, field_name)
        sums = Sums()
        sums.add(decode(read.histograms))
        scatter = {
            Measured(subsystem, name): Scatter(number, total, squares)
            for subsystem, name, number, total, squares in read.scatter
        }
        return cls(sums, read.stfs, scatter)


class ReferenceKey(NamedTuple):
    """What a reference is good for: the detector's configuration, the beams (`18x275`), the run's state."""

    configuration: str
    beam: str
    state: str


@dataclass(frozen=True, slots=True)
class Expected:
    """What a reference says of one subsystem."""

    tally: Tally
    stfs: int
    scatter: Mapping[Measured, Scatter]
    _known: dict[str, Any] = field(default_factory=dict)

    def once(self, name: str, find: Callable[[], T]) -> T:
        """What `find` finds, which depends on the reference alone: looked for once, and then remembered."""
        if name not in self._known:
            self._known[name] = find()
        found: T = self._known[name]
        return found

    def measured(self, name: str) -> Scatter:
        """How a number scattered from STF to STF; nothing if it was never measured."""
        return self.scatter.get(Measured(self.tally.detector.name, name), Scatter())


@dataclass(frozen=True, slots=True)
class Reference:
    """What data should look like under some conditions.

    Attributes:
        key: the conditions.
        version: counts the references of a key.
        runs: of which it was made.
        made_at, made_by: when, and by whom.
        profile: the sum of the runs' profiles.
    """

    key: ReferenceKey
    version: int
    runs: tuple[int, ...]
    made_at: datetime
    made_by: str
    profile: Profile

    def of(self, subsystem: str) -> Expected:
        """What it says of one subsystem; `BadInput` if there is none of that name."""
        return Expected(
            Tally(detector(subsystem), self.profile.sums), self.profile.stfs, self.profile.scatter
        )

    def document(self) -> dict[str, Any]:
        """As JSON, to be stored and sent."""
        return {
            "configuration": self.key.configuration,
            "beam": self.key.beam,
            "state": self.key.state,
            "version": self.version,
            "runs": list(self.runs),
            "made_at": self.made_at.isoformat(),
            "made_by": self.made_by,
            "profile": self.profile.document(),
        }

    @classmethod
    def of_document(cls, document: Any) -> "Reference":
        """From JSON; `BadInput` names what is wrong in it."""
        read = checked(_REFERENCE, document, "reference")
        return cls(
            ReferenceKey(read.configuration, read.beam, read.state),
            read.version,
            read.runs,
            read.made_at,
            read.made_by,
            Profile.of_document(read.profile, "reference.profile"),
        )


def make_reference(
    key: ReferenceKey,
    version: int,
    profiles: Mapping[int, Profile],
    made_at: datetime,
    made_by: str,
) -> Reference:
    """A reference of some runs, given their profiles by run number; `BadInput` if there are none."""
    if not profiles:
        raise BadInput("runs", [], "a reference needs at least one run")
    whole = Profile()
    for _, profile in sorted(profiles.items()):
        whole.merge(profile)
    return Reference(key, version, tuple(sorted(profiles)), made_at, made_by, whole)


class _ProfileDocument(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    stfs: int = Field(ge=0)
    histograms: dict[str, Any]
    scatter: tuple[tuple[str, str, int, float, float], ...]


class _ReferenceDocument(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    configuration: str
    beam: str
    state: str
    version: int = Field(ge=1)
    runs: tuple[int, ...]
    made_at: datetime
    made_by: str
    profile: dict[str, Any]


_PROFILE: TypeAdapter[_ProfileDocument] = TypeAdapter(_ProfileDocument)
_REFERENCE: TypeAdapter[_ReferenceDocument] = TypeAdapter(_ReferenceDocument)

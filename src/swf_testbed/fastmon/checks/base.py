"""What a check is, and the list of all of them."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, TypeVar

from pydantic import BaseModel, ConfigDict

from swf_testbed.fastmon.reference import Expected
from swf_testbed.fastmon.windows import StfSeen, Tally
from swf_testbed.model.errors import BadInput, one_of
from swf_testbed.model.faults import Fault

CERTAIN = 99.0
"""The significance of what is no matter of chance."""


class CheckSettings(BaseModel):
    """What may be set of a check, in `[fastmon.checks.settings.<name>]`."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a check says of one window.

    Attributes:
        significance: in standard deviations, without regard to sign, after the correction for looking at
            many units or channels; 0 where the effect is smaller than what matters.
        reason: in plain words, with numbers.
        units, channels: the part of the subsystem that it is about; empty for all of it.
        sequences: the STFs that it is about, where it is not about the window.
        since: when that began; by default where the window begins.
    """

    significance: float
    reason: str
    units: tuple[int, ...] = ()
    channels: tuple[int, ...] = ()
    sequences: tuple[int, ...] = ()
    since: datetime | None = None


class Check(ABC):
    """Judges one thing.

    Attributes:
        name: in configuration and flags.
        title: for people.
        kind: what is wrong if it fails: a `Fault`, a `Symptom`, or a word of one's own.
        histogram: the product in which to look.
        explained_by: kinds that, found in the same subsystem, explain what this check sees; it then says at
            most medium.
        Settings: what may be set.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    kind: ClassVar[str]
    histogram: ClassVar[str] = ""
    explained_by: ClassVar[frozenset[str]] = frozenset()
    Settings: ClassVar[type[CheckSettings]] = CheckSettings

    def __init__(self, settings: CheckSettings | None = None) -> None:
        self.settings = self.Settings() if settings is None else settings


class SubsystemCheck(Check):
    """Judges each subsystem in each window."""

    needs_reference: ClassVar[bool] = True

    @abstractmethod
    def judge(self, now: Tally, expected: Expected) -> Verdict | None:
        """The verdict on a window; None if there is too little data to tell.

        Args:
            now: what was counted in the window.
            expected: what the reference says; empty if there is none, which only checks without
                `needs_reference` are asked with.
        """

    def measure(self, now: Tally, before: Tally | None) -> Mapping[str, float]:
        """Numbers of one STF whose scatter from STF to STF the reference shall know, by name.

        Args:
            now: what was counted in the STF.
            before: what was counted in all STFs of the run before it; None for the first.
        """
        del now, before
        return {}


class RunCheck(Check):
    """Judges the run as a whole."""

    @abstractmethod
    def judge_run(self, seen: Collection[StfSeen], recent: Sequence[StfSeen]) -> Verdict | None:
        """The verdict on the STFs.

        Args:
            seen: all of the run so far, in no order.
            recent: those of the longest window.
        """


CHECKS: dict[str, type[Check]] = {}
C = TypeVar("C", bound=type[Check])

EVERYTHING: frozenset[str] = frozenset(Fault)


def check(cls: C) -> C:
    """Add a check to those that are made."""
    CHECKS[cls.name] = cls
    return cls


def check_named(name: str) -> type[Check]:
    """The check of that name; `BadInput` if there is none."""
    found = CHECKS.get(name)
    if found is None:
        raise BadInput("check", name, one_of(CHECKS))
    return found

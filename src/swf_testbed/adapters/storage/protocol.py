"""What the data agent asks of a storage system; every method may be called again with the same result.

A run is a dataset. Its files leave the DAQ in the exit buffer, and have to come to every site of the
dataset. An adapter may copy them itself, or have it done by rules, as Rucio does: `deliver` brings on what
there is to bring on, and says how far it is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from swf_testbed.model.status import CopyState


class Did(NamedTuple):
    """The identity of a dataset or a file in the catalogue."""

    scope: str
    name: str

    def __str__(self) -> str:
        return f"{self.scope}:{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetSpec:
    """The dataset of a run.

    Attributes:
        did: its identity.
        run: run number.
        sites: where each of its files has to be in the end.
        lifetime_s: how long it is kept from when it is opened, s; None for ever.
        metadata: what else the catalogue says of it.
    """

    did: Did
    run: int
    sites: tuple[str, ...]
    lifetime_s: float | None = None
    metadata: Mapping[str, str | int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFile:
    """A file of a dataset, as it lies in the exit buffer.

    Attributes:
        name: unique in the scope.
        size_bytes: as announced.
        checksum: as announced, `ad:` and 8 hex digits.
        url: of the exit buffer's copy.
        metadata: what else the catalogue says of it.
    """

    name: str
    size_bytes: int
    checksum: str
    url: str
    metadata: Mapping[str, str | int] = field(default_factory=dict)

    @property
    def adler32(self) -> str:
        """The checksum as catalogues write it: exactly 8 hex digits."""
        return self.checksum.removeprefix("ad:")


class Registration(NamedTuple):
    """What became of one file that was registered; `problem` is empty when it is in the dataset."""

    name: str
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Copy:
    """One file at one site.

    Attributes:
        url: where it is known.
        problem: why it failed.
        checksum: of the bytes there, as `ad:` and 8 hex digits, once they were read.
    """

    name: str
    site: str
    state: CopyState
    url: str = ""
    problem: str = ""
    checksum: str = ""


@dataclass(frozen=True, slots=True)
class SiteStanding:
    """How many files of a dataset are at a site, on their way, or stuck; `problem` is the latest error."""

    site: str
    there: int = 0
    waiting: int = 0
    stuck: int = 0
    problem: str = ""


@dataclass(frozen=True, slots=True)
class DatasetStanding:
    """A dataset as the catalogue has it."""

    did: Did
    is_open: bool
    files: int
    size_bytes: int
    sites: tuple[SiteStanding, ...] = ()


class Storage(Protocol):
    """A storage system.

    Every method raises `Unavailable` when the system, or the site that is asked for, does not answer:
    nothing is then known to have happened, and the same call later makes up for it. Methods are called from
    several threads.
    """

    def open(self, dataset: DatasetSpec) -> None:
        """Let a dataset exist, with its metadata, its lifetime, and what brings its files to the sites.

        Raises:
            BadInput: a name that the catalogue refuses.
        """

    def register(self, did: Did, files: Sequence[StoredFile]) -> Sequence[Registration]:
        """Register files with their copies in the exit buffer, and attach them to a dataset.

        A file that is known with another size or checksum is a problem of that file, and changes nothing;
        the others are registered.

        Raises:
            NotFound: there is no such dataset.
            Conflict: it is closed, and one of the files is not in it.
        """

    def deliver(self, did: Did, site: str, files: Sequence[StoredFile]) -> Sequence[Copy]:
        """Bring registered files on towards a site; for each how far it is, in the order asked.

        Raises:
            Unavailable: nothing can be brought to that site now.
        """

    def verify(self, did: Did, site: str, files: Sequence[StoredFile]) -> Sequence[Copy]:
        """Compare the bytes at a site with size and checksum; a copy that differs is put aside.

        Each copy is `VERIFIED` or `FAILED`, in the order asked; after `FAILED`, `deliver` makes a new one.
        """

    def remove(self, did: Did, files: Sequence[StoredFile]) -> Sequence[Copy]:
        """Delete the exit buffer's copies, in the catalogue and on disk; the caller has checked the sites."""

    def close(self, did: Did) -> DatasetStanding:
        """Let nothing more be attached to a dataset; how it stands. `NotFound` if there is none."""

    def standing(self, did: Did) -> DatasetStanding:
        """How a dataset stands. `NotFound` if there is none."""

    def forget(self, did: Did) -> None:
        """Let go of what is in memory of a dataset; who asks for it again opens and registers it first."""

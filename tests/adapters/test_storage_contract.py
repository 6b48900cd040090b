"""What every kind of storage does, whatever is behind it.

Another adapter joins by an entry in `KINDS`: a function of a folder that gives a `Place`; and in `MOVING` if
it moves bytes.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from zlib import adler32

import pytest
from rucio_runs import RucioRun

from swf_test_servers.rucio import Rucio
from swf_testbed.adapters.storage import Copy, CopyState, DatasetSpec, Did, Storage, StoredFile
from swf_testbed.adapters.storage.catalogued import CataloguedStorage
from swf_testbed.adapters.storage.folders import FolderMover
from swf_testbed.adapters.storage.imagined import ImaginedMover
from swf_testbed.control.supervision import wait_until
from swf_testbed.model.errors import BadInput, Conflict, NotFound, Unavailable

pytestmark = pytest.mark.timeout(600)

SITES = ("BNL", "JLAB")
PATIENCE_S = 240
_runs = count(420_001)
"""A server that serves several tests has files of them all."""


@dataclass
class Place:
    """A storage system, a folder that is its exit buffer, and those of its sites if it moves bytes."""

    storage: Storage
    buffer: Path
    sites: dict[str, Path] = field(default_factory=dict)
    run: int = field(default_factory=lambda: next(_runs))

    @property
    def did(self) -> Did:
        return Did("group.daq", f"swf.{self.run}.run")

    def file(self, sequence: int = 1, data: bytes = b"some frames") -> StoredFile:
        """A file in the exit buffer."""
        name = f"swf.{self.run}.{sequence:06d}.stf"
        path = self.buffer / name
        path.write_bytes(data)
        return StoredFile(
            name=name, size_bytes=len(data), checksum=f"ad:{adler32(data):08x}", url=path.as_uri()
        )

    def dataset(self) -> Did:
        """An open dataset for both sites."""
        self.storage.open(DatasetSpec(did=self.did, run=self.run, sites=SITES))
        return self.did

    def delivered(self, site: str, *files: StoredFile) -> Sequence[Copy]:
        """The copies of files at a site, when all have arrived."""
        found: Sequence[Copy] = ()

        def arrived() -> bool:
            nonlocal found
            found = self.storage.deliver(self.did, site, files)
            return {copy.state for copy in found} == {CopyState.ARRIVED}

        assert wait_until(arrived, PATIENCE_S), found
        return found

    def verified(self, site: str, *files: StoredFile) -> bool:
        """Whether the copies at a site are what they should be."""
        found = self.storage.verify(self.did, site, files)
        return [(copy.name, copy.state) for copy in found] == [
            (file.name, CopyState.VERIFIED) for file in files
        ]


def local(folder: Path) -> Place:
    sites = {site: folder / site for site in SITES}
    for path in sites.values():
        path.mkdir()
    return Place(CataloguedStorage("E0-BUFFER", FolderMover(sites)), folder / "buffer", sites)


def dry_run(folder: Path) -> Place:
    return Place(CataloguedStorage("E0-BUFFER", ImaginedMover()), folder / "buffer")


KINDS: dict[str, Callable[[Path], Place]] = {"local": local, "dry-run": dry_run}
MOVING = ["local", "rucio"]
moving = pytest.mark.parametrize("place", MOVING, indirect=True)
copying = pytest.mark.parametrize("place", ["local"], indirect=True)


@pytest.fixture(params=[*sorted(KINDS), "rucio"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    (tmp_path / "buffer").mkdir()
    if request.param in KINDS:
        return KINDS[request.param](tmp_path)
    system = request.getfixturevalue("rucio_system")
    run = next(_runs)
    # By Rucio's own policy only `root` declares a copy bad.
    storage = RucioRun(system, tmp_path, run, account=Rucio.root).storage
    return Place(storage, system.buffer.data, {name: site.data for name, site in system.sites.items()}, run)


def test_a_run_is_registered_delivered_verified_and_closed(place: Place) -> None:
    did = place.dataset()
    files = [place.file(number, b"x" * number) for number in range(1, 4)]
    assert [done.problem for done in place.storage.register(did, files)] == ["", "", ""]

    for site in SITES:
        arrived = place.delivered(site, *files)
        assert [(copy.name, copy.site) for copy in arrived] == [(file.name, site) for file in files]
        assert place.verified(site, *files)

    closed = place.storage.close(did)
    assert (closed.is_open, closed.files, closed.size_bytes) == (False, 3, 6)
    assert [(site.site, site.there, site.waiting, site.stuck) for site in closed.sites] == [
        ("BNL", 3, 0, 0),
        ("JLAB", 3, 0, 0),
    ]
    assert {copy.state for copy in place.storage.remove(did, files)} == {CopyState.REMOVED}
    left = [path.name for path in place.buffer.glob(f"swf.{place.run}.*")]
    assert left == [] or not place.sites  # what moves nothing deletes nothing
    assert all(place.verified(site, *files) for site in SITES)


def test_saying_all_of_it_again_changes_nothing(place: Place) -> None:
    did, file = place.did, place.file()
    for _ in range(2):
        place.dataset()
        assert place.storage.register(did, [file])[0].problem == ""
        for site in SITES:
            place.delivered(site, file)
            assert place.verified(site, file)
        assert place.storage.close(did).files == 1
    assert [place.storage.remove(did, [file])[0].state for _ in range(2)] == [CopyState.REMOVED] * 2


@pytest.mark.parametrize(
    ("change", "word"), [({"size_bytes": 5}, "size"), ({"checksum": "ad:0000abcd"}, "checksum")]
)
def test_a_known_file_that_is_another_is_a_problem_of_that_file_alone(
    place: Place, change: dict[str, object], word: str
) -> None:
    did = place.dataset()
    file, other = place.file(1), place.file(2)
    place.storage.register(did, [file])
    again = place.storage.register(did, [replace(file, **change), other])  # type: ignore[arg-type]
    assert word in again[0].problem
    assert again[1].problem == ""
    standing = place.storage.standing(did)
    assert (standing.files, standing.size_bytes) == (2, file.size_bytes + other.size_bytes)


def test_a_closed_dataset_takes_nothing_new(place: Place) -> None:
    did = place.dataset()
    place.storage.close(did)
    with pytest.raises(Conflict, match="closed"):
        place.storage.register(did, [place.file()])
    assert place.storage.standing(did).files == 0


def test_what_does_not_exist_is_said_to_be_missing(place: Place) -> None:
    nowhere, file = Did("group.daq", "swf.1.run"), place.file()
    with pytest.raises(NotFound, match=r"swf\.1\.run"):
        place.storage.register(nowhere, [file])
    with pytest.raises(NotFound):
        place.storage.close(nowhere)
    with pytest.raises(NotFound, match="not registered"):
        place.storage.deliver(place.dataset(), "BNL", [file])


@moving
def test_a_damaged_copy_is_found_and_made_anew(place: Place) -> None:
    did, file = place.dataset(), place.file()
    place.storage.register(did, [file])
    place.delivered("BNL", file)
    place.delivered("JLAB", file)
    (path,) = place.sites["JLAB"].rglob(file.name)
    good = path.read_bytes()
    path.write_bytes(b"x" + good[1:])
    found = place.storage.verify(did, "JLAB", [file])[0]
    assert found.state is CopyState.FAILED
    assert "checksum" in found.problem
    assert place.storage.standing(did).sites[1].there == 0
    assert place.verified("BNL", file)
    place.delivered("JLAB", file)
    assert place.verified("JLAB", file)
    assert path.read_bytes() == good


@copying
def test_a_damaged_original_is_not_copied(place: Place) -> None:
    did = place.dataset()
    file = place.file()
    place.storage.register(did, [file])
    (place.buffer / file.name).write_bytes(b"other")
    copy = place.storage.deliver(did, "BNL", [file])[0]
    assert copy.state is CopyState.FAILED
    assert "exit buffer" in copy.problem
    (place.buffer / file.name).unlink()
    gone = place.storage.deliver(did, "BNL", [file])[0]
    assert gone.state is CopyState.FAILED
    assert place.storage.verify(did, "BNL", [file])[0].state is CopyState.FAILED


def test_a_site_that_is_down_is_unavailable_and_another_is_not(tmp_path: Path) -> None:
    (tmp_path / "buffer").mkdir()
    place = local(tmp_path)
    did, file = place.dataset(), place.file()
    place.storage.register(did, [file])
    (tmp_path / "BNL").rename(tmp_path / "away")
    with pytest.raises(Unavailable, match="BNL does not answer"):
        place.storage.deliver(did, "BNL", [file])
    assert place.storage.deliver(did, "JLAB", [file])[0].state is CopyState.ARRIVED
    (tmp_path / "away").rename(tmp_path / "BNL")
    assert place.storage.deliver(did, "BNL", [file])[0].state is CopyState.ARRIVED
    with pytest.raises(BadInput, match="BNL, JLAB"):
        place.storage.deliver(did, "CERN", [file])


def test_a_site_without_room_is_unavailable(tmp_path: Path) -> None:
    """A name that the file system refuses is as good as a full one, and is refused to root too."""
    (tmp_path / "buffer").mkdir()
    place = local(tmp_path)
    did, file = place.dataset(), place.file()
    place.storage.register(did, [file])
    (tmp_path / "BNL" / "group.daq").write_text("in the way")
    with pytest.raises(Unavailable, match="BNL takes no files"):
        place.storage.deliver(did, "BNL", [file])
    (tmp_path / "BNL" / "group.daq").unlink()
    assert place.storage.deliver(did, "BNL", [file])[0].state is CopyState.ARRIVED


def test_a_forgotten_dataset_is_known_again_when_it_is_opened_and_registered_again(place: Place) -> None:
    did = place.dataset()
    file = place.file()
    place.storage.register(did, [file])
    place.storage.forget(did)
    place.dataset()
    assert [done.problem for done in place.storage.register(did, [file])] == [""]
    assert place.storage.standing(did).files == 1

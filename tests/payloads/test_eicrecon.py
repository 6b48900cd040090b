"""The EICrecon profile on a podio file that uproot has written, with a stand-in for the program."""

import sys
from pathlib import Path

import numpy as np
import pytest
import uproot

from swf_testbed.config.payloads import Eicrecon
from swf_testbed.payloads import ExitCode, Frames, Outcome, Work, open_payload

STAND_IN = Path(__file__).with_name("eicrecon_stand_in.py")
PROGRAM = f'#!/bin/sh\nexec {sys.executable} {STAND_IN} "$@"\n'


@pytest.fixture(scope="module")
def podio(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten events, as podio names their branches."""
    path = tmp_path_factory.mktemp("podio") / "events.edm4hep.root"
    with uproot.recreate(path) as file:
        file.mktree("events", {"EventHeader.eventNumber": np.int32})
        file["events"].extend({"EventHeader.eventNumber": np.arange(100, 110, dtype=np.int32)})
    return path


def run(url: str, tmp_path: Path, *, skip: int, count: int, name: str = "eicrecon") -> Outcome:
    program = tmp_path / "eicrecon"
    program.write_text(PROGRAM)
    program.chmod(0o755)
    work = Work(
        kind="slice",
        name="sample#3",
        run_id=1,
        filename="swf.1.000001.stf",
        urls=(url,),
        frames=Frames(first=100 + skip, last=99 + skip + count, count=count, skip=skip),
    )
    profile = Eicrecon(kind="eicrecon", program=str(tmp_path / name))
    with open_payload(profile, tmp_path / "scratch", tmp_path / "kept") as payload:
        return payload.run(work)


@pytest.mark.parametrize(("skip", "count"), [(0, 10), (3, 4), (9, 1)])
def test_a_slice_is_so_many_events_from_its_place_in_the_file(
    podio: Path, tmp_path: Path, skip: int, count: int
) -> None:
    found = run(podio.as_uri(), tmp_path, skip=skip, count=count)
    assert (found.code, found.error) == (ExitCode.DONE, "")
    assert found.folder
    assert found.result
    made = found.folder / "reconstructed.edm4eic.root"
    assert found.result["outputs"] == {made.name: made.stat().st_size}
    with uproot.open(made) as file:
        numbers = file["events"]["EventHeader.eventNumber"].array(library="np")
    assert numbers.tolist() == list(range(100 + skip, 100 + skip + count))


def test_other_files_are_no_input_for_it(podio: Path, tmp_path: Path) -> None:
    stf = run("file:///somewhere/swf.1.000001.stf", tmp_path, skip=0, count=1)
    assert stf.code == ExitCode.BAD_DATA
    assert "end in .root" in stf.error
    gone = run((tmp_path / "gone.root").as_uri(), tmp_path, skip=0, count=1)
    assert gone.code == ExitCode.NO_INPUT
    absent = run(podio.as_uri(), tmp_path, skip=0, count=1, name="not-installed")
    assert absent.code == ExitCode.TRY_LATER

"""The EICrecon profile on a podio file that uproot has written, with a stand-in for the program."""

from pathlib import Path

import pytest
import uproot

from swf_testbed.config.payloads import Eicrecon
from swf_testbed.payloads import ExitCode, Frames, Outcome, Work, open_payload


def run(program: Path, url: str, tmp_path: Path, *, skip: int, count: int) -> Outcome:
    work = Work(
        kind="slice",
        name="sample#3",
        run_id=1,
        filename="swf.1.000001.stf",
        urls=(url,),
        frames=Frames(first=100 + skip, last=99 + skip + count, count=count, skip=skip),
    )
    profile = Eicrecon(kind="eicrecon", program=str(program))
    with open_payload(profile, tmp_path / "scratch", tmp_path / "kept") as payload:
        return payload.run(work)


@pytest.mark.parametrize(("skip", "count"), [(0, 10), (3, 4), (9, 1)])
def test_a_slice_is_so_many_events_from_its_place_in_the_file(
    podio: Path, eicrecon: Path, tmp_path: Path, skip: int, count: int
) -> None:
    found = run(eicrecon, podio.as_uri(), tmp_path, skip=skip, count=count)
    assert (found.code, found.error) == (ExitCode.DONE, "")
    assert found.folder
    assert found.result
    made = found.folder / "reconstructed.edm4eic.root"
    assert found.result["outputs"] == {made.name: made.stat().st_size}
    with uproot.open(made) as file:
        numbers = file["events"]["EventHeader.eventNumber"].array(library="np")
    assert numbers.tolist() == list(range(100 + skip, 100 + skip + count))


def test_other_files_are_no_input_for_it(podio: Path, eicrecon: Path, tmp_path: Path) -> None:
    stf = run(eicrecon, "file:///somewhere/swf.1.000001.stf", tmp_path, skip=0, count=1)
    assert stf.code == ExitCode.BAD_DATA
    assert "end in .root" in stf.error
    gone = run(eicrecon, (tmp_path / "gone.root").as_uri(), tmp_path, skip=0, count=1)
    assert gone.code == ExitCode.NO_INPUT
    absent = run(tmp_path / "not-installed", podio.as_uri(), tmp_path, skip=0, count=1)
    assert absent.code == ExitCode.TRY_LATER

"""The stf command: what a user sees, and the exit codes."""

import json
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from swf_testbed.cli.stf import main

VECTOR = str(Path(__file__).parents[1] / "data" / "stf1-vector.stf")


class Said(NamedTuple):
    code: int
    out: str
    err: str


@pytest.fixture
def stf(capsys: pytest.CaptureFixture[str]) -> Any:
    def run(*arguments: str | Path) -> Said:
        with pytest.raises(SystemExit) as left:
            main([str(word) for word in arguments])
        said = capsys.readouterr()
        assert "Traceback" not in said.err
        return Said(int(left.value.code or 0), said.out, said.err)

    return run


@pytest.fixture
def damaged(tmp_path: Path) -> Path:
    data = bytearray(Path(VECTOR).read_bytes())
    data[920 + 64 + 5 * 24 + 48] ^= 1
    path = tmp_path / "damaged.stf"
    path.write_bytes(data)
    return path


def test_ls_shows_header_and_detectors(stf: Any) -> None:
    said = stf("ls", VECTOR)
    assert said.code == 0
    assert "run 100010, STF 7" in said.out
    assert "4 frames (7000 to 7003), 104 hits" in said.out
    assert [line.split()[:2] for line in said.out.splitlines()[4:]] == [
        ["1", "SVT_IB"],
        ["9", "DRICH"],
        ["10", "EEEMCAL"],
        ["30", "SCALERS"],
    ]


def test_ls_as_json_with_frames(stf: Any) -> None:
    said = stf("ls", VECTOR, "--json", "--frames")
    (document,) = json.loads(said.out)
    assert (document["run"], document["hits"], document["recovered"]) == (100010, 104, False)
    assert [frame["tf"] for frame in document["frame_list"]] == [7000, 7001, 7002, 7003]
    assert document["detectors"][1] | {"name": ""} == {
        "id": 9,
        "name": "",
        "encoding": "HIT64",
        "channels": 319488,
        "units": 1248,
        "frames_with_data": 4,
        "bytes": 480,
        "hits": 60,
    }


def test_ls_of_a_cut_file_says_what_is_lost(stf: Any, tmp_path: Path) -> None:
    (tmp_path / "cut.stf").write_bytes(Path(VECTOR).read_bytes()[:1500])
    said = stf("ls", tmp_path / "cut.stf")
    assert said.code == 1
    assert "frame 7002: the file ends inside the frame" in said.out


def test_verify_names_the_bank(stf: Any, damaged: Path) -> None:
    said = stf("verify", VECTOR, damaged)
    assert said.code == 1
    assert f"{VECTOR}: good, 4 frames, 20 banks, 104 hits, ad:cf792e9a" in said.out
    assert f"{damaged}: 1 problems" in said.out
    assert "frame 7001, detector 9, link 0: the bank's checksum does not match its data" in said.out
    (document,) = json.loads(stf("verify", "--json", damaged).out)
    assert [(p["frame"], p["detector"], p["link"]) for p in document["problems"]] == [(7001, 9, 0)]


def test_verify_against_a_known_checksum(stf: Any) -> None:
    assert stf("verify", VECTOR, "--checksum", "ad:cf792e9a").code == 0
    said = stf("verify", VECTOR, "--checksum", "ad:00000000")
    assert said.code == 1
    assert "expected ad:00000000" in said.out


def test_a_file_that_cannot_be_read_does_not_hide_the_others(stf: Any) -> None:
    said = stf("verify", "/nowhere/x.stf", VECTOR)
    assert said.code == 2
    assert "no such file" in said.err
    assert "good, 4 frames" in said.out
    said = stf("ls", __file__)
    assert said.code == 1
    assert "not an STF1 file" in said.err


def test_recover_writes_what_is_intact(stf: Any, damaged: Path, tmp_path: Path) -> None:
    said = stf("recover", damaged, tmp_path / "new.stf")
    assert said.code == 1
    assert "lost: " in said.out
    assert "frame 7001, detector 9, link 0" in said.out
    assert stf("verify", tmp_path / "new.stf").code == 0
    assert stf("recover", VECTOR, tmp_path / "same.stf").code == 0


@pytest.mark.parametrize(
    ("options", "frames"),
    [
        (["--frames", "7001-7002"], [7001, 7002]),
        (["--frames", "7000,7003-9999"], [7000, 7003]),
        (["--fraction", "1"], [7000, 7001, 7002, 7003]),
        (["--fraction", "0.5", "--blocks", "1"], None),
    ],
)
def test_cut_copies_frames(stf: Any, tmp_path: Path, options: list[str], frames: list[int] | None) -> None:
    out = tmp_path / "part.stf"
    if "--fraction" in options and "--blocks" not in options:
        options = [*options, "--blocks", "2"]
    assert stf("cut", VECTOR, out, *options).code == 0
    (document,) = json.loads(stf("ls", out, "--json", "--frames").out)
    found = [frame["tf"] for frame in document["frame_list"]]
    assert found == frames if frames else len(found) == 2
    first = out.read_bytes()
    assert stf("cut", VECTOR, out, *options, "--force").code == 0
    assert out.read_bytes() == first


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ([], "either --frames or --fraction"),
        (["--frames", "1-2", "--fraction", "0.1"], "either --frames or --fraction"),
        (["--frames", "x"], "like 7000-7049"),
        (["--frames", "9-1"], "ends before it begins"),
        (["--frames", "1-2"], "must overlap 7000 to 7003"),
        (["--fraction", "0"], "above 0"),
        (["--fraction", "nan"], "above 0"),
        (["--fraction", "0.5", "--blocks", "9"], "4 frames"),
    ],
)
def test_cut_says_what_is_wrong(stf: Any, tmp_path: Path, options: list[str], words: str) -> None:
    said = stf("cut", VECTOR, tmp_path / "out.stf", *options)
    assert said.code == 2
    assert words in said.err
    assert list(tmp_path.iterdir()) == []


def test_files_that_are_there_are_not_replaced(stf: Any, tmp_path: Path) -> None:
    out = tmp_path / "out.stf"
    out.write_bytes(b"precious")
    assert "--force replaces it" in stf("cut", VECTOR, out, "--frames", "7000").err
    assert "--force replaces it" in stf("recover", VECTOR, out).err
    assert out.read_bytes() == b"precious"
    assert "another file" in stf("recover", out, out, "--force").err


@pytest.mark.parametrize("command", [[], ["ls"], ["verify"], ["recover"], ["cut"]])
def test_help_tells_the_exit_codes(stf: Any, command: list[str]) -> None:
    said = stf(*command, "--help")
    assert said.code == 0
    assert "Exit codes" in said.out

"""The examples of `docs/how-to/payloads.md`, run as a worker runs them: settings, code, and profile."""

import tomllib
from pathlib import Path

import pytest

from documented import Guide
from swf_testbed.config.parameters import Parameters
from swf_testbed.config.payloads import AnyPayload, Command, Eicrecon
from swf_testbed.payloads import ExitCode, Frames, Outcome, Work, open_payload

HERE = Path(__file__).parent
GUIDE = Guide("how-to/payloads.md")
VECTOR = HERE.parent / "data" / "stf1-vector.stf"


PAYLOADS = Parameters.model_validate(tomllib.loads(GUIDE.block("[payloads.counting]"))).payloads


def run(payload: AnyPayload, folder: Path, url: str, *, skip: int = 0, count: int = 4) -> Outcome:
    work = Work(
        kind="slice",
        name="sample#0",
        run_id=1,
        filename="swf.1.000001.stf",
        urls=(url,),
        frames=Frames(first=7000, last=7003, count=count, skip=skip),
    )
    with open_payload(payload, folder / "scratch", folder / "kept") as opened:
        return opened.run(work)


def test_the_function_counts_the_hits_of_the_frames_of_a_slice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "my_analysis.py").write_text(GUIDE.block("from swf_testbed.stf.reader"))
    monkeypatch.syspath_prepend(str(tmp_path))
    found = run(PAYLOADS["counting"], tmp_path, VECTOR.as_uri(), skip=1, count=2)
    assert (found.code, found.error) == (ExitCode.DONE, "")
    assert found.result
    assert sum(found.result["hits"].values()) == 27 + 22


def test_the_program_answers_how_large_the_file_is(tmp_path: Path) -> None:
    program, payload = tmp_path / "size.sh", PAYLOADS["sizing"]
    program.write_text(GUIDE.block("#!/bin/sh"))
    program.chmod(0o755)
    assert isinstance(payload, Command)
    here = payload.model_copy(update={"argv": (str(program),)})
    found = run(here, tmp_path, VECTOR.as_uri())
    assert (found.code, found.result) == (ExitCode.DONE, {"size": VECTOR.stat().st_size})
    assert run(here, tmp_path, (tmp_path / "gone.stf").as_uri()).code == ExitCode.NO_INPUT


def test_the_profile_of_eicrecon_is_called_by_its_name(
    podio: Path, eicrecon: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(eicrecon.parent), prepend=":")
    profile = PAYLOADS["eicrecon"]
    assert isinstance(profile, Eicrecon)
    found = run(profile, tmp_path, podio.as_uri(), skip=3)
    assert (found.code, found.error) == (ExitCode.DONE, "")
    assert found.result
    assert list(found.result["outputs"]) == ["reconstructed.edm4eic.root"]

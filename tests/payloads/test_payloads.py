"""Payloads, whatever they are: what they are told, and how they may end."""

import json
import os
import threading
import time
from datetime import timedelta
from pathlib import Path

import pytest

from swf_testbed.config.payloads import AnyPayload, Command, Histograms, PythonFunction
from swf_testbed.fastmon.codec import decode
from swf_testbed.model.clock import now
from swf_testbed.model.errors import BadInput
from swf_testbed.payloads import ExitCode, Frames, Outcome, Work, definition_of, open_payload

VECTOR = Path(__file__).parents[1] / "data" / "stf1-vector.stf"


@pytest.fixture(autouse=True)
def functions(monkeypatch: pytest.MonkeyPatch) -> None:
    """The process beside the worker's finds the functions of these tests."""
    monkeypatch.syspath_prepend(str(Path(__file__).parent))


def work(*urls: str, count: int = 4, **more: object) -> Work:
    fields: dict[str, object] = {
        "kind": "stf",
        "name": "swf.7.000001.stf",
        "run_id": 7,
        "filename": "swf.7.000001.stf",
        "urls": urls or (VECTOR.as_uri(),),
        "frames": Frames(first=0, last=2**40, count=count),
    }
    return Work.model_validate({**fields, **more})


def run(definition: AnyPayload, wanted: Work, scratch: Path, keep: Path | None = None) -> Outcome:
    with open_payload(definition, scratch, keep) as payload:
        return payload.run(wanted)


def command(script: str, **more: object) -> Command:
    return Command.model_validate({"kind": "command", "argv": ["/bin/sh", "-c", script], **more})


def function(name: str, timeout: float = 60.0) -> PythonFunction:
    return PythonFunction(kind="python", function=f"payload_functions:{name}", timeout=timeout)


# The histogrammer.


def test_the_histogrammer_fills_products_of_a_whole_stf(tmp_path: Path) -> None:
    found = run(Histograms(kind="histograms"), work(), tmp_path)
    assert (found.code, found.error) == (ExitCode.DONE, "")
    assert decode(found.histograms).frames == 4
    assert found.result
    assert found.result["problems"] == []


def test_a_replica_that_cannot_be_read_is_followed_by_the_next(tmp_path: Path) -> None:
    gone = (tmp_path / "gone.stf").as_uri()
    with open_payload(Histograms(kind="histograms"), tmp_path) as payload:
        assert payload.run(work(gone, VECTOR.as_uri())).done
        missing = payload.run(work(gone))
        assert missing.code == ExitCode.NO_INPUT
        assert missing.try_again
        assert "gone.stf" in missing.error
        other = payload.run(work(count=5))
        assert other.code == ExitCode.BAD_DATA
        assert not other.try_again
        assert "has 4 frames" in other.error


# Python functions.


def test_a_function_answers_from_one_process_again_and_again(tmp_path: Path) -> None:
    with open_payload(function("count"), tmp_path) as payload:
        first, second = payload.run(work()), payload.run(work(count=9))
    assert first.result
    assert second.result
    assert (first.result["frames"], second.result["frames"]) == (4, 9)
    assert first.result["process"] == second.result["process"] != os.getpid()


@pytest.mark.parametrize(
    ("name", "code", "words"),
    [
        ("bad_data", ExitCode.BAD_DATA, "is damaged"),
        ("later", ExitCode.TRY_LATER, "conditions database"),
        ("wrong", ExitCode.FAILED, "ZeroDivisionError"),
        ("nonsense", ExitCode.FAILED, "no JSON object"),
        ("absent", ExitCode.FAILED, "cannot be imported"),
        ("crash", 128 + 6, "ended by SIGABRT"),
    ],
)
def test_how_a_function_fails_is_told(tmp_path: Path, name: str, code: int, words: str) -> None:
    found = run(function(name), work(), tmp_path)
    assert found.code == code
    assert words in found.error
    assert found.try_again == (code != ExitCode.BAD_DATA)


def test_after_a_crash_the_next_piece_has_a_process_again(tmp_path: Path) -> None:
    with open_payload(function("crash"), tmp_path) as payload:
        assert payload.run(work()).code == payload.run(work()).code == 128 + 6


def test_a_function_that_hangs_is_killed(tmp_path: Path) -> None:
    found = run(function("hang", timeout=0.3), work(), tmp_path)
    assert found.code == ExitCode.TIMED_OUT
    assert "0.3 s" in found.error


@pytest.mark.parametrize("definition", [function("count"), command("exit 0")], ids=["python", "command"])
def test_what_is_too_late_is_not_begun(tmp_path: Path, definition: AnyPayload) -> None:
    found = run(definition, work(deadline=now() - timedelta(seconds=1)), tmp_path)
    assert found.code == ExitCode.TIMED_OUT
    assert "before it began" in found.error


@pytest.mark.parametrize(
    "definition", [function("hang"), command("exec sleep 300")], ids=["python", "command"]
)
def test_a_payload_that_is_closed_ends_what_it_does(tmp_path: Path, definition: AnyPayload) -> None:
    payload = open_payload(definition, tmp_path)
    ended: list[Outcome] = []
    thread = threading.Thread(target=lambda: ended.append(payload.run(work())))
    thread.start()
    thread.join(0.5)
    payload.close()
    thread.join(60)
    assert not ended[0].done


# Programs.


def test_a_program_finds_the_description_and_leaves_the_result(tmp_path: Path) -> None:
    script = 'cp "$SWF_WORK" told.json; echo \'{"n": 1}\' > result.part; mv result.part result.json'
    found = run(command(script), work(attempt=2), tmp_path / "scratch", tmp_path / "kept")
    assert found.done
    assert found.result == {"n": 1}
    assert found.folder == tmp_path / "kept" / "swf.7.000001.stf"
    told = json.loads((found.folder / "told.json").read_text())
    assert (told["run_id"], told["attempt"], told["urls"]) == (7, 2, [VECTOR.as_uri()])
    assert list((tmp_path / "scratch").iterdir()) == []


def test_a_program_has_no_more_of_the_environment_than_it_is_allowed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SWF_API_TOKEN", "secret")
    monkeypatch.setenv("DETECTOR", "epic")
    script = "env > said; printf '{}' > result.json"
    found = run(command(script, environment=["DETECTOR"]), work(), tmp_path / "scratch", tmp_path / "kept")
    assert found.folder
    said = (found.folder / "said").read_text()
    assert "DETECTOR=epic" in said
    assert "SWF_API_TOKEN" not in said


def test_words_are_not_looked_at_by_a_shell(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    words = ["/bin/sh", "-c", 'printf \'{"said": "%s"}\' "$1" > result.json', "x", "$(id); `id` > here"]
    found = run(Command(kind="command", argv=tuple(words)), work(), tmp_path / "scratch", kept)
    assert found.result == {"said": "$(id); `id` > here"}


@pytest.mark.parametrize(
    ("script", "code", "words"),
    [
        ("echo broken; exit 65", 65, "bad data); it said: broken"),
        ("exit 66", 66, "cannot be read"),
        ("exit 75", 75, "try later"),
        ("exit 3", 3, "exit code 3; it said nothing"),
        ("kill -9 $$", 137, "ended by SIGKILL"),
        ("exit 0", 1, "left no result.json"),
        ("echo '{' > result.json", 1, "is no JSON"),
        ("echo '[1]' > result.json", 1, "no JSON object"),
        ("echo '{\"histograms\": 5}' > result.json", 1, "histograms"),
    ],
)
def test_how_a_program_ends_is_told(tmp_path: Path, script: str, code: int, words: str) -> None:
    found = run(command(script), work(), tmp_path)
    assert found.code == code
    assert words in found.error
    assert found.result is None
    assert list(tmp_path.iterdir()) == []


def test_a_program_that_is_not_there_may_be_elsewhere(tmp_path: Path) -> None:
    found = run(Command(kind="command", argv=("/no/such/program",)), work(), tmp_path)
    assert found.code == ExitCode.TRY_LATER
    assert "cannot be started" in found.error


def test_a_program_that_takes_too_long_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    pids = tmp_path / "pid"
    script = f"sleep 300 & echo $! > {pids}; wait"
    found = run(command(script, timeout=0.5), work(), tmp_path / "scratch")
    assert found.code == ExitCode.TIMED_OUT
    until = time.monotonic() + 60
    while Path(f"/proc/{int(pids.read_text())}").exists():
        assert time.monotonic() < until
        time.sleep(0.05)


# Names.


def test_a_name_stands_for_what_is_written_here() -> None:
    own = {"mine": command("exit 0")}
    assert definition_of("mine", own) is own["mine"]
    assert definition_of("histograms", own) == Histograms(kind="histograms")
    with pytest.raises(BadInput, match=r"payload = 'other': must be one of histograms, mine"):
        definition_of("other", own)

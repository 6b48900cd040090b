"""What every engine does with processes: the contract of `adapters.pool.protocol`."""

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from pool_rigs import Rig

from swf_testbed.adapters.pool import FORGOTTEN, Handle, JobState, JobStatus, WorkerSpec
from swf_testbed.adapters.pool.htcondor import submit_description
from swf_testbed.adapters.pool.protocol import check_pool_id, job_name, number_of
from swf_testbed.model.errors import BadInput, Unavailable

PATIENCE_S = 60.0
POOL = "contract"

engines = pytest.mark.parametrize(
    "rig",
    [
        pytest.param("local", id="local-real"),
        pytest.param("slurm", id="slurm-real"),
        pytest.param("panda", id="panda-recorded"),
        pytest.param("htcondor", id="htcondor-stand-in"),
    ],
    indirect=True,
)


def spec(rig: Rig, *script: str) -> WorkerSpec:
    """A process that writes its number and waits, or does what is said."""
    words = script or (f"echo $$ > {rig.home}/$SWF_WORKER_NUMBER.pid; exec sleep 300",)
    return WorkerSpec(("/bin/sh", "-c", *words), {"SAID": 'it\'s "so"'}, rig.home, walltime_s=600)


def until(rig: Rig, handles: Sequence[Handle], enough: Callable[[list[JobStatus]], bool]) -> list[JobStatus]:
    """The statuses when they are as wanted."""
    end = time.monotonic() + PATIENCE_S
    while not enough(found := rig.engine.status(handles)):
        assert time.monotonic() < end, found
        time.sleep(0.1)
    return found


def all_are(*states: JobState) -> Callable[[list[JobStatus]], bool]:
    return lambda found: all(one.state in states for one in found)


def pid_of(rig: Rig, number: int) -> int:
    path = rig.home / f"{number}.pid"
    end = time.monotonic() + PATIENCE_S
    while not (path.exists() and path.read_text().strip()):
        assert time.monotonic() < end
        time.sleep(0.05)
    return int(path.read_text())


@engines
def test_processes_come_and_go_as_asked_and_each_number_once(rig: Rig) -> None:
    engine = rig.engine
    assert engine.name == rig.name
    assert engine.probe()
    assert engine.adopt(POOL) == []
    first = engine.launch(POOL, [1, 2, 3], spec(rig))
    until(rig, first, all_are(JobState.ACTIVE))

    again = engine.launch(POOL, [2, 3, 4, 5, 6], spec(rig))
    assert again[:2] == first[1:]
    assert [one.job_id for one in again[:2]] == [one.job_id for one in first[1:]]
    everyone = first + again[2:]
    until(rig, everyone, all_are(JobState.ACTIVE))
    assert engine.adopt(POOL) == everyone

    engine.stop(everyone[4:], grace_s=10)
    until(rig, everyone[4:], all_are(JobState.CANCELLED, JobState.FAILED))
    assert all_are(JobState.ACTIVE)(engine.status(everyone[:4]))

    os.kill(pid_of(rig, 1), 9)
    (killed,) = until(rig, first[:1], lambda found: found[0].state.over)
    assert killed.state is JobState.FAILED
    assert killed.exit_code == -9
    engine.stop(everyone, grace_s=1)
    until(rig, everyone, lambda found: all(one.state.over for one in found))


@engines
def test_how_a_process_ends_is_told(rig: Rig) -> None:
    done = rig.engine.launch(
        POOL, [1], spec(rig, f'test "$SAID" = "it\'s \\"so\\"" && echo done > {rig.home}/said')
    )
    failed = rig.engine.launch(POOL, [2], spec(rig, "exit 3"))
    until(rig, done + failed, lambda found: all(one.state.over for one in found))
    (first, second) = rig.engine.status(done + failed)
    assert (first.state, first.exit_code) == (JobState.DONE, 0)
    assert (rig.home / "said").read_text() == "done\n"
    assert (second.state, second.exit_code) == (JobState.FAILED, 3)
    assert second.said


@engines
def test_a_process_that_does_not_hear_is_killed_after_its_grace(rig: Rig) -> None:
    words = f"trap '' TERM; echo $$ > {rig.home}/$SWF_WORKER_NUMBER.pid; while :; do sleep 1; done"
    deaf = rig.engine.launch(POOL, [1], spec(rig, words))
    pid = pid_of(rig, 1)
    rig.engine.stop(deaf, grace_s=0.5)
    until(rig, deaf, lambda found: found[0].state.over)
    assert not Path(f"/proc/{pid}").exists()


@engines
def test_an_engine_that_does_not_answer_has_not_lost_its_processes(rig: Rig) -> None:
    handles = rig.engine.launch(POOL, [1, 2], spec(rig))
    until(rig, handles, all_are(JobState.ACTIVE))
    outage = rig.outage()
    if outage is None:
        rig.engine.stop(handles, grace_s=5)
        return
    with outage:
        assert all_are(JobState.UNKNOWN)(rig.engine.status(handles))
        with pytest.raises(Unavailable):
            rig.engine.launch(POOL, [3], spec(rig))
    until(rig, handles, all_are(JobState.ACTIVE))
    assert rig.engine.adopt(POOL) == handles
    rig.engine.stop(handles, grace_s=5)


@engines
def test_a_process_that_nobody_remembers_is_unknown_and_need_not_be_stopped(rig: Rig) -> None:
    stranger = Handle(POOL, 77, "77")
    (found,) = rig.engine.status([stranger])
    assert found.state in {JobState.UNKNOWN, JobState.FAILED}
    assert found.said
    rig.engine.stop([stranger], grace_s=0)
    assert found.state is JobState.FAILED or found.said == FORGOTTEN


@pytest.mark.parametrize("pool_id", ["local", "a.b-c_1", "x" * 100])
@pytest.mark.parametrize("number", [0, 1, 999_999, 1_000_000])
def test_a_job_is_known_by_its_name(pool_id: str, number: int) -> None:
    assert check_pool_id(pool_id) == pool_id
    assert number_of(job_name(pool_id, number), pool_id) == number
    assert number_of(job_name(pool_id, number), f"{pool_id}x") is None
    assert number_of("somebody-else's", pool_id) is None


@pytest.mark.parametrize("pool_id", ["-a", "a b", "a/b", "x" * 101, "ä"])
def test_what_cannot_stand_in_a_name_is_refused(pool_id: str) -> None:
    with pytest.raises(BadInput, match="pool_id"):
        check_pool_id(pool_id)


def test_the_submit_description_for_htcondor_is_as_its_manual_says(tmp_path: Path) -> None:
    words = ("/usr/bin/python3", "-m", "it's", 'a "b"')
    told = WorkerSpec(
        words, {"A": "x y"}, tmp_path, cores=2, memory_mb=512, walltime_s=60, labels={"testbed": "t"}
    )
    text = submit_description("here", 7, told, ("accounting_group = eic",))
    lines = text.splitlines()
    assert "arguments = \"'-m' 'it''s' 'a \"\"b\"\"'\"" in lines
    assert "environment = \"'A=x y' 'SWF_WORKER_NUMBER=7'\"" in lines
    assert "request_cpus = 2" in lines
    assert "request_memory = 512M" in lines
    assert '+SwfTestbed = "t"' in lines
    assert lines[-2:] == ["accounting_group = eic", "queue 1"]
    with pytest.raises(BadInput, match="line break"):
        submit_description("here", 7, WorkerSpec(("x", "a\nb"), {}, tmp_path))

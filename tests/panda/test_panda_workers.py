"""What is PanDA's own in pools: tasks found again by name, ends that are told later, questions that are few.

The real client; the server answers as a real one was recorded, and JEDI has its turn when a test says so.
"""

import re
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from swf_test_servers.recorded_jobs import Task
from swf_test_servers.recorded_panda import TOKEN, RecordedPanda
from swf_testbed.adapters.panda import PandaServer
from swf_testbed.adapters.panda.server import Submitted
from swf_testbed.adapters.pool import FORGOTTEN, JobState, WorkerSpec, open_engine
from swf_testbed.adapters.pool.panda import PandaEngine
from swf_testbed.adapters.pool.panda_tasks import new_task, worker_number
from swf_testbed.config.environment import load_settings
from swf_testbed.config.panda import Panda
from swf_testbed.config.parameters import Parameters
from swf_testbed.config.pool import Pool
from swf_testbed.model.errors import BadInput, Refused, Unavailable

POOL = "fast"
SPEC = WorkerSpec(("/bin/true",), {}, Path("/nowhere"), cores=2, memory_mb=3000, walltime_s=600)
RULES = Panda(url="http://here", pool_transformation="https://example.invalid/w", poll_interval=0.001)


class Mumbling(PandaServer):
    """Its answer to a submission is lost."""

    def submit(self, parameters: Mapping[str, Any]) -> Submitted:
        super().submit(parameters)
        raise Unavailable("no answer")


def engine(
    url: str, folder: Path, *, kind: type[PandaServer] = PandaServer, rules: Panda = RULES
) -> PandaEngine:
    """Each is as after a restart: it knows what the folder has."""
    return PandaEngine(kind(url, "EIC", TOKEN), rules, folder, "ada")


def test_a_launch_is_one_task_of_as_many_jobs(panda: RecordedPanda, url: str, tmp_path: Path) -> None:
    pool = engine(url, tmp_path)
    handles = pool.launch(POOL, [4, 5, 6, 9], SPEC)
    first, second = panda.tasks.values()
    assert [first.parameters["nEvents"], second.parameters["nEvents"]] == [3, 1]
    assert first.name.startswith("user.ada.swf-fast.000004-000006.")
    assert (first.parameters["coreCount"], first.parameters["ramCount"]) == (2, 1500)
    assert first.parameters["maxAttempt"] == 1
    assert {one.said for one in pool.status(handles)} == {f"task {n} is not known yet" for n in panda.tasks}
    panda.brokerage()
    told = {worker_number(job.parameters) for job in panda.jobs.values()}
    assert told == {4, 5, 6, 9}


def test_a_task_whose_answer_was_lost_is_found_by_its_name(
    panda: RecordedPanda, url: str, tmp_path: Path
) -> None:
    with pytest.raises(Unavailable):
        engine(url, tmp_path, kind=Mumbling).launch(POOL, [1, 2], SPEC)
    assert len(panda.tasks) == 1

    found = engine(url, tmp_path).adopt(POOL)
    assert [one.number for one in found] == [1, 2]
    assert engine(url, tmp_path).launch(POOL, [1, 2], SPEC) == found
    assert len(panda.tasks) == 1


def test_a_launch_that_is_said_again_after_a_lost_answer_is_the_same(
    panda: RecordedPanda, url: str, tmp_path: Path
) -> None:
    with pytest.raises(Unavailable):
        engine(url, tmp_path, kind=Mumbling).launch(POOL, [1, 2], SPEC)
    handles = engine(url, tmp_path).launch(POOL, [1, 2], SPEC)
    assert {one.job_id for one in handles} == {str(number) for number in panda.tasks}
    assert len(panda.tasks) == 1


def test_a_task_that_panda_never_heard_of_does_not_begin_later(
    panda: RecordedPanda, url: str, tmp_path: Path
) -> None:
    panda.down = True
    with pytest.raises(Unavailable):
        engine(url, tmp_path).launch(POOL, [1], SPEC)
    panda.down = False
    pool = engine(url, tmp_path)
    assert pool.adopt(POOL) == []
    (other,) = pool.launch(POOL, [2], SPEC)
    assert len(panda.tasks) == 2, "the name was asked for, which makes a task"
    panda.brokerage()
    pool.status([other])
    assert {one.status for one in panda.tasks.values()} == {"aborting", "running"}
    assert {one.status for one in panda.jobs.values()} == {"cancelled", "activated"}


def test_the_end_of_a_task_that_is_not_known_yet_is_told_when_it_is(
    panda: RecordedPanda, url: str, tmp_path: Path
) -> None:
    pool = engine(url, tmp_path)
    handles = pool.launch(POOL, [1, 2, 3], SPEC)
    pool.stop(handles[:1], grace_s=0)
    panda.brokerage()
    assert {one.state for one in pool.status(handles)} == {JobState.QUEUED}

    # Another one, after a crash, has it from the notes.
    successor = engine(url, tmp_path)
    successor.status(handles)
    states = [one.state for one in successor.status(handles)]
    assert states == [JobState.CANCELLED, JobState.QUEUED, JobState.QUEUED]


def test_panda_is_asked_once_in_a_while_whoever_asks(panda: RecordedPanda, url: str, tmp_path: Path) -> None:
    pool = engine(url, tmp_path, rules=RULES.model_copy(update={"poll_interval": 3600.0}))
    handles = pool.launch(POOL, [1, 2, 3], SPEC)
    panda.brokerage()
    asked = len(panda.asked)
    for _ in range(20):
        pool.status(handles)
    # The task, its jobs, and how they are.
    assert [path.rpartition("/")[2] for path in panda.asked[asked:]] == [
        "get_status",
        "get_job_ids",
        "get_description_incl_archive",
    ]
    panda.down = True
    assert {one.state for one in pool.status(handles)} == {JobState.QUEUED}


def test_panda_s_own_words_are_told(panda: RecordedPanda, url: str, tmp_path: Path) -> None:
    pool = engine(url, tmp_path)
    (handle,) = pool.launch(POOL, [1], SPEC)
    panda.brokerage()
    (job,) = panda.jobs.values()
    job.updated(
        {"node": "wn1", "job_status": "failed", "pilot_error_code": 1305, "pilot_error_diag": "no disk"}
    )
    (found,) = pool.status([handle])
    assert found.state is JobState.FAILED
    assert found.said == f"job {job.number} is failed: pilotError 1305: no disk"


def test_a_task_that_stays_unknown_is_forgotten_in_the_end(
    panda: RecordedPanda, url: str, tmp_path: Path
) -> None:
    pool = engine(url, tmp_path, rules=RULES.model_copy(update={"appearance": 0.001}))
    handles = pool.launch(POOL, [1], SPEC)
    pool.status(handles)
    (found,) = engine(url, tmp_path, rules=RULES.model_copy(update={"appearance": 0.001})).status(handles)
    assert (found.state, found.said) == (JobState.UNKNOWN, FORGOTTEN)


def test_who_is_not_let_in_hears_why_and_leaves_nothing(
    panda: RecordedPanda, url: str, tmp_path: Path
) -> None:
    pool = PandaEngine(PandaServer(url, "EIC", "bad"), RULES, tmp_path, "ada")
    with pytest.raises(Refused, match="authentication failed"):
        pool.launch(POOL, [1], SPEC)
    assert engine(url, tmp_path).adopt(POOL) == []
    assert panda.tasks == {}


@pytest.mark.parametrize(
    ("section", "token", "field"),
    [
        ({}, "x", "panda.url"),
        ({"url": "https://panda.example"}, "x", "panda.pool_transformation"),
        ({"url": "https://panda.example", "pool_transformation": "https://x/w"}, "", "PANDA_AUTH_ID_TOKEN"),
    ],
)
def test_what_is_missing_in_the_configuration_is_named(
    section: dict[str, Any], token: str, field: str, tmp_path: Path
) -> None:
    parameters = Parameters(pool=Pool(engine="panda"), panda=Panda(**section))
    settings = load_settings({"SWF_HOME": str(tmp_path), "PANDA_AUTH_ID_TOKEN": token})
    with pytest.raises(BadInput, match=re.escape(field)):
        open_engine(parameters, settings, tmp_path)


words = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=30)


@given(st.lists(words, min_size=1, max_size=5), words, st.integers(1, 10**6), st.integers(0, 3))
def test_any_command_reaches_its_job_as_it_was_said(
    argv: list[str], value: str, first: int, place: int
) -> None:
    spec = WorkerSpec(tuple(argv), {"SAID": value}, Path("/nowhere"))
    task = Task(1, new_task(POOL, range(first, first + 4), spec, RULES, "ada").parameters)
    told = task.told((), place)
    found = re.fullmatch(r'-j "" -p "([^"]*)"', told)
    assert found
    number = f"SWF_WORKER_NUMBER={first + place}"
    assert shlex.split(unquote(found[1])) == ["exec", "env", f"SAID={value}", number, *argv]
    assert worker_number(told) == first + place

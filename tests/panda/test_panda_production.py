"""Whole STFs on PanDA: the real panda-client against a server with recorded semantics."""

import socket
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from documented import Guide
from swf_test_servers.recorded_panda import TOKEN, RecordedPanda
from swf_testbed.adapters.panda import PandaProduction, PandaServer
from swf_testbed.adapters.production import JobReport, JobState, TaskOrder
from swf_testbed.config.environment import load_settings
from swf_testbed.config.panda import Panda
from swf_testbed.model.errors import BadInput, NotFound, Refused, Unavailable

GUIDE = Guide("how-to/process-whole-stfs.md")
PATIENCE_S = 60.0
ORDER = TaskOrder(
    run_number=100010,
    name="user.ada.swf.100010.processed",
    dataset="swf.100010.run",
    outputs="user.ada.swf.100010.processed",
    payload="histograms",
    attempts=2,
    workers=4,
    cores=1,
    seconds=3600,
)
DATASET = "group.daq:swf.100010.run"


class Heard:
    """Reports as they come."""

    def __init__(self) -> None:
        self.newest: dict[str, JobReport] = {}
        self.told = 0
        self._changed = threading.Condition()

    def __call__(self, reports: Sequence[JobReport]) -> None:
        with self._changed:
            self.newest.update({said.filename: said for said in reports})
            self.told += len(reports)
            self._changed.notify_all()

    def wait(self, **states: JobState) -> None:
        def there() -> bool:
            return all(name in self.newest and self.newest[name].state is states[name] for name in states)

        with self._changed:
            assert self._changed.wait_for(there, PATIENCE_S), self.newest


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def production(url: str, heard: Heard, tmp_path: Path) -> Iterator[PandaProduction]:
    """As the guide configures it, and asked more often."""
    own = GUIDE.parameters("[panda]", tmp_path, {"https://panda.example:25443": url})
    settings = load_settings({"SWF_HOME": str(tmp_path), "PANDA_AUTH_ID_TOKEN": TOKEN})
    made = PandaProduction.of(own.panda.model_copy(update={"poll_interval": 0.05}), settings)
    made.start(heard)
    yield made
    made.stop()


def test_a_task_is_one_by_its_name_whoever_asks_again(panda: RecordedPanda, url: str) -> None:
    first = PandaProduction(PandaServer(url, "EIC", TOKEN), Panda(url=url)).begin(ORDER)
    after_a_crash = PandaProduction(PandaServer(url, "EIC", TOKEN), Panda(url=url)).begin(ORDER)
    other = PandaProduction(PandaServer(url, "EIC", TOKEN), Panda(url=url)).begin(
        replace(ORDER, name="other")
    )
    assert first == after_a_crash != other
    assert len(panda.tasks) == 2
    parameters = panda.tasks[first or 0].parameters
    assert parameters["runUntilClosed"] is True
    assert parameters["skipScout"] is True
    assert panda.tasks[first or 0].dataset == DATASET


def test_each_file_follows_its_job_to_the_end_of_the_run(
    panda: RecordedPanda, production: PandaProduction, heard: Heard
) -> None:
    number = production.begin(ORDER)
    panda.datasets[DATASET] = ["a", "b"]
    panda.brokerage()
    panda.run_job("a", "running")
    heard.wait(a=JobState.RUNNING)
    panda.run_job("a", "finished")
    heard.wait(a=JobState.DONE)
    assert heard.newest["a"].outputs == ("a.json",)
    assert heard.newest["a"].task_id == number

    # The first try of b fails and is tried again; the second is the last.
    panda.run_job("b", "failed", pilotErrorCode=1144, pilotErrorDiag="killed by server")
    panda.run_job("b", "running")
    heard.wait(b=JobState.RUNNING)
    panda.run_job("b", "failed", exeErrorCode=65, exeErrorDiag="bad data")
    heard.wait(b=JobState.FAILED)
    assert heard.newest["b"].error == "exeError 65: bad data"
    assert heard.newest["b"].attempt == 2

    # Files that come later are found by PanDA, until the run has ended.
    panda.datasets[DATASET].append("c")
    panda.brokerage()
    production.finish(ORDER)
    panda.run_job("c", "finished")
    heard.wait(c=JobState.DONE)
    assert {one.number for one in panda.tasks.values() if one.soft_finish} == {number}
    told = heard.told
    panda.brokerage()
    assert panda.tasks[number or 0].status == "finished"
    assert heard.told == told, "nothing is told twice"


def test_an_outage_of_the_server_delays_reports_and_loses_none(
    panda: RecordedPanda, production: PandaProduction, heard: Heard
) -> None:
    production.begin(ORDER)
    panda.datasets[DATASET] = ["a"]
    panda.brokerage()
    panda.down = True
    panda.run_job("a", "finished")
    panda.down = False
    heard.wait(a=JobState.DONE)


def test_a_cancelled_job_is_failed_with_the_reason(
    panda: RecordedPanda, production: PandaProduction, heard: Heard
) -> None:
    production.begin(replace(ORDER, attempts=1))
    panda.datasets[DATASET] = ["a"]
    panda.brokerage()
    panda.run_job("a", "cancelled", taskBufferErrorCode=100, taskBufferErrorDiag="kill by Shift User")
    heard.wait(a=JobState.FAILED)
    assert "kill by Shift User" in heard.newest["a"].error


def test_errors_of_the_server_are_told_apart(panda: RecordedPanda, url: str) -> None:
    server = PandaServer(url, "EIC", TOKEN)
    with pytest.raises(NotFound, match="Task not found"):
        server.task_status(8)
    with pytest.raises(Refused, match="authentication failed"):
        PandaServer(url, "EIC", "bad-token").task_status(8)
    with pytest.raises(Refused, match="Not a member of the EIC/production group"):
        PandaServer(url, "EIC.production", TOKEN).task_status(8)
    panda.down = True
    with pytest.raises(Unavailable, match="PanDA at http"):
        server.alive()
    panda.down = False
    assert server.alive() == f"PanDA at {url}"


def test_a_server_that_is_not_there_is_unavailable() -> None:
    with pytest.raises(Unavailable):
        PandaServer("http://127.0.0.1:1", "EIC", TOKEN).alive()


def test_a_server_that_says_nothing_is_not_waited_for_without_end() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        mute = PandaServer(f"http://127.0.0.1:{silent.getsockname()[1]}", "EIC", TOKEN, answer_s=0.3)
        for _ in range(2):
            with pytest.raises(Unavailable, match="did not answer within 0 s"):
                mute.alive()


@pytest.mark.parametrize(
    ("url", "token", "field"), [("ftp://x", TOKEN, "panda.url"), ("https://x", "", "PANDA_AUTH_ID_TOKEN")]
)
def test_what_is_not_configured_is_named(url: str, token: str, field: str) -> None:
    with pytest.raises(BadInput, match=field):
        PandaServer(url, "EIC", token)

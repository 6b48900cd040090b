"""One real supervisord: started, asked, killed and ended."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest
from ended import await_end

from swf_testbed.config.memory import memory_environment
from swf_testbed.config.settings import Settings
from swf_testbed.control.places import socket_dir
from swf_testbed.control.programs import Program, supervisor_file
from swf_testbed.control.supervision import Supervisord, wait_until
from swf_testbed.model.errors import Refused, Unavailable

_SLEEP = (sys.executable, "-I", "-S", "-c", "import signal; signal.pause()")


@pytest.fixture
def supervisord(home: Settings) -> Iterator[Supervisord]:
    one = Supervisord(home.swf_home / "test.supervisord.conf", socket_dir(home) / "test.sock")
    yield one
    one.shut_down()


def _text(home: Settings, one: Supervisord, *programs: Program, **environment: str) -> str:
    home.log_dir.mkdir(exist_ok=True)
    return supervisor_file(home, socket=one.socket, name="test", programs=programs, environment=environment)


def _await_running(one: Supervisord) -> list[int]:
    assert wait_until(lambda: all(process.running for process in one.processes()), 20)
    return [process.pid for process in one.processes() if process.pid]


def test_processes_come_up_and_end_with_it(home: Settings, supervisord: Supervisord) -> None:
    supervisord.start(_text(home, supervisord, Program("one", _SLEEP), Program("two", _SLEEP, count=2)), {})
    for name in ("one", "two"):
        supervisord.begin(name)
    pids = _await_running(supervisord)
    assert {process.full_name for process in supervisord.processes()} == {"one", "two:two_00", "two:two_01"}
    supervisor_pid = supervisord.pid
    assert supervisor_pid is not None
    assert supervisord.shut_down()
    assert not supervisord.up
    await_end(supervisor_pid, *pids)
    assert not supervisord.shut_down()


def test_one_that_is_ending_is_down_for_who_asks(home: Settings, supervisord: Supervisord) -> None:
    ready = home.swf_home / "ready"
    stubborn = (
        "import pathlib, signal, sys; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
        "pathlib.Path(sys.argv[1]).touch(); signal.pause(); signal.pause()"
    )
    program = Program("one", (sys.executable, "-I", "-c", stubborn, str(ready)))
    supervisord.start(_text(home, supervisord, program), {})
    supervisord.begin("one")
    [pid] = _await_running(supervisord)
    assert wait_until(ready.exists, 20)
    supervisor_pid = supervisord.pid
    assert supervisor_pid is not None
    os.kill(supervisor_pid, signal.SIGTERM)
    assert wait_until(lambda: not supervisord.up, 20)
    assert supervisord.processes() == []
    assert supervisord.pid is None
    with pytest.raises(Unavailable, match="is ending"):
        supervisord.begin("one")
    os.kill(pid, signal.SIGKILL)
    await_end(supervisor_pid)


def test_a_program_that_cannot_stay_up_is_fatal(home: Settings, supervisord: Supervisord) -> None:
    supervisord.start(
        _text(home, supervisord, Program("short", (sys.executable, "-c", "raise SystemExit(3)"))), {}
    )
    supervisord.begin("short")
    assert wait_until(lambda: supervisord.processes()[0].state == "BACKOFF", 20)
    assert not supervisord.processes()[0].running


def test_a_killed_program_comes_back(home: Settings, supervisord: Supervisord) -> None:
    supervisord.start(_text(home, supervisord, Program("one", _SLEEP)), {})
    supervisord.begin("one")
    (pid,) = _await_running(supervisord)
    os.kill(pid, signal.SIGKILL)
    assert wait_until(lambda: supervisord.processes()[0].pid not in {pid, None}, 20)


def test_what_a_killed_supervisord_left_is_healed(home: Settings, supervisord: Supervisord) -> None:
    text = _text(home, supervisord, Program("one", _SLEEP))
    supervisord.start(text, {})
    supervisord.begin("one")
    pids = _await_running(supervisord)
    first = supervisord.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    # Nobody is left over: the kernel tells the programs that their supervisor died.
    await_end(first, *pids)
    assert supervisord.socket.exists()
    assert supervisord.processes() == []
    supervisord.start(text, {})
    assert supervisord.pid not in {None, first}


def test_a_program_that_outlives_a_killed_supervisord_is_ended_before_the_next(
    home: Settings, supervisord: Supervisord, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("swf_testbed.control.supervision.STOP_WAIT_S", 1)
    deaf = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True)"
    program = Program("deaf", (sys.executable, "-I", "-S", "-c", f"{deaf}; signal.pause()"))
    supervisord.start(_text(home, supervisord, program), {})
    supervisord.begin("deaf")
    (pid,) = _await_running(supervisord)
    assert wait_until(lambda: "deaf" in (home.log_dir / "deaf.log").read_text(), 20)
    first = supervisord.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    await_end(first)
    os.kill(pid, 0)  # it is there still
    supervisord.start(_text(home, supervisord, program), {})
    await_end(pid)


def test_started_twice_is_refused(home: Settings, supervisord: Supervisord) -> None:
    text = _text(home, supervisord)
    supervisord.start(text, {})
    with pytest.raises(Refused, match="runs already"):
        supervisord.start(text, {})


def test_a_file_that_it_cannot_read_is_an_error_in_its_words(
    home: Settings, supervisord: Supervisord
) -> None:
    with pytest.raises(Unavailable, match="program:x"):
        supervisord.start(_text(home, supervisord) + "[program:x]\n", {})


def test_environment_reaches_programs_and_secrets_stay_out_of_the_file(
    home: Settings, supervisord: Supervisord
) -> None:
    show = "import os, signal; print(os.environ['PLAIN'], os.environ['HIDDEN'], flush=True); signal.pause()"
    program = Program("show", (sys.executable, "-I", "-S", "-c", show))
    supervisord.start(_text(home, supervisord, program, PLAIN="50 % of, all"), {"HIDDEN": "opens-sesame"})
    supervisord.begin("show")
    _await_running(supervisord)
    log = home.log_dir / "show.log"
    assert wait_until(lambda: "sesame" in log.read_text(), 10)
    assert log.read_text().splitlines()[-1] == "50 % of, all opens-sesame"
    assert "sesame" not in supervisord.file.read_text()


def test_supervisorctl_works_with_the_file(home: Settings, supervisord: Supervisord) -> None:
    supervisord.start(_text(home, supervisord, Program("one", _SLEEP)), {})
    supervisord.begin("one")
    _await_running(supervisord)
    command = [sys.executable, "-m", "supervisor.supervisorctl", "-c", str(supervisord.file), "status"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=home.swf_home)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.split()[:2] == ["one", "RUNNING"]


def test_each_kind_of_program_is_told_how_to_keep_memory(home: Settings, supervisord: Supervisord) -> None:
    told = "{name: value for name, value in os.environ.items() if 'MALLOC' in name}"
    show = f"import json, os, signal; print(json.dumps({told}), flush=True); signal.pause()"
    names = ("broker", "merger", "worker")
    programs = [Program(name, (sys.executable, "-I", "-S", "-c", show)) for name in names]
    supervisord.start(_text(home, supervisord, *programs), {})
    for name in names:
        supervisord.begin(name)
    for name in names:
        log = home.log_dir / f"{name}.log"
        assert wait_until(lambda log=log: "MALLOC" in log.read_text(), 20)  # type: ignore[misc]  # bound now
        assert json.loads(log.read_text().splitlines()[-1]) == memory_environment(name)

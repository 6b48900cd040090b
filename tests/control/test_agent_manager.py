"""The agent manager: a real process, commanded over a real broker."""

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from swf_testbed.config.environment import username
from swf_testbed.config.settings import Settings
from swf_testbed.control.agents import refuse_if_running, start_agents, stop_agents
from swf_testbed.control.manager import unit
from swf_testbed.control.manager.asking import Manager
from swf_testbed.control.manager.daemon import detach, end, manager_status
from swf_testbed.control.readiness import Answer, connected_bus, open_monitor
from swf_testbed.control.services import service_status
from swf_testbed.control.supervision import wait_until
from swf_testbed.messages import StartTestbed
from swf_testbed.messages.codec import headers
from swf_testbed.model.clock import now
from swf_testbed.model.errors import Refused, SwfError, Unavailable
from swf_testbed.model.status import OperationalState
from swf_testbed.monitor_client import MonitorClient
from swf_testbed.records import SystemAgent

pytestmark = pytest.mark.timeout(300)

RUNNER = "workflow_runner"
PATIENCE_S = 60
SOON_S = 15
"""Half of what passes between regular heartbeats."""


def quiet(text: str) -> None:
    """What is told while one waits is of no interest here."""


@pytest.fixture
def toml(up: Settings) -> Iterator[Path]:
    """A testbed.toml without agents: the runner alone is quickly up."""
    path = up.swf_home / "testbed.toml"
    path.write_text('[testbed]\nnamespace = "local"\n')
    yield path
    path.unlink(missing_ok=True)


@pytest.fixture
def manager(up: Settings, toml: Path) -> Iterator[Manager]:
    if manager_status(up).process is None:
        detach(up, quiet)
    with connected_bus(up) as bus:
        # It is its user's: who asks need not know the namespace.
        yield Manager(bus, "any", username(), username())
    stop_agents(up)


def test_it_is_there_answers_is_the_only_one_and_ends(up: Settings, toml: Path) -> None:
    assert manager_status(up).answer is Answer.NOBODY
    found = detach(up, quiet)
    assert found.answer is Answer.OURS
    assert found.state is not None
    assert found.process is not None
    assert found.state.pid == found.process.pid
    assert found.state.control_queue == f"/queue/testbed.{username()}.control"
    with pytest.raises(Refused, match=rf"runs already \(process {found.process.pid}\)"):
        detach(up, quiet)
    with open_monitor(up) as monitor:
        (seen,) = monitor.list(SystemAgent, agent_type="agent_manager")
    assert seen.metadata["control_queue"] == found.control_queue
    assert end(up)
    assert not found.process.alive
    with open_monitor(up) as monitor:
        assert monitor.get(SystemAgent, seen.instance_name).operational_state is OperationalState.EXITED
    assert not end(up)


def test_agents_are_started_shown_killed_restarted_and_stopped(
    up: Settings, toml: Path, manager: Manager
) -> None:
    started = manager.start_testbed()
    assert started.ours
    assert {one.name: one.answer for one in started.services} == dict.fromkeys(
        ("broker", "monitor", "intake"), "up"
    )
    (runner,) = started.programs
    assert (runner.name, runner.state) == (RUNNER, "RUNNING")

    # What the command line refuses is refused in its words.
    with pytest.raises(Refused) as by_hand:
        refuse_if_running(up)
    with pytest.raises(Refused, match=re.escape(str(by_hand.value))):
        manager.start_testbed()

    # A process is killed by its name and the time at which it was started, and by nothing less.
    assert runner.started_at is not None
    with pytest.raises(Refused, match="it is another process now"):
        manager.kill_agent(RUNNER, runner.started_at - timedelta(seconds=5))
    with pytest.raises(Refused, match=f"no agent nonesuch runs; there are: {RUNNER}"):
        manager.kill_agent("nonesuch", runner.started_at)
    killed = manager.kill_agent(RUNNER, runner.started_at)
    assert killed.pid == runner.pid
    assert wait_until(lambda: manager.status().programs[0].pid not in {None, runner.pid}, PATIENCE_S)
    with pytest.raises(Refused, match="it is another process now"):
        manager.kill_agent(RUNNER, runner.started_at)

    # The environment is that of the moment at which agents are started.
    (up.swf_home / ".env").write_text("SWF_LOG_LEVEL=WARNING\n")
    restarted = manager.restart()
    assert {one.pid for one in restarted.programs}.isdisjoint({one.pid for one in started.programs})
    assert 'SWF_LOG_LEVEL="WARNING"' in (up.swf_home / "agents.supervisord.conf").read_text()
    (up.swf_home / ".env").unlink()

    assert manager.stop_testbed().stopped == (RUNNER,)
    assert manager.status().programs == ()
    assert not manager.status().running


def test_it_kills_nothing_that_it_has_not_started(up: Settings, manager: Manager) -> None:
    (process,) = start_agents(up, {})
    found = manager.status()
    assert not found.ours
    (runner,) = found.programs
    assert runner.started_at is not None
    with pytest.raises(Refused, match="it kills no others"):
        manager.kill_agent(RUNNER, runner.started_at)
    assert process.pid == manager.status().programs[0].pid


def test_what_is_wrong_is_answered_in_the_words_of_the_command_line(toml: Path, manager: Manager) -> None:
    with pytest.raises(Refused, match="there is no workflow of this name"):
        manager.start_testbed("nonesuch")
    toml.write_text('[testbed]\nnamespace = "local"\n[agents.mine]\nscript = "no.py"\n')
    with pytest.raises(Refused, match=r"agents\.mine\.script"):
        manager.start_testbed()
    toml.write_text('[testbed]\nnamespace = "other"\n')
    with pytest.raises(Refused, match="now says namespace other"):
        manager.status()


def test_it_lives_through_the_death_of_the_broker(up: Settings, manager: Manager) -> None:
    before = manager.ping()
    broker = next(one for one in service_status(up) if one.name == "broker")
    assert broker.pid is not None
    os.kill(broker.pid, signal.SIGKILL)

    def answers() -> bool:
        try:
            return manager.ping(5).pid == before.pid
        except SwfError:
            return False

    assert wait_until(answers, PATIENCE_S)
    assert next(one for one in service_status(up) if one.name == "broker").pid != broker.pid


def test_sigusr1_has_it_heard_of_at_once(up: Settings, manager: Manager) -> None:
    state = manager.ping()
    with open_monitor(up) as monitor:
        for _ in range(2):  # the second follows the first at once, long before a regular beat
            before = monitor.get(SystemAgent, state.name).last_heartbeat
            os.kill(state.pid, signal.SIGUSR1)
            assert wait_until(partial(_heard_after, monitor, state.name, before), SOON_S)


def _heard_after(monitor: MonitorClient, name: str, before: datetime | None) -> bool:
    return monitor.get(SystemAgent, name).last_heartbeat != before


def test_nobody_answers_where_there_is_none(up: Settings) -> None:
    with connected_bus(up) as bus:
        nobody = Manager(bus, "local", "nobody_of_this_name", "me")
        begun = time.monotonic()
        with pytest.raises(Unavailable, match="agent manager of nobody_of_this_name did not answer ping"):
            nobody.ping(0.5)
        assert time.monotonic() - begun < PATIENCE_S


def test_a_command_that_nobody_takes_is_forgotten() -> None:
    """It must not be carried out hours later, when nobody waits for it."""
    said = headers(StartTestbed(namespace="local", sender="x", username="alice"))
    in_two_minutes = (now() + timedelta(minutes=2)).timestamp() * 1000
    assert abs(int(said["expires"]) - in_two_minutes) < PATIENCE_S * 1000


def test_systemd_starts_it_at_login(home: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    path = unit.install(home)
    assert path == tmp_path / "config" / "systemd" / "user" / unit.NAME
    text = path.read_text()
    assert f'Environment="SWF_HOME={home.swf_home}"' in text
    assert unit.install(home).read_text() == text
    if analyze := shutil.which("systemd-analyze"):
        done = subprocess.run(
            [analyze, "verify", "--user", str(path)], capture_output=True, text=True, check=False
        )
        assert unit.NAME not in done.stderr, done.stderr
    assert unit.uninstall() == path
    assert unit.uninstall() is None
    path.write_text("[Unit]\n")
    with pytest.raises(Refused, match="not written by the testbed"):
        unit.install(home)

"""The process around an agent: it is started as a program is, and ended by real signals."""

import logging
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar, cast

import pytest
from probe_agent import PATIENCE_S, Seen, SeenPresence

from own_process import listening, own_log, own_settings, own_signals
from swf_test_servers import free_port
from swf_testbed.broker.testing import RunningBroker
from swf_testbed.config.environment import load_settings
from swf_testbed.messages import StartRun
from swf_testbed.model.errors import Refused
from swf_testbed.model.status import AgentStatus, OperationalState
from swf_testbed.runtime import AgentContext, BaseAgent, handles, run_agent
from swf_testbed.runtime.main import set_up_logging
from swf_testbed.runtime.presence import Presence
from swf_testbed.runtime.signals import act_on

READY = (OperationalState.READY, AgentStatus.OK)


@pytest.fixture(autouse=True)
def own_process() -> Iterator[None]:
    with own_signals(), own_log():
        yield


@pytest.fixture
def environment(broker: RunningBroker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The environment of a testbed without a monitor; its home."""
    monkeypatch.setenv("SWF_HOME", str(tmp_path))
    monkeypatch.setenv("ACTIVEMQ_PORT", str(broker.port))
    monkeypatch.setenv("SWF_MONITOR_HTTP_URL", f"http://127.0.0.1:{free_port()}")
    (tmp_path / "other.toml").write_text('[testbed]\nnamespace = "there"\n')
    monkeypatch.setenv("SWF_TESTBED_CONFIG", str(tmp_path / "other.toml"))
    with own_settings():
        yield tmp_path


class Program(BaseAgent):
    """Ends itself by the signal that a test wants, once it is ready."""

    agent_type: ClassVar[str] = "program"
    heartbeat_s: ClassVar[float] = 3600.0
    last: ClassVar["Program"]
    by: ClassVar[signal.Signals] = signal.SIGTERM

    def __init__(self, context: AgentContext) -> None:
        super().__init__(context)
        self.seen_presence, self.done = SeenPresence(), Seen()
        Program.last = self

    def presence(self) -> Presence:
        return self.seen_presence

    def changed(self) -> None:
        if self.activity.state is OperationalState.READY:
            threading.Thread(target=self._lived).start()

    def _lived(self) -> None:
        beats = self.seen_presence.beats
        beats.wait(lambda said: READY in said)
        os.kill(os.getpid(), signal.SIGUSR1)
        beats.wait(lambda said: said.count(READY) == 2)
        os.kill(os.getpid(), self.by)

    def on_stop(self) -> None:
        self.done.add("on_stop")

    @handles(StartRun)
    def on_start_run(self, message: StartRun) -> None: ...


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGQUIT])
def test_a_signal_ends_it_in_good_order_and_another_has_it_heard_of(
    number: signal.Signals,
    environment: Path,
    broker: RunningBroker,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Program, "by", number)
    assert run_agent(Program) == 0
    agent = Program.last
    assert agent.done.items == ["on_stop"]
    exited = (OperationalState.EXITED, AgentStatus.EXITED)
    assert agent.seen_presence.beats.items[-3:] == [READY, READY, exited]
    context = agent.context
    assert (context.namespace, context.settings.swf_home) == ("there", environment)
    lines = capsys.readouterr().err.splitlines()
    assert any(
        line.endswith("INFO    swf_testbed.runtime.agent: probe-agent-test-1 is ready in namespace there")
        for line in lines
    )
    # The name of its role at the broker, which lives on.
    durable = cast(dict[str, Any], broker.statistics()["durable_subscriptions"])
    assert list(durable) == ["program.there:program.there.epictopic"]
    # The monitor is away: so many lines did not get there, and nobody waited for it.
    assert lines[-1].endswith("log lines did not reach the monitor")


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("SWF_LOG_LEVEL", "LOUD", "SWF_LOG_LEVEL = 'LOUD': "),
        ("SWF_TESTBED_CONFIG", "/nowhere/testbed.toml", "/nowhere/testbed.toml"),
        ("FASTMON_SELECTION_FRACTION", "1.5", "FASTMON_SELECTION_FRACTION = '1.5': "),
    ],
)
def test_what_is_wrong_in_its_environment_is_said_on_one_line(
    environment: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    name: str,
    value: str,
    said: str,
) -> None:
    monkeypatch.setenv(name, value)
    assert run_agent(Program) == 2
    told = capsys.readouterr()
    assert told.out == ""
    [line] = told.err.splitlines()
    assert line.startswith("program: ")
    assert said in line


def test_a_wrong_parameter_is_refused_before_it_is_needed(
    environment: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with (environment / "other.toml").open("a") as file:
        file.write("[fastmon]\nselection_fraction = 7\n")
    assert run_agent(Program) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("program: ")
    assert "selection_fraction = 7" in line


@pytest.mark.usefixtures("environment")
def test_an_agent_may_refuse_to_be_made(capsys: pytest.CaptureFixture[str]) -> None:
    class Refusing(Program):
        def __init__(self, context: AgentContext) -> None:
            raise Refused("there is one already")

    assert run_agent(Refusing) == 2
    assert capsys.readouterr().err == "program: there is one already\n"


@pytest.mark.parametrize(
    ("said", "level"),
    [
        ({}, "INFO"),
        ({"SWF_LOG_LEVEL": "DEBUG"}, "DEBUG"),
        ({"SWF_AGENT_QUIET": "true", "SWF_LOG_LEVEL": "DEBUG"}, "WARNING"),
    ],
)
def test_a_log_has_a_line_for_each_record_from_a_level_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], said: dict[str, str], level: str
) -> None:
    logging.getLogger().addHandler(logging.StreamHandler())  # of somebody before; it is not heard twice
    set_up_logging(load_settings({"SWF_HOME": str(tmp_path), **said}))
    levels = ("DEBUG", "INFO", "WARNING", "ERROR")
    for name in levels:
        logging.getLogger("probe").log(getattr(logging, name), "said as %s", name)
        logging.getLogger("httpx").log(getattr(logging, name), "of a request")
        logging.getLogger("watchfiles").log(getattr(logging, name), "of a folder")
    lines = [line.split(" ", 2)[2] for line in capsys.readouterr().err.splitlines()]
    assert [line for line in lines if "probe" in line] == [
        f"{name:7} probe: said as {name}" for name in levels[levels.index(level) :]
    ]
    for library, text in (("httpx", "of a request"), ("watchfiles", "of a folder")):
        heard = [f"WARNING {library}: {text}", f"ERROR   {library}: {text}"]
        assert [line for line in lines if library in line] == heard


def test_signals_are_acted_on_one_after_the_other_in_a_thread_of_their_own() -> None:
    heard = Seen()
    act_on(
        (signal.SIGUSR1, signal.SIGTERM),
        lambda number: heard.add((number.name, threading.current_thread().name)),
    )
    signal.signal(signal.SIGUSR2, lambda number, frame: None)  # somebody else's
    for number in (signal.SIGUSR1, signal.SIGUSR2, signal.SIGTERM):
        os.kill(os.getpid(), number)
    told = heard.wait(lambda items: ("SIGTERM", "signals") in items)
    assert told == [("SIGUSR1", "signals"), ("SIGTERM", "signals")]
    [thread] = listening()
    assert thread.daemon, "the process ends without waiting for another signal"


def test_a_storm_of_signals_is_borne_in_silence(capfd: pytest.CaptureFixture[str]) -> None:
    go_on, heard = threading.Event(), Seen()

    def act(number: signal.Signals) -> None:
        assert go_on.wait(PATIENCE_S)
        heard.add(number)

    act_on((signal.SIGUSR1,), act)
    for _ in range(3000):
        signal.raise_signal(signal.SIGUSR1)
    go_on.set()
    assert set(heard.wait(lambda items: len(items) > 1)) == {signal.SIGUSR1}
    assert capfd.readouterr().err == ""

"""From the configuration to the programs that supervisord starts."""

import shlex
import sys
from configparser import RawConfigParser
from pathlib import Path

import pytest

from swf_testbed.config.documents import AgentEntry
from swf_testbed.config.environment import load_settings
from swf_testbed.control.programs import (
    agent_programs,
    public_environment,
    service_programs,
    supervisor_file,
)
from swf_testbed.model.errors import BadInput


def test_enabled_agents_run_beside_the_runner(tmp_path: Path) -> None:
    said = {"data": AgentEntry(), "fastmon": AgentEntry(enabled=False), "worker": AgentEntry(count=3)}
    programs = agent_programs(said, tmp_path)
    assert [(one.name, one.count) for one in programs] == [("workflow_runner", 1), ("data", 1), ("worker", 3)]
    assert programs[2].command[-2:] == ("swf_testbed.agents", "worker")


def test_options_become_arguments(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("")
    entry = AgentEntry(
        script="mine.py", options={"max_rate": 2.5, "loud": True, "quiet": False, "label": "a b"}
    )
    (_, program) = agent_programs({"mine": entry}, tmp_path)
    script = str(tmp_path / "mine.py")
    assert program.command == (sys.executable, script, "--max-rate", "2.5", "--loud", "--label", "a b")


def test_a_script_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"agents\.mine\.script.*nowhere\.py"):
        agent_programs({"mine": AgentEntry(script="nowhere.py")}, tmp_path)


def test_a_script_that_cannot_be_run_is_named(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("#!/bin/sh\n")
    with pytest.raises(BadInput, match="executable"):
        agent_programs({"mine": AgentEntry(script="mine")}, tmp_path)


def test_nothing_secret_is_written_into_the_file(tmp_path: Path) -> None:
    settings = load_settings(
        {
            "SWF_HOME": str(tmp_path),
            "ACTIVEMQ_PASSWORD": "s3cret",
            "SWF_API_TOKEN": "s3cret",
            "DB_PASSWORD": "s3cret",
            "REDIS_URL": "redis://:s3cret@localhost",
            "SWF_LOG_LEVEL": "DEBUG",
        }
    )
    environment = public_environment(settings)
    assert environment == {"SWF_HOME": str(tmp_path), "SWF_LOG_LEVEL": "DEBUG"}
    text = supervisor_file(
        settings,
        socket=tmp_path / "s.sock",
        name="services",
        programs=service_programs(settings),
        environment=environment,
    )
    assert "s3cret" not in text


def test_a_command_survives_the_file_format(tmp_path: Path) -> None:
    settings = load_settings({"SWF_HOME": str(tmp_path / "100 % home")})
    (broker, *_) = service_programs(settings)
    text = supervisor_file(
        settings, socket=tmp_path / "s.sock", name="services", programs=[broker], environment={}
    )
    file = RawConfigParser(inline_comment_prefixes=(";", "#"))
    file.read_string(text)
    read = shlex.split(file["program:broker"]["command"].replace("%%", "%"))
    assert read[4:] == list(broker.command)


@pytest.mark.parametrize("name", ["a\nb", "a ;b", "a #b", 'a"b'])
def test_a_home_that_supervisord_cannot_take_is_refused(tmp_path: Path, name: str) -> None:
    settings = load_settings({"SWF_HOME": str(tmp_path / name)})
    with pytest.raises(BadInput, match="supervisord cannot take"):
        supervisor_file(
            settings,
            socket=tmp_path / "s.sock",
            name="services",
            programs=service_programs(settings),
            environment=public_environment(settings),
        )


def test_a_module_is_run_with_its_options(tmp_path: Path) -> None:
    (_, program) = agent_programs({"mine": AgentEntry(module="json.tool", options={"indent": 2})}, tmp_path)
    assert program.command == (sys.executable, "-P", "-m", "json.tool", "--indent", "2")


@pytest.mark.parametrize(
    ("name", "entry", "said"),
    [
        ("mine", AgentEntry(module="no_such.module"), r"agents\.mine\.module = 'no_such.module': cannot be"),
        ("mine", AgentEntry(module="json", script="x.py"), r"agents\.mine.*give one of them"),
        ("mine", AgentEntry(), "agent = 'mine': must be one of data, .* or have a script or module"),
        ("data", AgentEntry(options={"rate": 3}), r"agents\.data\.options.*own agents have none"),
    ],
)
def test_an_agent_that_cannot_be_run_is_named(
    tmp_path: Path, name: str, entry: AgentEntry, said: str
) -> None:
    with pytest.raises(BadInput, match=said):
        agent_programs({name: entry}, tmp_path)


def test_one_script_may_run_as_several_agents_and_several_times(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("")
    entry = AgentEntry(script="mine.py", options={"side": "left"}, count=2)
    other = AgentEntry(script="mine.py", options={"side": "right"})
    programs = agent_programs({"left": entry, "right": other}, tmp_path)[1:]
    assert [(one.name, one.count) for one in programs] == [("left", 2), ("right", 1)]
    assert [one.command[-1] for one in programs] == ["left", "right"]

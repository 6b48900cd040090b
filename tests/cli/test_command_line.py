"""What a user sees of commands that need nothing running."""

import json
import os
import socket

import pytest
import typer
from command_home import Home
from typer.testing import CliRunner

from swf_testbed import __version__
from swf_testbed.cli.main import app
from swf_testbed.cli.stf import app as stf

COMMANDS = {
    "run": "--wait",
    "start": "broker",
    "stop": "services",
    "status": "handshake",
    "stop-agents": "good order",
    "logs": "--follow",
    "token": "USERNAME",
    "init": "overwrites",
    "dead-letters": "resend",
    "start-local": "PostgreSQL",
    "stop-local": "left alone",
    "status-local": "log-in",
    "agent-manager": "SIGUSR1",
    "new-agent": "testbed.toml",
    "doctor": "handshake",
}


@pytest.mark.parametrize("program", [app, stf], ids=["testbed", "stf"])
def test_the_version_is_told(program: typer.Typer) -> None:
    done = CliRunner().invoke(program, ["--version"])
    assert done.exit_code == 0
    assert done.stdout == f"swf-testbed {__version__}\n"


def test_help_lists_every_command_and_teaches(bare: Home) -> None:
    done = bare.do("--help")
    assert done.returncode == 0
    for name in COMMANDS:
        assert f" {name} " in done.stdout
    assert "Exit codes" in done.stdout


@pytest.mark.parametrize(("command", "word"), COMMANDS.items())
def test_each_command_explains_itself(command: str, word: str) -> None:
    done = CliRunner().invoke(app, [command, "--help"])
    assert done.exit_code == 0
    assert word in done.stdout


@pytest.mark.parametrize(
    ("words", "environment", "said"),
    [
        (["run", "nonesuch"], {}, "there are: fast_processing"),
        (["run"], {}, "name one of"),
        (["run", "fast_processing", "--set", "nonsense"], {}, "section.key=value"),
        (
            ["run", "fast_processing", "--set", "fast_processing.slices_per_samples=3"],
            {},
            "slices_per_sample",
        ),
        (["run", "fast_processing", "--set", "testbed.namespace=other"], {}, "testbed.toml"),
        (["status"], {"ACTIVEMQ_PORT": "many"}, "ACTIVEMQ_PORT = 'many'"),
        (["logs"], {}, "there are no logs"),
        (["start"], {"SWF_MODE": "remote"}, "SWF_MODE = 'remote'"),
    ],
)
def test_what_cannot_be_is_one_line_and_exit_code_2(
    bare: Home, words: list[str], environment: dict[str, str], said: str
) -> None:
    done = bare.do(*words, **environment)
    assert done.returncode == 2
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("testbed: ")
    assert said in line


def test_doctor_finds_a_new_home_ready_and_a_taken_port_not(bare: Home) -> None:
    done = bare.do("doctor")
    assert done.returncode == 0, done.stdout
    head, *rows = [line.split("\t") for line in done.stdout.splitlines()]
    assert head == ["check", "is", "found", "to do"]
    assert {row[1] for row in rows} == {"ok"}
    with socket.create_server(("127.0.0.1", int(bare.environment["ACTIVEMQ_PORT"]))):
        done = bare.do("doctor", "--json")
    assert done.returncode == 1
    found = json.loads(done.stdout)
    assert found["ready"] is False
    (port,) = found["findings"]["ports"]
    assert port["level"] == "error"
    assert f"(process {os.getpid()} of " in port["text"]
    assert "ACTIVEMQ_PORT" in port["remedy"]
    assert found["versions"]["python"]
    assert found["environment"]["SWF_HOME"] == str(bare.path)


def test_doctor_tells_of_settings_that_cannot_be_read(bare: Home) -> None:
    done = bare.do("doctor", "--json", SWF_MODE="remote")
    assert done.returncode == 1
    (finding,) = json.loads(done.stdout)["findings"]["settings"]
    assert "SWF_MODE = 'remote'" in finding["text"]


def test_no_agent_manager_is_told_by_the_exit_code(bare: Home) -> None:
    done = bare.do("agent-manager", "--status")
    assert done.returncode == 1
    assert "--detach" in done.stdout
    assert json.loads(bare.do("agent-manager", "--stop", "--json").stdout) == {"stopped": False}
    both = bare.do("agent-manager", "--stop", "--status")
    assert both.returncode == 2
    assert "one of them at a time" in both.stderr


def test_looking_leaves_nothing_behind(bare: Home) -> None:
    for words in (["status"], ["doctor"], ["agent-manager", "--status"]):
        bare.do(*words)
        assert list(bare.path.iterdir()) == []


def test_an_unknown_option_is_exit_code_2(bare: Home) -> None:
    assert bare.do("run", "--no-such-option").returncode == 2


def test_a_broker_that_is_down_is_exit_code_1_with_the_remedy(bare: Home) -> None:
    done = bare.do("dead-letters", "list")
    assert done.returncode == 1
    assert "testbed start" in done.stderr


def test_status_of_nothing_is_plain_and_says_so_by_its_exit_code(bare: Home) -> None:
    done = bare.do("status")
    assert done.returncode == 1
    head, *rows = [line.split("\t") for line in done.stdout.splitlines()]
    assert head[:2] == ["service", "answer"]
    assert [row[:2] for row in rows] == [["broker", "down"], ["monitor", "down"], ["intake", "down"]]
    document = json.loads(bare.do("status", "--json").stdout)
    assert document["ready"] is False
    assert document["agents"] == document["executions"] == []


def test_stopping_nothing_is_no_error(bare: Home) -> None:
    done = bare.do("stop")
    assert done.returncode == 0
    assert done.stdout.splitlines() == ["no agents were running", "no services were running"]


def test_init_writes_a_starting_point_and_keeps_what_is_there(bare: Home) -> None:
    (bare.path / ".env").write_text("# mine\n")
    done = bare.do("init")
    assert done.returncode == 0
    for name in ("supervisord.conf", "agents.supervisord.conf", "testbed.toml"):
        assert f"written {bare.path / name}" in done.stdout
    assert (bare.path / ".env").read_text() == "# mine\n"
    again = bare.do("init")
    assert "written" not in again.stdout
    assert again.stdout.count("kept") == 5


def test_logs_shows_the_ends_of_one_or_all(bare: Home) -> None:
    (bare.path / "logs").mkdir()
    (bare.path / "logs" / "broker.log").write_text("".join(f"line {number}\n" for number in range(50)))
    (bare.path / "logs" / "worker_00.log").write_text("hello\n")
    assert bare.do("logs", "broker", "-n", "2").stdout.splitlines() == ["line 48", "line 49"]
    assert bare.do("logs", "worker").stdout == "hello\n"
    assert "worker_00: hello" in bare.do("logs").stdout
    unknown = bare.do("logs", "brokr")
    assert unknown.returncode == 2
    assert "broker, worker_00" in unknown.stderr


def test_logs_follows_what_is_written(bare: Home) -> None:
    (bare.path / "logs").mkdir()
    log = bare.path / "logs" / "broker.log"
    log.write_text("old\n")
    with bare.started("logs", "-f", "broker") as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "old\n"
        with log.open("a") as stream:
            stream.write("new\n")
        assert process.stdout.readline() == "new\n"
        process.send_signal(2)
        process.communicate(timeout=20)
    assert process.returncode == 130

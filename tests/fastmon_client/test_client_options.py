"""What people may say to the client, and which token goes where."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from swf_testbed.cli.fastmon_client.app import app
from swf_testbed.config.environment import load_settings
from swf_testbed.fastmon_client.access import goes_open, monitor_address, token_for
from swf_testbed.model.errors import BadInput

SEND = ("send", "--namespace", "n1")


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("start", "--since", "yesterday"), "--since"),
        (("start", "--since", "2026-11-27T20:00:00"), "--since"),
        (("start", "--since", "999999d"), "--since"),
        (("start", "--message-types", ","), "--message-types"),
        (("start", "--namespace", "a b"), "namespace"),
        (("start", "--monitor-url", "ftp://x"), "--monitor-url"),
        (("start", "--token-file", "gone"), "--token-file"),
        (("start", "--run", "-1"), "--run"),
        (("start", "--count", "0"), "--count"),
        (("start", "--colour"), "--colour"),
        (("start", "--token", "secret"), "--token"),
        ((*SEND, "--count", "2"), "--every"),
        ((*SEND, "--every", "0.01"), "--every"),
        ((*SEND, "--every", "1", "--count", "10001"), "--count"),
        (("send",), "--namespace"),
    ],
)
def test_what_cannot_be_is_refused_by_name(words: tuple[str, ...], named: str) -> None:
    done = CliRunner().invoke(app, words)
    if isinstance(done.exception, BadInput):
        assert named in str(done.exception)
    else:
        assert done.exit_code == 2
        assert named in done.output


def test_every_command_teaches() -> None:
    for command in ("start", "receive", "send", "status", "version"):
        done = CliRunner().invoke(app, [command, "--help"])
        assert done.exit_code == 0
        assert "--help" in done.output


def test_the_token_of_this_machine_is_not_shown_to_another(tmp_path: Path) -> None:
    own = tmp_path / "var" / "private" / "token"
    own.parent.mkdir(parents=True)
    own.write_text("local\n")
    plain = load_settings({"SWF_HOME": str(tmp_path), "HOME": str(tmp_path)})
    told = load_settings({"SWF_HOME": str(tmp_path), "SWF_API_TOKEN": "told"})
    here, there = "https://127.0.0.1:8443", "https://swf.example.org/swf-monitor"
    assert token_for(here, None, plain) == "local"
    assert token_for(there, None, plain) == ""
    assert token_for(there, None, told) == "told"
    file = tmp_path / "t"
    file.write_text("  from-file  \nmore")
    assert token_for(there, file, told) == "from-file"
    file.write_text("\n")
    with pytest.raises(BadInput, match="token-file"):
        token_for(there, file, told)


@pytest.mark.parametrize(
    ("address", "open_"),
    [("http://swf.example.org", True), ("https://swf.example.org", False), ("http://127.0.0.1:8002", False)],
)
def test_a_token_in_clear_is_warned_of(address: str, open_: bool) -> None:
    assert goes_open(address, "secret") is open_
    assert not goes_open(address, "")


def test_the_address_is_the_one_said_or_that_of_the_settings(tmp_path: Path) -> None:
    settings = load_settings({"SWF_HOME": str(tmp_path), "SWF_MONITOR_URL": "https://a.example/"})
    assert monitor_address(None, settings) == "https://a.example"
    assert monitor_address("https://b.example/swf/", settings) == "https://b.example/swf"

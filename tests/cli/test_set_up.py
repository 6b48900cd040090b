"""The set-up of a checkout, and the doors that people already use."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from command_home import Home

ROOT = Path(__file__).parents[2]


def _run(*words: str | Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [str(word) for word in words],
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of what the set-up needs, with nothing to install that could be had."""
    copy = tmp_path / "check out"
    (copy / "web").mkdir(parents=True)
    shutil.copytree(ROOT / "tools", copy / "tools")
    for name in ("testbed", "pyproject.toml", "web/package-lock.json"):
        shutil.copy(ROOT / name, copy / name)
    for lock in ("requirements.lock", "requirements-test.lock"):
        (copy / lock).write_text("no-such-package-of-the-testbed==1.0 --hash=sha256:" + "0" * 64 + "\n")
    return copy


def test_without_a_new_enough_python_it_says_what_is_missing(checkout: Path, tmp_path: Path) -> None:
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("sh", "dirname", "readlink"):
        (tools / name).symlink_to(shutil.which(name) or "")
    (tools / "python3").write_text("#!/bin/sh\nexit 1\n")
    (tools / "python3").chmod(0o755)
    done = _run(checkout / "testbed", "status", PATH=str(tools))
    assert done.returncode == 2
    assert "no Python 3.11 or newer" in done.stderr
    assert done.stdout == ""


def test_what_cannot_be_installed_is_told_and_the_next_call_begins_again(checkout: Path) -> None:
    offline = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": "", "PIP_CONFIG_FILE": os.devnull}
    for _ in range(2):
        done = _run(checkout / "testbed", "status", **offline)
        assert done.returncode == 2
        assert done.stdout == ""
        assert "making .venv" in done.stderr
        assert "No matching distribution" in done.stderr
        assert "Traceback" not in done.stderr


def test_set_up_is_quick_and_silent_when_it_was_done() -> None:
    if not (ROOT / ".venv" / "set-up-done").exists():
        pytest.skip("this checkout was not set up by ./testbed or ./run_all_tests.sh")
    done = _run(ROOT / "tools" / "set_up", "run")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("shell", ["sh", "bash", "zsh"])
def test_setup_sh_can_be_repeated(shell: str) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"there is no {shell} here")
    script = f'cd "{ROOT}" && . ./setup.sh && . ./setup.sh && echo "$SWF_HOME" && echo "$PATH"'
    home, path = _run(shell, "-c", script).stdout.splitlines()
    assert home == str(ROOT)
    assert path.split(":").count(f"{ROOT}/.venv/bin") == 1


@pytest.mark.parametrize("door", ["workflow_runner.py", "send_workflow_command.py"])
def test_doors_explain_themselves(door: str) -> None:
    done = _run(sys.executable, ROOT / "workflows" / door, "--help")
    assert done.returncode == 0
    assert door in done.stdout


def test_a_command_to_a_broker_that_is_down_is_one_line(bare: Home) -> None:
    done = _run(sys.executable, ROOT / "workflows" / "send_workflow_command.py", "status", **bare.environment)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1


def test_manage_makes_tokens(bare: Home) -> None:
    done = _run(
        sys.executable, ROOT / "manage.py", "get_token", "visitor", "--create-user", **bare.environment
    )
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.strip().splitlines()[-1]) == 64

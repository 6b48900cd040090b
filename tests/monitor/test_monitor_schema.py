"""The interface does what its description says: schemathesis, all checks, with every sort of token.

pytest tests/monitor/test_monitor_schema.py --api-examples 200
"""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from monitor_instance import Instance

_CONFIGURATION = Path(__file__).with_name("schemathesis.toml")


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("who", ["owner", "read-only", "nobody"])
def test_the_interface_is_as_described(
    make_instance: Callable[..., Instance], pytestconfig: pytest.Config, tmp_path: Path, who: str
) -> None:
    one = make_instance(SWF_PUBLIC_READ="false")
    with one.serving():
        token = _token(one, who)
        done = _schemathesis(one, token, int(pytestconfig.getoption("--api-examples")), tmp_path)
        assert done.returncode == 0, done.stdout + done.stderr


def _token(one: Instance, who: str) -> str:
    if who != "read-only":
        return one.settings.api_token() if who == "owner" else ""
    command = [sys.executable, "-m", "swf_testbed.monitor", "manage", "get_token", "reader"]
    made = subprocess.run(
        [*command, "--create-user", "--read-only"],
        env=one.environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return made.stdout.strip()


def _schemathesis(
    one: Instance, token: str, examples: int, folder: Path
) -> "subprocess.CompletedProcess[str]":
    command = [
        str(Path(sys.executable).with_name("schemathesis")),
        "--config-file",
        str(_CONFIGURATION),
        "run",
        f"{one.url}/api/schema/",
        "--checks=all",
        "--phases=fuzzing",
        f"--max-examples={examples}",
        "--suppress-health-check=all",
        "--continue-on-failure",
        "--request-timeout=60",
        "--no-color",
        "--warnings=off",
        *([f"--header=Authorization: Token {token}"] if token else []),
    ]
    environment = one.environment | {"NO_PROXY": "127.0.0.1"}
    return subprocess.run(
        command, env=environment, cwd=folder, capture_output=True, text=True, check=False, timeout=3600
    )

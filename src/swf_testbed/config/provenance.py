"""Where this code comes from: commit, branch, tag, host and versions, for the record of an execution."""

import platform
import socket
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

_VERSIONED = ("swf-testbed", "numpy", "boost-histogram", "simpy", "stomp.py", "pydantic")


def execution_environment(folder: Path) -> dict[str, Any]:
    """What an execution ran with; git facts are None outside a checkout."""
    return {
        "commit": _git(folder, "rev-parse", "HEAD"),
        "branch": _git(folder, "rev-parse", "--abbrev-ref", "HEAD"),
        "tag": _git(folder, "describe", "--tags", "--exact-match"),
        "dirty": bool(_git(folder, "status", "--porcelain")),
        "host": socket.gethostname(),
        "python": platform.python_version(),
        "versions": {name: _version(name) for name in _VERSIONED},
    }


def _git(folder: Path, *words: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *words],  # noqa: S607  # git as the user's PATH has it
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() or None if done.returncode == 0 else None


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None

"""Where code comes from: repository, commit, branch, tag, and what it runs with, for the record."""

import platform
import re
import socket
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

_VERSIONED = ("swf-testbed", "numpy", "boost-histogram", "simpy", "stomp.py", "pydantic")
_PACKAGE = Path(__file__).resolve().parent.parent
# https://host/org/repo.git, git@host:org/repo, ssh://git@host/group/org/repo: the last two words.
_REMOTE = re.compile(r"(?:\w+://|[^/]+:).*?(?P<org>[^/:@]+)/(?P<repo>[^/:@]+?)(?:\.git)?/?")


def execution_environment(workflow: Path) -> dict[str, Any]:
    """What an execution runs with.

    Args:
        workflow: the file of the workflow's code.

    Returns:
        Git facts of the testbed's own code (None outside a checkout), and below `workflow` those of the
        workflow's file; the machine, and versions.
    """
    return {
        **_checkout(_PACKAGE),
        "workflow": {"path": str(workflow), **_checkout(workflow.parent, workflow.name)},
        "host": socket.gethostname(),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "versions": {name: _version(name) for name in _VERSIONED},
    }


def source_of(path: Path) -> dict[str, Any]:
    """Where a file is kept: `org`, `repo`, `path` in it, `branch`; only the path outside of a checkout."""
    top = _git(path.parent, "rev-parse", "--show-toplevel")
    remote = _REMOTE.fullmatch(_git(path.parent, "remote", "get-url", "origin") or "")
    inside = path.resolve().relative_to(top) if top else path
    return {
        "org": remote["org"] if remote else None,
        "repo": remote["repo"] if remote else None,
        "path": str(inside),
        "branch": _git(path.parent, "rev-parse", "--abbrev-ref", "HEAD"),
    }


def _checkout(folder: Path, *files: str) -> dict[str, Any]:
    """Commit and state of a folder, or of files in it."""
    return {
        "commit": _git(folder, "rev-parse", "HEAD"),
        "branch": _git(folder, "rev-parse", "--abbrev-ref", "HEAD"),
        "tag": _git(folder, "describe", "--tags", "--exact-match"),
        "dirty": bool(_git(folder, "status", "--porcelain", "--", *(files or (".",)))),
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

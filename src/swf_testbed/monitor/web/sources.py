"""Where code is kept: links to a file or a commit of a repository on the web."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

HOST = "https://github.com"
"""Where the repositories of the collaboration are."""

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}")
_COMMIT = re.compile(r"[0-9a-f]{7,64}")


def repository(source: Mapping[str, Any]) -> str | None:
    """The address of the repository that a `source` (org, repo, path, branch) names; None without one."""
    names = source.get("org"), source.get("repo")
    if not all(isinstance(name, str) and _NAME.fullmatch(name) for name in names):
        return None
    return f"{HOST}/{names[0]}/{names[1]}"


def file_link(source: Mapping[str, Any], commit: object = None) -> str | None:
    """The address of the file, at a commit or else on its branch; None if it is not known where it is."""
    where, path = repository(source), source.get("path")
    revision = commit if _is_commit(commit) else source.get("branch")
    if (
        where is None
        or not isinstance(path, str)
        or not isinstance(revision, str)
        or not path
        or not revision
    ):
        return None
    return f"{where}/blob/{quote(revision)}/{quote(path)}"


def commit_link(source: Mapping[str, Any], commit: object) -> str | None:
    """The address of a commit; None if there is none, or it is not known of which repository."""
    where = repository(source)
    return f"{where}/commit/{commit}" if where and _is_commit(commit) else None


def _is_commit(commit: object) -> bool:
    return isinstance(commit, str) and _COMMIT.fullmatch(commit) is not None

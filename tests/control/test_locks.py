"""The lock files: complete, of the present pyproject.toml, and without any address."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[2]
REMEDY = "pyproject.toml has changed since: run tools/lock and commit what it writes"
_PIN = re.compile(
    r"^(?P<name>[A-Za-z0-9._-]+)(\[[a-z0-9, -]+\])?==(?P<version>\S+?)( ; (?P<marker>.+?))?( \\)?$",
    re.MULTILINE,
)


def _project() -> tuple[list[str], list[str]]:
    """Requirements to run, and to test."""
    document = tomllib.loads((ROOT / "pyproject.toml").read_text())
    project, groups = document["project"], document["dependency-groups"]
    run = project["dependencies"] + project["optional-dependencies"]["monitor"] + groups["setup"]
    return run, [*run, *groups["test"]]


def _pins(lock: str) -> dict[str, set[Version]]:
    found: dict[str, set[Version]] = {}
    for pin in _PIN.finditer((ROOT / lock).read_text()):
        found.setdefault(canonicalize_name(pin["name"]), set()).add(Version(pin["version"]))
    return found


@pytest.mark.parametrize(("lock", "which"), [("requirements.lock", 0), ("requirements-test.lock", 1)])
def test_every_requirement_is_locked_to_a_version_it_allows(lock: str, which: int) -> None:
    pins = _pins(lock)
    for text in _project()[which]:
        wanted = Requirement(text)
        versions = pins.get(canonicalize_name(wanted.name), set())
        assert versions, f"{lock} lacks {text}; {REMEDY}"
        assert all(version in wanted.specifier for version in versions), f"{lock}: {text}; {REMEDY}"


def test_tests_run_with_the_versions_that_users_get() -> None:
    tested = _pins("requirements-test.lock")
    differing = {
        name for name, versions in _pins("requirements.lock").items() if tested.get(name) != versions
    }
    assert not differing, f"locked differently for tests: {differing}; run tools/lock"


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-test.lock", "web/package-lock.json"])
def test_no_lock_says_where_packages_come_from(lock: str) -> None:
    text = (ROOT / lock).read_text()
    lines = [line for line in text.splitlines() if "://" in line and not _is_no_registry(line)]
    assert not lines
    if lock.startswith("requirements"):
        assert not [line for line in text.splitlines() if line.startswith("-")]
        assert len(_PIN.findall(text)) == len(re.findall(r"^\S", text, re.MULTILINE))


def _is_no_registry(line: str) -> bool:
    """What a package says of its makers; not where it is fetched from."""
    return re.match(r'\s*"(url|funding)":', line) is not None


def test_every_locked_file_has_a_digest() -> None:
    for lock in ("requirements.lock", "requirements-test.lock"):
        entries = re.split(r"\n(?=\S)", (ROOT / lock).read_text())
        assert all("--hash=sha256:" in entry for entry in entries if "==" in entry)

"""Where code comes from: what git says of it, and what is said without git."""

import subprocess
from pathlib import Path

import pytest

from swf_testbed.config.provenance import execution_environment, source_of


def git(folder: Path, *words: str) -> None:
    who = ("-c", "user.name=a", "-c", "user.email=a@example.org")
    subprocess.run(["git", *who, *words], cwd=folder, check=True, capture_output=True)  # noqa: S607  # as people have it


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A file of a repository, committed and tagged."""
    git(tmp_path, "init", "--initial-branch", "trunk")
    (tmp_path / "flows").mkdir()
    path = tmp_path / "flows" / "mine.py"
    path.write_text("one")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-m", "one")
    git(tmp_path, "tag", "v1")
    return path


def test_an_execution_is_told_where_its_code_comes_from(checkout: Path, tmp_path: Path) -> None:
    here = execution_environment(checkout)
    assert here["versions"]["swf-testbed"]
    assert here["python"].startswith("3.")
    workflow = here["workflow"]
    assert len(workflow["commit"]) == 40
    assert (workflow["branch"], workflow["tag"], workflow["dirty"]) == ("trunk", "v1", False)
    checkout.write_text("two")
    assert execution_environment(checkout)["workflow"]["dirty"] is True


@pytest.mark.parametrize(
    ("remote", "org", "repo"),
    [
        ("https://user:secret@example.org/eic/swf-testbed.git", "eic", "swf-testbed"),
        ("git@example.org:eic/swf-testbed", "eic", "swf-testbed"),
        ("ssh://git@example.org:22/group/eic/swf-testbed.git/", "eic", "swf-testbed"),
        ("/somewhere/eic/swf-testbed", None, None),
        (None, None, None),
    ],
)
def test_the_source_of_a_file_is_its_repository(
    checkout: Path, remote: str | None, org: str | None, repo: str | None
) -> None:
    if remote:
        git(checkout.parent, "remote", "add", "origin", remote)
    source = {"org": org, "repo": repo, "path": "flows/mine.py", "branch": "trunk"}
    assert source_of(checkout) == source


def test_outside_of_a_repository_and_without_git_there_is_only_the_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    path = tmp_path / "mine.py"
    path.write_text("one")
    assert source_of(path) == {"org": None, "repo": None, "path": str(path), "branch": None}
    nowhere = execution_environment(path)["workflow"]
    assert nowhere == {"path": str(path), "commit": None, "branch": None, "tag": None, "dirty": False}

"""A database of the first tables is upgraded as `docs/how-to/upgrade.md` says, and put back as it says."""

import json
import sqlite3
import sys
from pathlib import Path

import pytest

from documented import ROOT, Guide
from typed_home import TypedHome

pytestmark = [pytest.mark.chain, pytest.mark.timeout(540)]

FIRST = "0001_initial"
WALK = ROOT / "tests" / "monitor" / "migration_walk.py"


def rows(database: Path, tables: list[str]) -> dict[str, int]:
    connection = sqlite3.connect(database)
    try:
        # The names are those of our own tables.
        return {name: connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in tables}  # noqa: S608
    finally:
        connection.close()


def newest(database: Path) -> str:
    connection = sqlite3.connect(database)
    try:
        asked = "SELECT max(name) FROM django_migrations WHERE app = 'store'"
        return str(connection.execute(asked).fetchone()[0])
    finally:
        connection.close()


def checkout(folder: Path) -> TypedHome:
    """A clone of a repository in which there is something new."""
    commit = "git -C origin -c user.name=a -c user.email=a@example.org commit -q --allow-empty -m"
    made = TypedHome.at(folder / "clone")
    TypedHome.of(folder, made.environment).typed(f"""
        git init -q origin
        {commit} 'as it was'
        git clone -q origin clone
        echo 'what is new' > origin/NEWS
        git -C origin add NEWS
        {commit} 'as it is'
    """)
    (made.path / "testbed").symlink_to(Path(sys.executable).with_name("testbed"))
    return made


def test_the_guide_brings_all_rows_along_and_leads_back(tmp_path: Path) -> None:
    home = checkout(tmp_path)
    before = json.loads(home.typed(f"{sys.executable} {WALK} {FIRST} --stay"))["before"]
    database = home.path / "var" / "monitor" / "monitor.sqlite3"
    assert newest(database) == FIRST
    with Guide("how-to/upgrade.md", home) as page:
        page.types("testbed stop-agents")
        page.types("mkdir -p backup")
        page.types("git pull")
        assert (home.path / "NEWS").exists()
        page.types("testbed config show")
        try:
            page.types("testbed start")
            kept = rows(database, list(before))
            assert {name: kept[name] >= count for name, count in before.items()} == dict.fromkeys(
                before, True
            )
            assert newest(database) > FIRST
        finally:
            page.types("testbed stop-agents")
    assert newest(database) == FIRST
    assert rows(database, list(before)) == before

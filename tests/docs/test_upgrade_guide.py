"""A database of the first tables is upgraded as `docs/how-to/upgrade.md` says, and put back as it says."""

import json
import sqlite3
import sys
from pathlib import Path

import pytest
from typed_home import TypedHome

from documented import ROOT, blocks

pytestmark = [pytest.mark.chain, pytest.mark.timeout(540)]

PAGE = ROOT / "docs" / "how-to" / "upgrade.md"
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


def test_the_guide_brings_all_rows_along_and_leads_back(tmp_path: Path) -> None:
    home = TypedHome.at(tmp_path)
    before = json.loads(home.typed(f"{sys.executable} {WALK} {FIRST} --stay"))["before"]
    database = tmp_path / "var" / "monitor" / "monitor.sqlite3"
    assert newest(database) == FIRST
    end, keep, _get_the_version, check, start, back = (block.text for block in blocks(PAGE, "sh"))
    for step in (end, keep, check):
        home.typed(f"set -e\n{step}")
    try:
        home.typed(f"set -e\n{start}")
        kept = rows(database, list(before))
        assert {name: kept[name] >= count for name, count in before.items()} == dict.fromkeys(before, True)
        assert newest(database) > FIRST
    finally:
        home.typed(f"set -e\n{back}")
    assert newest(database) == FIRST
    assert rows(database, list(before)) == before

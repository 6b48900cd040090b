"""A database of every earlier release comes up to date with all its rows."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from monitor_instance import Instance

pytestmark = pytest.mark.both_databases

RELEASES: dict[str, str] = {}
"""The last migration of each release, like `"0.1.0": "0011_fast_monitoring"`: one line more with each.

Each is one of the stops of the walk below, which leaves rows in every table there and goes on to the last.
"""

_WALK = Path(__file__).with_name("migration_walk.py")
_MIGRATIONS = Path(__file__).parents[2] / "src" / "swf_testbed" / "monitor" / "store" / "migrations"


def migrations() -> list[str]:
    return sorted(path.stem for path in _MIGRATIONS.glob("[0-9]*.py"))


def walk(instance: Instance, *stops: str) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", str(_WALK), *stops],
        env=instance.environment,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    kept = {name: found["read"][name] for name in found["before"]}
    assert kept == found["before"]
    assert all(count >= 1 for count in found["before"].values())


@pytest.mark.timeout(300)
def test_rows_of_every_migration_come_through_all_that_follow(
    make_instance: Callable[..., Instance],
) -> None:
    walk(make_instance(), *migrations()[:-1])


def test_what_a_release_had_is_not_renamed() -> None:
    """Its databases know their migrations by name, and the walk begins at each of them."""
    assert set(RELEASES.values()) <= set(migrations())

"""Every dependency has a reason, and a release is refused until it is one."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))

import dependencies  # noqa: E402  # a tool, not a package


def test_every_dependency_has_a_reason_and_no_reason_is_left_over() -> None:
    named = {one.name for one in dependencies.dependencies()}
    assert set(dependencies.reasons()) == named


def test_a_commit_without_a_tag_is_no_release(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "tools" / "release.py", "--into", tmp_path],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("release: ")
    assert "Traceback" not in done.stderr


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    into = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", into],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    (made,) = into.glob("*.whl")
    return zipfile.ZipFile(made)


def test_the_wheel_has_what_a_run_needs_and_nothing_of_the_tests(wheel: zipfile.ZipFile) -> None:
    names = wheel.namelist()
    assert "swf_testbed/config/shipped/fast_processing_default.toml" in names
    assert "swf_testbed/py.typed" in names
    assert any(name.endswith("jsroot/modules/core.mjs") for name in names)
    roots = {name.split("/")[0] for name in names if not name.split("/")[0].endswith(".dist-info")}
    assert roots == {"swf_testbed", "swf_fastmon_agent", "swf_fastmon_client"}

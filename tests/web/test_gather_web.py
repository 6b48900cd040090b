"""The third-party scripts: where they come from, and that they are what was locked."""

import importlib.util
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
TOOL = ROOT / "tools" / "gather_web.py"


def load_tool() -> Any:
    spec = importlib.util.spec_from_file_location("gather_web", TOOL)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


gather_web = load_tool()


@pytest.mark.parametrize(
    "lock", [ROOT / "web" / "package-lock.json", *ROOT.glob("*.lock")], ids=lambda p: p.name
)
def test_lock_files_name_no_host_to_fetch_from(lock: Path) -> None:
    text = lock.read_text()
    assert '"resolved"' not in text
    assert not re.search(
        r"registry\.|index-url|files\.pythonhosted|https?://[^\s\"]+\.(tgz|whl|tar\.gz)", text
    )


def test_every_gathered_package_is_locked_by_digest() -> None:
    for name, (version, integrity) in gather_web.locked().items():
        assert re.fullmatch(r"[0-9]+\.[0-9]+\.[0-9]+", version), name
        assert integrity.startswith("sha512-"), name


def test_what_the_pages_load_is_gathered_whole(tmp_path: Path) -> None:
    vendor = tmp_path / "vendor"
    try:
        gather_web.gather(vendor)
    except gather_web.GatherError as problem:
        pytest.skip(f"the npm registry cannot be reached: {problem}")
    assert gather_web.is_gathered(vendor)
    for package in gather_web.KEPT:
        assert "Permission is hereby granted" in (vendor / package / "LICENSE").read_text()
    for module in vendor.rglob("*.mjs"):
        for name in re.findall(
            r"^(?:import|export)\b[^;'\"]*?['\"](\.[^'\"]+)", module.read_text(), re.MULTILINE
        ):
            assert (module.parent / name).is_file(), f"{module} imports {name}"
    for own in (ROOT / "src/swf_testbed/monitor/web/static/web").glob("*.js"):
        for path in re.findall(r"'\.\./vendor/([^']+)'", own.read_text()):
            assert (vendor / path).is_file(), f"{own.name} imports {path}"
    stamp = vendor / gather_web.STAMP
    (vendor / json.loads(stamp.read_text())["files"][0]).unlink()
    assert not gather_web.is_gathered(vendor)


def test_without_a_registry_it_says_what_to_do_and_keeps_what_is_there() -> None:
    before = gather_web.is_gathered()
    environment = os.environ | {"npm_config_registry": "http://127.0.0.1:9/", "npm_config_cache": os.devnull}
    done = subprocess.run(
        [sys.executable, str(TOOL), "--force"], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "not gathered" in done.stderr
    assert "python tools/gather_web.py" in done.stderr
    assert "Traceback" not in done.stderr
    assert gather_web.is_gathered() == before


def test_an_archive_that_is_not_the_locked_one_is_refused(tmp_path: Path) -> None:
    archive = tmp_path / "jsroot-7.tgz"
    archive.write_bytes(b"something else")
    with pytest.raises(gather_web.GatherError, match=r"is not what web/package-lock\.json locks"):
        gather_web.check_digest(archive, gather_web.locked()["jsroot"][1])

"""The documentation builds as a site, without a warning, and asks no other host for anything."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from documented import ROOT

_OTHER_HOST = re.compile(r"<(?:script|link|img|iframe)\b[^>]*\b(?:src|href)=\"?(?:https?:)?//[^\s\">]+")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1", "PYTHONWARNINGS": "default"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder


def test_every_page_is_reached_from_the_first(site: Path) -> None:
    first = (site / "index.html").read_text("utf-8")
    pages = [path.relative_to(ROOT / "docs") for path in (ROOT / "docs").rglob("*.md")]
    linked = set(re.findall(r'href="?([^"\s>]+)', first))
    ways = {(page.parent if page.name == "index.md" else page.with_suffix("")).as_posix() for page in pages}
    assert {f"{way}/" for way in ways - {"."}} <= linked


def test_no_page_asks_another_host(site: Path) -> None:
    asked = {
        found.group(0)
        for page in site.rglob("*.html")
        for found in _OTHER_HOST.finditer(page.read_text("utf-8"))
        if 'rel="canonical"' not in found.group(0)
    }
    assert not asked

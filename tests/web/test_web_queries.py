"""No page asks the database more than 12 times; times are measured by `benchmarks/pages.py` itself."""

import re
import runpy
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest
from django.urls import URLPattern, resolve

from swf_testbed.monitor.startup import set_up_django

BENCHMARK = Path(__file__).resolve().parents[2] / "benchmarks" / "pages.py"
sys.path.insert(0, str(BENCHMARK.parent))
NOT_MEASURED = {
    *("login", "logout", "download", "favicon", "dead-letters", "dead-letter"),
    *("acknowledge", "keep-layout", "forget-layout", "layout", "plots", "plot-file", "trends-file"),
}
"""Forms and files, what asks the broker and not the database, and a layout, which is an unnamed one kept."""


def measured() -> dict[str, str]:
    """The addresses that the benchmark measures, by what they show."""
    return dict(runpy.run_path(str(BENCHMARK))["PAGES"])


def test_every_page_is_measured() -> None:
    set_up_django()
    from swf_testbed.monitor.web.urls import urlpatterns

    anything: defaultdict[str, str] = defaultdict(lambda: "1")
    reached = {
        resolve(address.format_map(anything).split("?")[0]).url_name for address in measured().values()
    }
    there = {pattern.name for pattern in urlpatterns if isinstance(pattern, URLPattern)}
    assert there - reached == NOT_MEASURED


@pytest.mark.timeout(300)
def test_no_page_asks_the_database_too_often() -> None:
    command = [sys.executable, str(BENCHMARK), "--scale", "0.005", "--queries-only"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr[-3000:]
    queries = re.findall(r"^(.{40}) +0 +0 +(\d+) +\d+$", done.stdout, re.MULTILINE)
    assert [name.strip() for name, _ in queries] == list(measured())
    assert all(0 <= int(number) <= 12 for _, number in queries)

"""What a program holds free between what it keeps goes back to the system while it lives."""

import os
import platform
import subprocess
import sys

import pytest

# 200 MB in pieces that Python has from malloc; every hundredth stays and keeps its neighbours' pages.
_PROGRAM = """
import resource, time
from pathlib import Path
from swf_testbed.config.memory import give_back_regularly

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()

pieces = [bytes([1]) * 10_000 for _ in range(20_000)]
del pieces[-1]
kept = pieces[::100] + pieces[-1:]
pieces.clear()
before = resident()
assert before > 150e6, before
give_back_regularly(0.01)
until = time.monotonic() + 60
while resident() > before - 100e6 and time.monotonic() < until:
    time.sleep(0.01)
print(before - resident())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc can be asked to")
def test_holes_between_what_is_kept_go_back_to_the_system() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", _PROGRAM],
        env=os.environ,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert int(ended.stdout) > 100_000_000

"""The picture of the architecture shows the imports that there are."""

import subprocess
import sys

from documented import ROOT

_DRAWN = """
import sys
sys.path.insert(0, "tools")
from draw_imports import PICTURE, picture
sys.exit(0 if PICTURE.read_text("utf-8") == picture() else "run: python tools/draw_imports.py")
"""


def test_the_picture_of_imports_is_of_this_code() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _DRAWN], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr

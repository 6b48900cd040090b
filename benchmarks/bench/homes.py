"""Where a testbed that is tried lives."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def home_of(kept: Path | None) -> Iterator[Path]:
    """A folder for the testbed; gone afterwards unless it was said."""
    home = kept or Path(tempfile.mkdtemp(prefix="swf-bench-"))
    try:
        yield home
    finally:
        if kept is None:
            shutil.rmtree(home, ignore_errors=True)

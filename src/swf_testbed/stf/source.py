"""What any source of time frames offers, so that a consumer need not know the file format."""

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from swf_testbed.stf.documents import FileHeader, Frame
from swf_testbed.stf.errors import OnBad
from swf_testbed.stf.hits import HitBatch
from swf_testbed.stf.reader import StfReader, Which


class TFSource(Protocol):
    """A file, or whatever else holds frames; positions count from 0 in its own order."""

    header: FileHeader

    def tf_numbers(self) -> NDArray[np.uint64]:
        """The numbers of its frames, in its order."""

    def read_frames(self, which: Which = ..., on_bad: OnBad = None) -> Iterator[Frame]:
        """Chosen frames (slice of positions, or numbers), decoded; damage is raised or told to `on_bad`."""

    def hits_by_detector(self, which: Which = ..., on_bad: OnBad = None) -> dict[int, HitBatch]:
        """The hits of chosen frames by detector id."""

    def close(self) -> None:
        """Let go of it."""


def open_source(url: str | Path) -> TFSource:
    """The frames of a path or URL (STF1 files)."""
    return StfReader.open(url)

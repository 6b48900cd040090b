"""Damage found in a file, with the place where it was found."""

from collections.abc import Callable

from swf_testbed.model.errors import BadData


class CrcError(BadData):
    """A frame or bank whose bytes are not what was written: which one, and how it shows.

    Args:
        problem: what is wrong, in words.
        file: the file's path or URL, empty if not known.
        frame: the time frame's number, None if not even that can be read.
        detector: the detector's id, None if the whole frame is concerned.
        link: the readout link of the bank, None if the whole frame is concerned.
    """

    def __init__(
        self,
        problem: str,
        file: str = "",
        frame: int | None = None,
        detector: int | None = None,
        link: int | None = None,
    ) -> None:
        self.problem, self.file, self.frame, self.detector, self.link = problem, file, frame, detector, link
        named = (("", file or None), ("frame ", frame), ("detector ", detector), ("link ", link))
        where = ", ".join(f"{word}{value}" for word, value in named if value is not None)
        super().__init__(f"{where}: {problem}" if where else problem)


OnBad = Callable[[CrcError], None] | None
"""What to do with damage: None raises it; a callable is told, and the damaged part is left out."""

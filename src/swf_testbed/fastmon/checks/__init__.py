"""Checks of a run against a reference: a file for each idea, and `base` for what all have in common."""

from swf_testbed.fastmon.checks import (
    banks,
    bunch,
    channels,
    gain,
    rate,
    sequence,
    shape,
    time_offset,
    units,
)

__all__ = ["banks", "bunch", "channels", "gain", "rate", "sequence", "shape", "time_offset", "units"]

"""The words for what can be wrong with the data: faults that have a name, and symptoms that do not yet.

In messages of errors they stand as the words that they are.
"""

from enum import StrEnum


class _Word(StrEnum):
    def __repr__(self) -> str:
        return repr(self.value)


class Fault(_Word):
    """What is wrong, by its cause: the simulated DAQ injects these, and checks name them."""

    DEAD_UNITS = "dead_units"
    HOT_CHANNELS = "hot_channels"
    GAIN = "gain"
    TIME_OFFSET = "time_offset"
    BUNCH_SHIFT = "bunch_shift"
    NOISE = "noise"
    MISSING_BANK = "missing_bank"
    CORRUPTED_BANK = "corrupted_bank"
    MISSING_STF = "missing_stf"


class Symptom(_Word):
    """What is seen to be different, when no check knows the cause."""

    RATE = "rate"
    OCCUPANCY = "occupancy"
    SHAPE = "shape"

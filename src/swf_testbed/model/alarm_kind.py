"""What is said of a kind of alarm."""

from typing import NamedTuple

from swf_testbed.model.status import Severity


class AlarmKind(NamedTuple):
    """One kind of alarm.

    Attributes:
        name: begins the subject of its alarms.
        title: a few words for a list.
        severity: as it is raised.
        means: what is the matter.
        look: what to look at, and to do.
        clears: when it is over.
        latched: whether it stays among those that want attention until a person has acknowledged it, also
            when it is over by itself.
    """

    name: str
    title: str
    severity: Severity
    means: str
    look: str
    clears: str
    latched: bool = True

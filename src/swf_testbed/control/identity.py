"""Which process is meant: its number and when it began, since numbers are given again."""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

import psutil
from pydantic import BaseModel, ConfigDict, ValidationError

from swf_testbed.control.places import write_private

_SAME_S = 0.1
"""Two readings of one beginning differ by less: the kernel counts hundredths of a second."""


class ProcessIdentity(BaseModel):
    """One process of this machine; `began` is seconds since 1970."""

    model_config = ConfigDict(frozen=True)

    pid: int
    began: float

    @classmethod
    def of(cls, pid: int) -> Self | None:
        """The process that has this number now."""
        try:
            return cls(pid=pid, began=psutil.Process(pid).create_time())
        except psutil.Error:
            return None

    @classmethod
    def own(cls) -> Self:
        """This process."""
        return cls(pid=os.getpid(), began=psutil.Process().create_time())

    @property
    def alive(self) -> bool:
        """Whether it has not ended; one that is only still to be reaped has."""
        found = type(self).of(self.pid)
        if found is None or abs(found.began - self.began) > _SAME_S:
            return False
        try:
            return psutil.Process(self.pid).status() != psutil.STATUS_ZOMBIE
        except psutil.Error:
            return False

    @property
    def began_at(self) -> datetime:
        """When it began."""
        return datetime.fromtimestamp(self.began, UTC)

    def began_about(self, moment: datetime) -> bool:
        """Whether it is the process that began then."""
        return abs(self.began - moment.timestamp()) < _SAME_S


def process_alive(pid: int, heard_at: datetime) -> bool:
    """Whether the process that was heard of at that time still lives: a later one has only its number."""
    found = ProcessIdentity.of(pid)
    return found is not None and found.alive and found.began <= heard_at.timestamp() + _SAME_S


class Kept(BaseModel):
    """A small document that outlives its writer, in a file for this user's eyes."""

    model_config = ConfigDict(frozen=True)

    @classmethod
    def read(cls, path: Path) -> Self | None:
        """What is written there; None if nothing, or nothing of use."""
        try:
            return cls.model_validate_json(path.read_text("utf-8"))
        except (OSError, ValidationError):
            return None

    def write(self, path: Path) -> None:
        """Put it in place of what was there."""
        write_private(path, self.model_dump_json())

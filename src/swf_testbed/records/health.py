"""How the monitor is."""

from enum import StrEnum

from pydantic import BaseModel

from swf_testbed.model.fields import Timestamp


class Overall(StrEnum):
    """`degraded`: what is stored can be read and written, but nothing comes from the bus; `down`: neither."""

    OK = "ok"
    DEGRADED = "degraded"
    DOWN = "down"


class Versions(BaseModel):
    """What runs; the database's is null while it is away."""

    swf_testbed: str
    python: str
    django: str
    database: str | None


class Health(BaseModel):
    """Whether the monitor works: itself with its database, its broker, and its intake.

    `trouble` says in words what keeps the intake from storing; empty if nothing does.
    """

    status: Overall
    time: Timestamp
    versions: Versions
    database: bool
    broker: bool
    intake: bool
    trouble: str = ""

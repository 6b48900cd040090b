"""Where files are catalogued, copied to the sites, and verified: one protocol for every kind of storage."""

from swf_testbed.adapters.storage.protocol import (
    Copy,
    DatasetSpec,
    DatasetStanding,
    Did,
    Registration,
    SiteStanding,
    Storage,
    StoredFile,
)
from swf_testbed.model.status import CopyState

__all__ = [
    "Copy",
    "CopyState",
    "DatasetSpec",
    "DatasetStanding",
    "Did",
    "Registration",
    "SiteStanding",
    "Storage",
    "StoredFile",
]

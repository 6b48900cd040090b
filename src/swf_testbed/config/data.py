"""Parameters of data management: what is checked, where files go, how long they stay, what is watched."""

from typing import Annotated, Literal

from pydantic import Field

from swf_testbed.config.section import AboveZero, Fraction, Seconds, Section, told
from swf_testbed.model.fields import SiteName

_HOURS = {"unit": "h"}
_GIGABYTES = {"unit": "GB"}


class Watcher(Section):
    """When the watcher raises alarms; times in s. Each rule is described in the reference of its rules."""

    interval: Annotated[AboveZero, told("how often the rules look")] = 5.0
    stall_intervals: Annotated[
        float, Field(gt=0, le=10_000, description="`no_stf`: so many intervals of STFs without one")
    ] = 5.0
    stall_least: Annotated[Seconds, told("`no_stf`: and at least so long")] = 10.0
    stage_stall: Annotated[AboveZero, told("`stalled_stage`: files wait, and none comes on")] = 60.0
    rate_tolerance: Annotated[
        float, Field(gt=0, le=100, description="`stf_rate`: relative departure of the interval of STFs")
    ] = 0.5
    size_factor: Annotated[
        float, Field(gt=1, le=1000, description="`stf_size`: bytes a frame beside the median of the stream")
    ] = 3.0
    failures: Annotated[
        int, Field(ge=1, le=10_000, description="`checksum_failures`: so many in `failures_window`")
    ] = 3
    failures_window: Annotated[AboveZero, told("the time in which failures are counted together")] = 300.0
    stuck_file: Annotated[AboveZero, told("`stuck_file`: not at every site so long after egress")] = 600.0
    stuck_execution: Annotated[
        AboveZero, told("`stuck_execution`: still running so long after the end of its run")
    ] = 120.0
    dataset_wait: Annotated[
        AboveZero, told("`incomplete_dataset`: not closed so long after the end of the run")
    ] = 60.0


class Data(Section):
    """What the data agent checks and announces, and where it brings the files.

    `storage`, `sites_folder`, all that begins with `buffer` and all of `watcher` belong to the agent, not to
    a run: set them in testbed.toml.
    """

    site: Annotated[SiteName, told("what copies in the exit buffer are said to be at")] = "E0-BUFFER"
    verify_checksum: Annotated[
        bool, told("whether each STF is read once and compared with the checksum of its announcement")
    ] = True
    checked_frames: Annotated[
        int, Field(ge=0, le=1000, description="frames of each STF whose checksums are looked at")
    ] = 3
    storage: Annotated[
        Literal["local", "rucio", "dry-run"],
        told("`local` copies to folders, `rucio` lets Rucio copy, `dry-run` only says it"),
    ] = "local"
    sites: Annotated[
        tuple[SiteName, ...],
        Field(strict=False, max_length=8, description="every file is copied to each; none archives nothing"),
    ] = ("BNL", "JLAB")
    sites_folder: Annotated[
        str, Field(max_length=4000, description="has a folder for each site; the testbed's own if left out")
    ] = ""
    buffer_url: Annotated[
        str,
        Field(
            max_length=4000,
            description="for `rucio`: what sites put before the name of a file of the exit buffer, "
            "like root://daq.example.org:1094//data/",
        ),
    ] = ""
    buffer_doors: Annotated[
        tuple[
            Annotated[str, Field(min_length=1, max_length=4000, pattern=r"^(root|roots|http|https)://")], ...
        ],
        Field(
            strict=False,
            max_length=4,
            description="what readers elsewhere put before the name of a file of the exit buffer, by "
            "preference, like https://daq.example.org:8443/exit-buffer/; each is announced as a copy",
        ),
    ] = ()
    scope: Annotated[
        str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,24}$", description="of the catalogue, for datasets")
    ] = "group.daq"
    lifetime_days: Annotated[
        float,
        Field(
            ge=0,
            le=36_500,
            allow_inf_nan=False,
            json_schema_extra={"unit": "days"},
            description="of a dataset; 0 is for ever",
        ),
    ] = 0
    batch: Annotated[
        int, Field(ge=1, le=1000, description="files that are registered or copied in one go")
    ] = 20
    poll: Annotated[AboveZero, told("how often copies under way are asked for")] = 1.0
    buffer_capacity: Annotated[
        float | None,
        Field(
            gt=0,
            le=1e9,
            json_schema_extra=_GIGABYTES,
            description="what the exit buffer may hold; left out: 95 % of its disk",
        ),
    ] = None
    buffer_horizon: Annotated[
        float,
        Field(
            ge=0, le=100_000, json_schema_extra=_HOURS, description="how long archived files stay at least"
        ),
    ] = 72.0
    buffer_high: Annotated[
        Fraction, told("above, archived files are deleted before their time, the oldest first")
    ] = 0.8
    buffer_verify: Annotated[
        bool, told("whether copies at the sites are read once more before a file is deleted")
    ] = True
    watcher: Watcher = Watcher()

    @property
    def buffer_capacity_bytes(self) -> int | None:
        """The capacity that was set, bytes."""
        return None if self.buffer_capacity is None else int(self.buffer_capacity * 1e9)

"""How the pool of workers grows and shrinks: the section `[pool]`."""

from typing import Annotated, Literal

from pydantic import Field

from swf_testbed.config.section import IN_MEGABYTES, AboveZero, Duration, Seconds, Section, told

EngineName = Literal["local", "slurm", "htcondor", "panda", "transformer"]
Words = Annotated[tuple[Annotated[str, Field(max_length=1000)], ...], Field(strict=False)]


class Pool(Section):
    """Where workers run, and how many; read by the pool controller and its workers from testbed.toml alone.

    Workers that supervisord keeps (`[agents.worker] count`) are there beside these.
    """

    engine: Annotated[
        EngineName,
        told("`transformer` starts none: another system brings them, asked by `adjust_worker`"),
    ] = "local"
    min_workers: Annotated[int, Field(ge=0, le=10_000, description="workers that are kept, work or not")] = 0
    max_workers: Annotated[
        int | None, Field(ge=0, le=10_000, description="not set is the number of this machine's cores")
    ] = None
    latency_target: Annotated[AboveZero, told("how long a slice may wait in the queue")] = 10.0
    utilisation: Annotated[
        float, Field(gt=0, le=1, description="the part of their time that workers are meant to be busy")
    ] = 0.8
    interval: Annotated[AboveZero, told("between two decisions")] = 2.0
    hold: Annotated[Seconds, told("how long fewer workers must be enough before any is released")] = 30.0
    launches_per_minute: Annotated[
        int, Field(ge=1, le=10_000, description="no more are started, whatever is wanted")
    ] = 60
    idle_timeout: Annotated[Duration, told("a worker without work ends by itself")] = 600.0
    walltime: Annotated[Duration, told("a worker ends by itself, after the slice in hand")] = 14_400.0
    heartbeat_timeout: Annotated[
        AboveZero, told("a worker that was not heard of for so long is given up")
    ] = 30.0
    start_timeout: Annotated[Duration, told("a worker that runs must have been heard of after so long")] = (
        120.0
    )
    drain_time: Annotated[Seconds, told("what a worker that is asked to end has for the slice in hand")] = (
        60.0
    )
    crash_limit: Annotated[
        int, Field(ge=1, le=1000, description="so many workers in a row that die at once stop launching")
    ] = 3
    crash_age: Annotated[AboveZero, told("younger than this is at once")] = 10.0
    crash_pause: Annotated[Duration, told("how long nothing is launched then")] = 60.0
    memory_mb: Annotated[
        int | None, Field(ge=1, le=10_000_000, json_schema_extra=IN_MEGABYTES, description="of one worker")
    ] = None
    submit_options: Annotated[
        Words, told("for `sbatch`, as `--partition=NAME`; for `htcondor`, lines of the file")
    ] = ()

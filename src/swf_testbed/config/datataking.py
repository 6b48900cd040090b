"""How the simulated DAQ takes a run: the section `[daq_state_machine]`."""

from typing import Annotated

from pydantic import Field

from swf_testbed.config.schedule import Schedule
from swf_testbed.config.section import AboveZero, Seconds, Section, told


class DaqStateMachine(Section):
    """How the simulated DAQ walks a run through its states, and how often it takes an STF.

    Without a `schedule` there is one run, which goes through its states in the order of these keys. The
    defaults make one of 41 s, long enough to see every state, with ten STFs.
    """

    no_beam_not_ready_delay: Annotated[
        Seconds, told("in `no_beam/not_ready`, before the run is announced")
    ] = 5
    broadcast_delay: Annotated[
        Seconds, told("what an announcement takes to get about; added after `run_imminent` and `start_run`")
    ] = 1
    beam_not_ready_delay: Annotated[Seconds, told("in `beam/not_ready`, while the run is prepared")] = 5
    beam_ready_delay: Annotated[Seconds, told("in `beam/ready`, before `start_run`")] = 2
    physics_period_count: Annotated[
        int,
        Field(ge=0, le=1_000_000, description="periods of `run/physics`; 0 goes on until stopped"),
    ] = 2
    physics_period_duration: Annotated[AboveZero, told("of each period of `run/physics`")] = 10
    standby_duration: Annotated[Seconds, told("in `run/standby`, between two periods")] = 2
    beam_not_ready_end_delay: Annotated[Seconds, told("in `beam/not_ready`, after `end_run`")] = 5
    stf_interval: Annotated[
        AboveZero,
        told("from one STF to the next; the detector's own is 0.67 s, longer ones save a laptop's disk"),
    ] = 2.0
    stf_generation_time: Annotated[Seconds, told("what the DAQ takes to write an STF file")] = 0.1
    stf_count: Annotated[
        int | None,
        Field(
            ge=0,
            le=999_999,
            description="exactly so many STFs, shared out over the periods; comes before durations",
        ),
    ] = None
    schedule: Schedule = ()

"""The mirrored phase of a run, whatever order its messages arrive in and however often."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from swf_testbed.model.states import RunPhase
from swf_testbed.monitor.services.rows import Row
from swf_testbed.monitor.services.statuses import run_state

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
LIFE = [
    RunPhase.IMMINENT,
    RunPhase.PHYSICS,
    RunPhase.STANDBY,
    RunPhase.PHYSICS,
    RunPhase.STANDBY,
    RunPhase.PHYSICS,
]


def told(number: int, phase: RunPhase) -> Row:
    return {"phase": phase, "state_changed_at": NOON + timedelta(seconds=number)}


def mirrored(messages: list[Row]) -> Row:
    row: Row = {"phase": None, "state_changed_at": None}
    for message in messages:
        held = run_state(row, message)
        row |= {name: value for name, value in message.items() if name not in held}
    return row


SAID = [told(number, phase) for number, phase in enumerate(LIFE)]


@given(st.permutations(SAID), st.lists(st.sampled_from(SAID)))
def test_the_newest_word_counts(messages: list[Row], again: list[Row]) -> None:
    assert mirrored([*messages, *again])["phase"] == RunPhase.PHYSICS
    assert mirrored([*messages, *again])["state_changed_at"] == SAID[-1]["state_changed_at"]


@given(st.permutations([*SAID, told(6, RunPhase.COMPLETED)]), st.lists(st.sampled_from(SAID)))
def test_an_ended_run_stays_ended(messages: list[Row], again: list[Row]) -> None:
    assert mirrored([*messages, *again])["phase"] == RunPhase.COMPLETED


def test_an_end_counts_even_if_its_clock_is_behind() -> None:
    assert mirrored([*SAID, told(1, RunPhase.ABORTED)])["phase"] == RunPhase.ABORTED

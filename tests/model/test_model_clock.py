"""Time: aware, UTC, and the same on the wire and in memory."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from swf_testbed.model.clock import from_ns, iso, now, now_ns, to_ns
from swf_testbed.model.fields import RunNumber, Timestamp
from swf_testbed.model.status import ExecutionStatus, SliceStatus

WIRE: TypeAdapter[datetime] = TypeAdapter(Timestamp)
RUN: TypeAdapter[int] = TypeAdapter(RunNumber)

offsets = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
moments = st.datetimes(datetime(1970, 1, 2), datetime(9999, 12, 30), timezones=offsets)  # noqa: DTZ001  # bounds


@given(moments)
def test_times_survive_the_wire_and_nanoseconds(moment: datetime) -> None:
    assert from_ns(to_ns(moment)) == moment
    assert WIRE.validate_json(WIRE.dump_json(moment)) == moment
    assert iso(moment).endswith("+00:00")


@given(moments, moments)
def test_order_of_text_is_order_of_time(one: datetime, other: datetime) -> None:
    assert (iso(one) < iso(other)) == (one.astimezone(UTC) < other.astimezone(UTC))


def test_the_clock_is_aware() -> None:
    assert now().utcoffset() == timedelta(0)
    assert abs(to_ns(now()) - now_ns()) < 10_000_000_000
    assert WIRE.validate_python("2030-01-01T01:00:00+01:00") == datetime(2030, 1, 1, tzinfo=UTC)
    assert WIRE.validate_python(datetime(2030, 1, 1, tzinfo=timezone(timedelta(hours=1)))).tzinfo is UTC


@pytest.mark.parametrize(
    "said", [5, 1.5, None, True, "2030-01-01", "2030-01-01T00:00:00", "0001-01-01T00:00:00+10:00"]
)
def test_no_time(said: object) -> None:
    with pytest.raises(ValidationError):
        WIRE.validate_python(said)


def test_a_run_number_may_be_digits() -> None:
    assert RUN.validate_python("100010") == RUN.validate_python(100_010) == 100_010
    for said in ("", "-1", "1.0", "²", True, 1.0, -1, 2**31, "9" * 5000):
        with pytest.raises(ValidationError):
            RUN.validate_python(said)


def test_what_is_over_stays_over() -> None:
    assert {status for status in ExecutionStatus if status.terminal} == {"completed", "failed", "terminated"}
    assert {status for status in SliceStatus if status.settled} == {"completed", "failed"}

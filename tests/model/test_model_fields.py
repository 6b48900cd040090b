"""Fields that messages and records share."""

from datetime import UTC, datetime

import pytest
from pydantic import TypeAdapter, ValidationError

from swf_testbed.model.fields import Timestamp

_TIME = TypeAdapter[datetime](Timestamp)


@pytest.mark.parametrize(
    "said", [0, 1.5, "352391", "-352391", "1760000000.5", "2026-01-01T00:00:00", "2026-01-01", "", None]
)
def test_what_is_not_iso_8601_with_an_offset_is_no_time(said: object) -> None:
    with pytest.raises(ValidationError):
        _TIME.validate_python(said)


@pytest.mark.parametrize(
    "said", ["2026-01-31T12:00:00Z", "2026-01-31T13:00:00+01:00", "2026-01-31 12:00:00.0Z"]
)
def test_a_time_is_kept_in_utc(said: str) -> None:
    assert _TIME.validate_python(said) == datetime(2026, 1, 31, 12, tzinfo=UTC)
    assert _TIME.dump_json(_TIME.validate_python(said)).startswith(b'"2026-01-31T12:00:00')

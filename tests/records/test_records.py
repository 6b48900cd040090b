"""Records: one definition for both sides, strict about what is sent."""

import json
import subprocess
import sys

import pytest
from pydantic import ValidationError

from swf_testbed.model.clock import now
from swf_testbed.model.status import SliceStatus
from swf_testbed.records import (
    RECORDS,
    Histogram,
    Record,
    Run,
    RunResults,
    SliceDone,
    StfFile,
    TfSlice,
    slice_part,
    stf_part,
)


@pytest.mark.parametrize("cls", RECORDS.values(), ids=RECORDS)
def test_every_record_has_a_key_and_only_that_is_required(cls: type[Record]) -> None:
    required = {name for name, entry in cls.model_fields.items() if entry.is_required()}
    assert set(cls.key) <= set(cls.model_fields)
    assert set(cls.key) - {"id"} <= required
    assert cls.server_fields <= set(cls.model_fields)
    if (
        cls.key != ("id",)
        and "updated_at" in cls.model_fields
        and cls.resource
        not in {
            "system-state-events",
            "workflow-messages",
        }
    ):
        assert required == set(cls.key)


def test_an_unknown_field_is_named() -> None:
    with pytest.raises(ValidationError, match="colour"):
        Run.model_validate({"run_number": 1, "colour": "red"})


def test_a_newer_servers_fields_may_be_ignored() -> None:
    assert Run.model_validate({"run_number": 1, "colour": "red"}, extra="ignore").run_number == 1


def test_only_what_was_said_is_sent() -> None:
    said = StfFile(stf_filename="a.stf", tf_count=3).model_dump_json(exclude_unset=True)
    assert json.loads(said) == {"stf_filename": "a.stf", "tf_count": 3}


def test_records_are_frozen_and_come_back_as_they_went() -> None:
    record = TfSlice(fastmon_file="a.tf", slice_id=1, status=SliceStatus.FAILED, assigned_at=now())
    with pytest.raises(ValidationError):
        record.slice_id = 2  # type: ignore[misc]  # that it cannot be done is the test
    assert TfSlice.model_validate_json(record.model_dump_json()) == record


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {"a": float("nan")}])
def test_numbers_that_json_does_not_know_are_refused(value: object) -> None:
    with pytest.raises(ValidationError):
        Run.model_validate({"run_number": 1, "metadata": {"x": value}})


def test_results_are_consistent() -> None:
    part = slice_part("a.tf", 3)
    assert (part, stf_part("a.stf")) == ("slice:a.tf#3", "stf:a.stf")
    RunResults(run_number=1, expected_revision=0, parts=(part,), egress_at=(now(),))
    with pytest.raises(ValidationError, match="must not repeat"):
        RunResults(run_number=1, expected_revision=0, parts=(part, part))
    with pytest.raises(ValidationError, match="as long as parts"):
        RunResults(run_number=1, expected_revision=0, parts=(part,), egress_at=(now(), now()))
    other = Histogram(run_number=2, subsystem="x", name="y")
    with pytest.raises(ValidationError, match="belong to run_number"):
        RunResults(run_number=1, expected_revision=0, histograms=(other,))
    with pytest.raises(ValidationError, match="parts"):
        RunResults(run_number=1, expected_revision=0, parts=("a.tf",))
    with pytest.raises(ValidationError, match="status"):
        SliceDone.model_validate(
            {"fastmon_file": "a", "slice_id": 1, "status": "queued", "processed_at": now()}
        )


def test_records_and_the_client_load_no_django() -> None:
    code = "import sys, swf_testbed.monitor_client; sys.exit('django' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

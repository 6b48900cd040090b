"""What rows refer to: found, completed, or refused by name; and what is counted from other rows."""

from collections.abc import Iterable
from uuid import UUID

from swf_testbed.model.errors import BadInput
from swf_testbed.model.names import derived_id
from swf_testbed.monitor.services import copies, counts
from swf_testbed.monitor.services.rows import Row
from swf_testbed.monitor.store.models import FastmonFile, Run, StfFile, Workflow, WorkflowDefinition
from swf_testbed.records import Log


def ensure_runs(run_numbers: Iterable[int | None]) -> None:
    """Runs that nobody has told of yet: a file may be registered before its run's first message is stored."""
    wanted = {number for number in run_numbers if number is not None}
    if wanted:
        known = set(Run.objects.filter(run_number__in=wanted).values_list("run_number", flat=True))
        missing = [Run(run_number=number) for number in sorted(wanted - known)]
        if missing:
            Run.objects.bulk_create(missing, ignore_conflicts=True)


def of_runs(rows: list[Row]) -> None:
    """Rows that belong to a run."""
    ensure_runs(row["run_id"] for row in rows)


def stf_files(rows: list[Row]) -> None:
    """STF files belong to runs, and have an identity computed from their name if none is given."""
    ensure_runs(row.get("run_id") for row in rows)
    for row in rows:
        if row.get("file_id") is None:
            row.pop("file_id", None)
            row.setdefault("+file_id", derived_id("stf-file", row["stf_filename"]))
    copies.take_replicas(rows)


def fastmon_files(rows: list[Row]) -> None:
    """TF samples belong to registered STF files."""
    of_stf_files(rows)
    for row in rows:
        if row.get("tf_file_id") is None:
            row.pop("tf_file_id", None)
            row["+tf_file_id"] = derived_id("tf-file", row["tf_filename"])


def of_stf_files(rows: list[Row]) -> None:
    """Rows that belong to registered STF files, told by name or by identity."""
    said = {row["stf_file_id"] for row in rows if row.get("stf_file_id") is not None}
    names = set(StfFile.objects.filter(stf_filename__in=said).values_list("stf_filename", flat=True))
    by_id = _names_of_identities(said - names)
    for row in rows:
        parent = row.get("stf_file_id")
        if parent is not None and parent not in names:
            if parent not in by_id:
                raise BadInput("stf_file", parent, "must be the stf_filename or file_id of a registered file")
            row["stf_file_id"] = by_id[parent]


def _names_of_identities(texts: set[str]) -> dict[str, str]:
    identities = {text: identity for text in texts if (identity := _uuid(text)) is not None}
    found = dict(
        StfFile.objects.filter(file_id__in=identities.values()).values_list("file_id", "stf_filename")
    )
    return {text: found[identity] for text, identity in identities.items() if identity in found}


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def tf_slices(rows: list[Row]) -> None:
    """Slices belong to registered TF samples, and to their run."""
    names = {row["fastmon_file_id"] for row in rows}
    runs = dict(FastmonFile.objects.filter(tf_filename__in=names).values_list("tf_filename", "stf_file__run"))
    for row in rows:
        if row["fastmon_file_id"] not in runs:
            raise BadInput("fastmon_file", row["fastmon_file_id"], "must be a registered tf_filename")
        if row.get("run_number") is None:
            row.pop("run_number", None)
            row["+run_number"] = runs[row["fastmon_file_id"]]


def definitions(rows: list[Row]) -> None:
    """The label that executions refer to."""
    for row in rows:
        row["label"] = f"{row['workflow_name']}/{row['version']}"


def executions(rows: list[Row]) -> None:
    """Executions are of registered definitions."""
    said = {row["workflow_definition_id"] for row in rows if row.get("workflow_definition_id") is not None}
    known = set(WorkflowDefinition.objects.filter(label__in=said).values_list("label", flat=True))
    for label in sorted(said - known):
        raise BadInput(
            "workflow_definition", label, "must be <workflow_name>/<version> of a stored definition"
        )


def workflow_stages(rows: list[Row]) -> None:
    """Stages are of known workflows."""
    said = {row["workflow_id"] for row in rows if row.get("workflow_id") is not None}
    known = set(Workflow.objects.filter(workflow_id__in=said).values_list("workflow_id", flat=True))
    for identity in sorted(said - known):
        raise BadInput("workflow", str(identity), "must be the workflow_id of a stored workflow")


def datasets(rows: list[Row]) -> None:
    """Datasets are of runs."""
    ensure_runs(row.get("run_id") for row in rows)


def logs(rows: list[Row]) -> None:
    """What lines of a log are found by stands in their `extra_data`."""
    for row in rows:
        extra = row.get("extra_data", {})
        for name in Log.FROM_EXTRA:
            if (value := extra.get(name)) is not None:
                row[name] = counts.small_integer(value) if name == "run_id" else str(value)[:64]


def count_run_states(rows: list[Row]) -> None:
    """The counters of run states, counted from the rows of what they count."""
    found = counts.run_counters([row["run_number"] for row in rows])
    for row in rows:
        row.update(found[row["run_number"]])

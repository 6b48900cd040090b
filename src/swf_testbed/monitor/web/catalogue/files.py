"""The files of the data: STFs, their copies and datasets, samples, slices."""

from django.urls import reverse

from swf_testbed.messages.lifecycle import LIFECYCLE
from swf_testbed.monitor.web.columns import Column, Row, number
from swf_testbed.monitor.web.list_page import list_page
from swf_testbed.monitor.web.templatetags import words


def _slice_page(row: Row) -> str:
    return reverse("web:slice", args=[f"{row['fastmon_file']}/{row['slice_id']}"])


def _dataset_page(row: Row) -> str:
    return reverse("web:dataset", args=[row["name"]])


LISTS = (
    list_page(
        "stfs",
        "STF files",
        "stf-files",
        Column("stf_filename", "File"),
        Column("run", "Run"),
        Column("stream", "Stream"),
        Column("status", "Status", words.word),
        Column("daq_state", "State"),
        Column("daq_substate", "Substate"),
        number("tf_count", "Frames"),
        number("file_size_bytes", "Size", words.size),
        Column("egress_at", "Egress", words.moment),
        Column("created_at", "Registered", words.moment),
        rows="STF files",
        facets=("status", "daq_substate", "run"),
        search=("stf_filename",),
        moved_by=("stf_ready", "processing_complete", "tf_file_registered"),
    ),
    list_page(
        "copies",
        "Copies of STF files",
        "stf-copies",
        Column("stf_file", "File"),
        Column("site", "Site"),
        Column("state", "State", words.word),
        Column("problem", "Why", wide=True),
        number("attempts", "Attempts"),
        Column("run_number", "Run"),
        Column("verified_at", "Verified", words.moment),
        Column("created_at", "Since", words.moment),
        rows="copies",
        facets=("state", "site", "run_number"),
        search=("stf_file__stf_filename", "problem"),
        moved_by=("stf_ready", "stf_archived"),
        changes=("stf-copies", "stf-files"),
        further=(("Datasets", "web:datasets"),),
    ),
    list_page(
        "datasets",
        "Datasets",
        "datasets",
        Column("name", "Dataset", words.text, link=_dataset_page),
        Column("run", "Run"),
        Column("status", "Status", words.word),
        number("files", "Files"),
        number("expected_files", "of"),
        number("size_bytes", "Size", words.size),
        Column("problem", "Why", link=_dataset_page, wide=True),
        Column("scope", "Scope"),
        Column("storage", "Storage"),
        Column("opened_at", "Opened", words.moment),
        Column("archived_at", "Archived", words.moment),
        facets=("status", "scope", "storage"),
        search=("name", "problem"),
        moved_by=("stf_archived", "dataset_closed", *LIFECYCLE),
        further=(("Copies of files", "web:copies"),),
    ),
    list_page(
        "samples",
        "TF samples",
        "fastmon-files",
        Column("tf_filename", "File"),
        Column("stf_file", "STF file"),
        Column("run_number", "Run"),
        Column("status", "Status", words.word),
        number("tf_first", "First frame"),
        number("tf_count", "Frames"),
        number("file_size_bytes", "Size", words.size),
        Column("created_at", "Registered", words.moment),
        rows="TF samples",
        facets=("status", "run_number"),
        search=("tf_filename",),
        moved_by=("tf_file_registered",),
    ),
    list_page(
        "slices",
        "Slices",
        "tf-slices",
        Column("slice_id", "Slice", words.text, link=_slice_page),
        Column("fastmon_file", "TF sample"),
        Column("run_number", "Run"),
        Column("status", "Status", words.word),
        number("tf_count", "Frames"),
        number("retries", "Retries"),
        Column("assigned_worker", "Worker"),
        Column("created_at", "Queued", words.moment),
        Column("completed_at", "Done", words.moment),
        facets=("status", "run_number", "assigned_worker"),
        search=("fastmon_file__tf_filename", "assigned_worker"),
        moved_by=("slice", "slice_result", "histograms_updated"),
    ),
)

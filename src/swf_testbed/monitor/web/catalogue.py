"""Every list, declared once: its columns, what it is filtered and searched by, and what moves it."""

from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.http import urlencode

from swf_testbed.messages import REGISTRY
from swf_testbed.monitor.services.listing import Listing
from swf_testbed.monitor.services.resources import RESOURCES
from swf_testbed.monitor.services.run_figures import add_counts
from swf_testbed.monitor.services.stages import add_durations
from swf_testbed.monitor.web.columns import Column, Row, number
from swf_testbed.monitor.web.templatetags import words

LIFECYCLE = ("run_imminent", "start_run", "pause_run", "resume_run", "end_run")
"""Messages that every list about runs is moved by."""


@dataclass(frozen=True)
class ListPage:
    """One list.

    Attributes:
        name: of its address, `web:<name>`.
        title: of the page.
        rows: what its rows are called, as in `3 slices`.
        listing: what it can do.
        columns: what it shows, the first of which names the row.
        moved_by: the types of messages after which it may look different.
        changes: resources whose records it shows, so that their changes by REST move it too.
        hint: what to do when there are none at all.
        further: links to what else can be done: their words, and the name of the address.
    """

    name: str
    title: str
    rows: str
    listing: Listing
    columns: tuple[Column, ...]
    moved_by: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()
    hint: str = ""
    further: tuple[tuple[str, str], ...] = ()

    @property
    def stored(self) -> list[str]:
        """The fields to read for a row."""
        return [column.name for column in self.columns if not column.computed]


def _list(name: str, title: str, resource: str, *columns: Column, **options: Any) -> ListPage:
    """A page of a resource; what is not about the page itself is about its listing."""
    known = ("rows", "moved_by", "changes", "hint", "further")
    about = {key: options.pop(key) for key in known if key in options}
    about.setdefault("changes", (resource,))
    sortable = tuple(column.name for column in columns if not (column.computed or column.wide))
    listing = Listing(RESOURCES[resource], sortable=sortable, **options)
    return ListPage(name, title, about.pop("rows", title[0].lower() + title[1:]), listing, columns, **about)


def _slice_page(row: Row) -> str:
    return reverse("web:slice", args=[f"{row['fastmon_file']}/{row['slice_id']}"])


def _plots_page(row: Row) -> str:
    run = reverse("web:run", args=[row["run_number"]])
    return f"{run}?{urlencode({'subsystem': row['subsystem']})}#plots-title"


def _definition_page(row: Row) -> str:
    return reverse("web:definition", args=[f"{row['workflow_name']}/{row['version']}"])


def _execution_page(row: Row) -> str:
    return reverse("web:execution", args=[row["execution_id"]])


def _log_page(row: Row) -> str:
    return reverse("web:log", args=[row["id"]])


def _alarm_page(row: Row) -> str:
    return reverse("web:alarm", args=[row["id"]])


def _dataset_page(row: Row) -> str:
    return reverse("web:dataset", args=[row["name"]])


def _namespace_page(row: Row) -> str:
    return reverse("web:namespace", args=[row["name"]])


_ALL = (
    _list(
        "runs",
        "Runs",
        "runs",
        Column("run_number", "Run"),
        Column("phase", "Phase", words.word),
        Column("namespace", "Namespace"),
        Column("start_time", "Started", words.moment),
        number("duration", "Duration", words.span, computed=True),
        number("stfs", "STFs", computed=True),
        number("bytes", "Data", words.size, computed=True),
        number("completed", "Slices done", computed=True),
        number("created", "of", computed=True),
        number("failed", "Failed", computed=True),
        Column("execution", "Execution"),
        Column("end_time", "Ended", words.moment),
        facets=("phase", "namespace"),
        search=("run_number", "execution", "namespace", "dataset"),
        complete=add_counts,
        moved_by=(*LIFECYCLE, "stf_ready", "histograms_updated"),
        changes=("runs", "run-states"),
        hint="Take one: ./testbed run fast_processing",
    ),
    _list(
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
    _list(
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
    _list(
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
    _list(
        "stages",
        "Stages of STF files",
        "workflow-stages",
        Column("agent_type", "Agent"),
        Column("stf_file", "STF file"),
        Column("run_number", "Run"),
        Column("status", "Status", words.word),
        number("duration", "Took", words.span, computed=True),
        Column("received_at", "Received", words.moment),
        Column("started_at", "Started", words.moment),
        Column("finished_at", "Finished", words.moment),
        Column("agent", "By"),
        Column("message", "Why", wide=True),
        rows="stages",
        facets=("agent_type", "status", "run_number"),
        search=("workflow__stf_file__stf_filename", "message"),
        complete=add_durations,
        moved_by=("stf_ready", "tf_file_registered", "slice", "histograms_updated", "processing_complete"),
        changes=("workflow-stages", "tf-slices"),
    ),
    _list(
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
    _list(
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
    _list(
        "workers",
        "Workers",
        "workers",
        Column("worker_id", "Worker"),
        Column("status", "Status", words.word),
        Column("run_number", "Run"),
        number("slices_completed", "Slices"),
        Column("tf_filename", "Works on"),
        Column("location", "Where"),
        Column("namespace", "Namespace"),
        Column("last_heartbeat", "Heartbeat", words.moment),
        facets=("status", "namespace", "location", "run_number"),
        search=("worker_id", "location", "panda_job"),
        moved_by=("worker_heartbeat", "slice_result", "adjusted_worker", *LIFECYCLE),
    ),
    _list(
        "definitions",
        "Workflow definitions",
        "workflow-definitions",
        Column("workflow_name", "Workflow", words.text, link=_definition_page),
        Column("version", "Version", words.text, link=_definition_page),
        Column("workflow_type", "Type"),
        Column("created_by", "Made by"),
        Column("created_at", "Made", words.moment),
        facets=("workflow_name", "workflow_type", "created_by"),
        search=("workflow_name", "version", "definition"),
        moved_by=("run_workflow",),
    ),
    _list(
        "executions",
        "Workflow executions",
        "workflow-executions",
        Column("execution_id", "Execution"),
        Column("status", "Status", words.word),
        Column("workflow_definition", "Definition"),
        Column("namespace", "Namespace"),
        Column("executed_by", "By"),
        Column("start_time", "Started", words.moment),
        Column("end_time", "Ended", words.moment),
        Column("error_message", "Error", link=_execution_page),
        facets=("status", "namespace", "workflow_definition", "executed_by"),
        search=("execution_id", "workflow_definition__label", "executed_by", "error_message"),
        moved_by=(*LIFECYCLE, "run_workflow", "stop_workflow", "status"),
        hint="Start one: ./testbed run fast_processing",
    ),
    _list(
        "namespaces",
        "Namespaces",
        "namespaces",
        Column("name", "Namespace", words.text, link=_namespace_page),
        Column("owner", "Owner"),
        Column("members", "Members", words.listed),
        Column("description", "Description"),
        Column("created_at", "Made", words.moment),
        facets=("owner",),
        search=("name", "owner", "description"),
    ),
    _list(
        "agents",
        "Agents",
        "systemagents",
        Column("instance_name", "Agent"),
        Column("agent_type", "Type"),
        Column("operational_state", "State", words.word),
        Column("status", "Status", words.word),
        Column("namespace", "Namespace"),
        number("current_stf_count", "STFs now"),
        number("total_stf_processed", "STFs in all"),
        Column("hostname", "Host"),
        Column("last_heartbeat", "Heartbeat", words.heartbeat),
        facets=("agent_type", "operational_state", "status", "namespace"),
        search=("instance_name", "agent_type", "hostname"),
        ordering="instance_name",
        moved_by=(*LIFECYCLE, "status", "reply", "stf_ready"),
        hint="Start them: ./testbed run fast_processing",
    ),
    _list(
        "messages",
        "Messages",
        "workflow-messages",
        Column("message_id", "Message", words.brief),
        Column("message_type", "Type"),
        Column("sender_agent", "Sender"),
        Column("recipient_agent", "Recipient"),
        Column("run_id", "Run"),
        Column("execution_id", "Execution"),
        Column("namespace", "Namespace"),
        Column("sent_at", "Sent", words.moment),
        facets=("message_type", "namespace", "sender_agent"),
        search=("sender_agent", "message_type", "recipient_agent", "execution_id", "message_content"),
        moved_by=tuple(REGISTRY),
        changes=(),
    ),
    _list(
        "logs",
        "Logs",
        "logs",
        Column("timestamp", "Time", words.moment, link=_log_page),
        Column("levelname", "Level", words.word),
        Column("instance_name", "Program"),
        Column("message", "Message", link=_log_page, wide=True),
        Column("module", "Module"),
        Column("run_id", "Run"),
        Column("execution_id", "Execution"),
        Column("id", "Number", words.text, link=_log_page),
        rows="lines",
        facets=("levelname", "app_name", "instance_name", "namespace"),
        search=("message", "instance_name", "module"),
        further=(("Summary", "web:log-summary"),),
    ),
    _list(
        "subscribers",
        "Subscribers",
        "subscribers",
        Column("subscriber_name", "Subscriber"),
        Column("delivery_type", "By"),
        Column("is_active", "Active", words.yes),
        Column("fraction", "Part", words.three_digits, number=True),
        number("messages_received", "Received"),
        number("messages_sent", "Sent"),
        number("messages_dropped", "Dropped"),
        Column("client_ip", "From"),
        Column("connected_at", "Connected", words.moment),
        Column("disconnected_at", "Left", words.moment),
        facets=("delivery_type", "is_active"),
        search=("subscriber_name", "client_ip"),
        ordering="subscriber_name",
        further=(("Clients of the stream", "web:system"),),
    ),
    _list(
        "quality",
        "Quality flags",
        "quality-flags",
        Column("subsystem", "Subsystem", link=_plots_page),
        Column("quality", "Quality", words.word),
        Column("check", "Check"),
        Column("run_number", "Run"),
        Column("histogram", "Histogram"),
        Column("reason", "Reason", wide=True),
        Column("since", "Since", words.moment),
        Column("until", "Until", words.moment),
        facets=("quality", "subsystem", "check"),
        search=("subsystem", "check_name", "reason"),
        moved_by=("quality_flag",),
        hint="Checks compare the histograms of a run with a reference",
    ),
    _list(
        "states",
        "State history",
        "system-state-events",
        Column("timestamp", "Time", words.moment),
        Column("event_type", "Event"),
        Column("run_number", "Run"),
        Column("state", "State"),
        Column("substate", "Substate"),
        Column("message_id", "Message", words.brief),
        rows="changes of state",
        facets=("event_type", "state", "substate"),
        search=("event_type", "run_number"),
        ordering="-timestamp",
        moved_by=(*LIFECYCLE, "state_changed"),
    ),
    _list(
        "alarms",
        "Alarms",
        "alarms",
        Column("id", "Alarm", words.text, link=_alarm_page),
        Column("severity", "Severity", words.word),
        Column("subject", "Subject"),
        Column("text", "Text", link=_alarm_page, wide=True),
        Column("namespace", "Namespace"),
        Column("raised_at", "Raised", words.moment),
        Column("acknowledged_by", "Acknowledged by"),
        Column("cleared_at", "Cleared", words.moment),
        facets=("severity", "namespace", "acknowledged_by", "subject"),
        search=("subject", "text"),
        moved_by=("alarm",),
        further=(("Raise an alarm", "web:raise-alarm"),),
    ),
)

LISTS: dict[str, ListPage] = {page.name: page for page in _ALL}
"""Every list by its name."""

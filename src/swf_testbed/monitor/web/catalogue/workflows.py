"""Workflows, their executions, what was done with each STF, and what was said and logged meanwhile."""

from django.urls import reverse

from swf_testbed.messages import REGISTRY
from swf_testbed.messages.lifecycle import LIFECYCLE
from swf_testbed.monitor.services.stages import add_durations
from swf_testbed.monitor.web.columns import Column, Row, number
from swf_testbed.monitor.web.list_page import list_page
from swf_testbed.monitor.web.templatetags import words


def _definition_page(row: Row) -> str:
    return reverse("web:definition", args=[f"{row['workflow_name']}/{row['version']}"])


def _execution_page(row: Row) -> str:
    return reverse("web:execution", args=[row["execution_id"]])


def _log_page(row: Row) -> str:
    return reverse("web:log", args=[row["id"]])


LISTS = (
    list_page(
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
    list_page(
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
    list_page(
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
    list_page(
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
    list_page(
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
)

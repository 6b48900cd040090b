"""Runs, and the history of their states."""

from swf_testbed.messages.lifecycle import LIFECYCLE
from swf_testbed.monitor.services.run_figures import add_counts
from swf_testbed.monitor.web.columns import Column, number
from swf_testbed.monitor.web.list_page import list_page
from swf_testbed.monitor.web.templatetags import words

LISTS = (
    list_page(
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
    list_page(
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
)

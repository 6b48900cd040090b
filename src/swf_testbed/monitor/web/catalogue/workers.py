"""Who works and who listens: workers, agents, subscribers, and the namespaces they are in."""

from django.urls import reverse

from swf_testbed.messages.lifecycle import LIFECYCLE
from swf_testbed.monitor.web.columns import Column, Row, number
from swf_testbed.monitor.web.list_page import list_page
from swf_testbed.monitor.web.templatetags import words


def _namespace_page(row: Row) -> str:
    return reverse("web:namespace", args=[row["name"]])


LISTS = (
    list_page(
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
    list_page(
        "agents",
        "Agents",
        "systemagents",
        Column("instance_name", "Agent"),
        Column("agent_type", "Type"),
        Column("operational_state", "State", words.word),
        Column("status", "Status", words.word),
        Column("namespace", "Namespace"),
        number("total_stf_processed", "Done"),
        Column("hostname", "Host"),
        Column("last_heartbeat", "Heartbeat", words.heartbeat),
        facets=("agent_type", "operational_state", "status", "namespace"),
        search=("instance_name", "agent_type", "hostname"),
        ordering="instance_name",
        moved_by=(*LIFECYCLE, "status", "reply", "stf_ready"),
        hint="Start them: ./testbed run fast_processing",
    ),
    list_page(
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
    list_page(
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
)

"""Rows for tests of lists: a run with more STFs than a page has, and one of everything that belongs to it."""

import re
from typing import TYPE_CHECKING, Any
from uuid import UUID

from live_monitor import Monitor

from swf_testbed.model.clock import iso, now

if TYPE_CHECKING:
    from playwright.sync_api import Page

LIST_RUN = 100300
NAMESPACE = "listed"
STFS = 60
"""More than a page has."""

MESSAGE = UUID(int=0x1157ED, version=4)
WORKER = "worker/of lists"
EXECUTION = "listing-alice-0001"


def stf_name(sequence: int) -> str:
    return f"swf.{LIST_RUN}.{sequence:06d}.stf"


SAMPLE = f"swf.{LIST_RUN}.000000_tf_001.tf"


def fill(monitor: Monitor) -> None:
    """A run with more STFs than a page has, and one of everything that belongs to it."""
    monitor.post("namespaces", {"name": NAMESPACE, "description": "of the tests of lists"})
    monitor.post("workflow-definitions", {"workflow_name": "listing", "version": "1", "created_by": "alice"})
    execution = {"execution_id": EXECUTION, "workflow_definition": "listing/1", "namespace": NAMESPACE}
    monitor.post("workflow-executions", execution | {"status": "running", "start_time": iso(now())})
    run = {"run_number": LIST_RUN, "start_time": iso(now()), "namespace": NAMESPACE, "execution": EXECUTION}
    monitor.post("runs", run)
    monitor.post("run-states", {"run_number": LIST_RUN, "phase": "physics", "state": "run"})
    stfs = [
        {
            "stf_filename": stf_name(number),
            "run": LIST_RUN,
            "sequence": number,
            "status": "failed" if number % 10 == 3 else "registered",
            "file_size_bytes": 10_000_000 + number,
            "egress_at": iso(now()),
        }
        for number in range(STFS)
    ]
    monitor.post("stf-files", stfs)
    monitor.post("fastmon-files", {"tf_filename": SAMPLE, "stf_file": stf_name(0), "tf_count": 7})
    worker = {"worker_id": WORKER, "run_number": LIST_RUN, "namespace": NAMESPACE, "status": "busy"}
    monitor.post("workers", worker)
    piece = {"fastmon_file": SAMPLE, "slice_id": 0, "run_number": LIST_RUN, "status": "processing"}
    monitor.post("tf-slices", piece | {"assigned_worker": WORKER})
    agent = {"instance_name": "lister-agent-t-1", "agent_type": "lister", "namespace": NAMESPACE}
    monitor.post("systemagents/heartbeat", agent | {"operational_state": "READY", "status": "OK"})
    message = {"message_id": str(MESSAGE), "message_type": "stf_ready", "sender_agent": "lister-agent-t-1"}
    content = {"msg_type": "stf_ready", "filename": stf_name(0)}
    about = {"namespace": NAMESPACE, "run_id": LIST_RUN, "execution_id": EXECUTION}
    monitor.post("workflow-messages", message | about | {"message_content": content, "sent_at": iso(now())})
    monitor.post("subscribers", {"subscriber_name": "reader of lists", "delivery_type": "sse"})
    monitor.post("alarms", {"severity": "warning", "subject": "lists are tested", "namespace": NAMESPACE})
    add_logs(monitor, "ready", "ready", "done")


def add_logs(monitor: Monitor, *texts: str, namespace: str = NAMESPACE, **more: Any) -> list[int]:
    """Lines of a log, one a text."""
    line = {"app_name": "lister", "instance_name": "lister-agent-t-1", "level": 20, "levelname": "INFO"}
    extra = {"extra_data": {"namespace": namespace, "run_id": LIST_RUN}}
    lines = [line | {"timestamp": iso(now()), "message": text} | extra | more for text in texts]
    return [stored["id"] for stored in monitor.post("logs", lines)]


def total(page: "Page") -> int:
    return int(re.sub(r"\D", "", page.locator("#total").inner_text()))

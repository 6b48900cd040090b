"""Where the pages of things are: which field of a row leads to which page."""

from typing import Any

from django.urls import reverse

_PAGES = {
    "run": "web:run",
    "run_number": "web:run",
    "run_id": "web:run",
    "stf_file": "web:stf",
    "stf_filename": "web:stf",
    "fastmon_file": "web:sample",
    "tf_filename": "web:sample",
    "worker_id": "web:worker",
    "assigned_worker": "web:worker",
    "execution": "web:execution",
    "execution_id": "web:execution",
    "workflow_definition": "web:definition",
    "namespace": "web:namespace",
    "instance_name": "web:agent",
    "sender_agent": "web:agent",
    "agent": "web:agent",
    "message_id": "web:message",
    "subscriber_name": "web:subscriber",
}


class AnyKey:
    """A key in an address: any text, as names of agents and executions may be."""

    regex = r"(?s:.+)"

    def to_python(self, value: str) -> str:
        """As it stands."""
        return value

    def to_url(self, value: object) -> str:
        """As it stands; Django quotes it."""
        return str(value)


def address(name: str, value: Any) -> str | None:
    """The page of what a field names; None if it has none."""
    where = _PAGES.get(name)
    return reverse(where, args=[value]) if where and value not in (None, "") else None

"""Sends 5000 bodies to the interface, each right but for one field, without a network between.

Run by a test, in the environment of an instance whose database is made; says what went wrong.
"""

import json
import sys
from collections import Counter
from typing import Any

from swf_testbed.config.environment import settings, username
from swf_testbed.monitor.startup import set_up_django
from swf_testbed.records import RECORDS

BODIES = 5000

GOOD: dict[str, dict[str, Any]] = {
    "alarms": {"severity": "error", "subject": "fuzz"},
    "datasets": {"name": "fuzz"},
    "fastmon-files": {"tf_filename": "fuzz.tf"},
    "histograms": {"run_number": 7, "subsystem": "drich", "name": "fuzz"},
    "layouts": {"owner": username(), "name": "fuzz"},
    "logs": {
        "app_name": "fuzz",
        "instance_name": "fuzz",
        "timestamp": "2026-01-01T00:00:00Z",
        "level": 20,
        "levelname": "INFO",
        "message": "fuzz",
    },
    "namespaces": {"name": "fuzz"},
    "quality-flags": {
        "run_number": 7,
        "subsystem": "drich",
        "check": "fuzz",
        "since": "2026-01-01T00:00:00Z",
    },
    "references": {"runs": [7]},
    "run-states": {"run_number": 7},
    "runs": {"run_number": 7},
    "stf-figures": {"run_number": 7, "stf_filename": "fuzz.stf"},
    "stf-copies": {"stf_file": "fuzz.stf", "site": "FUZZ"},
    "stf-files": {"stf_filename": "fuzz.stf"},
    "subscribers": {"subscriber_name": "fuzz"},
    "system-state-events": {
        "message_id": "6f0f8a3e-5f0b-5c39-9d7b-6b2f8a1c3d5e",
        "event_type": "fuzz",
        "timestamp": "2026-01-01T00:00:00Z",
        "state": "run",
    },
    "systemagents": {"instance_name": "fuzz"},
    "tf-slices": {"fastmon_file": "fuzz.tf", "slice_id": 1},
    "windows": {"run_number": 7, "window": "fuzz"},
    "workers": {"worker_id": "fuzz"},
    "workflow-definitions": {"workflow_name": "fuzz", "version": "1"},
    "workflow-executions": {"execution_id": "fuzz"},
    "workflow-messages": {
        "message_id": "6f0f8a3e-5f0b-5c39-9d7b-6b2f8a1c3d5e",
        "message_type": "fuzz",
        "sender_agent": "fuzz",
        "namespace": "fuzz",
    },
    "workflow-stages": {"stage_id": "6f0f8a3e-5f0b-5c39-9d7b-6b2f8a1c3d5e"},
    "workflows": {"workflow_id": "6f0f8a3e-5f0b-5c39-9d7b-6b2f8a1c3d5e"},
}
WRONG = [
    '"\\ud800"',
    '"a\\u0000b"',
    "NaN",
    "-Infinity",
    "1e999",
    "9" * 400,
    "[" * 300 + "]" * 300,
    '{"a":' * 300 + "1" + "}" * 300,
    '["a", {"b": null}]',
    "-1.5",
]


def body_of(number: int) -> tuple[str, str, bytes]:
    """A resource, the field that is wrong, and the body: resources, fields and mistakes take turns."""
    name = sorted(GOOD)[number % len(GOOD)]
    turn = number // len(GOOD)
    fields = sorted(RECORDS[name].model_fields)
    field, wrong = fields[turn % len(fields)], WRONG[(turn // len(fields) + turn) % len(WRONG)]
    rest = {key: value for key, value in GOOD[name].items() if key != field}
    return name, field, (f'{{"{field}": {wrong}' + (f", {json.dumps(rest)[1:]}" if rest else "}")).encode()


def main() -> int:
    """Send them all; 1 if any was not refused as it should be."""
    set_up_django()
    from django.test import Client

    client = Client(
        raise_request_exception=False,
        SERVER_NAME="127.0.0.1",
        headers={"authorization": f"Token {settings().api_token()}"},
    )
    seen: Counter[int] = Counter()
    for number in range(BODIES):
        name, field, body = body_of(number)
        answer = client.post(f"/api/{name}/", body, content_type="application/json")
        seen[answer.status_code] += 1
        said = json.loads(answer.content)
        # `body` is what is wrong where it is no JSON that can be kept.
        named = said.get("field", "")
        if not (400 <= answer.status_code < 500 and (named == "body" or named.startswith(field))):
            sys.stderr.write(f"{name} {body[:300]!r} answered {answer.status_code}: {said}\n")
            return 1
    sys.stdout.write(f"{dict(seen)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

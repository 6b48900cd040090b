"""A monitor with something of everything, and the addresses of all its pages."""

import re
from pathlib import Path
from uuid import uuid4

from live_monitor import Monitor

import swf_testbed.monitor.web
from swf_testbed.bus import Delivery, Subscription, open_bus
from swf_testbed.config.environment import load_settings, username
from swf_testbed.model.clock import iso, now
from swf_testbed.model.destinations import dead_letters, slices
from swf_testbed.runtime.dead_letters import bury

RUN, ENDED = 100_400, 100_401
STEM = f"swf.{RUN}.000001"
NAMESPACE = "filled"

NO_PAGES = {
    "download",
    "logout",
    "favicon",
    "replay-events",
    "run-timeline",
    "acknowledge",
    "plots",
    "plot-file",
    "trends-file",
    "keep-layout",
    "forget-layout",
}
"""Addresses that answer with something else than a page."""

WITHOUT_KEY = {
    "hub": "/",
    "log-summary": "/logs/summary/",
    "raise-alarm": "/alarms/raise/",
    "system": "/system/",
    "repair": "/system/repair/",
    "tokens": "/account/tokens/",
    "login": "/login/",
    "replays": "/replay/",
    "run-data": f"/runs/{RUN}/data/",
    "missing data": f"/runs/{RUN}/data/?show=missing",
    "pool": "/pool/",
    "sampling": f"/runs/{RUN}/sampling/",
    "verdict": f"/runs/{ENDED}/verdict/",
    "shift": f"/shift/?run={RUN}",
    "subsystem": f"/shift/drich/?run={RUN}",
    "side by side": f"/shift/drich/?run={RUN}&window=side",
    "trends": "/trends/?last=10&namespace=t",
    "compare": f"/compare/?of={RUN}+{ENDED}&subsystem=drich",
    "compare nothing": "/compare/",
    "layouts": "/layouts/",
    "unnamed-layout": f"/layouts/unnamed/?run={RUN}&cells=drich.adc.2x2,btof.adc&arrange=1",
    "wall": f"/wall/?run={RUN}&show=drich",
    "not found": "/nowhere/",
    "wrong filter": "/runs/?nothing=1",
}


def _urls() -> str:
    return (Path(swf_testbed.monitor.web.__file__).parent / "urls.py").read_text()


def lists() -> set[str]:
    """The names of all lists, as `urls` declares them."""
    return {
        name for said in re.findall(r"\*_lists\(([^)]*)\)", _urls()) for name in re.findall(r'"(\w+)"', said)
    }


def names() -> set[str]:
    """The names of all addresses."""
    return lists() | set(re.findall(r'(?:name=|_detail\()"([\w-]+)"', _urls()))


def fill(monitor: Monitor, broker_port: int) -> dict[str, str]:
    """Store something of everything; the addresses of pages, by the names that `urls` gives them."""
    monitor.post("namespaces", {"name": NAMESPACE})
    definition = {"workflow_name": "filled", "version": "1.0", "definition": "def run():\n    return 1\n"}
    monitor.post("workflow-definitions", definition | {"parameter_values": {"daq": {"stf_count": 3}}})
    execution = {"execution_id": "filled-boss-0001", "workflow_definition": "filled/1.0", "status": "failed"}
    failed = {"error_message": "it broke", "stack_trace": "Traceback: line 1", "start_time": iso(now())}
    monitor.post("workflow-executions", execution | failed | {"namespace": NAMESPACE})
    for number in (RUN, ENDED):
        monitor.add_run(number, execution="filled-boss-0001")
    monitor.add_counts(RUN, 20_000)
    monitor.post("runs", {"run_number": ENDED, "end_time": iso(now())})
    monitor.post("run-states", {"run_number": ENDED, "phase": "completed", "state": "beam"})
    agent = {"instance_name": "data-agent-boss-1", "agent_type": "data", "status": "OK"}
    monitor.post("systemagents/heartbeat", agent | {"operational_state": "READY", "namespace": NAMESPACE})
    stale = {"instance_name": "data-agent-boss-2", "last_heartbeat": "2026-01-01T00:00:00Z"}
    monitor.post("systemagents", stale | {"operational_state": "READY"})
    monitor.post("workers", {"worker_id": "worker-1", "run_number": RUN, "status": "busy"})
    monitor.post("subscribers", {"subscriber_name": "someone", "delivery_type": "sse"})
    flag = {"run_number": RUN, "subsystem": "drich", "check": "occupancy", "since": iso(now())}
    monitor.post("quality-flags", flag | {"quality": "bad", "reason": "too little"})
    line = {"app_name": "data-agent", "instance_name": "data-agent-boss-1", "timestamp": iso(now())}
    log = monitor.post("logs", line | {"level": 40, "levelname": "ERROR", "message": "it broke"})["id"]
    alarm = monitor.post("alarms", {"severity": "error", "subject": "it broke", "namespace": NAMESPACE})["id"]
    message = str(uuid4())
    said = {"message_id": message, "message_type": "stf_gen", "sender_agent": "data-agent-boss-1"}
    monitor.post(
        "workflow-messages", said | {"namespace": NAMESPACE, "run_id": RUN, "message_content": {"a": ["b"]}}
    )
    letter = _dead_letter(broker_port)
    monitor.post(
        "layouts", {"owner": username(), "name": "mine", "cells": [{"subsystem": "drich", "name": "adc"}]}
    )
    monitor.post("datasets", {"name": f"swf.{RUN}.run", "run": RUN, "sites": ["BNL"], "files": 1})
    known = {
        "dataset": f"swf.{RUN}.run/",
        "run": f"{RUN}/?subsystem=drich",
        "stf": f"{STEM}.stf/",
        "sample": f"{STEM}_tf_001.tf/",
        "slice": f"{STEM}_tf_001.tf/0/",
        "worker": "worker-1/",
        "definition": "filled/1.0/",
        "execution": "filled-boss-0001/",
        "namespace": f"{NAMESPACE}/",
        "agent": "data-agent-boss-1/",
        "message": f"{message}/",
        "log": f"{log}/",
        "subscriber": "someone/",
        "alarm": f"{alarm}/",
        "layout": f"{username()}/mine/",
    }
    return {name: f"/{name}s/{key}" for name, key in known.items()} | {
        "replay": f"/replay/{ENDED}/",
        "dead-letters": f"/system/dead-letters/{NAMESPACE}/",
        "dead-letter": f"/system/dead-letters/{NAMESPACE}/{letter}/",
        **{name: f"/{name}/" for name in lists()},
        **WITHOUT_KEY,
    }


def _dead_letter(broker_port: int) -> str:
    identity = str(uuid4())
    headers = {"msg_type": "slice", "swf-message-id": identity, "namespace": NAMESPACE}
    with open_bus(load_settings({"ACTIVEMQ_PORT": str(broker_port)})) as bus:
        delivery = Delivery(slices(NAMESPACE), headers, b'{"msg_type": "slice"}')
        bury(bus, delivery, namespace=NAMESPACE, agent="worker-1", error=ValueError("it broke"))
        inbox = bus.subscribe(Subscription(dead_letters(NAMESPACE), browse=True))
        assert inbox.take(timeout_s=60)
    return identity

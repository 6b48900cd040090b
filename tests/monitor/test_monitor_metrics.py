"""What Prometheus and a health check see."""

import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from monitor_instance import Instance
from prometheus_client.parser import text_string_to_metric_families

from swf_test_servers import free_port
from swf_testbed.broker.testing import RunningBroker
from swf_testbed.bus import Subscription
from swf_testbed.messages import StartRun
from swf_testbed.model.clock import iso, now

Labels = dict[str, str]


def samples(text: str) -> dict[str, list[tuple[Labels, float]]]:
    """Every sample of an exposition, by name."""
    found: dict[str, list[tuple[Labels, float]]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found.setdefault(sample.name, []).append((sample.labels, sample.value))
    return found


def value(text: str, name: str, **labels: str) -> float:
    """One sample; 0 while there is none."""
    fitting = (number for said, number in samples(text).get(name, ()) if said.items() >= labels.items())
    return next(fitting, 0.0)


@pytest.fixture
def metrics(instance: Instance) -> Callable[[], str]:
    """The exposition, asked for without a token."""

    def ask() -> str:
        with instance.raw(token=False) as anybody:
            answer = anybody.get("/metrics")
        assert answer.status_code == 200
        return answer.text

    return ask


def test_messages_are_counted_by_type_with_their_lag(
    instance: Instance, api: httpx.Client, metrics: Callable[[], str], run_number: int
) -> None:
    before = metrics()
    start = StartRun(namespace="metrics", sender="daq-t-1", run_id=run_number, simulation_tick=1)
    odd = {
        "message_id": str(uuid4()),
        "message_type": uuid4().hex,
        "sender_agent": "t",
        "namespace": "metrics",
    }
    sent = iso(now() - timedelta(seconds=20))
    with instance.client() as client, client.events(0, namespace="metrics") as stream, instance.bus() as bus:
        bus.publish(start, timeout_s=10)
        assert api.post("/workflow-messages/", json=odd | {"sent_at": sent}).is_success
        heard = {event.event for _, event in zip(range(2), stream, strict=False)}
    assert heard == {"start_run", odd["message_type"]}
    after = metrics()

    def grown(name: str, **labels: str) -> float:
        return value(after, name, **labels) - value(before, name, **labels)

    assert grown("swf_messages_stored_total", msg_type="start_run") >= 1
    assert grown("swf_messages_stored_total", msg_type="other") >= 1
    assert odd["message_type"] not in after
    assert grown("swf_message_lag_seconds_count") >= 2
    assert grown("swf_message_lag_seconds_sum") >= 20
    assert grown("swf_message_lag_seconds_bucket", le="10.0") < grown("swf_message_lag_seconds_count")


def test_a_slice_is_counted_in_every_stage_when_it_is_plotted(
    api: httpx.Client, metrics: Callable[[], str], run_number: int
) -> None:
    def post(path: str, document: Any) -> None:
        answer = api.post(f"/{path}/", json=document)
        assert answer.is_success, answer.text

    stem = f"swf.{run_number}.000001"
    egress = now() - timedelta(seconds=7)
    post("stf-files", {"stf_filename": f"{stem}.stf", "run": run_number, "egress_at": iso(egress)})
    post("fastmon-files", {"tf_filename": f"{stem}_tf_001.tf", "stf_file": f"{stem}.stf"})
    two = [
        {"fastmon_file": f"{stem}_tf_001.tf", "slice_id": number, "run_number": run_number}
        for number in range(2)
    ]
    post("tf-slices", two)
    before = metrics()
    done = {"fastmon_file": two[0]["fastmon_file"], "status": "completed", "processed_at": iso(now())}
    results = {"run_number": run_number, "expected_revision": 0, "parts": ["slice:a#0"]}
    post("run-results", results | {"slices": [done | {"slice_id": 0}]})
    after = metrics()
    for stage in ("registered", "sampled", "queued", "processed", "plotted"):
        labels = {"stage": stage}
        count = "swf_slice_latency_seconds_count"
        assert value(after, count, **labels) - value(before, count, **labels) == 1, stage
        total = "swf_slice_latency_seconds_sum"
        assert 7 <= value(after, total, **labels) - value(before, total, **labels) < 60, stage


def test_agents_components_queues_and_streams(make_instance: Callable[..., Instance], tmp_path: Path) -> None:
    with RunningBroker(tmp_path / "broker") as broker:
        _check_gauges(make_instance(ACTIVEMQ_PORT=str(broker.port)))


def _check_gauges(one: Instance) -> None:
    queue = f"/queue/waiting.{uuid4().hex}"
    with one.serving(), one.taking_in(), one.bus() as bus, one.client() as client:
        bus.publish_body(queue, b"a", {}, timeout_s=10)
        bus.publish_body(queue, b"b", {}, timeout_s=10)
        inbox = bus.subscribe(Subscription(queue, prefetch=1))
        assert inbox.take(timeout_s=10)
        with one.raw() as api:
            for name, seconds, state in (
                ("x-t-1", 0, "READY"),
                ("x-t-2", 0, "PROCESSING"),
                ("x-t-3", 999, "READY"),
            ):
                heard = {"last_heartbeat": iso(now() - timedelta(seconds=seconds))}
                agent = {"instance_name": name, "agent_type": "x", "operational_state": state}
                assert api.post("/systemagents/heartbeat/", json=agent | heard).is_success
        with client.events(0, msg_types=["start_run"]) as stream:
            bus.publish(StartRun(namespace="n", sender="daq-t-1", run_id=1, simulation_tick=1), timeout_s=10)
            events = iter(stream)
            assert next(events).event == "start_run"
            text = client.metrics()
        health = client.health()
    for state, count in (("READY", 1), ("PROCESSING", 1), ("EXITED", 1)):
        assert value(text, "swf_agents", agent_type="x", state=state) == count
    for component in ("database", "broker", "intake"):
        assert value(text, "swf_component_up", component=component) == 1
    assert value(text, "swf_queue_messages", queue=queue, state="waiting") == 1
    assert value(text, "swf_queue_messages", queue=queue, state="in_flight") == 1
    durable = "monitor-intake:monitor-intake-events"
    assert (durable, "waiting") in {
        (said["subscription"], said["state"]) for said, _ in samples(text)["swf_subscription_messages"]
    }
    assert value(text, "swf_stream_clients") == 1
    assert not any("swf.replies" in said["queue"] for said, _ in samples(text)["swf_queue_messages"])
    assert (health.status, health.database, health.broker, health.intake) == ("ok", True, True, True)
    assert health.versions.database is not None
    assert health.versions.database.startswith("SQLite 3.")


def test_names_have_units_and_nothing_is_said_twice(metrics: Callable[[], str]) -> None:
    kinds = {family.name: family.type for family in text_string_to_metric_families(metrics())}
    ours = {name for name in kinds if name.startswith("swf_")}
    assert {"swf_http_requests", "swf_slice_latency_seconds", "swf_queue_messages"} <= ours
    assert all(name.endswith("_seconds") for name in ours if kinds[name] == "histogram")
    assert "process_cpu_seconds" in kinds


def test_without_broker_and_intake_it_is_degraded_and_serves(make_instance: Callable[..., Instance]) -> None:
    alone = make_instance(ACTIVEMQ_PORT=str(free_port()))
    with alone.serving(), alone.raw(token=False) as anybody:
        answer = anybody.get("/health/")
        assert answer.status_code == 200
        said = answer.json()
        assert (said["status"], said["database"], said["broker"], said["intake"]) == (
            "degraded", True, False, False,
        )  # fmt: skip
        text = anybody.get("/metrics").text
    assert value(text, "swf_component_up", component="database") == 1
    assert value(text, "swf_component_up", component="broker") == 0


def test_without_its_database_it_is_down(instance: Instance) -> None:
    pytest.importorskip("psycopg")
    program = """if True:
        from swf_testbed.monitor.startup import set_up_django
        set_up_django()
        from django.test import Client
        for path in ("health/", "metrics"):
            answer = Client().get("/api/" + path)
            print(answer.status_code, answer.content.decode())
    """
    away = {"SWF_MODE": "local", "DB_PORT": str(free_port()), "SWF_MONITOR_PUBLIC_URL": "http://testserver"}
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=instance.environment | away,
        capture_output=True,
        text=True,
        check=True,
    )
    health, _, metrics = done.stdout.partition("\n")
    assert health.startswith('503 {"status":"down"')
    assert '"database":null' in health
    assert metrics.startswith("200 ")
    assert value(metrics.removeprefix("200 "), "swf_component_up", component="database") == 0
    assert "swf_agents{" not in metrics

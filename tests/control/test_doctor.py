"""Every fault that the doctor knows, produced for real: it is found, and the remedy is the right one."""

import json
import os
import signal
import socket
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from small_disk import Disk
from swf_testbed.bus import open_bus
from swf_testbed.config.environment import username
from swf_testbed.config.settings import Settings
from swf_testbed.control.agents import agents_file, agents_supervisord, start_agents, stop_agents
from swf_testbed.control.doctor import CHECKS, diagnose
from swf_testbed.control.doctor.findings import Finding, Level, Patient
from swf_testbed.control.manager.daemon import detach
from swf_testbed.control.readiness import open_monitor
from swf_testbed.control.supervision import Supervisord, wait_until
from swf_testbed.model import destinations
from swf_testbed.model.clock import iso, now
from swf_testbed.model.status import ExecutionStatus
from swf_testbed.records import SystemAgent, WorkflowExecution
from swf_testbed.records.health import Health, Overall, Versions

pytestmark = pytest.mark.timeout(300)


def look(settings: Settings, check: str) -> list[Finding]:
    """What one check finds that is not as it should be."""
    return [one for one in CHECKS[check](Patient(settings)) if one.level is not Level.OK]


def the_fault(settings: Settings, check: str) -> Finding:
    (found,) = look(settings, check)
    return found


def changed(settings: Settings, **values: object) -> Settings:
    """The settings as they are with some of them set otherwise."""
    return type(settings).model_validate(
        {name.upper(): value for name, value in {**settings.model_dump(), **values}.items()}
    )


def test_a_new_home_is_ready(home: Settings) -> None:
    found = diagnose(home)
    assert found.ready, found.findings
    assert list(home.swf_home.iterdir()) == []


def test_services_that_are_up_are_ready_by_every_check(up: Settings) -> None:
    # The intake is heard of a moment after its process is up.
    assert wait_until(lambda: look(up, "monitor") == [], 60)
    found = diagnose(up)
    assert found.ready, found.findings
    assert {one.level for some in found.findings.values() for one in some} == {Level.OK}
    assert set(found.findings) == set(CHECKS)
    assert "PostgreSQL" in found.findings["monitor"][0].text or "SQLite" in found.findings["monitor"][0].text
    assert found.environment["SWF_HOME"] == str(up.swf_home)


def test_secrets_are_masked(home: Settings) -> None:
    said = diagnose(changed(home, activemq_password="s3cret", redis_url="redis://:s3cret@127.0.0.1"))
    assert "s3cret" not in json.dumps([dict(said.environment), str(said.findings)])
    assert said.environment["ACTIVEMQ_PASSWORD"] == said.environment["REDIS_URL"] == "(hidden)"


def test_a_port_that_is_taken_is_told_with_who_has_it(home: Settings) -> None:
    with socket.create_server(("127.0.0.1", home.activemq_port)):
        found = the_fault(home, "ports")
    assert f"port {home.activemq_port} " in found.text
    assert f"(process {os.getpid()} of " in found.text
    assert "ACTIVEMQ_PORT" in found.remedy


@pytest.mark.parametrize(
    ("variable", "url", "right"),
    [
        ("SWF_MONITOR_HTTP_URL", "https://127.0.0.1:8002", "http://127.0.0.1:8002"),
        ("SWF_MONITOR_URL", "http://127.0.0.1:8443", "https://127.0.0.1:8443"),
    ],
)
def test_a_wrong_scheme(home: Settings, variable: str, url: str, right: str) -> None:
    found = the_fault(changed(home, **{variable.lower(): url}), "addresses")
    assert variable in found.text
    assert found.remedy == f"set {variable}={right}"


def test_two_services_at_one_port(home: Settings) -> None:
    found = the_fault(changed(home, activemq_port=home.monitor_port), "addresses")
    assert "same port" in found.text


def test_a_wrong_configuration(home: Settings) -> None:
    (home.swf_home / "testbed.toml").write_text(
        '[testbed]\nnamespace = "x"\n[agents.mine]\nscript = "no.py"\n'
    )
    assert "agents.mine.script" in the_fault(home, "configuration").text


def test_private_places_that_are_open_to_others(home: Settings) -> None:
    home.private_dir.mkdir(parents=True)
    home.private_dir.chmod(0o755)
    assert "chmod 700" in the_fault(home, "folders").remedy
    home.private_dir.chmod(0o700)


def test_a_home_that_is_not_there(home: Settings) -> None:
    assert "testbed init" in the_fault(changed(home, swf_home=home.swf_home / "none"), "folders").remedy


def test_a_full_disk(home: Settings) -> None:
    with Disk(home.swf_home, "1m"):
        found = the_fault(home, "disk")
        assert found.level is Level.ERROR
        assert "disk is full" in found.text


def test_a_supervisord_that_was_killed(home: Settings) -> None:
    supervisord = _lone_supervisord(home)
    pid = supervisord.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    assert wait_until(lambda: supervisord.pid is None, 20)
    found = the_fault(home, "supervisors")
    assert found.level is Level.WARNING
    assert "was killed" in found.text


def test_a_supervisord_that_hangs(home: Settings) -> None:
    supervisord = _lone_supervisord(home)
    pid = supervisord.pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    try:
        found = the_fault(home, "supervisors")
    finally:
        os.kill(pid, signal.SIGCONT)
    assert found.level is Level.ERROR
    assert f"kill -9 {pid}" in found.remedy


def _lone_supervisord(home: Settings) -> Supervisord:
    supervisord = agents_supervisord(home)
    home.log_dir.mkdir()
    supervisord.start(agents_file(home), {})
    return supervisord


def test_services_of_another_mode(up: Settings) -> None:
    found = the_fault(changed(up, swf_mode="local"), "supervisors")
    assert found.text == "services of mode embedded are up"
    assert "SWF_MODE=embedded" in found.remedy


def test_a_broker_that_refuses_our_login(up: Settings) -> None:
    found = the_fault(changed(up, activemq_password="wrong"), "broker")
    assert f"{up.activemq_port} refuses the log-in of swf" in found.text
    assert "ACTIVEMQ_PASSWORD" in found.remedy


def test_a_database_server_that_is_not_there(home: Settings) -> None:
    local = changed(home, swf_mode="local", db_port=home.monitor_tls_port)
    assert "nobody listens" in the_fault(local, "database").text
    assert "nobody listens" in the_fault(local, "broker").text


def test_a_locked_database(up: Settings) -> None:
    with closing(sqlite3.connect(up.database_file, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        found = the_fault(up, "database")
    assert "has been locked" in found.text
    assert f"(process {os.getpid()})" in found.text


def test_a_damaged_database(home: Settings) -> None:
    home.database_file.parent.mkdir(parents=True)
    home.database_file.write_bytes(b"not a database" * 1000)
    assert "damaged" in the_fault(home, "database").text


def test_a_missing_token(up: Settings) -> None:
    with _away(up.token_file):
        found = the_fault(up, "token")
    assert "there is no token" in found.text
    assert f"testbed token {username()}" in found.remedy


def test_a_token_that_is_refused(up: Settings) -> None:
    found = the_fault(changed(up, swf_api_token="wrong"), "token")
    assert "refuses the token of SWF_API_TOKEN" in found.text


def test_a_certificate_that_is_not_trusted(up: Settings) -> None:
    with _away(up.monitor_certificate):
        found = the_fault(up, "certificate")
    assert "is not trusted" in found.text
    assert "REQUESTS_CA_BUNDLE" in found.remedy


@contextmanager
def _away(file: Path) -> Iterator[None]:
    aside = file.with_name(f"{file.name}.aside")
    file.rename(aside)
    try:
        yield
    finally:
        aside.rename(file)


@pytest.mark.parametrize(
    ("ahead_s", "said"), [(3600, "behind the monitor's"), (-3600, "before the monitor's")]
)
def test_clocks_that_differ(home: Settings, ahead_s: float, said: str) -> None:
    with _monitor_of_another_time(home, ahead_s):
        found = the_fault(home, "clock")
    assert "clock is 3600 s" in found.text or "clock is 3599 s" in found.text
    assert said in found.text


@contextmanager
def _monitor_of_another_time(home: Settings, ahead_s: float) -> Iterator[None]:
    versions = Versions(swf_testbed="0", python="3", django="5", database="x")

    class Answering(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            time = now() + timedelta(seconds=ahead_s)
            said = Health(
                status=Overall.OK, time=time, versions=versions, database=True, broker=True, intake=True
            )
            self.send_response(200)
            self.end_headers()
            self.wfile.write(said.model_dump_json().encode())

        def log_message(self, *args: object) -> None:
            """Nothing: it is told by what the doctor finds."""

    with HTTPServer(("127.0.0.1", home.monitor_port), Answering) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


def test_agents_of_another_namespace(up: Settings) -> None:
    (up.swf_home / "testbed.toml").write_text('[testbed]\nnamespace = "old"\n')
    try:
        start_agents(up, {})
        with open_monitor(up) as monitor:
            assert wait_until(lambda: any(monitor.list(SystemAgent, namespace="old")), 60)
        (up.swf_home / "testbed.toml").write_text('[testbed]\nnamespace = "new"\n')
        found = the_fault(up, "namespace")
        assert "but in old still run: workflow_runner-agent-" in found.text
        assert "stop-agents" in found.remedy
    finally:
        stop_agents(up)
        (up.swf_home / "testbed.toml").unlink()


def test_a_run_that_was_left_open(up: Settings) -> None:
    left = WorkflowExecution(
        execution_id="lost-alice-0001",
        namespace="local",
        status=ExecutionStatus.RUNNING,
        start_time=now(),
        metadata={"runner": "workflow_runner-agent-alice-1"},
    )
    with open_monitor(up) as monitor:
        monitor.ensure(left)
        found = the_fault(up, "executions")
        monitor.change(
            WorkflowExecution, "lost-alice-0001", status=ExecutionStatus.FAILED, end_time=iso(now())
        )
    assert "lost-alice-0001" in found.text
    assert found.level is Level.WARNING
    assert look(up, "executions") == []


def test_messages_that_could_not_be_handled(up: Settings) -> None:
    with open_bus(up) as bus:
        bus.publish_body(destinations.dead_letters("local"), b"{}", {"swf-error": "it hurts"})
    assert "1 messages" in the_fault(up, "dead letters").text


def test_an_agent_manager_that_hangs(up: Settings) -> None:
    running = detach(up, lambda _: None).process
    assert running is not None
    os.kill(running.pid, signal.SIGSTOP)
    try:
        found = the_fault(up, "agent manager")
    finally:
        os.kill(running.pid, signal.SIGCONT)
    assert f"process {running.pid} does not answer" in found.text


def test_a_check_that_fails_keeps_none_from_being_made(
    home: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(patient: Patient) -> Iterator[Finding]:
        raise OSError("it hurts")

    monkeypatch.setitem(CHECKS, "disk", fails)
    found = diagnose(home)
    assert not found.ready
    assert found.findings["disk"][0].text == "could not be checked: it hurts"
    assert len(found.findings) == len(CHECKS)

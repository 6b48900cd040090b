"""The real broker and monitor under a real supervisord."""

import os
import signal
import socket
import stat
from pathlib import Path

import pytest
from ended import await_end

from swf_testbed.config.environment import load_settings
from swf_testbed.config.settings import Settings
from swf_testbed.control.readiness import Answer, greet_broker, greet_monitor
from swf_testbed.control.services import (
    service_status,
    services_supervisord,
    start_services,
    stop_services,
)
from swf_testbed.control.status import testbed_status as status_of
from swf_testbed.model.errors import Refused, Unavailable


def _pids(home: Settings) -> dict[str, int | None]:
    return {one.name: one.pid for one in service_status(home)}


def _environment(home: Settings) -> dict[str, str]:
    return {
        "SWF_HOME": str(home.swf_home),
        "ACTIVEMQ_PORT": str(home.activemq_port),
        "SWF_MONITOR_HTTP_URL": home.swf_monitor_http_url,
        "SWF_MONITOR_URL": home.swf_monitor_url,
    }


def _other_home(tmp_path: Path, home: Settings) -> Settings:
    """Another home that wants the same ports."""
    (tmp_path / "other").mkdir()
    return load_settings({**_environment(home), "SWF_HOME": str(tmp_path / "other")})


def test_services_come_up_answer_and_end(home: Settings, tmp_path: Path) -> None:
    told: list[str] = []
    start_services(home, told.append)
    assert told == [f"waiting for the {name}" for name in ("broker", "monitor", "intake")]
    assert all(one.ready for one in service_status(home))
    assert stat.S_IMODE(home.token_file.stat().st_mode) == 0o600
    found = status_of(home)
    assert found.services_up
    monitor = next(one for one in found.services if one.name == "monitor")
    assert monitor.address == f"127.0.0.1:{home.monitor_port} 127.0.0.1:{home.monitor_tls_port}"
    assert found.document()["ready"] is True

    # Started again, nothing changes.
    before = _pids(home)
    start_services(home)
    assert _pids(home) == before

    # Another home sees that these are not its own, and says what to change.
    other = _other_home(tmp_path, home)
    assert {one.answer for one in service_status(other)[:2]} == {Answer.STRANGER}
    with pytest.raises(Refused, match=rf"port {home.activemq_port} .*ACTIVEMQ_PORT"):
        start_services(other)

    # With other settings they are started again.
    changed = load_settings({**_environment(home), "SWF_LOG_LEVEL": "DEBUG"})
    told.clear()
    start_services(changed, told.append)
    assert told[0] == "the settings have changed: starting the services again"
    assert not set(before.values()) & set(_pids(changed).values())

    assert stop_services(home)
    assert [greet_broker(home).answer, greet_monitor(home).answer] == [Answer.NOBODY, Answer.NOBODY]
    assert not stop_services(home)


def test_services_that_were_killed_or_lost_their_supervisor_are_replaced(home: Settings) -> None:
    start_services(home)
    killed = _pids(home)["broker"]
    assert killed is not None
    os.kill(killed, signal.SIGKILL)
    await_end(killed)
    start_services(home)
    supervisor = services_supervisord(home).pid
    before = _pids(home)
    assert supervisor is not None
    os.kill(supervisor, signal.SIGKILL)
    await_end(supervisor)
    start_services(home)
    after = _pids(home)
    assert all(one.ready for one in service_status(home))
    assert not set(before.values()) & set(after.values())


@pytest.mark.parametrize("variable", ["SWF_MONITOR_HTTP_URL", "SWF_MONITOR_URL"])
def test_a_port_of_somebody_else_is_named_with_its_variable(home: Settings, variable: str) -> None:
    port = {"SWF_MONITOR_HTTP_URL": home.monitor_port, "SWF_MONITOR_URL": home.monitor_tls_port}[variable]
    with (
        socket.create_server(("127.0.0.1", port)),
        pytest.raises(Refused, match=rf"port {port} .* set {variable} to"),
    ):
        start_services(home)


def test_a_service_that_cannot_start_shows_the_end_of_its_log(home: Settings) -> None:
    (home.state_dir).mkdir()
    (home.state_dir / "broker").write_text("not a directory")
    with pytest.raises(Unavailable, match=r"the broker did not come up(.|\n)*broker\.log"):
        start_services(home)


def test_other_modes_are_refused_by_name(tmp_path: Path) -> None:
    settings = load_settings({"SWF_HOME": str(tmp_path), "SWF_MODE": "docker"})
    with pytest.raises(Refused, match="SWF_MODE = docker"):
        start_services(settings)

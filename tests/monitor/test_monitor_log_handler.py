"""Logs of agents: they arrive in the monitor, and whoever logs is never held up by it."""

import logging
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import pytest
from monitor_instance import Instance

from swf_testbed.monitor_client import MonitorClient, MonitorLogHandler
from swf_testbed.monitor_client.log_handler import MAX_WAITING
from swf_testbed.records import Log

PATIENCE_S = 60


@contextmanager
def logger(
    instance: Instance, name: str, context: Callable[[], dict[str, Any]] = dict, linger_s: float = 0.1
) -> Iterator[tuple[logging.Logger, MonitorLogHandler]]:
    """A logger whose lines go to a monitor."""
    client = MonitorClient(instance.url, user_agent="swf/log", patience_s=0)
    handler = MonitorLogHandler(client, "probe", lambda: name, context, linger_s)
    found = logging.Logger(name)
    found.addHandler(handler)
    try:
        yield found, handler
    finally:
        handler.close()


def arrived(client: MonitorClient, name: str, count: int) -> list[Log]:
    """The lines of an instance, oldest first, when there are so many."""
    until = time.monotonic() + PATIENCE_S
    while client.page(Log, instance_name=name, limit=1).total < count and time.monotonic() < until:
        time.sleep(0.05)  # nobody tells of log lines
    return list(client.list(Log, instance_name=name))


@pytest.fixture
def name() -> str:
    return f"probe-{uuid4().hex[:10]}"


def test_a_line_carries_what_it_is_about(instance: Instance, client: MonitorClient, name: str) -> None:
    about = {"execution_id": "simple-a-0042", "run_id": 100_042, "username": "alice", "namespace": "n1"}
    with logger(instance, name, lambda: dict(about)) as (log, _):
        log.warning("%d frames lost", 7)
        log.info("of another", extra={"run_id": 100_043})
        try:
            raise ValueError("no such thing")  # its traceback is what is tested
        except ValueError:
            log.exception("failed")
    first, second, third = arrived(client, name, 3)
    assert (first.message, first.levelname, first.app_name) == ("7 frames lost", "WARNING", "probe")
    assert (first.execution_id, first.run_id, first.username, first.namespace) == tuple(about.values())
    assert first.module == "test_monitor_log_handler"
    assert first.funcname == "test_a_line_carries_what_it_is_about"
    assert (second.run_id, second.execution_id) == (100_043, "simple-a-0042")
    assert third.message.startswith("failed\nTraceback")
    assert "ValueError: no such thing" in third.message
    assert client.page(Log, execution_id="simple-a-0042", username="alice").total == 3


@pytest.mark.both_databases
def test_text_that_no_database_keeps_is_kept_as_it_can_be(
    instance: Instance, client: MonitorClient, name: str
) -> None:
    with logger(instance, name) as (log, _):
        log.warning("nul \0 and \ud800")
        log.warning("x" * 100_000)
        log.warning("", extra={"execution_id": object()})
    texts = [line.message for line in arrived(client, name, 3)]
    assert texts[0] == "nul ? and ?"
    assert len(texts[1]) == 4000
    assert texts[2] == "?"


def test_ten_thousand_lines_do_not_wait_for_a_server_that_hangs(
    make_instance: Callable[..., Instance], name: str
) -> None:
    one = make_instance()
    with one.serving() as server, one.client() as client:
        with logger(one, name) as (log, handler):
            server.send_signal(signal.SIGSTOP)
            try:
                for number in range(10_000):
                    log.info("line %d", number)
            finally:
                server.send_signal(signal.SIGCONT)
            lines = arrived(client, name, 10_000)
            assert handler.dropped == 0
        assert [line.message for line in lines] == [f"line {number}" for number in range(10_000)]
        counted = [line for line in client.metrics().splitlines() if 'agent="log"' in line]
        assert sum(float(line.rsplit(" ", 1)[1]) for line in counted) < 60


def test_lines_wait_while_the_server_is_away_and_are_dropped_beyond_a_bound(
    make_instance: Callable[..., Instance], name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    one = make_instance()
    with logger(one, name) as (log, handler):
        for number in range(5000):
            log.info("%04d %s", number, "x" * 3990)
        assert handler.dropped == 5000 - MAX_WAITING // (3995 + 500)
        with one.serving(), one.client() as client:
            lines = arrived(client, name, 5000 - handler.dropped + 1)
    assert [int(line.message[:4]) for line in lines[:-1]] == list(range(5000 - handler.dropped))
    assert lines[-1].message.startswith(f"{handler.dropped} log lines were dropped")
    assert "did not reach" not in capsys.readouterr().err


def test_the_end_is_not_held_up(
    make_instance: Callable[..., Instance], name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with logger(make_instance(), name, linger_s=600) as (log, handler):
        log.info("never heard")
        begin = time.monotonic()
        handler.close()
        log.info("too late")
        handler.close()
    assert time.monotonic() - begin < 10
    assert capsys.readouterr().err == "1 log lines did not reach the monitor\n"


def test_what_waits_is_sent_at_the_end(instance: Instance, client: MonitorClient, name: str) -> None:
    with logger(instance, name, linger_s=600) as (log, _):
        log.info("last words")
    assert [line.message for line in arrived(client, name, 1)] == ["last words"]


def test_its_own_client_is_not_logged(instance: Instance, client: MonitorClient, name: str) -> None:
    with logger(instance, name) as (_, handler):
        talk = logging.getLogger("httpx")
        talk.addHandler(handler)
        talk.setLevel(logging.DEBUG)
        try:
            handler.handle(logging.makeLogRecord({"name": "x", "msg": "one", "levelno": 20}))
            assert len(arrived(client, name, 1)) == 1
            client.health()
        finally:
            talk.removeHandler(handler)
            talk.setLevel(logging.NOTSET)
    assert len(arrived(client, name, 1)) == 1

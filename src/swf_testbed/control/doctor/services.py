"""Checks of the services, each by a real handshake: broker, database, monitor, token, certificate, clock."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path

import httpx
import psutil

from swf_testbed.config.environment import username
from swf_testbed.control.database import closed_to_writing
from swf_testbed.control.doctor.findings import ANSWER_S, Finding, Patient, error, ok, warning
from swf_testbed.control.programs import BROKER, DATABASE, MONITOR
from swf_testbed.control.readiness import CLIENT, Answer, endpoints, greet_web
from swf_testbed.model.clock import iso, now
from swf_testbed.model.errors import Refused, SwfError
from swf_testbed.monitor_client import MonitorClient
from swf_testbed.records.health import Overall

SKEW_S = 2.0
"""Clocks may differ by so much: latencies are told in tenths of a second, and timeouts are longer."""

_LOOK = "see `testbed logs monitor`; `testbed stop` and `testbed start` begin afresh"
_START = "`testbed start` brings it up"
_ROOM = "mend the database, or make room on its disk: the monitor goes on by itself, and nothing is lost"


def check_broker(patient: Patient) -> Iterator[Finding]:
    """The broker takes our log-in."""
    settings, greeting = patient.settings, patient.greeting(BROKER)
    (endpoint,) = endpoints(settings)[BROKER]
    if greeting.answer is Answer.OURS:
        yield ok(f"{endpoint} takes the log-in of {settings.activemq_user}")
    elif greeting.answer is Answer.STRANGER:
        remedy = "set ACTIVEMQ_USER and ACTIVEMQ_PASSWORD to what the broker knows"
        if patient.embedded:
            remedy += f"; without ACTIVEMQ_PASSWORD that of {settings.broker_password_file} is used"
        yield error(f"{endpoint} refuses the log-in of {settings.activemq_user}: {greeting.said}", remedy)
    elif patient.embedded:
        yield ok(f"{endpoint} is free; {_START}")
    else:
        yield error(
            f"nobody listens at {endpoint}", "start the broker, or set ACTIVEMQ_HOST and ACTIVEMQ_PORT"
        )


def check_database(patient: Patient) -> Iterator[Finding]:
    """The database can be written to: PostgreSQL takes our log-in, or nobody keeps SQLite's file locked."""
    settings = patient.settings
    if not patient.embedded:
        (endpoint,) = endpoints(settings)[DATABASE]
        greeting = patient.greeting(DATABASE)
        if greeting.answer is not Answer.OURS:
            why = greeting.said or "nobody listens there"
            yield error(f"the database at {endpoint}: {why}", "start it, or set DB_HOST, DB_PORT, DB_USER …")
        elif why := closed_to_writing(settings):
            yield error(f"the database at {endpoint} cannot be written: {why}", _ROOM)
        else:
            yield ok(f"{greeting.said} at {endpoint}")
    elif settings.database_file.exists():
        yield _lock_taken(settings.database_file)
    else:
        yield ok("is made at the first start")


def _lock_taken(file: Path) -> Finding:
    try:
        with closing(sqlite3.connect(file, timeout=ANSWER_S, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")
    except sqlite3.OperationalError as problem:
        if "locked" not in str(problem):
            return error(f"{file}: {problem}", "look at its folder's rights, and whether the disk is full")
        holders = ", ".join(_holders(file)) or "a process of another user"
        return error(f"{file} has been locked for {ANSWER_S:.0f} s by {holders}", "end that process")
    except sqlite3.DatabaseError as problem:
        return error(f"{file} is damaged: {problem}", "move it away, or put a copy in its place")
    return ok(f"{file.name} can be written to")


def _holders(file: Path) -> Iterator[str]:
    """The processes that lock a database for writing, as the kernel has them (Linux)."""
    # Of a database with a write-ahead log the lock is on the file beside it.
    inodes = {str(path.stat().st_ino) for path in (file, file.with_name(f"{file.name}-shm")) if path.exists()}
    try:
        lines = Path("/proc/locks").read_text().splitlines()
    except OSError:
        return
    rows = [line.split() for line in lines]
    pids = {int(row[4]) for row in rows if "WRITE" in row and row[5].rsplit(":", 1)[-1] in inodes}
    for pid in sorted(pids):
        try:
            yield f"{psutil.Process(pid).name()} (process {pid})"
        except psutil.Error:
            yield f"process {pid}"


def check_monitor(patient: Patient) -> Iterator[Finding]:
    """The monitor answers at its HTTP address."""
    url = patient.settings.swf_monitor_http_url
    if not _monitor_listens(patient):
        yield ok(f"{url} is free; {_START}")
        return
    try:
        with MonitorClient(url, user_agent=CLIENT, patience_s=0) as monitor:
            health = monitor.health()
    except SwfError as problem:
        yield error(str(problem), _LOOK)
        return
    its = health.versions
    said = f"swf-testbed {its.swf_testbed}, Django {its.django}, {its.database}: {health.status}"
    if health.status is Overall.OK:
        yield ok(said)
    else:
        parts = {"database": health.database, "broker": health.broker, "intake": health.intake}
        away = ", ".join(name for name, there in parts.items() if not there)
        if health.trouble:
            yield warning(f"{said}; without {away}: {health.trouble}", _ROOM)
        else:
            yield warning(f"{said}; without {away}", _START)


def check_token(patient: Patient) -> Iterator[Finding]:
    """The monitor takes our token."""
    settings = patient.settings
    remedy = f"make one with `testbed token {username()}`"
    token = settings.api_token()
    if not _monitor_listens(patient):
        yield ok("there is one" if token else "is made at the first start")
    elif not token:
        yield error(
            f"there is no token: SWF_API_TOKEN is not set, and {settings.token_file} not there", remedy
        )
    else:
        try:
            greet_web(settings, settings.swf_monitor_http_url)
        except Refused as problem:
            source = "SWF_API_TOKEN" if settings.swf_api_token else str(settings.token_file)
            yield error(f"the monitor refuses the token of {source}: {problem}", f"{remedy}, or unset it")
        except (SwfError, httpx.TransportError):
            return  # told by the check of the monitor
        else:
            yield ok("is taken")


def check_certificate(patient: Patient) -> Iterator[Finding]:
    """The certificate of the HTTPS address is trusted."""
    url = patient.settings.swf_monitor_url
    if not _monitor_listens(patient) or not url.startswith("https://"):
        return
    try:
        with MonitorClient(
            url, user_agent=CLIENT, patience_s=0, certificate=patient.settings.monitor_certificate
        ) as monitor:
            monitor.health()
    except Refused as problem:
        text, _, remedy = str(problem).partition("): ")
        yield error(f"{text})", remedy)
    except SwfError as problem:
        yield error(f"{url}: {problem}", _LOOK)
    else:
        yield ok(f"of {url} is trusted")


def check_clock(patient: Patient) -> Iterator[Finding]:
    """This machine's clock is the monitor's."""
    if not _monitor_listens(patient):
        return
    before, begun = now(), time.monotonic()
    try:
        with MonitorClient(patient.settings.swf_monitor_http_url, user_agent=CLIENT, patience_s=0) as monitor:
            said = monitor.health().time
    except SwfError:
        return  # told by the check of the monitor
    took_s = time.monotonic() - begun
    yield _compared(said, before, took_s)


def _compared(said: datetime, before: datetime, took_s: float) -> Finding:
    skew = (said - before).total_seconds()
    if -SKEW_S <= skew <= took_s + SKEW_S:
        return ok(f"is the monitor's within {SKEW_S:.0f} s")
    which = "behind" if skew > 0 else "before"
    return error(
        f"this machine's clock is {abs(skew):.0f} s {which} the monitor's ({iso(before)}, {iso(said)} there)",
        "set both by NTP: `timedatectl set-ntp true`",
    )


def _monitor_listens(patient: Patient) -> bool:
    return endpoints(patient.settings)[MONITOR][0].taken

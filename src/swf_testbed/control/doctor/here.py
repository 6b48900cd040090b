"""Checks of this machine: settings, configuration, folders, disk, ports."""

import getpass
import os
from collections.abc import Iterator

import psutil

from swf_testbed.control.crew import crew_said
from swf_testbed.control.doctor.findings import Finding, Patient, error, ok, warning
from swf_testbed.control.places import private_dir, socket_dir
from swf_testbed.control.programs import agent_programs, service_programs
from swf_testbed.control.readiness import Endpoint, endpoints
from swf_testbed.model.errors import SwfError

LEAST_BYTES, FEW_BYTES = 500_000_000, 5_000_000_000
"""Free disk space below which no run is begun, and below which one should be careful."""

LEAST_FILES = 10_000


def check_addresses(patient: Patient) -> Iterator[Finding]:
    """The monitor's addresses have the right schemes, and everybody has a port of their own."""
    settings = patient.settings
    wanted = {
        "SWF_MONITOR_HTTP_URL": (settings.swf_monitor_http_url, "http"),
        "SWF_MONITOR_URL": (settings.swf_monitor_url, "https"),
    }
    wrong = False
    for variable, (url, scheme) in wanted.items():
        if not url.startswith(f"{scheme}://"):
            wrong = True
            right = f"{scheme}://{url.partition('://')[2]}"
            yield error(f"{variable} = {url} must begin with {scheme}://", f"set {variable}={right}")
    ours = {one.name for one in service_programs(settings)}
    seen: dict[tuple[str, int], Endpoint] = {}
    for endpoint in [one for name, some in endpoints(settings).items() if name in ours for one in some]:
        other = seen.setdefault((endpoint.host, endpoint.port), endpoint)
        if other is not endpoint:
            wrong = True
            yield error(
                f"{other.variable} and {endpoint.variable} name the same port, {endpoint.port}",
                f"set {endpoint.variable} to another one",
            )
    if not wrong:
        yield ok(f"monitor at {settings.swf_monitor_http_url} and {settings.swf_monitor_url}")


def check_configuration(patient: Patient) -> Iterator[Finding]:
    """testbed.toml can be read, and every agent in it can be run."""
    try:
        crew = crew_said(patient.settings, None)
        programs = agent_programs(crew.agents, patient.settings.swf_home)
    except SwfError as problem:
        yield error(str(problem), "mend testbed.toml; `testbed init` writes one where there is none")
    else:
        yield ok(f"namespace {crew.namespace}, {len(programs) - 1} agents and the workflow runner")


def check_folders(patient: Patient) -> Iterator[Finding]:
    """The home folder can be written to, and what is private is closed to others."""
    settings = patient.settings
    home = settings.swf_home
    if not home.is_dir():
        yield error(f"there is no folder {home}", "make it with `testbed init`, or set SWF_HOME")
        return
    if not os.access(home, os.W_OK | os.X_OK):
        yield error(f"{getpass.getuser()} may not write to {home}", "choose another SWF_HOME, or its owner")
        return
    try:
        socket_dir(settings)
        if settings.private_dir.exists():
            private_dir(settings.private_dir)
    except SwfError as problem:
        text, _, remedy = str(problem).partition("; ")
        yield error(text, remedy)
    else:
        yield ok(f"{home} belongs to us")


def check_disk(patient: Patient) -> Iterator[Finding]:
    """There is room for STF files, the database and logs."""
    home = patient.settings.swf_home
    if not home.is_dir():
        return
    free = psutil.disk_usage(str(home)).free
    files = os.statvfs(home)
    said = f"{free / 1e9:.1f} GB free at {home}"
    remedy = (
        "make room: `python manage.py prune` removes old messages and logs; old runs are in var/exit-buffer"
    )
    if free < LEAST_BYTES:
        yield error(f"the disk is full: {said}", remedy)
    elif files.f_files and files.f_favail < LEAST_FILES:
        yield error(f"the disk has room for {files.f_favail} more files only", remedy)
    elif free < FEW_BYTES:
        yield warning(f"the disk is nearly full: {said}", remedy)
    else:
        yield ok(said)


def check_ports(patient: Patient) -> Iterator[Finding]:
    """The ports of our services are theirs or free."""
    ours = {process.pid for process in patient.processes if process.pid}
    places = endpoints(patient.settings)
    for service in (program.name for program in service_programs(patient.settings)):
        for endpoint in places.get(service, ()):
            if not endpoint.taken:
                continue
            holder = _listener(endpoint.port)
            if holder in ours:
                yield ok(f"port {endpoint.port}: the {service}")
            else:
                yield error(
                    f"port {endpoint.port} of {endpoint.host}, where the {service} listens, is taken by "
                    f"{_described(holder)}",
                    f"end that program, or set {endpoint.variable} to a free port",
                )


def _listener(port: int) -> int | None:
    """The process that listens at a port; None if the system does not tell us."""
    try:
        found = psutil.net_connections(kind="tcp")
    except psutil.AccessDenied:
        return None
    pids = {one.pid for one in found if one.status == psutil.CONN_LISTEN and one.laddr[1:] == (port,)}
    return next((pid for pid in pids if pid), None)


def _described(pid: int | None) -> str:
    try:
        process = psutil.Process(pid) if pid else None
        if process is None:
            return "a program of another user"
        return (
            f"{process.name()} (process {pid} of {process.username()}: {' '.join(process.cmdline())[:100]})"
        )
    except psutil.Error:
        return f"process {pid}"

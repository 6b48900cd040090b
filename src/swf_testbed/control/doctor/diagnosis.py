"""All checks, one after the other."""

import platform
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from pydantic import SecretStr

from swf_testbed import __version__
from swf_testbed.config.settings import Settings
from swf_testbed.control.doctor import here, leftovers, services
from swf_testbed.control.doctor.findings import Check, Finding, Level, Patient, error
from swf_testbed.model.errors import BadInput, SwfError

CHECKS: dict[str, Check] = {
    "addresses": here.check_addresses,
    "configuration": here.check_configuration,
    "folders": here.check_folders,
    "disk": here.check_disk,
    "supervisors": leftovers.check_supervisors,
    "ports": here.check_ports,
    "broker": services.check_broker,
    "database": services.check_database,
    "monitor": services.check_monitor,
    "token": services.check_token,
    "certificate": services.check_certificate,
    "clock": services.check_clock,
    "namespace": leftovers.check_namespace,
    "executions": leftovers.check_executions,
    "dead letters": leftovers.check_dead_letters,
    "agent manager": leftovers.check_manager,
}
"""Every check by the name under which its findings are shown, in the order in which they are made."""

_PACKAGES = ("pydantic", "stomp.py", "supervisor", "numpy", "django", "psycopg")


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What was found, by check; `ready` is whether the next run will work, as far as one can see."""

    ready: bool
    findings: Mapping[str, list[Finding]]
    versions: Mapping[str, str]
    environment: Mapping[str, str]


def diagnose(settings: Settings) -> Diagnosis:
    """Make all checks; one that fails is an error among the others, and keeps none from being made."""
    patient = Patient(settings)
    found = {name: list(_made(check, patient)) for name, check in CHECKS.items()}
    return _diagnosis(found, environment(settings))


def misconfigured(problem: BadInput) -> Diagnosis:
    """The diagnosis when the settings themselves cannot be read."""
    remedy = f"set {problem.field} to what is allowed, or unset it; see docs/reference/settings.md"
    return _diagnosis({"settings": [error(str(problem), remedy)]}, {})


def environment(settings: Settings) -> dict[str, str]:
    """What the settings were told, by variable; secrets are masked."""
    said = {name: getattr(settings, name) for name in sorted(settings.model_fields_set)}
    return {name.upper(): _masked(value) for name, value in said.items() if value is not None}


def _masked(value: object) -> str:
    secret = isinstance(value, SecretStr) or "@" in str(value)  # an address may hold a password
    return "(hidden)" if secret else str(value)


def _diagnosis(found: dict[str, list[Finding]], said: dict[str, str]) -> Diagnosis:
    ready = not any(one.level is Level.ERROR for some in found.values() for one in some)
    return Diagnosis(ready, found, _versions(), said)


def _made(check: Check, patient: Patient) -> Iterator[Finding]:
    try:
        yield from check(patient)
    except (SwfError, OSError) as problem:
        yield error(f"could not be checked: {problem}", "mend what else is found, then try again")


def _versions() -> dict[str, str]:
    found = {
        "swf-testbed": __version__,
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "system": platform.platform(),
    }
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found

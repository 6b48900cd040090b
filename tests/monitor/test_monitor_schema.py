"""The interface does what its description says: schemathesis, all checks, with every sort of token.

pytest tests/monitor/test_monitor_schema.py --api-examples 200
"""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from fuzz_bodies import GOOD
from monitor_instance import Instance

from swf_testbed.model.clock import now
from swf_testbed.model.errors import Conflict, NotFound
from swf_testbed.model.status import Quality, Severity
from swf_testbed.monitor_client import MonitorClient
from swf_testbed.records import (
    RECORDS,
    Alarm,
    FastmonFile,
    NamespaceRecord,
    QualityFlag,
    Record,
    RunState,
    StfFile,
)

_CONFIGURATION = Path(__file__).with_name("schemathesis.toml")


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("who", ["owner", "read-only", "nobody", "nobody, where all may read"])
def test_the_interface_is_as_described(
    make_instance: Callable[..., Instance], pytestconfig: pytest.Config, tmp_path: Path, who: str
) -> None:
    one = make_instance(SWF_PUBLIC_READ=str("all may read" in who).lower())
    with one.serving():
        token = _token(one, who)
        done = _schemathesis(one, token, int(pytestconfig.getoption("--api-examples")), tmp_path)
        assert done.returncode == 0, done.stdout + done.stderr


def _token(one: Instance, who: str) -> str:
    if who != "read-only":
        return one.settings.api_token() if who == "owner" else ""
    command = [sys.executable, "-m", "swf_testbed.monitor", "manage", "get_token", "reader"]
    made = subprocess.run(
        [*command, "--create-user", "--read-only"],
        env=one.environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return made.stdout.strip()


def _schemathesis(
    one: Instance, token: str, examples: int, folder: Path
) -> "subprocess.CompletedProcess[str]":
    command = [
        str(Path(sys.executable).with_name("schemathesis")),
        "--config-file",
        str(_CONFIGURATION),
        "run",
        f"{one.url}/api/schema/",
        "--checks=all",
        "--phases=fuzzing",
        f"--max-examples={examples}",
        "--suppress-health-check=all",
        "--continue-on-failure",
        "--request-timeout=60",
        "--no-color",
        "--warnings=off",
        *([f"--header=Authorization: Token {token}"] if token else []),
    ]
    environment = one.environment | {"NO_PROXY": "127.0.0.1"}
    return subprocess.run(
        command, env=environment, cwd=folder, capture_output=True, text=True, check=False, timeout=3600
    )


@pytest.mark.parametrize("cls", RECORDS.values(), ids=RECORDS)
def test_the_client_and_the_description_know_the_same_records(
    client: MonitorClient, api: httpx.Client, cls: type[Record]
) -> None:
    """What the client sends and reads is what the document says, and what the server takes and answers."""
    schemas = api.get("/schema/").json()["components"]["schemas"]
    name, told = cls.__name__, set(cls.model_fields)
    assert set(schemas[name]["properties"]) == told
    assert set(schemas[f"{name}Input"]["properties"]) == told - cls.server_fields
    assert set(schemas[f"{name}Change"]["properties"]) == told - cls.server_fields - set(cls.key)
    if cls.resource == "references":
        return  # one is made of runs, by an order that is no record: test_monitor_judgement.py
    said = dict(GOOD[cls.resource])
    if cls.resource == "tf-slices":
        client.upsert([FastmonFile(tf_filename=said["fastmon_file"])])
    if cls.resource == "stf-copies":
        client.upsert([StfFile(stf_filename=said["stf_file"])])
    (stored,) = client.upsert([cls.model_validate(said)])
    found = client.get(cls, *stored.key)
    for field, value in cls.model_validate(said).model_dump(exclude_unset=True).items():
        assert getattr(found, field) == value
    assert stored.key == tuple(found.model_dump(mode="json")[field] for field in cls.key)
    assert any(entry == found for entry in client.list(cls))


def test_a_record_is_changed_and_deleted(client: MonitorClient) -> None:
    (raised,) = client.upsert([Alarm(severity=Severity.ERROR, subject="disk")])
    changed = client.change(Alarm, *raised.key, acknowledged_by="alice", cleared_at=now())
    assert (changed.severity, changed.acknowledged_by) == (Severity.ERROR, "alice")
    assert changed.cleared_at is not None
    flag = QualityFlag(run_number=7, subsystem="drich", check="gone", since=now(), quality=Quality.BAD)
    client.upsert([flag])
    client.ensure_namespace("gone")
    client.delete(NamespaceRecord, "gone")
    with pytest.raises(NotFound):
        client.get(NamespaceRecord, "gone")
    assert client.change(QualityFlag, 7, "drich", "gone", flag.since, reason="x").quality is Quality.BAD
    with pytest.raises(Conflict, match="parts of their run"):
        client.delete(RunState, 7)

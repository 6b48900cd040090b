"""Who may do what: every resource, every sort of user, every operation, against the table of the contract."""

import itertools
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from typing import Any
from uuid import uuid4

import httpx
import pytest
from monitor_instance import Instance

from swf_testbed.fastmon.reference import Profile
from swf_testbed.monitor.services.permissions import NOBODY, PERMISSIONS, READERS, Group, Who
from swf_testbed.records import RECORDS

_PROGRAM = (sys.executable, "-m", "swf_testbed.monitor")
_MADE = itertools.count(1)
_MOMENT = "2026-01-01T00:00:00Z"
_RUN = 700_000
_USERS = """
import json
from django.contrib.auth.models import User
from swf_testbed.monitor.services.tokens import issue
keys = {who: issue(who, create_user=True) for who in ("other", "member", "owner", "staff")}
keys["read-only"] = issue("owner", "reader", read_only=True)
User.objects.filter(username="staff").update(is_staff=True)
print(json.dumps(keys))
"""
_TOKENS = {
    Who.READ_ONLY: "read-only",
    Who.OTHER: "other",
    Who.MEMBER: "member",
    Who.OWNER: "owner",
    Who.STAFF: "staff",
}

Callers = dict[Who, httpx.Client]


@cache
def _keys(program: tuple[str, ...], environment: tuple[tuple[str, str], ...]) -> dict[str, str]:
    """A token of each sort of user of an instance."""
    command = [*program, "manage", "shell", "--no-imports", "-c", _USERS]
    done = subprocess.run(command, env=dict(environment), capture_output=True, text=True, check=True)
    return dict(json.loads(done.stdout))


def _callers(one: Instance, stack: ExitStack) -> Callers:
    keys = _keys(_PROGRAM, tuple(one.environment.items()))
    made = {who: stack.enter_context(one.raw(token=False)) for who in Who}
    for who, name in _TOKENS.items():
        made[who].headers["Authorization"] = f"Token {keys[name]}"
    return made


@pytest.fixture
def callers(instance: Instance) -> Iterator[Callers]:
    """A client for each sort of user; the namespace torre and a run in it that has ended."""
    with ExitStack() as stack:
        made = _callers(instance, stack)
        staff = made[Who.STAFF]
        assert staff.post("/namespaces/", json={"name": "torre", **_OWNED}).is_success
        assert staff.post("/runs/", json={"run_number": _RUN, "namespace": "torre"}).is_success
        yield made


_OWNED = {"owner": "owner", "members": ["member"]}


def _stf(staff: httpx.Client) -> str:
    name = f"swf.{_RUN}.{next(_MADE):06d}.stf"
    assert staff.post("/stf-files/", json={"stf_filename": name, "run": _RUN}).is_success
    return name


def _sample(staff: httpx.Client) -> str:
    name = f"swf.{_RUN}.{next(_MADE):06d}.tf"
    assert staff.post("/fastmon-files/", json={"tf_filename": name, "stf_file": _stf(staff)}).is_success
    return name


def _workflow(staff: httpx.Client) -> str:
    name = str(uuid4())
    assert staff.post("/workflows/", json={"workflow_id": name, "stf_file": _stf(staff)}).is_success
    return name


def _of_one_run(staff: httpx.Client) -> dict[str, Any]:
    number = _RUN + next(_MADE)
    assert staff.post("/runs/", json={"run_number": number, "namespace": "torre"}).is_success
    return {"run_number": number}


def _good_run(staff: httpx.Client) -> int:
    """A run that a reference can be made of."""
    number = _RUN + next(_MADE)
    run = {"run_number": number, "namespace": "torre", "end_time": _MOMENT}
    window = {"run_number": number, "window": "run", "content": Profile().document()}
    assert staff.post("/runs/", json=run).is_success
    assert staff.post("/windows/", json=window).is_success
    assert staff.post(f"/runs/{number}/mark/", json={"mark": "good"}).is_success
    return number


_DOCUMENTS: dict[str, Callable[[httpx.Client, int], dict[str, Any]]] = {
    "runs": lambda staff, n: {"run_number": _RUN + n, "namespace": "torre", "end_time": _MOMENT},
    "stf-files": lambda staff, n: {"stf_filename": f"{n}.stf", "run": _RUN},
    "stf-copies": lambda staff, n: {"stf_file": _stf(staff), "site": "BNL"},
    "datasets": lambda staff, n: {"name": f"set{n}", "run": _RUN},
    "fastmon-files": lambda staff, n: {"tf_filename": f"{n}.tf", "stf_file": _stf(staff)},
    "tf-slices": lambda staff, n: {"fastmon_file": _sample(staff), "slice_id": n},
    "workers": lambda staff, n: {"worker_id": f"w{n}", "namespace": "torre"},
    "run-states": lambda staff, n: _of_one_run(staff),
    "system-state-events": lambda staff, n: {
        "message_id": str(uuid4()),
        "event_type": "start_run",
        "timestamp": _MOMENT,
        "run_number": _RUN,
        "state": "run",
    },
    "workflow-definitions": lambda staff, n: {"workflow_name": "matrix", "version": str(n)},
    "workflow-executions": lambda staff, n: {
        "execution_id": f"matrix-alice-{n:04d}",
        "namespace": "torre",
        "status": "completed",
    },
    "workflows": lambda staff, n: {"workflow_id": str(uuid4()), "stf_file": _stf(staff)},
    "workflow-stages": lambda staff, n: {"stage_id": str(uuid4()), "workflow": _workflow(staff)},
    "workflow-messages": lambda staff, n: {
        "message_id": str(uuid4()),
        "message_type": "note",
        "sender_agent": "x",
        "namespace": "torre",
    },
    "systemagents": lambda staff, n: {"instance_name": f"data-agent-x-{n}", "namespace": "torre"},
    "subscribers": lambda staff, n: {"subscriber_name": f"s{n}"},
    "namespaces": lambda staff, n: {"name": f"n{n}", **_OWNED},
    "logs": lambda staff, n: {
        "app_name": "a",
        "instance_name": "i",
        "timestamp": _MOMENT,
        "level": 20,
        "levelname": "INFO",
        "message": str(n),
    },
    "histograms": lambda staff, n: {"run_number": _RUN, "subsystem": "drich", "name": f"h{n}"},
    "windows": lambda staff, n: {"run_number": _RUN, "window": f"w{n}"},
    "stf-figures": lambda staff, n: {"run_number": _RUN, "stf_filename": f"{n}.stf"},
    "references": lambda staff, n: {"runs": [_good_run(staff)]},
    "quality-flags": lambda staff, n: {
        "run_number": _RUN,
        "subsystem": "drich",
        "check": f"c{n}",
        "since": _MOMENT,
    },
    "alarms": lambda staff, n: {"severity": "error", "subject": f"a{n}", "namespace": "torre"},
    "layouts": lambda staff, n: {"owner": "owner", "name": f"l{n}"},
}
_CHANGES: dict[str, dict[str, Any]] = {
    "namespaces": {"description": "x"},
    "histograms": {"slices": 3},
    "windows": {"stfs": 3},
    "stf-figures": {"frames": 3},
    "stf-copies": {"attempts": 2},
    "references": {"note": "x"},
    "quality-flags": {"quality": "bad"},
    "alarms": {"acknowledged_by": "alice"},
    "layouts": {"title": "x"},
    "workflow-definitions": {"definition": "x"},
    "system-state-events": {"substate": "physics"},
    "workflow-messages": {"destination": "x"},
    "logs": {"message": "x"},
}


def _expected(who: Who, group: Group, *, good: set[int]) -> set[int]:
    if who in group:
        return good
    if who is Who.ANONYMOUS:
        return {401}
    return {403} if who is Who.READ_ONLY or group != NOBODY else {409}


def test_the_table_names_every_resource() -> None:
    assert set(PERMISSIONS) == set(RECORDS) == set(_DOCUMENTS)


@pytest.mark.both_databases
@pytest.mark.parametrize("resource", PERMISSIONS)
def test_who_may_write_what(callers: Callers, resource: str) -> None:
    staff, allowed, key = callers[Who.STAFF], PERMISSIONS[resource], RECORDS[resource].key

    def document() -> dict[str, Any]:
        return _DOCUMENTS[resource](staff, next(_MADE))

    def path() -> str:
        made = staff.post(f"/{resource}/", json=document())
        assert made.is_success, made.text
        return f"/{resource}/{'/'.join(str(made.json()[name]) for name in key)}/"

    for who, caller in callers.items():
        made = caller.post(f"/{resource}/", json=document())
        assert made.status_code in _expected(who, allowed.create, good={200, 201}), (who, made.text)
        there = path()
        changed = caller.patch(there, json=_CHANGES.get(resource, {"metadata": {"a": 1}}))
        assert changed.status_code in _expected(who, allowed.update, good={200}), (who, changed.text)
        deleted = caller.delete(there)
        assert deleted.status_code in _expected(who, allowed.delete, good={204}), (who, deleted.text)
        assert staff.get(there).status_code == (404 if who in allowed.delete else 200)
        assert deleted.status_code == 204 or deleted.json()["detail"]


def test_who_may_read(make_instance: Callable[..., Instance]) -> None:
    closed = make_instance(SWF_PUBLIC_READ="false")
    with closed.serving(), ExitStack() as stack:
        for who, caller in _callers(closed, stack).items():
            for resource in RECORDS:
                listed = caller.get(f"/{resource}/")
                assert listed.status_code == (200 if who in READERS else 401), (who, listed.text)
                one = caller.get(f"/{resource}/{'/'.join('1' for _ in RECORDS[resource].key)}/")
                assert one.status_code == (404 if who in READERS else 401), (who, one.text)


def test_a_namespace_belongs_to_its_maker_who_may_give_it_away(callers: Callers) -> None:
    owner, other, member = (callers[who] for who in (Who.OWNER, Who.OTHER, Who.MEMBER))
    assert owner.post("/namespaces/ensure/", json={"name": "mine"}).status_code == 201
    assert owner.get("/namespaces/mine/").json()["owner"] == "owner"
    assert other.post("/namespaces/ensure/", json={"name": "mine"}).status_code == 200
    taken = other.post("/namespaces/ensure/", json={"name": "mine", "owner": "other"})
    assert taken.status_code == 403
    assert "belongs to owner" in taken.json()["detail"]
    agent = {"instance_name": "data-agent-m-1", "namespace": "mine"}
    assert member.post("/systemagents/heartbeat/", json=agent).status_code == 403
    assert owner.patch("/namespaces/mine/", json={"members": ["member"]}).is_success
    assert member.post("/systemagents/heartbeat/", json=agent).is_success
    assert owner.patch("/namespaces/mine/", json={"owner": "other"}).is_success
    assert owner.post("/systemagents/heartbeat/", json=agent).status_code == 403
    assert owner.get("/namespaces/mine/").json()["owner"] == "other"


def test_nothing_is_taken_by_moving_it(callers: Callers) -> None:
    staff, other = callers[Who.STAFF], callers[Who.OTHER]
    number = _RUN + next(_MADE)
    assert staff.post("/runs/", json={"run_number": number, "namespace": "torre"}).is_success
    assert other.post("/runs/", json={"run_number": number, "namespace": "free"}).status_code == 403
    assert other.patch(f"/runs/{number}/", json={"namespace": None}).status_code == 403
    assert staff.get(f"/runs/{number}/").json()["namespace"] == "torre"


def test_what_goes_on_is_ended_before_it_is_deleted(callers: Callers) -> None:
    owner = callers[Who.OWNER]
    number = _RUN + next(_MADE)
    assert owner.post("/runs/", json={"run_number": number, "namespace": "torre"}).is_success
    refused = owner.delete(f"/runs/{number}/")
    assert refused.status_code == 409
    assert "has not ended" in refused.json()["detail"]
    owner.patch(f"/runs/{number}/", json={"end_time": _MOMENT})
    name = f"swf.{number}.000001.stf"
    owner.post("/stf-files/", json={"stf_filename": name, "run": number})
    assert owner.delete(f"/runs/{number}/").status_code == 204
    assert owner.get(f"/stf-files/{name}/").status_code == 404

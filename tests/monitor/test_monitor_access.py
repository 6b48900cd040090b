"""Who gets in: tokens, public reading, secrets on disk, hosts."""

import json
import stat
import subprocess
import sys
from collections.abc import Callable

import httpx
import pytest
from monitor_instance import Instance

from swf_testbed.model.errors import Refused
from swf_testbed.monitor_client import MonitorClient
from swf_testbed.records import Run


@pytest.mark.parametrize("header", ["", "Token wrong", "Basic YTpi", "Token", "Bearer x y"])
def test_writing_needs_a_token(instance: Instance, header: str) -> None:
    with instance.raw(token=False) as anybody:
        answer = anybody.post("/runs/", json={"run_number": 1}, headers={"Authorization": header})
        assert answer.status_code == 401
        assert "Authorization" in answer.json()["detail"]
        assert anybody.get("/runs/").status_code == 200


def test_bearer_is_understood(instance: Instance) -> None:
    with instance.raw(token=False) as anybody:
        headers = {"Authorization": f"Bearer {instance.settings.api_token()}"}
        answer = anybody.post("/state/next-agent-id/", headers=headers)
    assert answer.json()["status"] == "success"


def test_secrets_are_for_the_user_alone(instance: Instance) -> None:
    token = instance.settings.token_file
    for file in (token, token.parent / "django-secret-key"):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(token.parent.stat().st_mode) == 0o700
    assert token.read_text().strip() not in instance.settings.database_file.read_bytes().decode("latin-1")


def test_another_host_name_is_not_served(instance: Instance) -> None:
    with instance.raw() as api:
        assert api.get("/health/", headers={"Host": "evil.example"}).status_code == 400
        assert api.get("/messages/stream/", headers={"Host": "evil.example"}).status_code == 400


def test_reading_can_be_closed(make_instance: Callable[..., Instance]) -> None:
    closed = make_instance(SWF_PUBLIC_READ="false")
    with closed.serving():
        with closed.raw(token=False) as anybody:
            for path in (
                "/runs/",
                "/runs/1/summary/",
                "/state/at/",
                "/messages/stream/",
                "/messages/stream/status/",
            ):
                assert anybody.get(path).status_code == 401, path
            assert anybody.get("/health/").status_code == 200
            assert anybody.get("/metrics").status_code == 200
        with pytest.raises(Refused), MonitorClient(closed.url, "wrong") as stranger:
            stranger.page(Run)
        with closed.client() as owner:
            assert owner.page(Run).total == 0
            assert "wrong" not in httpx.get(f"{closed.url}/api/metrics", trust_env=False).text


def test_get_token_gives_a_token_that_works(instance: Instance) -> None:
    def token(name: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "swf_testbed.monitor", "manage", "get_token", name, "--create-user"],
            env=instance.environment,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    bob = token("bob")
    with MonitorClient(instance.url, bob) as client:
        assert client.next_agent_id() > 0
    token("bob")
    with MonitorClient(instance.url, bob) as client, pytest.raises(Refused):
        client.next_agent_id()


def test_the_server_ends_at_once_with_streams_open(make_instance: Callable[..., Instance]) -> None:
    one = make_instance()
    with one.serving() as process, one.raw() as api, api.stream("GET", "/messages/stream/") as stream:
        pieces = stream.iter_bytes()
        assert next(pieces).startswith(b"id: 0\nevent: connected")
        process.terminate()
        assert b"going down" in b"".join(pieces)
        assert process.wait(10) == 0


_TOO_MANY_LINES = """
import json
from django.test import Client
from swf_testbed.monitor.api import logs
from swf_testbed.monitor.store.models import Log

logs._lines = logs.Allowance(3, 60.0)
line = dict(app_name="a", instance_name="rate", message="m", level=20, levelname="INFO")
line["timestamp"] = "2026-01-01T00:00:00Z"
def send(count, address):
    client = Client(SERVER_NAME="127.0.0.1", REMOTE_ADDR=address)
    said = client.post("/api/logs/", json.dumps([line] * count), content_type="application/json")
    return [said.status_code, int(said.headers.get("Retry-After", 0))]
answers = [send(3, "127.0.0.1"), send(1, "127.0.0.1"), send(1, "127.0.0.2")]
print(json.dumps([answers, Log.objects.filter(instance_name="rate").count()]))
"""


def test_lines_of_logs_that_come_too_fast_are_refused_until_later(
    make_instance: Callable[..., Instance],
) -> None:
    answers, stored = json.loads(make_instance().manage("shell", "--no-imports", "-c", _TOO_MANY_LINES))
    (taken, waits), (refused, wait_s), (others, _) = answers
    assert (taken, waits, refused, others) == (201, 0, 429, 201)
    assert 0 < wait_s <= 60
    assert stored == 4

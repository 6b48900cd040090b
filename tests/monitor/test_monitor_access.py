"""Who gets in: tokens, public reading, secrets on disk, hosts."""

import stat
import subprocess
import sys
import time
from collections.abc import Callable

import httpx
import pytest
from monitor_instance import Instance

from swf_testbed.model.errors import Refused
from swf_testbed.monitor_client import MonitorClient
from swf_testbed.records import Run

_STREAMS = ("/messages/stream/", "/messages/stream/status/")


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
        begin = time.monotonic()
        process.terminate()
        assert b"going down" in b"".join(pieces)
        assert process.wait(10) == 0
        assert time.monotonic() - begin < 3

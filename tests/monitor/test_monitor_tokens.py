"""Tokens and log-ins: made, shown once, replaced, revoked, ended; who fails too often waits."""

import re
import subprocess
import sys
from collections.abc import Iterator

import httpx
import pytest
from monitor_instance import Instance

from swf_testbed.monitor_client import MonitorClient
from swf_testbed.records import Run

_PASSWORD = "a long enough one"


def manage(instance: Instance, *words: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "swf_testbed.monitor", "manage", *words]
    return subprocess.run(command, env=instance.environment, capture_output=True, text=True, check=False)


def status_with(
    instance: Instance, key: str, method: str = "POST", path: str = "/state/next-agent-id/"
) -> int:
    with instance.raw(token=False) as anybody:
        return anybody.request(method, path, headers={"Authorization": f"Token {key}"}).status_code


def test_tokens_on_the_command_line(instance: Instance) -> None:
    unknown = manage(instance, "get_token", "carol")
    assert unknown.returncode != 0
    assert "there is no user 'carol'; --create-user makes one" in unknown.stderr
    first = manage(instance, "get_token", "carol", "--create-user").stdout.strip()
    second = manage(instance, "get_token", "carol", "--name", "laptop", "--expires-in", "7").stdout.strip()
    reader = manage(instance, "get_token", "carol", "--name", "plots", "--read-only").stdout.strip()
    assert [status_with(instance, key) for key in (first, second, reader)] == [200, 200, 403]
    assert status_with(instance, reader, "GET", "/runs/") == 200
    listed = manage(instance, "get_token", "carol", "--list").stdout
    lines = {line.split("\t")[0]: line.split("\t")[1:] for line in listed.splitlines()}
    assert list(lines) == ["default", "laptop", "plots"]
    assert lines["plots"][0] == "read only"
    assert lines["laptop"][3] != "does not end"
    assert "never used" not in lines["default"]
    assert first not in listed
    replaced = manage(instance, "get_token", "carol").stdout.strip()
    assert [status_with(instance, key) for key in (first, replaced)] == [401, 200]
    assert manage(instance, "get_token", "carol", "--revoke", "laptop").returncode == 0
    assert status_with(instance, second) == 401
    assert "has no token 'laptop'" in manage(instance, "get_token", "carol", "--revoke", "laptop").stderr
    assert "must be 1 to 3650 days" in manage(instance, "get_token", "carol", "--expires-in", "0").stderr


@pytest.mark.both_databases
def test_a_token_ends_and_its_use_is_written_once_a_minute(instance: Instance) -> None:
    code = """
from datetime import timedelta
from swf_testbed.model.clock import now
from swf_testbed.monitor.services import tokens
from swf_testbed.monitor.store.models import ApiToken
key = tokens.issue("dora", create_user=True, days=1)
mine = ApiToken.objects.filter(user__username="dora")
assert key not in str(mine.values())
tokens.holder_of(key)
first = mine.get().last_used_at
tokens.holder_of(key)
assert mine.get().last_used_at == first
mine.update(last_used_at=first - timedelta(seconds=61))
tokens.holder_of(key)
assert mine.get().last_used_at > first
mine.update(expires_at=now() - timedelta(seconds=1))
assert tokens.holder_of(key) is None
"""
    done = manage(instance, "shell", "--no-imports", "-c", code)
    assert done.returncode == 0, done.stderr


@pytest.fixture
def browser(instance: Instance) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=instance.url, trust_env=False, timeout=30) as found:
        yield found


def form_token(page: httpx.Response) -> str:
    return str(re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)[-1])


def log_in(browser: httpx.Client, name: str, password: str) -> httpx.Response:
    said = {"csrfmiddlewaretoken": form_token(browser.get("/login/")), "username": name, "password": password}
    return browser.post("/login/", data=said)


def make_user(instance: Instance, name: str) -> None:
    made = f"User.objects.create_user({name!r}, password={_PASSWORD!r})"
    code = f"from django.contrib.auth.models import User; {made}"
    assert manage(instance, "shell", "--no-imports", "-c", code).returncode == 0


def test_tokens_on_the_web(instance: Instance, browser: httpx.Client) -> None:
    make_user(instance, "emil")
    assert "login" in browser.get("/account/tokens/").headers["location"]
    assert log_in(browser, "emil", _PASSWORD).status_code == 302

    def post(**said: str) -> httpx.Response:
        token = form_token(browser.get("/account/tokens/"))
        return browser.post("/account/tokens/", data={"csrfmiddlewaretoken": token, **said})

    made = post(name="plots", read_only="on", days="3")
    key = re.findall(r'<code id="key">([0-9a-f]{64})</code>', made.text)[0]
    assert "no-store" in made.headers["cache-control"]
    page = browser.get("/account/tokens/")
    assert key not in page.text
    assert "plots" in page.text
    assert "<script>" not in page.text
    with MonitorClient(instance.url, key) as client:
        client.page(Run)
    assert status_with(instance, key) == 403
    refused = post(name="plots", days="9999999")
    assert (refused.status_code, "whole number" in refused.text) == (400, True)
    assert browser.post("/account/tokens/", data={"name": "x"}).status_code == 403
    assert post(action="revoke", name="plots").status_code == 302
    assert status_with(instance, key, "POST") == 401


def test_who_fails_too_often_waits(instance: Instance, browser: httpx.Client) -> None:
    make_user(instance, "frieda")
    for _ in range(5):
        assert log_in(browser, "frieda", "wrong").status_code == 200
    waiting = log_in(browser, "frieda", _PASSWORD)
    assert waiting.status_code == 429
    assert 1 <= int(waiting.headers["retry-after"]) <= 300
    assert f"Try again in {waiting.headers['retry-after']} s" in waiting.text
    make_user(instance, "gerd")
    assert log_in(browser, "gerd", "wrong").status_code == 200
    assert log_in(browser, "gerd", _PASSWORD).status_code == 302
    code = """
from datetime import timedelta
from django.db.models import F
from swf_testbed.monitor.services import throttle
from swf_testbed.monitor.store.models import LoginFailure
LoginFailure.objects.update(at=F("at") - throttle.WINDOW)
"""
    assert manage(instance, "shell", "--no-imports", "-c", code).returncode == 0
    browser.cookies.clear()
    assert log_in(browser, "frieda", _PASSWORD).status_code == 302


def test_the_administration_has_no_door_of_its_own(browser: httpx.Client) -> None:
    answer = browser.get("/admin/login/?next=/admin/")
    assert (answer.status_code, answer.headers["location"]) == (302, "/login/?next=/admin/")

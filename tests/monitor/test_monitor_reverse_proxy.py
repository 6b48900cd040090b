"""The monitor behind a real nginx with the configuration that the documents give, below a path."""

import json
import re
import ssl
import time
from collections.abc import Callable, Iterator
from html import unescape
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from monitor_instance import Instance

from documented import Guide
from swf_test_servers import Nginx
from swf_test_servers.ports import free_port
from swf_testbed.monitor.certificate import self_signed
from typed_home import TypedHome, needs

GUIDE = Guide("how-to/reverse-proxy.md")
HOST, PREFIX = "swf.example.org", "/swf-monitor"
PROMPT_S = 2.0


def configuration(folder: Path, port: int, monitor_port: int) -> str:
    """The documented configuration; only ports and the certificate's place are others."""
    certificate, key = self_signed([HOST])
    (folder / "c.pem").write_text(certificate)
    (folder / "k.pem").write_text(key)
    here = {
        "server 127.0.0.1:8002;": f"server 127.0.0.1:{monitor_port};",
        "listen 443 ssl": f"listen 127.0.0.1:{port} ssl",
        f"/etc/ssl/certs/{HOST}.pem": str(folder / "c.pem"),
        f"/etc/ssl/private/{HOST}.key": str(folder / "k.pem"),
    }
    return GUIDE.block("upstream swf_monitor", here)


class AtHost(httpx.HTTPTransport):
    """Finds the host of the documents at a port of this machine."""

    def __init__(self, port: int, certificate: Path) -> None:
        super().__init__(verify=ssl.create_default_context(cafile=certificate), retries=5)
        self._port = port

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        moved = httpx.Request(
            request.method,
            request.url.copy_with(host="127.0.0.1", port=self._port),
            headers=request.headers,
            stream=request.stream,
            extensions={**request.extensions, "sni_hostname": HOST},
        )
        return super().handle_request(moved)


@pytest.fixture
def behind(
    make_instance: Callable[..., Instance], start_server: Callable[[Callable[[], Nginx]], Nginx]
) -> Iterator[tuple[Instance, Nginx]]:
    """A monitor, and the nginx before it."""
    one = make_instance(**GUIDE.variables("SWF_MONITOR_PUBLIC_URL=", {}))
    monitor_port = one.settings.monitor_port
    nginx = start_server(lambda: Nginx(lambda folder, port: configuration(folder, port, monitor_port)))
    with one.serving():
        yield one, nginx


@pytest.fixture
def proxied(behind: tuple[Instance, Nginx]) -> Iterator[tuple[Instance, httpx.Client]]:
    """A monitor, and a client of it through nginx."""
    one, nginx = behind
    transport = AtHost(nginx.port, nginx.folder / "c.pem")
    with httpx.Client(base_url=f"https://{HOST}{PREFIX}", transport=transport) as client:
        yield one, client


def token(instance: Instance) -> dict[str, str]:
    return {"Authorization": f"Token {instance.settings.api_token()}"}


def addresses(page: str) -> set[str]:
    """Everything that a page leads to on its own host."""
    return set(re.findall(r'(?:href|src|action|data-stream|data-source)="(/[^"]*)"', unescape(page)))


def test_pages_files_and_rest_below_the_path(proxied: tuple[Instance, httpx.Client]) -> None:
    one, client = proxied
    for number in (1, 2):
        assert client.post("/api/runs/", json={"run_number": number}, headers=token(one)).status_code == 201
    # Public now, so closed: readers are sent to the login, below the path.
    assert client.get("/runs/").headers["Location"] == f"{PREFIX}/login/?next={PREFIX}/runs/"
    assert client.get("/api/runs/").status_code == 401
    assert client.post("/api/logs/", json={}).status_code == 401
    answer = client.get("/api/runs/?limit=1", headers=token(one))
    assert answer.json()["next"].startswith(f"https://{HOST}{PREFIX}/api/runs/?")
    bare = client.get(f"https://{HOST}{PREFIX}")
    assert (bare.status_code, bare.next_request and bare.next_request.url.path) == (301, f"{PREFIX}/")

    with one.raw() as direct:
        listed = direct.get("/runs/?limit=1").json()["next"]
        assert listed.startswith(f"{one.url}/api/runs/?"), "without the path, links have none"


def test_a_login_through_the_proxy_and_every_link_of_the_pages(
    proxied: tuple[Instance, httpx.Client],
) -> None:
    one, client = proxied
    client.post("/api/runs/", json={"run_number": 1}, headers=token(one))
    made = "from django.contrib.auth.models import User; User.objects.create_user('ann', password='sesame')"
    one.manage("shell", "-v", "0", "-c", made)
    client.get("/login/")
    form = {
        "username": "ann",
        "password": "sesame",
        "csrfmiddlewaretoken": client.cookies["__Host-csrftoken"],
    }
    entered = client.post("/login/", data=form, headers={"Referer": f"https://{HOST}{PREFIX}/login/"})
    assert (entered.status_code, entered.headers["Location"]) == (302, f"{PREFIX}/")
    led: set[str] = set()
    for page in ("/", "/runs/", "/runs/1/", "/api/docs/"):
        shown = client.get(page)
        assert shown.status_code == 200, page
        found = addresses(shown.text)
        assert all(address.startswith(f"{PREFIX}/") for address in found), found
        led |= found
    for address in sorted(led - {f"{PREFIX}/logout/"}):
        if "/messages/stream/" not in address:
            assert client.get(f"https://{HOST}{address}").status_code == 200, address
    assert f"{PREFIX}/static/web/style.css" in led
    assert f"{PREFIX}/api/schema/" in client.get("/api/docs/").text.replace("\\u002D", "-")


def checked_with_curl(one: Instance, nginx: Nginx, folder: Path) -> None:
    needs("curl")
    there = f"curl -s --cacert {nginx.folder / 'c.pem'} --connect-to {HOST}:443:127.0.0.1:{nginx.port}"
    rest, stream = GUIDE.block("curl -H", {"curl": there}).splitlines()
    reader = TypedHome.of(folder, {"TOKEN": one.settings.api_token()})
    assert json.loads(reader.typed(rest))["results"] == []
    with reader.beside(["/bin/sh", "-c", stream], stream) as follower:
        follower.until("event: connected")


def test_an_event_comes_through_at_once(
    proxied: tuple[Instance, httpx.Client], behind: tuple[Instance, Nginx], tmp_path: Path
) -> None:
    checked_with_curl(*behind, tmp_path)
    one, client = proxied
    message: dict[str, Any] = {"message_id": str(uuid4()), "message_type": "note", "sender_agent": "t"}
    with client.stream("GET", "/api/messages/stream/", headers=token(one)) as stream, one.raw() as direct:
        pieces = stream.iter_bytes()
        assert b"event: connected" in next(pieces)
        begin = time.monotonic()
        assert direct.post("/workflow-messages/", json=message | {"namespace": "n"}).is_success
        assert b"event: note" in next(pieces)
        assert time.monotonic() - begin < PROMPT_S


def seen(instance: Instance, source: str) -> str:
    """Where the monitor takes somebody at `source` to be, who says to pass on what comes from 192.0.2.9."""
    transport = httpx.HTTPTransport(local_address=source)
    with (
        httpx.Client(base_url=f"{instance.url}/api", transport=transport, headers=token(instance)) as client,
        client.stream(
            "GET",
            "/messages/stream/",
            params={"namespace": source},
            headers={"X-Forwarded-For": "192.0.2.9"},
        ) as stream,
    ):
        pieces = stream.iter_bytes()
        assert b"connected" in next(pieces)
        clients = client.get("/messages/stream/status/").json()["clients"]
        return str(next(c["address"] for c in clients if c["filters"].get("namespace") == [source]))


def test_what_a_proxy_says_is_believed_from_this_machine_alone(instance: Instance) -> None:
    assert seen(instance, "127.0.0.1") == "192.0.2.9"
    assert seen(instance, "127.0.0.2") == "127.0.0.2"


def test_what_a_proxy_elsewhere_says_is_believed_if_it_is_named(
    make_instance: Callable[..., Instance],
) -> None:
    here = {"https://monitor.internal.example.org:8443": f"https://127.0.0.1:{free_port()}"}
    here["192.0.2.7"] = "127.0.0.2"
    said = GUIDE.block("SWF_MONITOR_URL=", here)
    one = make_instance(**dict(line.split("=", 1) for line in said.splitlines()))
    with one.serving():
        assert seen(one, "127.0.0.2") == "192.0.2.9"
        assert seen(one, "127.0.0.3") == "127.0.0.3"

"""HTTPS beside HTTP: one application, a certificate that clients on this machine trust, rules that differ."""

import logging
import os
import signal
import ssl
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from monitor_instance import Instance

from swf_test_servers import free_port
from swf_testbed.broker.testing import RunningBroker
from swf_testbed.config.environment import load_settings
from swf_testbed.model.clock import now
from swf_testbed.model.errors import BadInput, Refused
from swf_testbed.monitor.certificate import RENEWED_BEFORE, ensure_certificate, self_signed
from swf_testbed.monitor_client import MonitorClient
from swf_testbed.records import WorkflowMessage

LINE = {
    "app_name": "t", "instance_name": "t", "timestamp": "2026-01-01T00:00:00+00:00", "level": 20,
    "levelname": "INFO", "message": "hello",
}  # fmt: skip


def strictly_trusting(certificate: Path) -> ssl.SSLContext:
    """As Python 3.13 looks at certificates."""
    trust = ssl.create_default_context(cafile=certificate)
    trust.verify_flags |= ssl.VERIFY_X509_STRICT
    return trust


@pytest.fixture
def tls(instance: Instance) -> Iterator[httpx.Client]:
    """The REST interface on the HTTPS port, without a token."""
    trust = strictly_trusting(instance.settings.monitor_certificate)
    with httpx.Client(
        base_url=f"{instance.settings.swf_monitor_url}/api", verify=trust, trust_env=False
    ) as client:
        yield client


def said(namespace: str) -> WorkflowMessage:
    document = {"message_id": uuid4(), "message_type": "note", "sender_agent": "t", "namespace": namespace}
    return WorkflowMessage.model_validate(document)


def test_what_is_said_on_one_port_is_heard_on_the_other(instance: Instance) -> None:
    settings, namespace = instance.settings, f"n{uuid4().hex[:10]}"
    with (
        MonitorClient(
            settings.swf_monitor_url, settings.api_token(), certificate=settings.monitor_certificate
        ) as secure,
        instance.client() as plain,
        secure.events(0, namespace=namespace) as stream,
    ):
        plain.upsert([said(namespace)])
        assert next(iter(stream)).event == "note"
        secure.upsert([said(namespace)])
        assert plain.page(WorkflowMessage, namespace=namespace).total == 2


def test_the_application_begins_once(make_instance: Callable[..., Instance], broker: RunningBroker) -> None:
    def followers() -> int:
        found = broker.statistics()["destinations"].get("/topic/swf.stored", {})  # type: ignore[attr-defined]  # JSON
        return int(found.get("consumers", 0))

    before = followers()
    one = make_instance()
    with one.serving(), one.client() as client:
        with client.events(0) as stream:
            client.upsert([said("n")])
            assert next(iter(stream)).event == "note"
        assert followers() == before + 1


def test_our_own_certificate(instance: Instance) -> None:
    settings = instance.settings
    assert stat.S_IMODE(settings.monitor_key.stat().st_mode) == 0o600
    found = x509.load_pem_x509_certificate(settings.monitor_certificate.read_bytes())
    key = found.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    assert key.curve.name == "secp256r1"
    assert timedelta(days=364) < found.not_valid_after_utc - now() <= timedelta(days=365)
    names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert "localhost" in names.get_values_for_type(x509.DNSName)
    assert {"127.0.0.1", "::1"} <= set(map(str, names.get_values_for_type(x509.IPAddress)))


@pytest.mark.parametrize("dead", ["", "http://127.0.0.1:9"])
def test_programs_of_the_testbed_trust_it_and_ask_no_proxy(instance: Instance, dead: str) -> None:
    proxies = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy"), dead)
    program = """if True:
        from swf_testbed.config.environment import settings
        from swf_testbed.monitor_client import MonitorClient
        for url in (settings().swf_monitor_url, settings().swf_monitor_http_url):
            with MonitorClient(url, settings().api_token(), patience_s=0) as client:
                client.health()
                client.next_agent_id()
                client.ensure_namespace("proxies")
    """
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=instance.environment | (proxies if dead else {}),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_a_certificate_that_is_not_trusted_names_what_to_set(instance: Instance, tmp_path: Path) -> None:
    other = tmp_path / "other.pem"
    other.write_text(self_signed(["127.0.0.1"])[0])
    with MonitorClient(instance.settings.swf_monitor_url, certificate=other) as client:
        with pytest.raises(Refused, match="REQUESTS_CA_BUNDLE") as refused:
            client.health()
        assert "monitor-certificate.pem" in str(refused.value)
        with client.events() as stream, pytest.raises(Refused, match="REQUESTS_CA_BUNDLE"):
            next(iter(stream))


def test_logs_need_no_token_on_the_http_port_alone(instance: Instance, tls: httpx.Client) -> None:
    with instance.raw(token=False) as plain:
        assert plain.post("/logs/", json=LINE).status_code == 201
        for forwarded in ({"X-Forwarded-For": "192.0.2.1"}, {"X-Forwarded-Proto": "https"}):
            assert plain.post("/logs/", json=LINE, headers=forwarded).status_code == 401
    assert tls.post("/logs/", json=LINE).status_code == 401
    token = {"Authorization": f"Token {instance.settings.api_token()}"}
    assert tls.post("/logs/", json=LINE, headers=token).status_code == 201


def test_cookies_of_https_stay_there_and_http_is_not_closed(instance: Instance, tls: httpx.Client) -> None:
    with instance.raw() as plain:
        pages = {client: httpx.URL(str(client.base_url)).join("/login/") for client in (tls, plain)}
        secure, open_ = tls.get(pages[tls]), plain.get(pages[plain])
    assert "Strict-Transport-Security" not in secure.headers
    assert secure.headers["Set-Cookie"].startswith("__Host-csrftoken=")
    assert "; Secure" in secure.headers["Set-Cookie"]
    assert open_.headers["Set-Cookie"].startswith("csrftoken=")
    assert "Secure" not in open_.headers["Set-Cookie"]


def test_a_login_on_https_opens_pages_and_the_stream(make_instance: Callable[..., Instance]) -> None:
    closed = make_instance(SWF_PUBLIC_READ="false")
    settings = closed.settings
    make_user = (
        "from django.contrib.auth.models import User; User.objects.create_user('ann', password='sesame')"
    )
    closed.manage("shell", "-v", "0", "-c", make_user)
    with closed.serving():
        trust = strictly_trusting(settings.monitor_certificate)
        for url in (settings.swf_monitor_url, settings.swf_monitor_http_url):
            with httpx.Client(base_url=url, verify=trust, trust_env=False) as browser:
                assert browser.get("/runs/").headers["Location"] == "/login/?next=/runs/"
                browser.get("/login/")
                form = {"username": "ann", "password": "sesame", "next": "/runs/"}
                form["csrfmiddlewaretoken"] = next(
                    value for name, value in browser.cookies.items() if name.endswith("csrftoken")
                )
                answer = browser.post("/login/", data=form, headers={"Referer": f"{url}/login/"})
                assert (answer.status_code, answer.headers.get("Location")) == (302, "/runs/")
                assert browser.get("/runs/").status_code == 200
                with browser.stream("GET", "/api/messages/stream/") as stream:
                    assert stream.status_code == 200


@pytest.mark.parametrize("variable", ["SWF_MONITOR_HTTP_URL", "SWF_MONITOR_URL"])
def test_a_taken_port_is_told_with_its_variable(
    make_instance: Callable[..., Instance], instance: Instance, variable: str
) -> None:
    taken = instance.environment[variable]
    one = make_instance(**{variable: taken})
    with one.program("serve", stderr=subprocess.PIPE) as process:
        _, told = process.communicate(timeout=60)
    port = taken.rpartition(":")[2].encode()
    assert process.returncode == 1
    assert f"set {variable} to a free port".encode() in told
    assert b"port " + port in told
    assert b"Traceback" not in told


def write_pair(folder: Path, names: list[str], valid: timedelta = timedelta(days=365)) -> dict[str, str]:
    """A certificate and its key, and the settings that name them."""
    folder.mkdir(exist_ok=True)
    certificate, key = self_signed(names, valid)
    (folder / "c.pem").write_text(certificate)
    (folder / "k.pem").write_text(key)
    return {"SWF_MONITOR_CERT_FILE": str(folder / "c.pem"), "SWF_MONITOR_KEY_FILE": str(folder / "k.pem")}


def test_the_certificate_can_be_replaced(make_instance: Callable[..., Instance], tmp_path: Path) -> None:
    given = write_pair(tmp_path / "given", ["127.0.0.1", "swf.example.org"])
    one = make_instance(**given)
    with one.serving():
        trust = ssl.create_default_context(cafile=given["SWF_MONITOR_CERT_FILE"])
        assert httpx.get(
            f"{one.settings.swf_monitor_url}/api/health/", verify=trust, trust_env=False
        ).is_success
        assert not (one.settings.state_dir / "private" / "monitor-certificate.pem").exists()


def test_a_certificate_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    good = write_pair(tmp_path / "a", ["localhost"])
    other = write_pair(tmp_path / "b", ["localhost"])
    absent, rubbish = str(tmp_path / "absent"), tmp_path / "rubbish"
    rubbish.write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    cases = [
        (good | {"SWF_MONITOR_CERT_FILE": absent}, "SWF_MONITOR_CERT_FILE.*cannot be read: No such file"),
        (good | {"SWF_MONITOR_KEY_FILE": absent}, "SWF_MONITOR_KEY_FILE.*cannot be read: No such file"),
        (good | {"SWF_MONITOR_KEY_FILE": other["SWF_MONITOR_KEY_FILE"]}, "does not belong to the key"),
        (good | {"SWF_MONITOR_CERT_FILE": str(rubbish)}, "is not a certificate in PEM form"),
        ({"SWF_MONITOR_CERT_FILE": good["SWF_MONITOR_CERT_FILE"]}, "SWF_MONITOR_KEY_FILE.*must be set too"),
        ({"SWF_MONITOR_KEY_FILE": good["SWF_MONITOR_KEY_FILE"]}, "SWF_MONITOR_CERT_FILE.*must be set too"),
    ]
    for environment, told in cases:
        with pytest.raises(BadInput, match=told):
            ensure_certificate(load_settings({"SWF_HOME": str(tmp_path), **environment}))


def test_our_own_certificate_is_renewed_in_time_and_only_then(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    settings = load_settings({"SWF_HOME": str(tmp_path)})
    certificate, key = settings.monitor_certificate, settings.monitor_key

    def ensured() -> tuple[str, str]:
        caplog.clear()
        before = certificate.read_text() if certificate.exists() else ""
        ensure_certificate(settings)
        return "made" if certificate.read_text() != before else "kept", caplog.text

    assert ensured()[0] == "made"
    assert ensured() == ("kept", "")
    for text, why in (
        (self_signed(["127.0.0.1"], RENEWED_BEFORE - timedelta(hours=1)), "the old one ends in 29 days"),
        ((self_signed(["127.0.0.1"])[0], self_signed(["127.0.0.1"])[1]), "does not belong to the key"),
        (self_signed(["example.org"]), "the old one does not name 127.0.0.1"),
    ):
        certificate.write_text(text[0])
        key.write_text(text[1])
        what, told = ensured()
        assert what == "made"
        assert why in told
        assert ensured()[0] == "kept"


def test_addresses_that_cannot_be_served_are_told(make_instance: Callable[..., Instance]) -> None:
    for url, told in (
        (f"http://127.0.0.1:{free_port()}", b"must begin with https://"),
        (f"https://192.0.2.1:{free_port()}", b"is not an address of this machine"),
    ):
        with make_instance(SWF_MONITOR_URL=url).program("serve", stderr=subprocess.PIPE) as process:
            _, said_ = process.communicate(timeout=60)
        assert process.returncode == 1
        assert told in said_


def test_the_old_script_serves_both_ports_until_it_is_interrupted(
    make_instance: Callable[..., Instance],
) -> None:
    one = make_instance()
    script = Path(__file__).parents[2] / "start_django_dual.sh"
    # A group of its own, as a terminal has it: Ctrl-C reaches the script and what it started.
    with subprocess.Popen(
        [script], env=one.environment, stderr=subprocess.PIPE, start_new_session=True
    ) as door:
        try:
            with one.client() as plain:
                plain.health()
            trust = strictly_trusting(one.settings.monitor_certificate)
            secure = f"{one.settings.swf_monitor_url}/api/health/"
            assert httpx.get(secure, verify=trust, trust_env=False).is_success
        finally:
            os.killpg(door.pid, signal.SIGINT)
        _, said_ = door.communicate(timeout=60)
    assert door.returncode == 0, said_
    assert b"Traceback" not in said_

"""TLS to a broker of the test: the link comes about, or what is wrong is said with its remedy.

`test_bus_tls.py` shows the same on a broker of the labs.
"""

import ssl
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from bus_brokers import PATIENCE_S
from scripted_broker import Peer, ScriptedBroker, aside

from swf_test_servers.certificates import Authority
from swf_testbed.bus import BrokerAddress, tls
from swf_testbed.bus import link as links
from swf_testbed.bus.link import Ears, Link
from swf_testbed.bus.tls import files_problem, tls_problem
from swf_testbed.model.errors import Unavailable

pytestmark = pytest.mark.timeout(300)

NO_TLS = "there is no TLS at this port: set ACTIVEMQ_PORT to that of TLS, or ACTIVEMQ_USE_SSL to false"


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority("of the broker")


@pytest.fixture
def context(authority: Authority, tmp_path: Path) -> ssl.SSLContext:
    """The broker's; it asks for no certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.issue("broker").write(tmp_path, "broker"))
    context.load_verify_locations(authority.write(tmp_path, "asked"))
    return context


@pytest.fixture
def secured(context: ssl.SSLContext) -> Iterator[ScriptedBroker]:
    with ScriptedBroker(context) as listening:
        yield listening


@pytest.fixture
def address(secured: ScriptedBroker, authority: Authority, tmp_path: Path) -> BrokerAddress:
    """As it should be."""
    certificate, key = authority.issue("client").write(tmp_path, "client")
    ca = authority.write(tmp_path)
    return replace(secured.address, tls=True, ca_file=ca, cert_file=certificate, key_file=key)


def handshake(*brokers: ScriptedBroker) -> None:
    """What each does with whom it does not take: it says why, and closes."""
    for broker in brokers:
        with suppress(ssl.SSLError, OSError):
            broker.accept().hang_up()


def problem_at(broker: ScriptedBroker, address: BrokerAddress) -> str:
    serving = aside(lambda: handshake(broker))
    found = tls_problem(address)
    serving.result(PATIENCE_S)
    return found


def linked(address: BrokerAddress, client_id: str | None = None) -> Link:
    return Link(address, client_id, 1, Ears(*[lambda *_: None] * 5))


def test_both_show_their_certificates_and_speak(
    secured: ScriptedBroker,
    context: ssl.SSLContext,
    address: BrokerAddress,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(links, "_PARTING_S", PATIENCE_S)
    context.verify_mode = ssl.CERT_REQUIRED
    coming = aside(lambda: linked(address, "role"))
    peer = secured.accept()
    assert isinstance(peer.connection, ssl.SSLSocket)
    assert peer.connection.getpeercert()["subject"] == ((("commonName", "client"),),)  # type: ignore[index]
    assert peer.welcome().headers["client-id"] == "role"
    link = coming.result(PATIENCE_S)
    link.send("/queue/q", b"x", {})
    assert peer.hear("SEND").body == b"x"
    assert link.alive
    parting = aside(link.goodbye)
    peer.confirm(peer.hear("DISCONNECT"))
    parting.result(PATIENCE_S)
    assert not link.alive


def test_without_files_the_authorities_of_the_machine_are_believed(
    secured: ScriptedBroker, address: BrokerAddress, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(address.ca_file))
    bare = replace(address, ca_file=None, cert_file=None, key_file=None)
    assert "ours (closed after the handshake)" in problem_at(secured, bare)
    coming = aside(lambda: linked(bare))
    secured.accept().welcome()
    coming.result(PATIENCE_S).drop()


def test_a_broker_that_takes_us_and_waits_is_no_problem(
    secured: ScriptedBroker, address: BrokerAddress, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tls, "_LISTEN_S", 0.1)
    serving = aside(secured.accept)
    assert tls_problem(address) == ""
    serving.result(PATIENCE_S)


def test_nobody_there_is_no_problem_of_tls(secured: ScriptedBroker, address: BrokerAddress) -> None:
    secured.close()
    assert tls_problem(address) == ""


def test_an_authority_that_we_do_not_know(
    secured: ScriptedBroker, address: BrokerAddress, tmp_path: Path
) -> None:
    stranger = replace(address, ca_file=Authority("stranger").write(tmp_path, "stranger"))
    said = problem_at(secured, stranger)
    trusted, _, remedy = said.partition("): ")
    assert trusted == "its certificate is not trusted (self-signed certificate in certificate chain"
    assert remedy == "set ACTIVEMQ_SSL_CA_CERTS to the certificate of its authority"


def test_the_link_says_the_same(secured: ScriptedBroker, address: BrokerAddress, tmp_path: Path) -> None:
    stranger = replace(address, ca_file=Authority("stranger").write(tmp_path, "stranger"))
    serving = aside(lambda: handshake(secured, secured))
    with pytest.raises(Unavailable) as told:
        linked(stranger)
    serving.result(PATIENCE_S)
    place = f"127.0.0.1:{address.port}"
    assert str(told.value).startswith(f"broker {place} did not accept us: its certificate is not trusted (")


def test_a_certificate_that_we_do_not_have(
    secured: ScriptedBroker, context: ssl.SSLContext, address: BrokerAddress
) -> None:
    context.verify_mode = ssl.CERT_REQUIRED
    nobody = replace(address, cert_file=None, key_file=None)
    assert problem_at(secured, nobody) == (
        "it wants a certificate of ours (tlsv13 alert certificate required): "
        "set ACTIVEMQ_SSL_CERT_FILE and ACTIVEMQ_SSL_KEY_FILE to it and its key"
    )


def test_a_certificate_of_an_authority_that_the_broker_does_not_know(
    secured: ScriptedBroker, context: ssl.SSLContext, address: BrokerAddress, tmp_path: Path
) -> None:
    context.verify_mode = ssl.CERT_REQUIRED
    certificate, key = Authority("foreign").issue("client").write(tmp_path, "foreign")
    said = problem_at(secured, replace(address, cert_file=certificate, key_file=key))
    assert said == (
        f"it does not take our certificate {certificate} (ACTIVEMQ_SSL_CERT_FILE): tlsv1 alert unknown ca"
    )


def test_a_certificate_whose_day_is_past(
    secured: ScriptedBroker, context: ssl.SSLContext, address: BrokerAddress, tmp_path: Path
) -> None:
    context.verify_mode = ssl.CERT_REQUIRED
    old = Authority("of old").issue("client", until=-timedelta(days=1))
    certificate, key = old.write(tmp_path, "old")
    end = old.certificate.not_valid_after_utc
    said = problem_at(secured, replace(address, cert_file=certificate, key_file=key))
    assert said == (
        f"it does not take our certificate {certificate} (ACTIVEMQ_SSL_CERT_FILE): "
        f"it expired on {end:%Y-%m-%d %H:%M} UTC"
    )


def test_a_broker_that_closes_after_the_handshake(secured: ScriptedBroker, address: BrokerAddress) -> None:
    said = problem_at(secured, address)
    assert said == (
        f"it does not take our certificate {address.cert_file} (ACTIVEMQ_SSL_CERT_FILE): "
        "closed after the handshake"
    )


def breaks(peer: Peer) -> None:
    peer.connection.recv(1)
    peer.reset()


def speaks_plainly(peer: Peer) -> None:
    peer.say("ERROR", {"message": "this is no STOMP"})
    peer.connection.recv(1)


def says_nothing(peer: Peer) -> None:
    peer.connection.recv(1)


@pytest.mark.parametrize(
    ("does", "said"),
    [
        (speaks_plainly, NO_TLS),
        (says_nothing, NO_TLS),
        (breaks, "it wants a certificate of ours (closed after the handshake): "),
    ],
    ids=["plain", "silent", "breaking"],
)
def test_a_port_without_tls(
    scripted: ScriptedBroker, monkeypatch: pytest.MonkeyPatch, does: Callable[[Peer], None], said: str
) -> None:
    monkeypatch.setattr(tls, "_PATIENCE_S", 0.1 if does is says_nothing else PATIENCE_S)
    serving = aside(lambda: does(scripted.accept()))
    assert tls_problem(replace(scripted.address, tls=True)).startswith(said)
    serving.result(PATIENCE_S)


def test_a_file_that_is_not_there(address: BrokerAddress, tmp_path: Path) -> None:
    gone = tmp_path / "gone.pem"
    assert files_problem(address) == ""
    said = files_problem(replace(address, ca_file=gone))
    assert said == f"ACTIVEMQ_SSL_CA_CERTS = {gone}: no such file or directory"
    said = files_problem(replace(address, key_file=gone))
    both = f"ACTIVEMQ_SSL_CERT_FILE = {address.cert_file}, _KEY_FILE = {gone}"
    assert said == f"{both}: no such file or directory"
    with pytest.raises(Unavailable) as told:
        linked(replace(address, ca_file=gone))
    place = f"127.0.0.1:{address.port}"
    assert str(told.value) == f"broker {place}: ACTIVEMQ_SSL_CA_CERTS = {gone}: no such file or directory"


def test_a_file_that_is_something_else(address: BrokerAddress, tmp_path: Path) -> None:
    letter = tmp_path / "letter.txt"
    letter.write_text("Dear broker")
    said = files_problem(replace(address, ca_file=letter))
    assert said == (f"ACTIVEMQ_SSL_CA_CERTS = {letter}: is not readable as PEM (no certificate or crl found)")
    said = files_problem(replace(address, cert_file=letter, key_file=None))
    assert said == (
        f"ACTIVEMQ_SSL_CERT_FILE = {letter}, _KEY_FILE = None: is not readable as PEM (no certificate)"
    )

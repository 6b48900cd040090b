"""The bus over TLS, to ActiveMQ Classic's own connector, which wants a certificate of its clients."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from bus_brokers import PATIENCE_S, Buses, bodies

from documented import Guide
from swf_test_servers import Classic, Server
from swf_test_servers.certificates import Authority
from swf_testbed.bus import BrokerAddress, Subscription
from swf_testbed.bus.link import Ears, Link
from swf_testbed.config.environment import load_settings
from swf_testbed.model.errors import Unavailable

pytestmark = pytest.mark.timeout(300)

GUIDE = Guide("how-to/lab-servers.md")


class Documented(Classic):
    """With the properties of the guide, and other values."""

    def write_properties(self, said: dict[str, str]) -> None:
        shown = [line.partition("=")[0] for line in GUIDE.block("swf.host=").splitlines()]
        assert sorted(shown) == sorted(said)
        super().write_properties({name: said[name] for name in shown})


@pytest.fixture(scope="module")
def classic(start_server_of_module: Callable[[Callable[[], Server]], Server]) -> Classic:
    started = start_server_of_module(Documented)
    assert isinstance(started, Classic)
    return started


@pytest.fixture
def address(classic: Classic, tmp_path: Path) -> BrokerAddress:
    """Everything as it should be, set as the guide says."""
    certificate, key = classic.authority.issue("client").write(tmp_path, "client")
    here = {
        "ACTIVEMQ_PORT": str(classic.tls_port),
        "ACTIVEMQ_SSL_CA_CERTS": str(classic.authority.write(tmp_path)),
        "ACTIVEMQ_SSL_CERT_FILE": str(certificate),
        "ACTIVEMQ_SSL_KEY_FILE": str(key),
    }
    said = GUIDE.variables("ACTIVEMQ_USE_SSL=", here)
    return BrokerAddress.of(load_settings({"SWF_HOME": str(tmp_path), **classic.environment(), **said}))


@pytest.fixture
def buses(address: BrokerAddress) -> Iterator[Buses]:
    opened = Buses(address)
    yield opened
    opened.close()


def test_what_is_said_is_heard(buses: Buses, queue: str) -> None:
    speaker, listener = buses.new(), buses.new()
    for number in range(50):
        speaker.publish_body(queue, str(number).encode(), {"persistent": "true"}, timeout_s=PATIENCE_S)
    assert bodies(listener.subscribe(Subscription(queue)), 50) == [str(n).encode() for n in range(50)]


def test_a_broker_that_dies_is_noticed_and_its_return_too(classic: Classic, buses: Buses, queue: str) -> None:
    """Though stomp.py goes on to call the connection alive."""
    bus = buses.new()
    bus.publish_body(queue, b"before", {"persistent": "true"}, timeout_s=PATIENCE_S)
    classic.kill()
    try:
        with pytest.raises(Unavailable, match="no receipt"):
            bus.publish_body(queue, b"lost", {"persistent": "true"}, timeout_s=1.0)
        assert not bus.connected
    finally:
        classic.start()
    bus.publish_body(queue, b"after", {"persistent": "true"}, timeout_s=2 * PATIENCE_S)
    assert bodies(bus.subscribe(Subscription(queue)), 2) == [b"before", b"after"]


def test_a_broker_that_stands_still_does_not_keep_us(classic: Classic, buses: Buses) -> None:
    """stomp.py waits for its last word before it closes a connection."""
    bus = buses.new()
    classic.pause()
    try:
        bus.close()
    finally:
        classic.resume()
    assert not bus.connected


def stranger(address: BrokerAddress, folder: Path) -> BrokerAddress:
    return replace(address, ca_file=Authority("stranger").write(folder, "stranger"))


def nobody(address: BrokerAddress, folder: Path) -> BrokerAddress:
    return replace(address, cert_file=None, key_file=None)


def foreign(address: BrokerAddress, folder: Path) -> BrokerAddress:
    certificate, key = Authority("foreign").issue("client").write(folder, "foreign")
    return replace(address, cert_file=certificate, key_file=key)


def missing(address: BrokerAddress, folder: Path) -> BrokerAddress:
    return replace(address, ca_file=folder / "not-there.pem")


def no_certificate(address: BrokerAddress, folder: Path) -> BrokerAddress:
    (folder / "letter.txt").write_text("Dear broker")
    return replace(address, cert_file=folder / "letter.txt")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (stranger, r"not trusted .*ACTIVEMQ_SSL_CA_CERTS"),
        (nobody, r"wants a certificate of ours .*ACTIVEMQ_SSL_CERT_FILE"),
        (foreign, r"does not take our certificate .*foreign\.pem"),
        (missing, r"ACTIVEMQ_SSL_CA_CERTS = .*not-there\.pem: no such file"),
        (no_certificate, r"ACTIVEMQ_SSL_CERT_FILE = .*letter\.txt.*PEM"),
    ],
)
def test_what_is_wrong_is_said_with_its_remedy(
    address: BrokerAddress,
    tmp_path: Path,
    wrong: Callable[[BrokerAddress, Path], BrokerAddress],
    said: str,
) -> None:
    assert_said(wrong(address, tmp_path), said)


def test_an_expired_certificate_is_said_with_its_day(
    classic: Classic, address: BrokerAddress, tmp_path: Path
) -> None:
    old = classic.authority.issue("client", until=-timedelta(days=1))
    certificate, key = old.write(tmp_path, "old")
    assert_said(replace(address, cert_file=certificate, key_file=key), r"old\.pem .*expired on 20\d\d-")


def test_a_port_without_tls_is_said(classic: Classic, address: BrokerAddress) -> None:
    assert_said(replace(address, port=classic.port), "there is no TLS at this port")


def assert_said(address: BrokerAddress, said: str) -> None:
    """By the link itself, which a bus makes again and again."""
    ears = Ears(*[lambda *_: None] * 5)
    with pytest.raises(Unavailable, match=said):
        Link(address, None, 1, ears)


def test_the_settings_have_their_names_and_aliases(tmp_path: Path) -> None:
    said = {
        "SWF_HOME": str(tmp_path),
        "ACTIVEMQ_USE_SSL": "true",
        "MQ_CAFILE": "/ca.pem",
        "ACTIVEMQ_SSL_CERT_FILE": "/c.pem",
        "ACTIVEMQ_SSL_KEY_FILE": "/k.pem",
    }
    settings = load_settings(said)
    assert settings.activemq_use_ssl
    assert (settings.activemq_ssl_ca_certs, settings.activemq_ssl_cert_file) == (
        Path("/ca.pem"),
        Path("/c.pem"),
    )

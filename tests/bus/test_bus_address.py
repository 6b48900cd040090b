"""Where the broker is: every setting has its place, and the password is not shown."""

from pathlib import Path

from bus_brokers import PATIENCE_S
from scripted_broker import ScriptedBroker

from swf_testbed.bus import BrokerAddress, open_bus
from swf_testbed.config.environment import load_settings

WORD = "of the lab"


def test_each_setting_has_its_place(tmp_path: Path) -> None:
    said = {
        "SWF_HOME": str(tmp_path),
        "ACTIVEMQ_HOST": "broker.example",
        "ACTIVEMQ_PORT": "61612",
        "ACTIVEMQ_USER": "swf",
        "ACTIVEMQ_PASSWORD": WORD,
        "ACTIVEMQ_USE_SSL": "true",
        "ACTIVEMQ_SSL_CA_CERTS": "/ca.pem",
        "ACTIVEMQ_SSL_CERT_FILE": "/c.pem",
        "ACTIVEMQ_SSL_KEY_FILE": "/k.pem",
    }
    found = BrokerAddress.of(load_settings(said))
    assert found == BrokerAddress(
        "broker.example",
        61612,
        "swf",
        WORD,
        tls=True,
        ca_file=Path("/ca.pem"),
        cert_file=Path("/c.pem"),
        key_file=Path("/k.pem"),
    )


def test_it_shows_who_we_are_and_no_password() -> None:
    assert repr(BrokerAddress("here", 1, "swf", WORD)) == "BrokerAddress(here:1 as swf)"
    assert repr(BrokerAddress("here", 1)) == "BrokerAddress(here:1 as nobody)"


def test_the_bus_of_the_settings_goes_there_under_its_name(scripted: ScriptedBroker, tmp_path: Path) -> None:
    said = {"SWF_HOME": str(tmp_path), "ACTIVEMQ_PORT": str(scripted.address.port)}
    with open_bus(load_settings({**said, "ACTIVEMQ_HOST": "127.0.0.1"}), "role") as bus:
        peer = scripted.accept()
        assert peer.welcome().headers["client-id"] == "role"
        assert bus.wait_connected(PATIENCE_S)
        peer.hang_up()
        scripted.close()

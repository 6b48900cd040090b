"""ActiveMQ Classic as Debian has it, with the configuration that the documents give."""

from pathlib import Path

from swf_test_servers.absence import Absent
from swf_test_servers.broker import JAVA_OPTIONS, Broker
from swf_test_servers.certificates import Authority
from swf_test_servers.ports import free_port

_HOME = Path("/usr/share/activemq")
_CONFIGURATION = Path(__file__).resolve().parents[2] / "deploy" / "activemq" / "activemq.xml"
_LOGGING = """\
log4j.rootLogger=WARN, out
log4j.appender.out=org.apache.log4j.ConsoleAppender
log4j.appender.out.layout=org.apache.log4j.PatternLayout
log4j.appender.out.layout.ConversionPattern=%d %-5p %c: %m%n
"""


_SMALL = """<policyEntry queue="panda.slices.transformer.small" memoryLimit="64 kb">
  <pendingQueuePolicy><vmQueueCursor/></pendingQueuePolicy>
</policyEntry>
<policyEntry queue="stock.small.>" memoryLimit="64 kb"/>"""
"""The work of the namespace `small` has a small bound. Queues below `stock.small.` have it too, and are
kept as is Classic's habit."""


class Classic(Broker):
    """An ActiveMQ Classic; on `tls_port` it wants a certificate of `authority` from its clients."""

    name = "ActiveMQ Classic"

    def __init__(self) -> None:
        super().__init__()
        if not (_HOME / "bin" / "activemq.jar").exists():
            raise Absent(self.name, "on Debian: apt-get install activemq")
        self.tls_port = free_port()
        self.authority = Authority()

    def prepare(self) -> None:
        """Write its configuration and its stores of certificates."""
        conf = self.folder / "conf"
        conf.mkdir()
        documented, entries = _CONFIGURATION.read_text("utf-8"), "<policyEntries>"
        if documented.count(entries) != 1:
            raise RuntimeError(f"{_CONFIGURATION} does not have {entries} once")
        (conf / "activemq.xml").write_text(documented.replace(entries, entries + _SMALL))
        (conf / "log4j.properties").write_text(_LOGGING)
        (conf / "broker.p12").write_bytes(self.authority.issue("broker").key_store(self.password))
        (conf / "clients.p12").write_bytes(self.authority.trust_store(self.password))
        said = {
            "host": self.host,
            "port": self.port,
            "tlsPort": self.tls_port,
            "user": self.user,
            "password": self.password,
            "storePassword": self.password,
            "storeLimit": "1 gb",
        }
        self.write_properties({f"swf.{name}": str(value) for name, value in said.items()})

    def write_properties(self, said: dict[str, str]) -> None:
        """What its configuration leaves open."""
        text = "".join(f"{name}={value}\n" for name, value in said.items())
        (self.folder / "conf" / "swf.properties").write_text(text)

    def command(self) -> list[str]:
        """What to run."""
        conf, data = self.folder / "conf", self.folder / "data"
        places = {"home": _HOME, "base": self.folder, "conf": conf, "data": data}
        return [
            str(self.java),
            *JAVA_OPTIONS,
            *(f"-Dactivemq.{name}={place}" for name, place in places.items()),
            f"-Djava.io.tmpdir={self.folder}",
            f"-Dlog4j.configuration=file:{conf / 'log4j.properties'}",
            "-jar",
            str(_HOME / "bin" / "activemq.jar"),
            "start",
            f"xbean:file:{conf / 'activemq.xml'}",
        ]

"""ActiveMQ Artemis as `tools/get_artemis` gets it, with the configuration that the compose file gives."""

import os
import shutil
import subprocess
from pathlib import Path

from swf_test_servers.absence import Absent
from swf_test_servers.broker import JAVA_OPTIONS, Broker
from swf_test_servers.ports import free_port
from swf_test_servers.server import PATIENCE_S

_CONFIGURATION = Path(__file__).resolve().parents[2] / "deploy" / "artemis" / "broker.xml"
_REMEDY = "run tools/get_artemis, which needs Maven"
_STOCK = """<address-setting match="/queue/stock.#">
  <dead-letter-address>/queue/ActiveMQ.DLQ</dead-letter-address><max-delivery-attempts>10</max-delivery-attempts>
</address-setting>"""
"""Queues in whose names `stock.` comes first are as Artemis has them without our configuration."""

_SMALL = """<address-setting match="/queue/panda.slices.transformer.small">
  <max-size-bytes>64K</max-size-bytes><page-size-bytes>32K</page-size-bytes><page-limit-bytes>64K</page-limit-bytes>
</address-setting>"""
"""The work of the namespace `small` has a small bound; what happens there our configuration says."""

_PREFIXES = "anycastPrefix=/queue/;multicastPrefix=/topic/"


def home() -> Path:
    """The newest Artemis that `tools/get_artemis` has brought, or ARTEMIS_HOME.

    Raises:
        Absent: there is none.
    """
    if said := os.environ.get("ARTEMIS_HOME"):
        return Path(said)
    caches = (Path("/var/cache"), Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"))
    found = [folder for cache in caches for folder in cache.glob("swf-testbed/apache-artemis-*")]
    if not found:
        raise Absent(Artemis.name, _REMEDY)
    return max(found, key=lambda folder: [int(part) for part in folder.name.split("-")[-1].split(".")])


class Artemis(Broker):
    """An ActiveMQ Artemis; on `prefixed_port` the names of addresses have no `/topic/` or `/queue/`."""

    name = "ActiveMQ Artemis"

    def __init__(self) -> None:
        self.home = home()
        super().__init__()
        self.prefixed_port = free_port()

    @property
    def instance(self) -> Path:
        """Where its configuration and its data are."""
        return self.folder / "instance"

    def prepare(self) -> None:
        """Make an instance, and give it our configuration."""
        create = [str(self.home / "bin" / "artemis"), "create", str(self.instance), "--silent", "--no-web"]
        login = ["--user", self.user, "--password", self.password, "--require-login", "--no-autotune"]
        subprocess.run(
            [*create, *login],
            check=True,
            timeout=PATIENCE_S,
            stdin=subprocess.DEVNULL,
            capture_output=True,
        )
        shutil.copy(_CONFIGURATION, self.instance / "etc")
        self.adapt()

    def adapt(self) -> None:
        """Let the configuration of the instance be one for tests on this machine."""
        configuration = self.instance / "etc" / "broker.xml"
        documented = '<acceptor name="stomp">tcp://0.0.0.0:61613?protocols=STOMP</acceptor>'
        ours = (
            f'<acceptor name="stomp">tcp://{self.host}:{self.port}?protocols=STOMP</acceptor>'
            f'<acceptor name="prefixed">tcp://{self.host}:{self.prefixed_port}'
            f"?protocols=STOMP;{_PREFIXES}</acceptor>"
        )
        text = configuration.read_text("utf-8")
        for shown, here in (
            (documented, ours),
            # The disk of a machine for tests may be nearly full, and Artemis then lets producers wait.
            ("<max-disk-usage>90<", "<max-disk-usage>100<"),
            ("<address-settings>", f"<address-settings>{_STOCK}{_SMALL}"),
            ("<journal-pool-files>10<", "<journal-pool-files>2<"),
        ):
            if text.count(shown) != 1:
                raise RuntimeError(f"{configuration} does not have {shown} once")
            text = text.replace(shown, here)
        configuration.write_text(text)

    def command(self) -> list[str]:
        """What to run."""
        etc, lib = self.instance / "etc", self.home / "lib"
        places = {
            "artemis.home": self.home,
            "artemis.instance": self.instance,
            "artemis.instance.etc": etc,
            "data.dir": self.instance / "data",
            "java.io.tmpdir": self.instance / "tmp",
            "java.security.auth.login.config": etc / "login.config",
            "log4j2.configurationFile": etc / "log4j2.properties",
        }
        return [
            str(self.java),
            *JAVA_OPTIONS,
            "--add-opens=java.base/jdk.internal.misc=ALL-UNNAMED",
            *(f"-D{name}={place}" for name, place in places.items()),
            "-classpath",
            str(lib / "artemis-boot.jar"),
            "org.apache.activemq.artemis.boot.Artemis",
            "run",
        ]

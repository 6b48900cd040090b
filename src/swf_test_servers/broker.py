"""What the brokers of the labs have in common, however they are configured."""

import secrets

from swf_test_servers.absence import program
from swf_test_servers.server import Server

JAVA_OPTIONS = ["-Xmx384M", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto"]
"""A broker of a test lives for minutes: a quick start counts for more than speed later."""


class Broker(Server):
    """A STOMP broker with a login."""

    user = "swf"

    def __init__(self) -> None:
        self.java = program("java", "Java", "default-jre-headless")
        super().__init__()
        self.password = secrets.token_hex(12)

    def environment(self) -> dict[str, str]:
        """What leads the testbed's programs to it."""
        return {
            "SWF_MODE": "local",
            "ACTIVEMQ_HOST": self.host,
            "ACTIVEMQ_PORT": str(self.port),
            "ACTIVEMQ_USER": self.user,
            "ACTIVEMQ_PASSWORD": self.password,
        }

"""Where the broker is, and who we are there."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from swf_testbed.config.settings import Settings


@dataclass(frozen=True, slots=True)
class BrokerAddress:
    """Where the broker is and who we are there."""

    host: str
    port: int
    user: str = ""
    password: str = ""
    tls: bool = False
    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """As the settings name it."""
        return cls(
            host=settings.activemq_host,
            port=settings.activemq_port,
            user=settings.activemq_user,
            password=settings.broker_password(),
            tls=settings.activemq_use_ssl,
            ca_file=settings.activemq_ssl_ca_certs,
            cert_file=settings.activemq_ssl_cert_file,
            key_file=settings.activemq_ssl_key_file,
        )

    def __repr__(self) -> str:
        return f"BrokerAddress({self.host}:{self.port} as {self.user or 'nobody'})"

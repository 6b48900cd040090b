"""The monitor: its addresses, certificate, database and token, and how many may follow its stream."""

from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import Field, SecretStr

from swf_testbed.config.section import told
from swf_testbed.config.settings.places import Places
from swf_testbed.config.settings.values import (
    Networks,
    Port,
    PublicAddress,
    Switch,
    WebAddress,
    first_line,
    words,
)
from swf_testbed.model.hosts import is_loopback


class Monitor(Places):
    """The monitor: its addresses, who may read, who may follow its stream."""

    swf_monitor_url: Annotated[WebAddress, told("Where the monitor listens with TLS")] = (
        "https://127.0.0.1:8443"
    )
    swf_monitor_http_url: Annotated[WebAddress, told("Where it listens without TLS; agents ask here")] = (
        "http://127.0.0.1:8002"
    )
    swf_monitor_prod_url: Annotated[WebAddress | None, told("Stands in older `.env` files")] = None
    swf_monitor_public_url: Annotated[
        PublicAddress | None, told("Where people reach the monitor through a reverse proxy, with its path")
    ] = None
    swf_monitor_proxies: Annotated[
        Networks | None, told("Addresses of reverse proxies on other machines, separated by commas")
    ] = None
    swf_monitor_cert_file: Annotated[
        Path | None, told("In place of the self-signed certificate; PEM, with its chain")
    ] = None
    swf_monitor_key_file: Annotated[
        Path | None, told("The key of that certificate; PEM, without a password")
    ] = None
    swf_api_token: Annotated[SecretStr | None, told("For the monitor; else its first start has made one")] = (
        None
    )
    swf_public_read: Annotated[
        Switch | None, told("Read without a token; not set: only while it listens on this machine alone")
    ] = None
    swf_stream_max_clients: Annotated[
        int, Field(ge=1, le=100_000, description="Open streams of events, in all web processes together")
    ] = 2000
    swf_stream_max_clients_per_user: Annotated[
        int, Field(ge=1, le=100_000, description="Of these, of one user, or of one address without a login")
    ] = 200
    swf_stream_queue: Annotated[
        int, Field(ge=10, le=1_000_000, description="Events that wait for a slow client before it is closed")
    ] = 2000
    swf_sse_receiver_name: Annotated[str | None, told("What the fast monitoring client calls itself")] = None
    requests_ca_bundle: Annotated[
        Path | None, told("For clients: authorities for the monitor's certificate; PEM")
    ] = None
    redis_url: Annotated[
        str | None, told("Joins several web processes, `redis://HOST:PORT`; one needs none")
    ] = None

    @property
    def monitor_port(self) -> int:
        """The port of the HTTP address."""
        return urlsplit(self.swf_monitor_http_url).port or 80

    @property
    def monitor_tls_port(self) -> int:
        """The port of the HTTPS address."""
        return urlsplit(self.swf_monitor_url).port or 443

    @property
    def monitor_prefix(self) -> str:
        """The path below which a reverse proxy has the monitor, like `/swf-monitor`; empty for none."""
        return urlsplit(self.swf_monitor_public_url or "").path

    @property
    def trusted_proxies(self) -> list[str]:
        """Who may say from where and how a request came: this machine, and the reverse proxies."""
        return ["127.0.0.1", "::1", *words(self.swf_monitor_proxies)]

    @property
    def monitor_certificate(self) -> Path:
        """The certificate that the HTTPS address shows."""
        return self.swf_monitor_cert_file or self.private_dir / "monitor-certificate.pem"

    @property
    def monitor_key(self) -> Path:
        """The certificate's key, readable by the user alone."""
        return self.swf_monitor_key_file or self.private_dir / "monitor-key.pem"

    @property
    def token_file(self) -> Path:
        """Where the token that agents use is kept, readable by the user alone."""
        return self.private_dir / "token"

    def token_for(self, url: str) -> str:
        """The token to show at an address; empty for none.

        The token that this machine's testbed made for itself is shown to this machine alone.
        """
        if self.swf_api_token is not None or is_loopback(url):
            return self.api_token()
        return ""

    def api_token(self) -> str:
        """The monitor's token: from the environment, else the one made on first start; empty if none."""
        if self.swf_api_token is not None:
            return self.swf_api_token.get_secret_value()
        return first_line(self.token_file)


class Database(Places):
    """The monitor's database: PostgreSQL in modes `local` and `docker`, else SQLite in `var/`."""

    db_host: Annotated[str, told("The machine of PostgreSQL")] = "127.0.0.1"
    db_port: Annotated[Port, told("Its port")] = 5432
    db_name: Annotated[str, told("The database; it must exist")] = "swfdb"
    db_user: Annotated[str, told("Who logs in, and owns the tables")] = "swf"
    db_password: Annotated[SecretStr | None, told("That user's password")] = None

    @property
    def database_file(self) -> Path:
        """The embedded database."""
        return self.state_dir / "monitor" / "monitor.sqlite3"

"""What the environment may say: every variable with its default and range, and what follows from it."""

import re
from enum import StrEnum
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import (
    AliasChoices,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    field_validator,
)
from pydantic.fields import FieldInfo

from swf_testbed.config.parameters import FastmonMode, Fraction, TfFilesPerStf
from swf_testbed.model.hosts import is_loopback

_PREFIX = re.compile(r"(/[A-Za-z0-9._~-]+)*")
_TRUE, _FALSE = {"1", "true", "yes", "on"}, {"0", "false", "no", "off", ""}


def _switch(value: Any) -> Any:
    if isinstance(value, str):
        word = value.strip().lower()
        if word not in _TRUE | _FALSE:
            raise ValueError("must be true or false")
        return word in _TRUE
    return value


Switch = Annotated[bool, BeforeValidator(_switch)]
Port = Annotated[int, Field(ge=1, le=65_535)]


def _is(text: str) -> FieldInfo:
    """What a variable is, for the reference."""
    return FieldInfo(description=text)


class Mode(StrEnum):
    """Which broker and database are used."""

    EMBEDDED = "embedded"
    LOCAL = "local"
    DOCKER = "docker"


class Settings(BaseModel):
    """What the environment says; names of variables are the field names in capitals."""

    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=str.upper)

    swf_home: Path = Path()
    swf_mode: Mode = Mode.EMBEDDED
    swf_testbed_config: Annotated[Path | None, _is("In place of the home folder's `testbed.toml`")] = None
    swf_workflow_path: Annotated[
        str | None, _is("Folders of your own workflows, separated by colons; searched before `workflows/`")
    ] = None
    swf_monitor_url: Annotated[str, _is("Where the monitor listens with TLS")] = "https://127.0.0.1:8443"
    swf_monitor_http_url: Annotated[str, _is("Where it listens without TLS; agents ask here")] = (
        "http://127.0.0.1:8002"
    )
    swf_monitor_prod_url: str | None = None
    swf_monitor_public_url: Annotated[
        str | None, _is("Where people reach the monitor through a reverse proxy, with its path")
    ] = None
    swf_monitor_proxies: Annotated[
        str | None, _is("Addresses of reverse proxies on other machines, separated by commas")
    ] = None
    swf_monitor_cert_file: Annotated[
        Path | None, _is("In place of the self-signed certificate; PEM, with its chain")
    ] = None
    swf_monitor_key_file: Annotated[
        Path | None, _is("The key of that certificate; PEM, without a password")
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
    swf_api_token: Annotated[SecretStr | None, _is("For the monitor; else its first start has made one")] = (
        None
    )
    swf_log_level: Annotated[
        Literal["DEBUG", "INFO", "WARNING", "ERROR"], _is("The least that programs log")
    ] = "INFO"
    swf_agent_quiet: Annotated[Switch, _is("Agents log warnings and errors only")] = False
    swf_agent_max_workers: Annotated[int, Field(ge=1, le=64)] = 4
    swf_worker_pool: Annotated[
        str | None, Field(max_length=100, description="Set by the pool controller: whose worker this is")
    ] = None
    swf_worker_number: Annotated[
        int | None, Field(ge=0, description="Set by the engine: which worker of its pool this is")
    ] = None
    swf_worker_job: Annotated[
        str | None,
        Field(
            validation_alias=AliasChoices("SWF_WORKER_JOB", "SLURM_JOB_ID", "PANDAID"),
            max_length=100,
            description="Set by the engine: what it calls this worker's process",
        ),
    ] = None
    swf_stomp_debug: Switch = False
    swf_sse_receiver_name: Annotated[str | None, _is("What the fast monitoring client calls itself")] = None
    swf_public_read: Annotated[Switch | None, _is("Read without a token; else on this machine alone")] = None
    swf_broker_queue_messages: Annotated[
        int | None,
        Field(
            ge=1,
            description="Messages in a queue at which producers wait, embedded; else a million",
        ),
    ] = None
    swf_broker_queue_bytes: Annotated[
        int | None, Field(ge=1, description="The same in bytes; else 1 GiB")
    ] = None
    activemq_host: Annotated[str, _is("The broker, embedded or not")] = "127.0.0.1"
    activemq_port: Annotated[Port, _is("Its port for STOMP")] = 61613
    activemq_user: str = Field("swf", validation_alias=AliasChoices("ACTIVEMQ_USER", "MQ_USER"))
    activemq_password: SecretStr | None = Field(
        None,
        validation_alias=AliasChoices("ACTIVEMQ_PASSWORD", "MQ_PASSWD"),
        description="The embedded broker makes its own",
    )
    activemq_use_ssl: Annotated[Switch, _is("Speak TLS to the broker")] = False
    activemq_ssl_ca_certs: Path | None = Field(
        None,
        validation_alias=AliasChoices("ACTIVEMQ_SSL_CA_CERTS", "MQ_CAFILE"),
        description="Authorities for the broker's certificate; PEM",
    )
    activemq_ssl_cert_file: Annotated[Path | None, _is("Our certificate, if the broker wants one; PEM")] = (
        None
    )
    activemq_ssl_key_file: Annotated[Path | None, _is("The key of that certificate; PEM")] = None
    db_host: Annotated[str, _is("PostgreSQL, in modes `local` and `docker`")] = "127.0.0.1"
    db_port: Port = 5432
    db_name: str = "swfdb"
    db_user: str = "swf"
    db_password: SecretStr | None = None
    panda_auth_id_token: Annotated[
        SecretStr | None, _is("An OIDC token for the PanDA server of `[panda]`")
    ] = None
    redis_url: Annotated[str | None, _is("Joins several web processes; one needs none")] = None
    swf_rucio_url: Annotated[str | None, _is("The Rucio server; what is left out is read from rucio.cfg")] = (
        None
    )
    swf_rucio_account: str | None = None
    swf_rucio_username: str | None = None
    swf_rucio_password: SecretStr | None = None
    requests_ca_bundle: Annotated[Path | None, _is("Authorities for the monitor's certificate; PEM")] = None
    fastmon_mode: Annotated[FastmonMode | None, _is("Comes before `fastmon.mode`")] = None
    fastmon_selection_fraction: Annotated[
        Fraction | None, _is("Comes before `fastmon.selection_fraction`")
    ] = None
    fastmon_tf_files_per_stf: Annotated[
        TfFilesPerStf | None, _is("Comes before `fastmon.tf_files_per_stf`")
    ] = None
    fastmon_watch: Annotated[str | None, _is("Folders separated by colons; comes before `fastmon.watch`")] = (
        None
    )

    @field_validator(
        "swf_monitor_url",
        "swf_monitor_http_url",
        "swf_monitor_prod_url",
        "swf_monitor_public_url",
        "swf_rucio_url",
    )
    @classmethod
    def _web_address(cls, value: str | None) -> str | None:
        if value is None:
            return None
        parts = urlsplit(value)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.port == 0:
            raise ValueError("must be an http:// or https:// address")
        return value.rstrip("/")

    @field_validator("swf_monitor_public_url")
    @classmethod
    def _public_address(cls, value: str | None) -> str | None:
        if value is not None and not _PREFIX.fullmatch(urlsplit(value).path):
            raise ValueError("must have a plain path, like https://swf.example.org/swf-monitor")
        return value

    @field_validator("swf_monitor_proxies")
    @classmethod
    def _addresses(cls, value: str | None) -> str | None:
        for word in _words(value):
            try:
                ip_network(word)
            except ValueError:
                raise ValueError(f"{word} is neither an address nor a network like 192.0.2.0/24") from None
        return value

    @property
    def workflow_path(self) -> tuple[Path, ...]:
        """Folders that are searched for workflows first."""
        folders = (self.swf_workflow_path or "").split(":")
        return tuple(Path(folder).expanduser().absolute() for folder in folders if folder.strip())

    @property
    def parameters(self) -> dict[str, Any]:
        """What the environment says of the parameters of a run, by `section.key`."""
        watch = (
            None if self.fastmon_watch is None else [word for word in self.fastmon_watch.split(":") if word]
        )
        said = {
            "fastmon.mode": self.fastmon_mode,
            "fastmon.selection_fraction": self.fastmon_selection_fraction,
            "fastmon.tf_files_per_stf": self.fastmon_tf_files_per_stf,
            "fastmon.watch": watch,
        }
        return {name: value for name, value in said.items() if value is not None}

    @property
    def state_dir(self) -> Path:
        """Where the testbed keeps what lives on: database, queues, exit buffer, sockets."""
        return self.swf_home / "var"

    @property
    def log_dir(self) -> Path:
        """Where programs log to."""
        return self.swf_home / "logs"

    @property
    def private_dir(self) -> Path:
        """What is for the user's eyes alone: passwords, tokens, keys."""
        return self.state_dir / "private"

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
        return ["127.0.0.1", "::1", *_words(self.swf_monitor_proxies)]

    @property
    def monitor_certificate(self) -> Path:
        """The certificate that the HTTPS address shows."""
        return self.swf_monitor_cert_file or self.private_dir / "monitor-certificate.pem"

    @property
    def monitor_key(self) -> Path:
        """The certificate's key, readable by the user alone."""
        return self.swf_monitor_key_file or self.private_dir / "monitor-key.pem"

    @property
    def database_file(self) -> Path:
        """The embedded database."""
        return self.state_dir / "monitor" / "monitor.sqlite3"

    @property
    def token_file(self) -> Path:
        """Where the token that agents use is kept, readable by the user alone."""
        return self.private_dir / "token"

    @property
    def broker_password_file(self) -> Path:
        """Where the embedded broker's password is kept, readable by the user alone."""
        return self.private_dir / "broker-password"

    def broker_password(self) -> str:
        """The broker's password: from the environment, else the embedded broker's own."""
        if self.activemq_password is not None:
            return self.activemq_password.get_secret_value()
        return _first_line(self.broker_password_file)

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
        return _first_line(self.token_file)


def _words(said: str | None) -> list[str]:
    return [word.strip() for word in (said or "").split(",") if word.strip()]


def _first_line(path: Path) -> str:
    try:
        return path.read_text("utf-8").partition("\n")[0].strip()
    except FileNotFoundError:
        return ""

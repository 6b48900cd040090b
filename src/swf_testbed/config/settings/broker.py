"""The broker: where it is, as whom one logs in, and what the embedded one may hold."""

from pathlib import Path
from typing import Annotated

from pydantic import AliasChoices, Field, SecretStr

from swf_testbed.config.section import told
from swf_testbed.config.settings.places import Places
from swf_testbed.config.settings.values import Port, Switch, first_line


class Broker(Places):
    """The broker, embedded or not."""

    activemq_host: Annotated[str, told("The broker's machine")] = "127.0.0.1"
    activemq_port: Annotated[Port, told("Its port for STOMP")] = 61613
    activemq_user: str = Field(
        "swf",
        validation_alias=AliasChoices("ACTIVEMQ_USER", "MQ_USER"),
        description="Who logs in",
    )
    activemq_password: SecretStr | None = Field(
        None,
        validation_alias=AliasChoices("ACTIVEMQ_PASSWORD", "MQ_PASSWD"),
        description="That user's password; the embedded broker makes its own",
    )
    activemq_use_ssl: Annotated[Switch, told("Speak TLS to the broker")] = False
    activemq_ssl_ca_certs: Path | None = Field(
        None,
        validation_alias=AliasChoices("ACTIVEMQ_SSL_CA_CERTS", "MQ_CAFILE"),
        description="Authorities for the broker's certificate; PEM",
    )
    activemq_ssl_cert_file: Annotated[Path | None, told("Our certificate, if the broker wants one; PEM")] = (
        None
    )
    activemq_ssl_key_file: Annotated[Path | None, told("The key of that certificate; PEM")] = None
    swf_broker_queue_messages: Annotated[
        int | None,
        Field(
            ge=1,
            description="Messages in a queue at which producers wait, embedded; not set: a million",
        ),
    ] = None
    swf_broker_queue_bytes: Annotated[
        int | None, Field(ge=1, description="The same in bytes; not set: 1 GiB")
    ] = None
    swf_stomp_debug: Annotated[Switch, told("Stands in older `.env` files")] = False

    @property
    def broker_password_file(self) -> Path:
        """Where the embedded broker's password is kept, readable by the user alone."""
        return self.private_dir / "broker-password"

    def broker_password(self) -> str:
        """The broker's password: from the environment, else the embedded broker's own."""
        if self.activemq_password is not None:
            return self.activemq_password.get_secret_value()
        return first_line(self.broker_password_file)

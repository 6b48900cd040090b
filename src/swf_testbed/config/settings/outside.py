"""Systems outside: as whom the testbed asks Rucio and PanDA."""

from typing import Annotated

from pydantic import BaseModel, SecretStr

from swf_testbed.config.section import told
from swf_testbed.config.settings.values import WebAddress


class Outside(BaseModel):
    """Rucio and PanDA, where they are used."""

    swf_rucio_url: Annotated[
        WebAddress | None, told("The Rucio server; what is left out is read from rucio.cfg")
    ] = None
    swf_rucio_account: Annotated[str | None, told("The account that files are registered under")] = None
    swf_rucio_username: Annotated[str | None, told("Who logs in to it")] = None
    swf_rucio_password: Annotated[SecretStr | None, told("That user's password")] = None
    panda_auth_id_token: Annotated[
        SecretStr | None, told("An OIDC token for the PanDA server of `[panda]`")
    ] = None

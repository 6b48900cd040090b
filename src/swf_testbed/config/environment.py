"""The environment, read once into settings: nothing else reads variables of the testbed.

`~/.env` and `$SWF_HOME/.env` are read too; the process's own environment wins.
"""

import getpass
import os
from functools import cache
from pathlib import Path
from typing import Any

from dotenv import dotenv_values
from pydantic import AliasChoices, ValidationError

from swf_testbed.config.settings import Settings
from swf_testbed.model.errors import BadInput
from swf_testbed.model.names import user_word


def default_home() -> Path:
    """`SWF_HOME` if nobody says: the folder here or above that has a testbed.toml, else `~/swf-testbed`."""
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / "testbed.toml").is_file():
            return folder
    return Path.home() / "swf-testbed"


def load_settings(environ: dict[str, str] | None = None) -> Settings:
    """The settings, from files and environment.

    Raises:
        BadInput: names the variable, its value, and what is allowed.
    """
    process = dict(os.environ if environ is None else environ)
    own = _dotenv(Path.home() / ".env")
    home = Path(process.get("SWF_HOME") or own.get("SWF_HOME") or default_home()).expanduser().absolute()
    said = {**own, **_dotenv(home / ".env"), **process}
    known = _variables()
    values: dict[str, Any] = {name: value for name, value in said.items() if name in known and value != ""}
    values["SWF_HOME"] = home
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise BadInput(
            str(first["loc"][0]).upper(), _shown(first), first["msg"].removeprefix("Value error, ")
        ) from None


def _shown(problem: Any) -> Any:
    name, value = str(problem["loc"][0]).upper(), problem["input"]
    secret = "PASS" in name or "TOKEN" in name or "@" in str(value)  # an address may hold a password
    return "(hidden)" if secret else value


def _dotenv(path: Path) -> dict[str, str]:
    try:
        return {name: value for name, value in dotenv_values(path).items() if value is not None}
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput("environment file", path.name, f"{path} cannot be read: {error}") from None


@cache
def _variables() -> frozenset[str]:
    names: set[Any] = {name.upper() for name in Settings.model_fields}
    for field in Settings.model_fields.values():
        if isinstance(field.validation_alias, AliasChoices):
            names.update(field.validation_alias.choices)
    return frozenset(names)


@cache
def settings() -> Settings:
    """The settings of this process."""
    return load_settings()


def child_environment(changes: dict[str, str] | None = None) -> dict[str, str]:
    """The environment for a program that the testbed starts: this process's, with `changes`."""
    return {**os.environ, **(changes or {})}


def username() -> str:
    """Who runs this process, as a word that may stand in names."""
    try:
        return user_word(getpass.getuser())
    except (KeyError, OSError):
        # A container may run under a number that no account has.
        return f"uid{os.getuid()}"

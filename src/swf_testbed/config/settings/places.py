"""Where the testbed is, and where it keeps what."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel

from swf_testbed.config.section import told


class Mode(StrEnum):
    """Which broker and database are used."""

    EMBEDDED = "embedded"
    LOCAL = "local"
    DOCKER = "docker"


class Places(BaseModel):
    """The testbed: its folder, its mode, its workflows."""

    swf_home: Annotated[
        Path, told("The home folder: `testbed.toml`, `.env`, `workflows/`, `var/`, `logs/`")
    ] = Path()
    swf_mode: Annotated[
        Mode, told("Whose broker and database: our own, those that run already, or containers")
    ] = Mode.EMBEDDED
    swf_testbed_config: Annotated[Path | None, told("In place of the home folder's `testbed.toml`")] = None
    swf_workflow_path: Annotated[
        str | None, told("Folders of your own workflows, separated by colons; searched before `workflows/`")
    ] = None

    @property
    def workflow_path(self) -> tuple[Path, ...]:
        """Folders that are searched for workflows first."""
        folders = (self.swf_workflow_path or "").split(":")
        return tuple(Path(folder).expanduser().absolute() for folder in folders if folder.strip())

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

"""The agent manager as a service of systemd, for those who want it up whenever they are logged in."""

import sys
from pathlib import Path

from swf_testbed.config.environment import child_environment
from swf_testbed.config.settings import Settings
from swf_testbed.model.errors import Refused

NAME = "swf-agent-manager.service"
_FIRST_LINE = "# Written by `testbed agent-manager --install`."


def unit_file() -> Path:
    """Where systemd looks for services of this user."""
    config = child_environment().get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(config) / "systemd" / "user" / NAME


def install(settings: Settings) -> Path:
    """Write the unit; `Refused` if there is one of somebody else's."""
    path = unit_file()
    _refuse_foreign(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(unit_text(settings), "utf-8")
    return path


def uninstall() -> Path | None:
    """Remove the unit; None if there was none."""
    path = unit_file()
    if not path.exists():
        return None
    _refuse_foreign(path)
    path.unlink()
    return path


def unit_text(settings: Settings) -> str:
    """The unit: started again when it fails, but not when it is refused; agents outlive it."""
    words = (sys.executable, "-P", "-m", "swf_testbed.cli.main", "agent-manager")
    # In a command systemd also takes $NAME for a variable.
    command = " ".join(_quoted(word.replace("$", "$$")) for word in words)
    return f"""\
{_FIRST_LINE}
[Unit]
Description=Agent manager of swf-testbed

[Service]
Environment={_quoted(f"SWF_HOME={settings.swf_home}")}
Environment=SWF_MODE={settings.swf_mode.value}
ExecStart={command}
Restart=on-failure
RestartSec=10
RestartPreventExitStatus=2
KillMode=process
TimeoutStopSec=150

[Install]
WantedBy=default.target
"""


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{escaped}"'


def _refuse_foreign(path: Path) -> None:
    if path.exists() and not path.read_text("utf-8", "replace").startswith(_FIRST_LINE):
        raise Refused(f"{path} was not written by the testbed; move it away first")

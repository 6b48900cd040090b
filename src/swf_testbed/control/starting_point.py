"""What `testbed init` writes for a person to begin with."""

from importlib.resources import files
from pathlib import Path

from swf_testbed.config.catalogue import TESTBED_FILE
from swf_testbed.config.settings import Settings
from swf_testbed.control.agents import AGENTS_FILE, agents_file
from swf_testbed.control.services import SERVICES_FILE, services_file, services_supervisord

_ENV = """\
# Settings of this testbed, read by all its programs; the process's own environment wins. All have defaults.
# SWF_MONITOR_HTTP_URL=http://127.0.0.1:8002
# SWF_MONITOR_URL=https://127.0.0.1:8443
# ACTIVEMQ_HOST=127.0.0.1
# ACTIVEMQ_PORT=61613
# SWF_LOG_LEVEL=INFO
"""


def write_starting_point(settings: Settings) -> dict[Path, bool]:
    """The log folder, both supervisord files, .env and testbed.toml; what is there is kept.

    Returns each path, and whether it was written.
    """
    home = settings.swf_home
    home.mkdir(parents=True, exist_ok=True)
    made = {settings.log_dir: not settings.log_dir.is_dir()}
    settings.log_dir.mkdir(exist_ok=True)
    shipped = files("swf_testbed.config").joinpath("shipped", TESTBED_FILE).read_text("utf-8")
    texts = {
        home / SERVICES_FILE: services_file(settings, services_supervisord(settings).socket),
        home / AGENTS_FILE: agents_file(settings),
        home / ".env": _ENV,
        home / TESTBED_FILE: shipped,
    }
    for path, text in texts.items():
        made[path] = _write_new(path, text)
    return made


def _write_new(path: Path, text: str) -> bool:
    try:
        with path.open("x", encoding="utf-8") as stream:
            stream.write(text)
    except FileExistsError:
        return False
    return True

"""Mode `docker`: broker, database and Redis in containers, which compose brings up and takes away."""

import os
import shutil
import subprocess
from urllib.parse import urlsplit

from swf_testbed.config.settings import Settings
from swf_testbed.model.errors import Refused, Unavailable

COMPOSE_FILE = "docker-compose.yml"
_UP_S = 600
"""The images may have to be fetched first."""

_DOWN_S = 120

_SECRETS = {
    "ACTIVEMQ_PASSWORD": "ACTIVEMQ_PASSWORD",
    "DB_PASSWORD": "DB_PASSWORD",
    "REDIS_PASSWORD": "REDIS_URL=redis://:PASSWORD@127.0.0.1:6379/0",
}
"""What the compose file must be told, and what to set for it."""


def bring_up(settings: Settings) -> None:
    """Start what is down, and wait until all are healthy.

    Raises:
        Refused: there is no compose file, no docker, or no password.
        Unavailable: docker's daemon does not answer, or a container does not become healthy; it says why.
    """
    environment = _environment(settings)
    for name, example in _SECRETS.items():
        if not environment.get(name):
            where = settings.swf_home / ".env"
            raise Refused(f"SWF_MODE = docker: {name} has no default; set {example} in {where}")
    _compose(settings, "up", "--detach", "--wait", patience_s=_UP_S)


def take_down(settings: Settings) -> None:
    """End the containers; what they stored stays in their volumes."""
    _compose(settings, "down", patience_s=_DOWN_S)


def _compose(settings: Settings, *words: str, patience_s: int) -> None:
    file, docker = settings.swf_home / COMPOSE_FILE, shutil.which("docker")
    if docker is None:
        raise Refused("SWF_MODE = docker: there is no docker in the PATH; install it, or use another mode")
    if not file.is_file():
        raise Refused(
            f"SWF_MODE = docker: there is no {file}; set SWF_HOME to a checkout of swf-testbed, or copy "
            f"{COMPOSE_FILE} and deploy/ from one"
        )
    command = [docker, "compose", "--file", str(file), *words]
    try:
        done = subprocess.run(
            command,
            env={**os.environ, **_environment(settings)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=patience_s,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise Unavailable(f"docker compose {words[0]} has not ended after {patience_s} s") from None
    if done.returncode:
        raise Unavailable(f"docker compose {words[0]} failed: {_last_line(done.stderr)}")


def _environment(settings: Settings) -> dict[str, str]:
    """What the compose file asks for, as our programs have it: they read more files than compose does."""
    said = {
        "ACTIVEMQ_PORT": str(settings.activemq_port),
        "ACTIVEMQ_USER": settings.activemq_user,
        "DB_PORT": str(settings.db_port),
        "DB_NAME": settings.db_name,
        "DB_USER": settings.db_user,
    }
    redis = urlsplit(settings.redis_url or "")
    said |= {"REDIS_PASSWORD": redis.password or "", "REDIS_PORT": str(redis.port or 6379)}
    secrets = {"ACTIVEMQ_PASSWORD": settings.activemq_password, "DB_PASSWORD": settings.db_password}
    return said | {name: secret.get_secret_value() for name, secret in secrets.items() if secret}


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    said = lines[-1] if lines else "it says nothing"
    return next((line for line in lines if "daemon" in line.lower()), said)

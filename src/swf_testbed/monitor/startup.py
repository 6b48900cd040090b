"""What has to be there before anything of the monitor runs: Django, the database, the secrets."""

import fcntl
import logging
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from threading import Event

from swf_testbed.config.settings import Settings
from swf_testbed.model.errors import Unavailable
from swf_testbed.monitor.private_files import write_secret

log = logging.getLogger(__name__)

_LONGEST_WAIT_S = 5.0

SETTINGS_MODULE = "swf_testbed.monitor.django_settings"

_MIGRATION_LOCK = 0x737767
"""What those who migrate a PostgreSQL database agree to wait for: the number after that of writers."""


def secret_key_file(swf: Settings) -> Path:
    """Where the key that signs sessions is kept."""
    return swf.state_dir / "private" / "django-secret-key"


def set_up_django() -> None:
    """Load Django and the models."""
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", SETTINGS_MODULE)
    django.setup()
    os.register_at_fork(before=close_pools)


def close_pools() -> None:
    """Let go of all connections to PostgreSQL: at the end, and before a fork, as nobody may share them."""
    from django.db import connections

    for connection in connections.all(initialized_only=True):
        connection.close()
        if hasattr(connection, "close_pool"):
            connection.close_pool()


Wait = Callable[[Exception, int], bool]
"""Given why the database does not answer, and how often it was asked before: waits; False to give up."""


def give_up(error: Exception, attempt: int) -> bool:
    """Wait not at all: for commands, whose user is there to hear it."""
    del error, attempt
    return False


def patiently(ended: Event) -> Wait:
    """Wait until the database is there, or the end: for servers, which may start before it."""

    def wait(error: Exception, attempt: int) -> bool:
        if attempt == 0:
            log.warning("waiting for the database: %s", str(error).strip())
        return not ended.wait(min(0.25 * 2**attempt, _LONGEST_WAIT_S))

    return wait


def prepare(swf: Settings, wait: Wait = give_up) -> None:
    """Make the secrets and bring the database up to date; any number of processes may do so at once.

    Raises:
        Unavailable: the database does not answer, and nobody waits for it any more.
    """
    swf.database_file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = swf.database_file.parent / "prepare.lock"
    with _alone(lock):
        _make_secret_key(swf)
        set_up_django()
    from django.db import OperationalError

    for attempt in count():
        try:
            with _alone(lock):
                _migrate()
            return
        except OperationalError as error:
            close_pools()
            # Without the lock: others wait too, and say so.
            if not wait(error, attempt):
                raise Unavailable(f"the database does not answer: {error}") from None


def _migrate() -> None:
    from django.core.management import call_command
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # Held until the connection ends, or below: other machines may start at the same time.
            cursor.execute("SELECT pg_advisory_lock(%s)", [_MIGRATION_LOCK])
        try:
            executor = MigrationExecutor(connection)
            if executor.migration_plan(executor.loader.graph.leaf_nodes()):
                call_command("migrate", interactive=False, verbosity=0)
        finally:
            if connection.vendor == "postgresql":
                cursor.execute("SELECT pg_advisory_unlock(%s)", [_MIGRATION_LOCK])


def _make_secret_key(swf: Settings) -> None:
    file = secret_key_file(swf)
    if not file.exists():
        write_secret(file, secrets.token_urlsafe(50))


@contextmanager
def _alone(file: Path) -> Iterator[None]:
    with file.open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield

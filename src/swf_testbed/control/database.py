"""Whether the database server of the modes other than `embedded` answers: a log-in and a question."""

from typing import TYPE_CHECKING

from swf_testbed.config.settings import Settings
from swf_testbed.model.errors import SQL_DISK_FULL, SQL_READ_ONLY

if TYPE_CHECKING:
    from psycopg import Connection

_PATIENCE_S = 3


def database_version(settings: Settings) -> str:
    """What PostgreSQL calls itself.

    Raises:
        OSError: it does not answer, or refuses us; the text is its own.
    """
    try:
        import psycopg
    except ImportError:
        raise OSError("psycopg is not installed; install swf-testbed[postgres]") from None
    try:
        with _connect(settings) as connection:
            row = connection.execute("SHOW server_version").fetchone()
    except psycopg.Error as error:
        raise OSError(_line(error)) from None
    return f"PostgreSQL {row[0] if row else ''}".strip()


def closed_to_writing(settings: Settings) -> str:
    """Why a database that answers can store nothing, in its own words; empty if it can."""
    import psycopg

    try:
        with _connect(settings) as connection:
            # A new file: an old one may have room in it though there is none on the disk.
            connection.execute("CREATE TEMPORARY TABLE swf_room ON COMMIT DROP AS SELECT 1 AS written")
    except psycopg.Error as error:
        return _line(error) if error.sqlstate in {SQL_DISK_FULL, SQL_READ_ONLY} else ""
    return ""


def _connect(settings: Settings) -> "Connection[tuple[object, ...]]":
    import psycopg

    return psycopg.connect(
        host=settings.db_host,
        port=settings.db_port,
        dbname=settings.db_name,
        user=settings.db_user,
        password=settings.db_password.get_secret_value() if settings.db_password else None,
        connect_timeout=_PATIENCE_S,
        application_name="swf-testbed",
    )


def _line(error: Exception) -> str:
    return " ".join(str(error).split())

"""Whether the database server of the modes other than `embedded` answers: a log-in and a question."""

from swf_testbed.config.settings import Settings

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
        with psycopg.connect(
            host=settings.db_host,
            port=settings.db_port,
            dbname=settings.db_name,
            user=settings.db_user,
            password=settings.db_password.get_secret_value() if settings.db_password else None,
            connect_timeout=_PATIENCE_S,
            application_name="swf-testbed",
        ) as connection:
            row = connection.execute("SHOW server_version").fetchone()
    except psycopg.Error as error:
        raise OSError(" ".join(str(error).split())) from None
    return f"PostgreSQL {row[0] if row else ''}".strip()

"""Times as the database gives them fastest: seconds since 1970, without a `datetime` for each."""

from typing import Any

from django.db.models import FloatField, Func


class UnixSeconds(Func):
    """A time column as Unix seconds, to the millisecond; null stays null."""

    output_field = FloatField()
    arity = 1

    def as_sqlite(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        """By Julian days, which SQLite keeps in whole milliseconds."""
        return self.as_sql(
            compiler,
            connection,
            template="((julianday(%(expressions)s) - 2440587.5) * 86400.0)",
            **extra,
        )

    def as_postgresql(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        """By the standard's EXTRACT."""
        return self.as_sql(
            compiler, connection, template="EXTRACT(EPOCH FROM %(expressions)s)::float8", **extra
        )

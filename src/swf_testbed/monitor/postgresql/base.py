"""Connections out of the pool: each is tried before it is used, and all are replaced when one has gone."""

from typing import Any

from django.db.backends.postgresql import base
from psycopg import Connection, OperationalError


class DatabaseWrapper(base.DatabaseWrapper):
    """Django's own, but for what happens after an outage of the server.

    The pool's own check looks at one connection after the other, with growing pauses: after a restart of the
    server a process that had many was answered nothing for minutes.
    """

    def get_new_connection(self, conn_params: dict[str, Any]) -> "Connection[Any]":
        """A connection that works, or `OperationalError`."""
        connection: Connection[Any] = super().get_new_connection(conn_params)
        if self.pool is None or _works(connection):
            return connection
        self.pool.putconn(connection)
        self.pool.check()
        found: Connection[Any] = super().get_new_connection(conn_params)
        return found


def _works(connection: "Connection[Any]") -> bool:
    try:
        connection.execute("")
    except OperationalError:
        return False
    return True

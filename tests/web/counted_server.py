"""`python counted_server.py FILE`: the web server, with one byte in FILE for every query to its database."""

import os
import sys
from collections.abc import Callable
from typing import Any

from django.db.backends.signals import connection_created

from swf_testbed.config.environment import settings
from swf_testbed.monitor.server import serve


def count_into(path: str) -> Callable[..., None]:
    """Watches connections as they are made."""
    tally = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def counted(execute: Callable[..., Any], *said: Any) -> Any:
        os.write(tally, b".")
        return execute(*said)

    def watch(connection: Any, **_: Any) -> None:
        connection.execute_wrappers.append(counted)

    return watch


if __name__ == "__main__":
    connection_created.connect(watch := count_into(sys.argv[1]), weak=False)
    serve(settings())

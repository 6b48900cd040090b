"""The stacks that can be put up, by name."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from bench.stack import Stack
from swf_test_servers import Artemis, Postgres


@contextmanager
def embedded(home: Path, toml: str = "") -> Iterator[Stack]:
    """Our own broker, and SQLite."""
    yield Stack(home, toml=toml)


@contextmanager
def artemis_postgresql(home: Path, toml: str = "") -> Iterator[Stack]:
    """The labs' broker, and PostgreSQL."""
    with Artemis() as broker, Postgres(durable=True) as database:
        environment = {**broker.environment(), **database.new_database()}
        yield Stack(home, {"broker": broker, "database": database}, environment, toml)


STACKS: dict[str, Callable[..., AbstractContextManager[Stack]]] = {
    "embedded": embedded,
    "artemis-postgresql": artemis_postgresql,
}
"""Called with a home, and with what is to stand at the end of its testbed.toml."""

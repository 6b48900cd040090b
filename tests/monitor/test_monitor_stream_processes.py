"""Several web processes on one database serve one stream, with one status and one limit; one may die."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import httpx
import psycopg
import pytest
from monitor_instance import Instance, new_instance

from swf_test_servers import Postgres, Redis, monitor_addresses
from swf_testbed.broker.testing import RunningBroker
from swf_testbed.model.clock import now
from swf_testbed.monitor_client import Connected, Event, EventStream, MonitorClient
from swf_testbed.records import Subscriber, WorkflowMessage

pytestmark = pytest.mark.timeout(300)

STREAM = "/messages/stream/"
PATIENCE_S = 60


def beside(one: Instance) -> Instance:
    """Another web process of the same monitor."""
    return replace(one, environment=one.environment | monitor_addresses())


def say(client: MonitorClient, namespace: str, *numbers: int) -> None:
    client.upsert(
        [
            WorkflowMessage(
                message_id=uuid4(),
                message_type="note",
                sender_agent="a",
                namespace=namespace,
                message_content={"number": number},
                sent_at=now(),
            )
            for number in numbers
        ]
    )


def take(stream: EventStream, count: int) -> list[int]:
    return [event.data["number"] for _, event in zip(range(count), stream, strict=False)]


@contextmanager
def listening(one: Instance, **query: str) -> Iterator[Iterator[bytes]]:
    """An open stream, after its first event."""
    with one.raw() as api, api.stream("GET", STREAM, params=query) as answer:
        assert answer.status_code == 200
        pieces = answer.iter_bytes()
        assert b"event: connected\n" in next(pieces)
        yield pieces


def hear_on_both(one: Instance, cut: Callable[[], object], mend: Callable[[], object]) -> None:
    """What either process stores is heard of both, also what was stored while they could not tell."""
    other, namespace = beside(one), f"n{uuid4().hex[:10]}"
    with ExitStack() as stack:
        stack.enter_context(one.serving())
        stack.enter_context(other.serving())
        here, there = (stack.enter_context(place.client()) for place in (one, other))
        first, second = (
            stack.enter_context(client.events(0, namespace=namespace)) for client in (here, there)
        )
        say(here, namespace, 0, 1)
        say(there, namespace, 2)
        assert take(first, 3) == take(second, 3) == [0, 1, 2]
        cut()
        say(here, namespace, 3)
        assert take(first, 1) == [3]
        # Who was further on the first process misses nothing, and hears nothing twice, on the second.
        moved = stack.enter_context(there.events(first.last_event_id, namespace=namespace))
        items = moved.items()
        assert isinstance(next(items), Connected)
        say(here, namespace, 4)
        mend()
        say(there, namespace, 5)
        assert take(second, 3) == [3, 4, 5]
        assert [
            item.data["number"] for _, item in zip(range(2), items, strict=False) if isinstance(item, Event)
        ] == [4, 5]
        assert take(first, 2) == [4, 5]


@pytest.mark.both_databases
def test_two_processes_serve_one_stream_over_the_broker(
    tmp_path: Path, new_database: Callable[[], dict[str, str]]
) -> None:
    with RunningBroker(tmp_path / "broker") as broker:
        hear_on_both(
            new_instance(tmp_path, broker.port, **new_database()),
            broker.kill,
            broker.start,
        )


def test_two_processes_serve_one_stream_over_redis(
    make_instance: Callable[..., Instance], start_server: Callable[[type[Redis]], Redis]
) -> None:
    redis = start_server(Redis)
    hear_on_both(make_instance(REDIS_URL=redis.url), redis.kill, redis.start)


def test_status_and_limits_are_of_all_processes(make_instance: Callable[..., Instance]) -> None:
    one = make_instance(SWF_STREAM_MAX_CLIENTS_PER_USER="3", SWF_STREAM_MAX_CLIENTS="4")
    other = beside(one)
    with ExitStack() as stack:
        stack.enter_context(one.serving())
        stack.enter_context(other.serving())
        here, there = (stack.enter_context(place.client()) for place in (one, other))
        for place, namespace in ((one, "n1"), (one, "n2"), (other, "n3")):
            stack.enter_context(listening(place, namespace=namespace))
        assert here.stream_status().count >= 2
        status = there.stream_status()
        assert [client.filters["namespace"] for client in status.clients] == [["n1"], ["n2"], ["n3"]]
        assert len({client.process for client in status.clients}) == 2
        assert {client.address for client in status.clients} == {"127.0.0.1"}
        answer = until_refused(other)
        assert answer.status_code == 429
        assert int(answer.headers["Retry-After"]) >= 1
        assert "has 3 open streams" in answer.json()["detail"]
        with ExitStack() as open_streams:
            nobody = open_streams.enter_context(one.raw(token=False))
            until = time.monotonic() + PATIENCE_S
            # Those that were tried before are gone soon.
            while nobody.head(STREAM).status_code != 200:
                assert time.monotonic() < until
            fourth = open_streams.enter_context(nobody.stream("GET", STREAM))
            assert fourth.status_code == 200
            assert "there are 4 open streams" in nobody.get(STREAM).json()["detail"]


def until_refused(place: Instance) -> httpx.Response:
    """The refusal of one stream too many; how many others have, a process hears soon after they came."""
    until = time.monotonic() + PATIENCE_S
    with place.raw() as api:
        while time.monotonic() < until:
            with api.stream("GET", STREAM) as answer:
                if answer.status_code != 200:
                    answer.read()
                    return answer
    raise AssertionError("one stream too many was not refused")


def test_clients_are_subscribers_while_they_are_there(make_instance: Callable[..., Instance]) -> None:
    one = make_instance()
    with one.serving() as server, one.client() as client:
        with listening(one, namespace="n1", msg_types="note") as pieces:
            say(client, "n1", 0, 1, 2)
            heard = b""
            while heard.count(b"event: note\n") < 3:
                heard += next(pieces)
            say(client, "elsewhere", 3)
            [told] = client.stream_status().clients
            record = client.get(Subscriber, told.client)
            assert (record.is_active, record.delivery_type, record.client_ip) == (True, "sse", "127.0.0.1")
            assert record.message_filters == {"namespace": ["n1"], "msg_types": ["note"]}
            assert (record.messages_received, record.messages_sent, record.messages_dropped) == (3, 3, 0)
        until = time.monotonic() + PATIENCE_S
        while client.stream_status().count:
            assert time.monotonic() < until
        gone = client.get(Subscriber, told.client)
        assert (gone.is_active, gone.metadata["reason"]) == (False, "the client went away")
        assert gone.disconnected_at is not None
        with suppress(httpx.TransportError), listening(one) as pieces:
            [left] = client.stream_status().clients
            server.kill()
            server.wait()
            next(pieces)
    with one.serving(), one.client() as client:
        orphan = client.get(Subscriber, left.client)
        assert (orphan.is_active, orphan.metadata["reason"]) == (False, "the web process died")


def test_the_stream_goes_on_when_the_database_is_back(
    tmp_path: Path, start_server: Callable[[type[Postgres]], Postgres]
) -> None:
    """And while nothing happens, an open stream asks the database nothing."""
    postgres = start_server(Postgres)
    with RunningBroker(tmp_path / "broker") as broker:
        environment = postgres.new_database()
        one = new_instance(tmp_path, broker.port, **environment)
        with one.serving(), one.client(patience_s=PATIENCE_S) as client, listening(one) as pieces:
            say(client, "n1", 0)
            assert b'{"number":0}' in next(pieces)
            client.stream_status()
            before = what_was_asked(environment)
            assert next(pieces).startswith(b": heartbeat\n")
            assert what_was_asked(environment) == before
            postgres.stop()
            with one.raw(token=False) as nobody:
                assert nobody.get("/health/").status_code == 503
            postgres.start()
            say(client, "n1", 1)
            assert b'{"number":1}' in next(pieces)


def what_was_asked(environment: dict[str, str]) -> set[tuple[int, str]]:
    """The monitor's connections to a database, each with the time of its last statement."""
    said = {name.lower(): environment[f"DB_{name}"] for name in ("HOST", "PORT", "USER", "PASSWORD")}
    with psycopg.connect(**said, dbname="postgres") as connection:  # type: ignore[arg-type]  # by name
        rows = connection.execute(
            "SELECT pid, state_change::text FROM pg_stat_activity"
            " WHERE application_name = 'swf-monitor' AND datname = %s",
            [environment["DB_NAME"]],
        )
        return {(pid, at) for pid, at in rows}

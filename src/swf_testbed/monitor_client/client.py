"""The monitor's resources, typed."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Generic, NamedTuple, Self, TypeVar
from urllib.parse import quote

from pydantic import BaseModel
from pydantic_core import to_json

from swf_testbed.model.errors import BadData, NotFound
from swf_testbed.model.status import RunMark
from swf_testbed.monitor_client.http import http_client, receive, send
from swf_testbed.monitor_client.sse import EventStream
from swf_testbed.records import (
    MAX_BULK,
    Marking,
    NamespaceRecord,
    Overview,
    Record,
    Reference,
    ReferenceOrder,
    ResultsKnown,
    ResultsStored,
    Run,
    RunResults,
    RunSampling,
    RunSummary,
    SystemAgent,
    Trends,
    WorkflowMessage,
)
from swf_testbed.records.answers import LogSummary, StateAt, StreamStatus
from swf_testbed.records.health import Health

R = TypeVar("R", bound=Record)
M = TypeVar("M", bound=BaseModel)

PATIENCE_S = 30.0
"""How long a request is tried again while the monitor is away."""


class Page(NamedTuple, Generic[R]):
    """A part of a list; `total` is the length of the whole."""

    total: int
    results: tuple[R, ...]


class Upserted(NamedTuple):
    """What became of one record: its natural key, and whether it is new."""

    key: tuple[Any, ...]
    created: bool


class MonitorClient:
    """The monitor's REST interface.

    Every method raises `Unavailable` when the monitor does not answer in `patience_s`, and `BadInput`,
    `NotFound`, `Conflict` or `Refused`, with the server's text, when it refuses. Threads may share one.

    Args:
        base_url: like `http://127.0.0.1:8002` or `https://swf.example.org/swf-monitor`.
        token: for writing; empty for none.
        user_agent: `swf/<name>`, by which the server counts requests.
        patience_s: how long to try again while the monitor is away, s.
        certificate: of a testbed on this machine, trusted on https; default: this testbed's.
    """

    def __init__(
        self,
        base_url: str,
        token: str = "",
        user_agent: str = "swf/client",
        patience_s: float = PATIENCE_S,
        certificate: Path | None = None,
    ) -> None:
        self._patience_s = patience_s
        self._connect = partial(http_client, base_url.rstrip("/"), token, user_agent, certificate)
        self._http = self._connect()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _get(self, path: str, **query: Any) -> Any:
        said = {name: _text(value) for name, value in query.items() if value is not None}
        return send(
            self._http, self._http.build_request("GET", f"/api/{path}", params=said), self._patience_s
        )

    def _post(self, path: str, body: str | bytes = b"", patience_s: float | None = None) -> Any:
        headers = {"Content-Type": "application/json"}
        request = self._http.build_request("POST", f"/api/{path}", content=body, headers=headers)
        return send(self._http, request, self._patience_s if patience_s is None else patience_s)

    def health(self) -> Health:
        """Returns when the monitor and its database answer, and tells of the rest."""
        return _read(Health, self._get("health/"))

    def metrics(self) -> str:
        """What the server counts of its own work, in the text format of Prometheus."""
        return receive(self._http, self._http.build_request("GET", "/api/metrics"), self._patience_s).text

    def upsert(self, records: Sequence[R]) -> Sequence[Upserted]:
        """Create records, or change what was sent of those that exist.

        Args:
            records: of one class; more than 1000 go in several requests.
        """
        answers: Sequence[Upserted] = ()
        for start in range(0, len(records), MAX_BULK):
            chunk = records[start : start + MAX_BULK]
            cls = type(chunk[0])
            stored = self._post(f"{cls.resource}/", f"[{','.join(map(_body, chunk))}]")
            answers = (
                *answers,
                *(Upserted(tuple(entry[name] for name in cls.key), entry["created"]) for entry in stored),
            )
        return answers

    def ensure(self, record: R) -> bool:
        """Let one record exist, as said; True if it is new. An immutable one that differs is a `Conflict`."""
        return self.upsert([record])[0].created

    def ensure_namespace(self, name: str, owner: str | None = None) -> None:
        """Let a namespace exist."""
        said = {"name": name} if owner is None else {"name": name, "owner": owner}
        self._post("namespaces/ensure/", _body(NamespaceRecord.model_validate(said)))

    def get(self, cls: type[R], *key: object) -> R:
        """One record by its natural key; files also by UUID. `NotFound` if there is none."""
        return _read(cls, self._get(_path(cls, key)))

    def change(self, cls: type[R], *key: object, **fields: Any) -> R:
        """Change fields of one record, which has to exist; the record as it then is."""
        request = self._http.build_request("PATCH", f"/api/{_path(cls, key)}", content=to_json(fields))
        return _read(cls, send(self._http, request, self._patience_s))

    def delete(self, cls: type[R], *key: object) -> None:
        """Delete one record and its parts; `Conflict` says why such a one is not deleted."""
        receive(self._http, self._http.build_request("DELETE", f"/api/{_path(cls, key)}"), self._patience_s)

    def state_at(self, time: datetime | None = None, run_number: int | None = None) -> StateAt:
        """The datataking state at a time, now if left out; `NotFound` before anything had happened."""
        return _read(StateAt, self._get("state/at/", time=time, run_number=run_number))

    def log_summary(self, **filters: Any) -> LogSummary:
        """How many lines of each level each program logged, of the lines that pass the filters."""
        return _read(LogSummary, self._get("logs/summary/", **filters))

    def page(
        self, cls: type[R], *, limit: int | None = None, offset: int | None = None, **filters: Any
    ) -> Page[R]:
        """A part of a list, filtered as the contract of REST says; `ordering` is among the filters."""
        found = self._get(f"{cls.resource}/", limit=limit, offset=offset, **filters)
        return Page(found["count"], tuple(_read(cls, entry) for entry in found["results"]))

    def list(self, cls: type[R], **filters: Any) -> Iterator[R]:
        """All records that pass the filters, in the order of their keys, in as many requests as it takes."""
        filters.setdefault("ordering", ",".join(cls.key))
        offset, total = 0, 1
        while offset < total:
            total, results = self.page(cls, limit=MAX_BULK, offset=offset, **filters)
            yield from results
            offset += MAX_BULK

    def next_run_number(self) -> int:
        """A run number that nobody else gets."""
        return int(self._post("state/next-run-number/")["run_number"])

    def next_agent_id(self) -> int:
        """An agent's number that nobody else gets."""
        return int(self._post("state/next-agent-id/")["agent_id"])

    def next_workflow_execution_id(self) -> int:
        """The sequence of an execution id that nobody else gets."""
        return int(self._post("state/next-workflow-execution-id/")["sequence"])

    def heartbeat(self, agent: SystemAgent) -> None:
        """Say that an agent lives: one try, as the next beat comes soon."""
        self._post("systemagents/heartbeat/", _body(agent), patience_s=0)

    def post_results(self, results: RunResults) -> ResultsStored:
        """Store one step of merging; `Conflict` if the monitor has another revision, or one of the parts."""
        return _read(ResultsStored, self._post("run-results/", results.model_dump_json(exclude_unset=True)))

    def results(self, run_number: int) -> ResultsKnown:
        """What a run's histograms contain."""
        return _read(ResultsKnown, self._get("run-results/", run_number=run_number))

    def summary(self, run_number: int) -> RunSummary:
        """What the database knows of a run."""
        return _read(RunSummary, self._get(f"runs/{run_number}/summary/"))

    def overview(self, run_number: int | None = None, namespace: str | None = None) -> Overview:
        """A run as its shift crew sees it; without a number the newest that goes on."""
        which = "newest" if run_number is None else run_number
        return _read(Overview, self._get(f"runs/{which}/overview/", namespace=namespace))

    def trends(self, run_number: int) -> Trends:
        """Figures of a run's STFs against time."""
        return _read(Trends, self._get(f"runs/{run_number}/trends/"))

    def trends_of_runs(self, run_numbers: Iterable[int]) -> Trends:
        """Figures of one run after the other."""
        request = self._http.build_request("GET", "/api/trends/", params={"run_number": [*run_numbers]})
        return _read(Trends, send(self._http, request, self._patience_s))

    def sampling(self, run_number: int) -> RunSampling:
        """How a run is sampled, and what that came to."""
        return _read(RunSampling, self._get(f"runs/{run_number}/sampling/"))

    def change_sampling(self, run_number: int, change: Mapping[str, Any]) -> RunSampling:
        """Change how a run is sampled, from the next STF; values by parameters of `fastmon`."""
        return _read(RunSampling, self._post(f"runs/{run_number}/sampling/", to_json(dict(change))))

    def mark_run(self, run_number: int, mark: RunMark | None, note: str = "") -> Run:
        """Mark a run good or bad, or take that back."""
        body = Marking(mark=mark, note=note).model_dump_json()
        return _read(Run, self._post(f"runs/{run_number}/mark/", body))

    def reference_of(self, run_number: int, state: str | None = None) -> Reference | None:
        """The reference that a run is judged by, or would be in that state; None if there is none."""
        try:
            return _read(Reference, self._get(f"runs/{run_number}/reference/", state=state))
        except NotFound:
            return None

    def make_reference(self, run_numbers: Iterable[int], note: str = "") -> Reference:
        """A new reference, made of runs that were marked good."""
        body = ReferenceOrder(runs=tuple(run_numbers), note=note).model_dump_json()
        stored = self._post("references/", body)
        return self.get(Reference, stored["name"], stored["version"])

    def stream_status(self) -> StreamStatus:
        """The open streams of events, of all the monitor's web processes."""
        return _read(StreamStatus, self._get("messages/stream/status/"))

    def newest_event_id(self) -> int:
        """The number of the newest stored message; 0 without any."""
        newest = self.page(WorkflowMessage, limit=1, ordering="-id").results
        return (newest[0].id or 0) if newest else 0

    def events(
        self, last_event_id: int | None = None, *, patience_s: float | None = None, **filters: Any
    ) -> EventStream:
        """The stream of stored messages.

        Args:
            last_event_id: begin after this message; 0 begins with the oldest that is kept, None with what
                comes now.
            patience_s: how long to try until the first connection; None has no end.
            filters: `msg_types`, `agents`, `run_ids` (lists), `namespace`, `execution_id`.
        """
        said = {name: _text(value) for name, value in filters.items() if value is not None}
        return EventStream(self._connect(), said, last_event_id, patience_s)


def _path(cls: type[Record], key: Sequence[object]) -> str:
    parts = (part.isoformat() if isinstance(part, datetime) else str(part) for part in key)
    return f"{cls.resource}/{'/'.join(quote(part, safe='') for part in parts)}/"


def _text(value: Any) -> Any:
    if isinstance(value, list | tuple | set | frozenset):
        return ",".join(str(entry) for entry in value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _body(record: Record) -> str:
    return record.model_dump_json(exclude_unset=True, exclude=set(record.server_fields))


def _read(cls: type[M], document: Any) -> M:
    """A document of the server's; fields of a newer server are ignored."""
    try:
        return cls.model_validate(document, extra="ignore")
    except ValueError as error:
        raise BadData(f"the monitor's {cls.__name__} is not one: {error}") from None

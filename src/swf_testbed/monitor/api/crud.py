"""Lists, single records, upserts and changes of every resource, from its one declaration."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Router

from swf_testbed.model.errors import BadInput, Conflict
from swf_testbed.monitor.api.access import READERS, WRITERS, actor
from swf_testbed.monitor.api.answers import answer
from swf_testbed.monitor.api.bodies import document_of, model_of, records_of
from swf_testbed.monitor.api.openapi import resource_operations
from swf_testbed.monitor.api.pictures import as_root
from swf_testbed.monitor.services import changes, deleting, reading, windows
from swf_testbed.monitor.services.declaration import Resource
from swf_testbed.monitor.services.rights import Actor
from swf_testbed.monitor.services.rows import Row
from swf_testbed.records import QualityFlag
from swf_testbed.records.judgement import flags_as_csv

View = Callable[..., HttpResponse]


def add_resource(router: Router, resource: Resource, creator: tuple[View, Any] | None = None) -> None:
    """Add the operations of a resource to the interface.

    Args:
        router: to add to.
        resource: which.
        creator: creates records in a way of its own, and who may.
    """
    base = f"/{resource.name}/"
    one = base + "{path:key}/"
    add = _Adder(router, resource)
    add("GET", base, lambda request: _page(request, resource), "list")
    view, whose = creator or (lambda request: create(request, resource), WRITERS)
    add("POST", base, view, "create", auth=whose)
    add("GET", one, lambda request, key: _one(request, resource, key), "get")
    add("PATCH", one, lambda request, key: _change(request, resource, key), "change", auth=WRITERS)
    add("DELETE", one, lambda request, key: _delete(request, resource, key), "delete", auth=WRITERS)


class _Adder:
    """Registers operations with their documentation."""

    def __init__(self, router: Router, resource: Resource) -> None:
        self._router, self._resource = router, resource
        self._described = resource_operations(resource)

    def __call__(self, method: str, path: str, view: View, name: str, *, auth: Any = READERS) -> None:
        self._router.add_api_operation(
            path,
            [method],
            _with_key(view) if "{path:key}" in path else _without_key(view),
            auth=auth,
            tags=[self._resource.name],
            operation_id=f"{name}_{self._resource.name.replace('-', '_')}",
            summary=f"{name.capitalize()} {self._resource.name}",
            description=self._resource.record.__doc__ or "",
            openapi_extra=self._described[name],
        )


# ninja reads the signature of what it is given, and asks for another function each time.
def _with_key(view: View) -> View:
    def operation(request: HttpRequest, key: str) -> HttpResponse:
        return view(request, key)

    return operation


def _without_key(view: View) -> View:
    def operation(request: HttpRequest) -> HttpResponse:
        return view(request)

    return operation


def _query(request: HttpRequest) -> dict[str, list[str]]:
    return {name: [str(value) for value in values] for name, values in request.GET.lists()}


def _page(request: HttpRequest, resource: Resource) -> HttpResponse:
    query = _query(request)
    if resource.name == "quality-flags" and query.pop("format", ["json"])[-1] == "csv":
        return _as_csv(reading.find(resource, query))
    drawn = _wants_root(query, resource)
    page = reading.find(resource, query)
    after = page.offset + page.limit
    return answer(
        {
            "count": page.total,
            "next": _link(request, page.limit, after) if after < page.total else None,
            "previous": _link(request, page.limit, max(0, page.offset - page.limit)) if page.offset else None,
            "results": [as_root(row) for row in page.results] if drawn else page.results,
        }
    )


def _as_csv(page: reading.Page) -> HttpResponse:
    text = flags_as_csv(QualityFlag.model_validate(row) for row in page.results)
    response = HttpResponse(text, content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = 'attachment; filename="quality-flags.csv"'
    response.headers["X-Total-Count"] = str(page.total)
    return response


def _wants_root(query: dict[str, list[str]], resource: Resource) -> bool:
    wanted = query.pop("format", None) if resource.name == "histograms" else None
    if wanted not in (None, ["root"], ["uhi"]):
        raise BadInput("format", wanted, "must be root or uhi")
    return wanted == ["root"]


def _link(request: HttpRequest, limit: int, offset: int) -> str:
    query = request.GET.copy()
    query["limit"], query["offset"] = str(limit), str(offset)
    return request.build_absolute_uri(f"{request.path}?{query.urlencode()}")


def create(request: HttpRequest, resource: Resource) -> HttpResponse:
    """Upsert what the body holds: one record or an array."""
    document = document_of(request)
    stored = changes.upsert(resource, records_of(resource.record, document), actor=actor(request))
    if isinstance(document, list):
        return answer(stored)
    return answer(stored[0], 201 if stored[0]["created"] else 200)


def _one(request: HttpRequest, resource: Resource, key: str) -> HttpResponse:
    query = _query(request)
    drawn = _wants_root(query, resource)
    window = query.pop("window", ["run"])[-1] if resource.name == "histograms" else "run"
    for name in query:
        raise BadInput(name, query[name], "is not a parameter of a single record")
    row = reading.get(resource, key) if window == "run" else windows.of_key(key, window)
    return answer(as_root(row) if drawn else row)


def _change(request: HttpRequest, resource: Resource, key: str) -> HttpResponse:
    document = document_of(request)
    if not isinstance(document, dict):
        raise BadInput("body", document, "must be an object with the fields to change")
    known = reading.get(resource, key)
    if resource.rule.refusal:
        raise Conflict(f"{resource.name} {key} cannot be changed: {resource.name} {resource.rule.refusal}")
    if resource.numbered:
        _change_numbered(resource, known, document, actor(request))
    else:
        named = {name: known[name] for name in resource.key}
        record = model_of(resource.record, {**document, **named})
        said = model_of(resource.record, {**named, **document})
        for name, value in named.items():
            if getattr(said, name) != getattr(record, name):
                raise BadInput(name, document[name], f"must be {value}, as in the address; keys never change")
        changes.upsert(resource, [record], actor=actor(request), must_exist=True)
    return answer(reading.get(resource, key))


def _change_numbered(resource: Resource, known: Row, document: Row, who: Actor) -> None:
    """What is not sent has to be as it is for the whole to be a record."""
    kept = {name: value for name, value in known.items() if name not in resource.record.server_fields}
    whole = model_of(resource.record, {**kept, **document})
    sent = {name: getattr(whole, name) for name in document}
    record = resource.record.model_construct(_fields_set=set(sent), **sent)
    changes.change_numbered(resource, known["id"], record, actor=who)


def _delete(request: HttpRequest, resource: Resource, key: str) -> HttpResponse:
    deleting.delete(resource, key, actor(request))
    return HttpResponse(status=204)

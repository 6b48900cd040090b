"""What happens around every request that Django answers."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from swf_testbed.monitor import metrics

Handler = Callable[[HttpRequest], HttpResponse]

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        "img-src 'self' data:",
        "style-src 'self'",
        # JSROOT's menus are written with style attributes.
        "style-src-attr 'unsafe-inline'",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)


def content_security_policy(handler: Handler) -> Handler:
    """Allow only what this server itself serves, and no script inside a page."""

    def respond(request: HttpRequest) -> HttpResponse:
        response = handler(request)
        response.headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
        return response

    return respond


def count_requests(handler: Handler) -> Handler:
    """Count every request by its route, so that the cost of an STF can be told."""

    def respond(request: HttpRequest) -> HttpResponse:
        response = handler(request)
        match = request.resolver_match
        metrics.requests.labels(
            method=request.method if request.method in _METHODS else "other",
            route=f"/{match.route}" if match else "unmatched",
            status=f"{response.status_code // 100}xx",
            agent=metrics.agent_label(request.headers.get("User-Agent", "")),
        ).inc()
        return response

    return respond


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

"""What happens around every request that Django answers."""

from collections.abc import Callable

from django.conf import settings
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


_SECURE = "__Host-"
"""Browsers keep a cookie of such a name from HTTP, and from every other host."""


def secure_name(cookie: str) -> str:
    """What a cookie is called on HTTPS.

    Cookies do not know ports: with one name for both, a login on HTTPS would keep HTTP from setting its own.
    """
    return f"{_SECURE}{cookie}"


def secure_cookies(handler: Handler) -> Handler:
    """Cookies that were set on HTTPS are never sent or overwritten on HTTP."""

    def respond(request: HttpRequest) -> HttpResponse:
        if not request.is_secure():
            return handler(request)
        for name in _cookies():
            request.COOKIES.pop(name, None)
            if (value := request.COOKIES.get(secure_name(name))) is not None:
                request.COOKIES[name] = value
        response = handler(request)
        for name in _cookies():
            if (cookie := response.cookies.pop(name, None)) is not None:
                response.cookies[secure_name(name)] = cookie.value
                response.cookies[secure_name(name)].update({**cookie, "secure": True})
        return response

    return respond


def _cookies() -> tuple[str, ...]:
    return settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME


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

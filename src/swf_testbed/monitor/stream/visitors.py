"""Who asks for the stream, by token or by the session of the web pages."""

from django.conf import settings as django_settings
from django.contrib.auth import get_user
from django.contrib.sessions.backends.db import SessionStore
from django.db import DatabaseError
from django.http import HttpRequest
from starlette.requests import Request

from swf_testbed.monitor.middleware import secure_name
from swf_testbed.monitor.services.tokens import holder_of
from swf_testbed.monitor.stream.client import Visitor
from swf_testbed.monitor.stream.refusals import NotAllowed

_LONGEST = 200


def visitor_of(request: Request) -> Visitor:
    """Who asks; asks the database only of those who say who they are.

    Raises:
        NotAllowed: reading is not open to everyone, and nobody known asks.
        DatabaseError: it does not answer, and reading is not open to everyone.
    """
    try:
        user = user_of(request)
    except DatabaseError:
        if not django_settings.PUBLIC_READ:
            raise
        user = None
    if user is None and not django_settings.PUBLIC_READ:
        raise NotAllowed("needs the header 'Authorization: Token <key>' with a valid token")
    address = request.client.host if request.client else ""
    return Visitor(address[:_LONGEST], request.headers.get("user-agent", "")[:_LONGEST], user)


def user_of(request: Request) -> str | None:
    """The name of who asks, by token or session; None for nobody known."""
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() in {"token", "bearer"} and (holder := holder_of(key.strip())) is not None:
        return holder.user.get_username()
    name = django_settings.SESSION_COOKIE_NAME
    cookie = request.cookies.get(secure_name(name) if request.url.scheme == "https" else name, "")
    if not (cookie.isascii() and cookie.isalnum()):
        return None
    browser = HttpRequest()
    browser.session = SessionStore(cookie)
    found = get_user(browser)
    return found.get_username() if found.is_authenticated else None

"""Who may read and who may write."""

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, User
from django.http import HttpRequest
from ninja.errors import HttpError
from ninja.security import HttpBearer
from ninja.utils import check_csrf

from swf_testbed.model.errors import Refused
from swf_testbed.monitor.services.rights import Actor
from swf_testbed.monitor.services.tokens import holder_of

_READING = frozenset({"GET", "HEAD"})


class TokenAuth(HttpBearer):
    """`Authorization: Token <key>`, or `Bearer`."""

    openapi_bearerFormat = "the 64 digits of a token; `Token` in place of `Bearer` is understood too"  # noqa: N815  # ninja's name

    def __call__(self, request: HttpRequest) -> AbstractBaseUser | None:
        """The token's user, or None."""
        scheme, _, key = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() not in {"token", "bearer"} or not key:
            return None
        return self.authenticate(request, key.strip())

    def authenticate(self, request: HttpRequest, token: str) -> AbstractBaseUser | None:
        """The token's user, or None; `Refused` if the token only reads and the request writes."""
        found = holder_of(token)
        if found is None:
            return None
        if found.read_only and request.method not in _READING:
            raise Refused("this token only reads; use one that may write")
        return found.user


def session_user(request: HttpRequest) -> AbstractBaseUser | None:
    """The user of a browser's session; what it changes must come from our own pages."""
    if not request.user.is_authenticated:
        return None
    if request.method not in _READING and check_csrf(request):
        raise HttpError(403, "the page's form token is missing or wrong; load the page again")
    return request.user


def public_reader(request: HttpRequest) -> bool:
    """Reading may be open to everyone."""
    return request.method in _READING and settings.PUBLIC_READ


def on_http_port(request: HttpRequest) -> bool:
    """Asked directly, over plain HTTP: not on the HTTPS port, nor through a reverse proxy."""
    return not request.is_secure() and "X-Forwarded-For" not in request.headers


def actor(request: HttpRequest) -> Actor:
    """Who asks for a change; for operations with `WRITERS`."""
    user = getattr(request, "auth", None)
    assert isinstance(user, User)  # noqa: S101  # WRITERS let nobody else through
    return Actor(user.get_username(), user.is_staff)


WRITERS = [TokenAuth(), session_user]
READERS = [public_reader, *WRITERS]
LOGGERS = [on_http_port, *WRITERS]

"""Who may read and who may write."""

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.http import HttpRequest
from ninja.errors import HttpError
from ninja.security import HttpBearer
from ninja.utils import check_csrf

from swf_testbed.monitor.services.tokens import user_of


class TokenAuth(HttpBearer):
    """`Authorization: Token <key>`, or `Bearer`."""

    def __call__(self, request: HttpRequest) -> AbstractBaseUser | None:
        """The token's user, or None."""
        scheme, _, key = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() not in {"token", "bearer"} or not key:
            return None
        return self.authenticate(request, key.strip())

    def authenticate(self, request: HttpRequest, token: str) -> AbstractBaseUser | None:
        """The token's user, or None."""
        del request
        return user_of(token)


def session_user(request: HttpRequest) -> AbstractBaseUser | None:
    """The user of a browser's session; what it changes must come from our own pages."""
    if not request.user.is_authenticated:
        return None
    if request.method not in {"GET", "HEAD"} and check_csrf(request):
        raise HttpError(403, "the page's form token is missing or wrong; load the page again")
    return request.user


def public_reader(request: HttpRequest) -> bool:
    """Reading may be open to everyone."""
    return request.method in {"GET", "HEAD"} and settings.PUBLIC_READ


WRITERS = [TokenAuth(), session_user]
READERS = [public_reader, *WRITERS]

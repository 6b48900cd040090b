"""The pages of a user's own account: logging in, and tokens."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from swf_testbed.model.errors import BadInput, SwfError
from swf_testbed.monitor.services import throttle, tokens


class ThrottledLoginView(LoginView):
    """Logging in; who fails too often has to wait."""

    template_name = "web/login.html"
    next_page = "web:hub"

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Try, if it is not too soon."""
        wait_s = throttle.wait_s(*_sender(request))
        if not wait_s:
            return super().post(request, *args, **kwargs)
        response = render(
            request, self.template_name, {"form": self.get_form_class()(), "wait_s": wait_s}, status=429
        )
        response.headers["Retry-After"] = str(wait_s)
        return response

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        """The right password."""
        throttle.succeeded(*_sender(self.request))
        return super().form_valid(form)

    def form_invalid(self, form: AuthenticationForm) -> HttpResponse:
        """A wrong one."""
        throttle.failed(*_sender(self.request))
        return super().form_invalid(form)


def _sender(request: HttpRequest) -> tuple[str, str]:
    return request.POST.get("username", ""), request.META.get("REMOTE_ADDR", "")


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def account_tokens(request: HttpRequest) -> HttpResponse:
    """The tokens of the logged-in user: to make, replace and revoke; a new one is shown once."""
    username = request.user.get_username()
    context: dict[str, Any] = {"here": "tokens", "longest_days": tokens.LONGEST_DAYS}
    status = 200
    if request.method == "POST":
        try:
            if request.POST.get("action") == "revoke":
                tokens.revoke(username, request.POST.get("name", ""))
                return redirect("web:tokens")
            context["key"] = tokens.issue(
                username,
                request.POST.get("name", "").strip(),
                read_only="read_only" in request.POST,
                days=_days(request.POST.get("days", "")),
            )
        except SwfError as error:
            context["problem"], status = str(error), 400
    return render(request, "web/tokens.html", context | {"tokens": tokens.tokens_of(username)}, status=status)


def _days(text: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 6):
        raise BadInput("days", text, f"must be a whole number from 1 to {tokens.LONGEST_DAYS}, or empty")
    return int(text)

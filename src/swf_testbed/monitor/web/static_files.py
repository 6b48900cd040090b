"""Where pages find static files."""

from django.contrib.staticfiles.storage import StaticFilesStorage
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.templatetags.static import static
from django.urls import get_script_prefix

from swf_testbed.monitor.django_settings import STATIC_URL


class StaticFiles(StaticFilesStorage):
    """Leads below the path of this request: some come through a reverse proxy, some do not."""

    def url(self, name: str | None) -> str:
        """The address of a file."""
        return f"{get_script_prefix()}{STATIC_URL}{name}"


def favicon(request: HttpRequest) -> HttpResponse:
    """Leads to the icon."""
    del request
    return redirect(static("web/favicon.svg"))

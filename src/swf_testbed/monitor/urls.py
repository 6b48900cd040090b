"""All addresses that Django answers."""

from django.contrib import admin
from django.urls import include, path, re_path
from django.views.decorators.csrf import csrf_exempt
from django.views.generic import RedirectView

from swf_testbed.monitor.api.root import api, not_found

urlpatterns = [
    path("api/", api.urls),
    re_path(r"^api/(?P<rest>(?s:.*))", csrf_exempt(not_found)),
    # One door: the one that is throttled.
    path("admin/login/", RedirectView.as_view(pattern_name="web:login", query_string=True)),
    path("admin/", admin.site.urls),
    path("", include("swf_testbed.monitor.web.urls")),
]

handler500 = "swf_testbed.monitor.web.problems.server_error"

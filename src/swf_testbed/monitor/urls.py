"""All addresses that Django answers."""

from django.contrib import admin
from django.urls import include, path
from django.views.decorators.csrf import csrf_exempt

from swf_testbed.monitor.api.root import api, not_found

urlpatterns = [
    path("api/", api.urls),
    path("api/<path:rest>", csrf_exempt(not_found)),
    path("admin/", admin.site.urls),
    path("", include("swf_testbed.monitor.web.urls")),
]

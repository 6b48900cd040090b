"""All addresses that Django answers."""

from django.contrib import admin
from django.urls import include, path

from swf_testbed.monitor.api.root import api

urlpatterns = [
    path("api/", api.urls),
    path("admin/", admin.site.urls),
    path("", include("swf_testbed.monitor.web.urls")),
]

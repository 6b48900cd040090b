"""The addresses of the pages."""

from django.contrib.auth.views import LogoutView
from django.urls import URLPattern, URLResolver, path

from swf_testbed.monitor.web import account, views
from swf_testbed.monitor.web.hub import hub
from swf_testbed.monitor.web.run import run

app_name = "web"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", hub, name="hub"),
    path("runs/", views.runs, name="runs"),
    path("runs/<int:run_number>/", run, name="run"),
    path("account/tokens/", account.account_tokens, name="tokens"),
    path("login/", account.ThrottledLoginView.as_view(), name="login"),
    path("logout/", LogoutView.as_view(next_page="web:hub"), name="logout"),
]

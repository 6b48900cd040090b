"""The addresses of the pages."""

from django.contrib.auth.views import LoginView, LogoutView
from django.urls import URLPattern, URLResolver, path

from swf_testbed.monitor.web import views

app_name = "web"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", views.hub, name="hub"),
    path("runs/", views.runs, name="runs"),
    path("runs/<int:run_number>/", views.run, name="run"),
    path("login/", LoginView.as_view(template_name="web/login.html", next_page="web:hub"), name="login"),
    path("logout/", LogoutView.as_view(next_page="web:hub"), name="logout"),
]

"""The addresses of the pages."""

from django.contrib.auth.views import LogoutView
from django.urls import URLPattern, URLResolver, path, register_converter

from swf_testbed.monitor.web import account, alarms, layouts, plots, replay, shift, system, trends, wall
from swf_testbed.monitor.web.compare import compare
from swf_testbed.monitor.web.definition import definition
from swf_testbed.monitor.web.details import DETAILS, detail_view
from swf_testbed.monitor.web.execution import execution, run_timeline
from swf_testbed.monitor.web.hub import hub
from swf_testbed.monitor.web.links import AnyKey
from swf_testbed.monitor.web.lists import download, list_view
from swf_testbed.monitor.web.log_summary import summary
from swf_testbed.monitor.web.message import message
from swf_testbed.monitor.web.pool import pool
from swf_testbed.monitor.web.run import run
from swf_testbed.monitor.web.run_data import run_data
from swf_testbed.monitor.web.sampling import sampling
from swf_testbed.monitor.web.static_files import favicon
from swf_testbed.monitor.web.subsystem import subsystem
from swf_testbed.monitor.web.verdict import verdict

register_converter(AnyKey, "key")


def _lists(*names: str) -> list[URLPattern]:
    return [path(f"{name}/", list_view(name), name=name) for name in names]


def _detail(name: str) -> URLPattern:
    return path(f"{DETAILS[name].within}/<key:key>/", detail_view(name), name=name)


app_name = "web"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", hub, name="hub"),
    # For pages that name no icon of their own, as the admin's.
    path("favicon.ico", favicon, name="favicon"),
    path("shift/", shift.shift, name="shift"),
    path("shift/acknowledge/", shift.acknowledge, name="acknowledge"),
    path("shift/<slug:name>/", subsystem, name="subsystem"),
    path("trends/", trends.trends, name="trends"),
    path("trends/runs.<slug:form>", trends.trends_file, name="trends-file"),
    path("compare/", compare, name="compare"),
    path("wall/", wall.wall, name="wall"),
    path("layouts/", layouts.layouts, name="layouts"),
    path("layouts/keep/", layouts.keep, name="keep-layout"),
    path("layouts/unnamed/", layouts.unnamed, name="unnamed-layout"),
    path("layouts/<str:owner>/<str:name>/", layouts.layout, name="layout"),
    path("layouts/<str:owner>/<str:name>/forget/", layouts.forget, name="forget-layout"),
    path("plots/", plots.plots, name="plots"),
    path("plots/histogram.<slug:form>", plots.plot_file, name="plot-file"),
    path("runs/<int:run_number>/", run, name="run"),
    path("runs/<int:run_number>/verdict/", verdict, name="verdict"),
    path("runs/<int:run_number>/sampling/", sampling, name="sampling"),
    path("runs/<int:run_number>/data/", run_data, name="run-data"),
    path("runs/<int:run_number>/timeline.json", run_timeline, name="run-timeline"),
    path("executions/<key:key>/", execution, name="execution"),
    path("definitions/<key:key>/", definition, name="definition"),
    path("logs/summary/", summary, name="log-summary"),
    *_lists("runs", "stfs", "samples", "slices", "workers", "copies", "datasets", "stages"),
    *_lists("definitions", "executions", "namespaces", "agents", "messages", "logs", "subscribers", "alarms"),
    *_lists("quality", "states"),
    path("<slug:name>.<slug:form>", download, name="download"),
    _detail("stf"),
    _detail("dataset"),
    _detail("sample"),
    _detail("slice"),
    _detail("worker"),
    _detail("namespace"),
    _detail("agent"),
    _detail("log"),
    _detail("subscriber"),
    path("messages/<key:key>/", message, name="message"),
    path("alarms/raise/", alarms.raise_alarm, name="raise-alarm"),
    path("alarms/<int:number>/", alarms.alarm, name="alarm"),
    path("pool/", pool, name="pool"),
    path("replay/", replay.choose, name="replay"),
    path("replay/<int:run_number>/", replay.replay, name="replay"),
    path("replay/<int:run_number>/events/", replay.events, name="replay-events"),
    path("system/", system.system, name="system"),
    path("system/repair/", system.repair, name="repair"),
    path("system/dead-letters/<str:namespace>/", system.dead_letter_list, name="dead-letters"),
    path("system/dead-letters/<str:namespace>/<key:identity>/", system.dead_letter, name="dead-letter"),
    path("account/tokens/", account.account_tokens, name="tokens"),
    path("login/", account.ThrottledLoginView.as_view(), name="login"),
    path("logout/", LogoutView.as_view(next_page="web:hub"), name="logout"),
]

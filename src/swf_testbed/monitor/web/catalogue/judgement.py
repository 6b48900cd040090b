"""How good the data are: quality flags and alarms."""

from django.urls import reverse
from django.utils.http import urlencode

from swf_testbed.monitor.web.columns import Column, Row
from swf_testbed.monitor.web.list_page import list_page
from swf_testbed.monitor.web.templatetags import words


def _plots_page(row: Row) -> str:
    run = reverse("web:run", args=[row["run_number"]])
    return f"{run}?{urlencode({'subsystem': row['subsystem']})}#plots-title"


def _alarm_page(row: Row) -> str:
    return reverse("web:alarm", args=[row["id"]])


LISTS = (
    list_page(
        "quality",
        "Quality flags",
        "quality-flags",
        Column("subsystem", "Subsystem", link=_plots_page),
        Column("quality", "Quality", words.word),
        Column("check", "Check"),
        Column("run_number", "Run"),
        Column("histogram", "Histogram"),
        Column("reason", "Reason", wide=True),
        Column("since", "Since", words.moment),
        Column("until", "Until", words.moment),
        facets=("quality", "subsystem", "check"),
        search=("subsystem", "check_name", "reason"),
        moved_by=("quality_flag",),
        hint="Checks compare the histograms of a run with a reference",
    ),
    list_page(
        "alarms",
        "Alarms",
        "alarms",
        Column("id", "Alarm", words.text, link=_alarm_page),
        Column("severity", "Severity", words.word),
        Column("subject", "Subject"),
        Column("text", "Text", link=_alarm_page, wide=True),
        Column("namespace", "Namespace"),
        Column("raised_at", "Raised", words.moment),
        Column("acknowledged_by", "Acknowledged by"),
        Column("cleared_at", "Cleared", words.moment),
        facets=("severity", "namespace", "acknowledged_by", "subject"),
        search=("subject", "text"),
        moved_by=("alarm",),
        further=(("Raise an alarm", "web:raise-alarm"),),
    ),
)

"""How good the data are: flags, references, alarms."""

from swf_testbed.monitor.services import alarms, news, references
from swf_testbed.monitor.services.declaration import Resource, Rule
from swf_testbed.monitor.services.quality import follow as follow_flags
from swf_testbed.monitor.store import models as store

RESOURCES = (
    Resource(
        "quality-flags",
        store.QualityFlag,
        filters=("quality", "until", "created_at"),
        namespace="run__namespace",
        run="run",
        time="since",
        aliases={"run_number": "run", "check": "check_name"},
        tells=news.flags,
        told_fields=("quality",),
        follow=follow_flags,
        prepare=references.of_runs,
    ),
    Resource(
        "references",
        store.Reference,
        filters=("configuration", "beam", "state", "made_by", "created_at"),
        rule=Rule.IMMUTABLE,
    ),
    Resource(
        "alarms",
        store.Alarm,
        filters=("severity", "subject", "raised_at", "cleared_at", "acknowledged_by", "created_at"),
        namespace="namespace",
        run="run_number",
        time="raised_at",
        append=alarms.append,
        change=alarms.change,
        complete=alarms.complete,
    ),
)

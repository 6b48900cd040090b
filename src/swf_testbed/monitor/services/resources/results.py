"""What the data look like: histograms, windows, figures of STFs, and layouts to look at them."""

from swf_testbed.monitor.services import references
from swf_testbed.monitor.services.declaration import PART_OF_RUN, Resource
from swf_testbed.monitor.store import models as store

RESOURCES = (
    Resource(
        "histograms",
        store.Histogram,
        filters=("quality",),
        namespace="run__namespace",
        run="run",
        aliases={"run_number": "run"},
        prepare=references.of_runs,
        kept=PART_OF_RUN,
    ),
    Resource(
        "windows",
        store.Window,
        filters=("created_at",),
        namespace="run__namespace",
        run="run",
        aliases={"run_number": "run"},
        prepare=references.of_runs,
        kept=PART_OF_RUN,
    ),
    Resource(
        "stf-figures",
        store.StfFigures,
        filters=("since", "created_at"),
        namespace="run__namespace",
        run="run",
        time="since",
        aliases={"run_number": "run"},
        prepare=references.of_runs,
        kept=PART_OF_RUN,
    ),
    Resource("layouts", store.Layout, filters=("created_at",), owner="owner"),
)

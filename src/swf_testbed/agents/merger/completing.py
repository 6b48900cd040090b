"""Results of workers that say less than ours do: what is left out stands in the monitor."""

from collections.abc import Sequence

from swf_testbed.messages import SliceResult, StfVolume
from swf_testbed.monitor_client import MonitorClient
from swf_testbed.records import StfFile, TfSlice

Said = SliceResult | StfVolume


def completed(monitor: MonitorClient, said: Sequence[Said]) -> list[Said]:
    """Results with the frames of their slices, and when their data left the DAQ; ours are complete."""
    lacking = [one for one in said if isinstance(one, SliceResult) and not one.content.tf_count]
    if not lacking:
        return list(said)
    frames = {
        (row.fastmon_file, row.slice_id): row.tf_count or 0
        for sample in {one.content.tf_filename for one in lacking}
        for row in monitor.list(TfSlice, fastmon_file=sample)
    }
    egress = {
        name: monitor.get(StfFile, name).egress_at for name in {one.content.filename for one in lacking}
    }

    def whole(one: Said) -> Said:
        if not isinstance(one, SliceResult) or one.content.tf_count:
            return one
        content = one.content
        more = {
            "tf_count": frames.get((content.tf_filename, content.slice_id), 0),
            "egress_at": content.egress_at or egress[content.filename],
        }
        return one.model_copy(update={"content": content.model_copy(update=more)})

    return [whole(one) for one in said]

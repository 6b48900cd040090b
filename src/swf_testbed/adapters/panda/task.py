"""What PanDA is told of every task of ours, whatever its jobs do."""

from typing import Any

from swf_testbed.config.panda import Panda


def common_parameters(name: str, rules: Panda) -> dict[str, Any]:
    """Parameters of a task by its name: for whom, where, and with how much memory a core, MB."""
    return {
        "taskName": name,
        "vo": rules.vo,
        "site": rules.site,
        "cloud": rules.cloud,
        "workingGroup": rules.working_group,
        "processingType": rules.processing_type,
        "prodSourceLabel": rules.source_label,
        "taskType": "anal",
        "taskPriority": 900,
        "transUses": "",
        "transHome": None,
        "architecture": "",
        "ramCount": rules.memory_mb,
        "ramUnit": "MBPerCoreFixed",
        "skipScout": True,
    }

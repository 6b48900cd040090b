"""The example of `docs/how-to/follow-in-python.md` does what the page says."""

import os
import subprocess
import sys
from uuid import uuid4

from client_process import sample
from monitor_instance import Instance

from documented import Guide

GUIDE = Guide("how-to/follow-in-python.md")


def test_the_example_prints_samples(instance: Instance, run_number: int) -> None:
    with instance.bus() as bus:
        bus.publish_many(sample(f"n{uuid4().hex[:10]}", run_number, number) for number in (1, 2))
    command = [sys.executable, "-W", "error", "-c", GUIDE.block("import os")]
    said = GUIDE.variables("export SWF_MONITOR_URL=", {"SWF_MONITOR_URL": instance.url})
    environment = {**os.environ, **instance.environment, **said}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        ours = (line.split() for line in process.stdout if f"swf.{run_number}." in line)
        assert next(ours)[1:] == [f"swf.{run_number}.000001_tf_001.tf", "7"]
        assert next(ours)[1:] == [f"swf.{run_number}.000002_tf_001.tf", "7"]
        process.kill()

"""The monitor's histograms in a notebook, in three lines:

from swf_testbed.client import Monitor
run = Monitor().run()
run.histogram("BIC SciFi", "adc")
"""

from swf_testbed.client.monitor import Monitor
from swf_testbed.client.runs import RunHistograms

__all__ = ["Monitor", "RunHistograms"]

"""The door `python -m swf_fastmon_agent.main`; the agent itself is in `swf_testbed`."""

"""The door `python -m swf_fastmon_client.main`; the client itself is in `swf_testbed`."""

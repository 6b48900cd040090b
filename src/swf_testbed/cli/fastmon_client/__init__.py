"""The fast monitoring client on the command line: what `python -m swf_fastmon_client.main` does."""

"""`python -m swf_fastmon_client.main`: follow fast monitoring from anywhere."""

from swf_testbed.cli.fastmon_client.app import main

if __name__ == "__main__":
    main()

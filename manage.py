#!/usr/bin/env python
"""Django's commands on the testbed's database, as `python manage.py get_token USERNAME`."""

import sys

from swf_testbed.monitor.__main__ import main

if __name__ == "__main__":
    sys.exit(main(["manage", *sys.argv[1:]]))

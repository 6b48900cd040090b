"""`python -m swf_testbed.monitor serve | intake | manage ...`."""

import logging
import sys

from swf_testbed.config.environment import settings
from swf_testbed.config.memory import give_back_regularly
from swf_testbed.config.settings import Settings
from swf_testbed.model.errors import SwfError

USAGE = "usage: python -m swf_testbed.monitor serve | intake | manage COMMAND ..."


def main(arguments: list[str]) -> int:
    """Run one of the monitor's programs; the exit code."""
    swf = settings()
    logging.basicConfig(
        level=swf.swf_log_level, format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stderr
    )
    # A client's mistake is answered to the client; the log is for the server's own.
    logging.getLogger("django.request").setLevel(logging.ERROR)
    match arguments:
        case ["serve"]:
            from swf_testbed.monitor.server import serve

            give_back_regularly()
            serve(swf)
        case ["intake"]:
            from swf_testbed.monitor.intake.main import run

            give_back_regularly()
            return run(swf)
        case ["manage", *rest]:
            manage(swf, rest)
        case _:
            sys.stderr.write(USAGE + "\n")
            return 2
    return 0


def manage(swf: Settings, rest: list[str]) -> None:
    """Run one of Django's commands on the testbed's database."""
    from swf_testbed.monitor.startup import prepare

    prepare(swf)
    from django.core.management import execute_from_command_line

    execute_from_command_line(["manage.py", *rest])


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except SwfError as error:
        sys.exit(f"{error}")

"""Rucio on one machine, until Ctrl-C: server, daemons, PostgreSQL, XRootD for the exit buffer and two sites.

`python tools/rucio_here.py [FOLDER]` serves FOLDER as the exit buffer, the testbed's own if it is left out.
Needs what `tools/get_rucio` brings, PostgreSQL and XRootD.
"""

import argparse
import signal
import sys
from pathlib import Path

from swf_test_servers import Absent
from swf_test_servers.rucio_system import RucioSystem
from swf_testbed.config.environment import settings


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description="Rucio on one machine, until Ctrl-C.")
    parser.add_argument("folder", nargs="?", type=Path, help="the exit buffer; the testbed's own if left out")
    folder: Path = parser.parse_args().folder or settings().state_dir / "exit-buffer"
    folder.mkdir(parents=True, exist_ok=True)
    # However it is asked to end, what it has started ends with it; a shell's background ignores the first.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    print("starting PostgreSQL, Rucio and three XRootD servers; this takes some seconds", file=sys.stderr)
    try:
        with RucioSystem(folder) as system:
            rucio = system.rucio
            print(f"export SWF_RUCIO_URL={rucio.url}")
            print(f"export SWF_RUCIO_ACCOUNT={rucio.account} SWF_RUCIO_USERNAME={rucio.account}")
            print(f"export SWF_RUCIO_PASSWORD={rucio.password}")
            print('# in testbed.toml:\n# [data]\n# storage = "rucio"')
            print(f'# buffer_url = "{system.buffer.url()}"')
            for name, site in system.sites.items():
                print(f"# {name} keeps its files below {site.data}")
            sys.stdout.flush()
            print("up; Ctrl-C ends all of it", file=sys.stderr)
            signal.pause()
    except Absent as absent:
        print(absent, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("ended", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())

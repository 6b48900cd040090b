"""Runs inside Rucio's own environment: the daemons that bring files to where rules want them.

Real ones of Rucio: evaluation and repair of rules, submission, polling and finishing of transfers, and what
makes a new copy of a bad one. They are meant as a process each; here each is a thread.
"""

import logging
import os
import signal
import sys
import threading
from typing import Any

from rucio.daemons import common

PAUSE_S, REPAIR_PAUSE_S = 1, 2
"""Between two looks of a daemon at what there is to do."""

_queue = common.db_workqueue
# Nobody shares the work: no need to wait 10 s for others to say so, as each does at its start.
common.db_workqueue = lambda **said: _queue(**{**said, "partition_wait_time": 0})

from rucio.daemons.badreplicas import minos, necromancer  # noqa: E402  # they take the queue as it is then
from rucio.daemons.conveyor import finisher, poller, submitter  # noqa: E402
from rucio.daemons.judge import evaluator, repairer  # noqa: E402

# What another daemon holds the lock of is looked at again soon, and not after 10 to 40 minutes.
evaluator.randint = repairer.randint = lambda *_: REPAIR_PAUSE_S

DAEMONS: dict[Any, dict[str, int]] = {
    evaluator: {"sleep_time": PAUSE_S},
    submitter: {"sleep_time": PAUSE_S, "group_bulk": 50},
    poller: {"sleep_time": PAUSE_S, "older_than": 0},
    finisher: {"sleep_time": PAUSE_S},
    repairer: {"sleep_time": REPAIR_PAUSE_S},
    minos: {"sleep_time": REPAIR_PAUSE_S},
    necromancer: {"sleep_time": REPAIR_PAUSE_S},
}


def run(daemon: Any, said: dict[str, int]) -> None:
    """Run a daemon, and again when it has fallen: the database may be away for a while."""
    while True:
        try:
            daemon.run(**said)
        except Exception:
            logging.exception(daemon.__name__)
        threading.Event().wait(PAUSE_S)


# At once: what is in hand is taken up again by whoever comes next, as after a crash.
signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
for one in DAEMONS.items():
    threading.Thread(target=run, args=one, daemon=True).start()
sys.stdout.write("started\n")
sys.stdout.flush()
signal.pause()

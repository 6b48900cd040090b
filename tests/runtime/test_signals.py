"""Signals that come at the worst moment."""

import subprocess
import sys

PROGRAM = """
import os, signal, threading
from swf_testbed.runtime.signals import act_on

lock, done, heard = threading.Lock(), threading.Event(), []

def act(number):
    with lock:
        heard.append(number.name)
    if number is signal.SIGTERM:
        done.set()

act_on((signal.SIGUSR1, signal.SIGTERM), act)
with lock:
    os.kill(os.getpid(), signal.SIGUSR1)
    os.kill(os.getpid(), signal.SIGTERM)
assert done.wait(60)
print(*heard)
"""


def test_who_acts_on_a_signal_may_take_a_lock_that_the_main_thread_holds() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=100, check=False
    )
    assert (done.stdout.split(), done.stderr) == (["SIGUSR1", "SIGTERM"], "")

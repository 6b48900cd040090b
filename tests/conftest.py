"""What holds for all tests."""

import signal

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell gives this to what it runs in the background, and it would pass on to every program under test.
    signal.signal(signal.SIGINT, signal.default_int_handler)

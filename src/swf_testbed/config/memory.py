"""How the C library (glibc) keeps memory, by kind of program; others are left as they are.

Two arenas: with one for each thread, what a thread has freed no other takes, and programs with threads grow
for hours. Large pieces are no part of a heap, and go back at once: glibc would begin so, but take what it has
seen freed once, up to 32 MiB, from a heap after that. asyncio then takes 256 KiB there for each read, Python
2 MiB when it makes its table of names anew, and both leave holes. The merger has large arrays by the hundred,
that live as long as a run. A worker keeps what it has freed, for the next slice: asking the system for memory
again and again took a third of the time of filling (`benchmarks/fill.py`: 0.44 of the bare counting without,
0.61 with it).

Programs that run for weeks also give back the holes between what they keep: glibc itself gives back only what
is free at the end of its heap, and one small thing that lives there keeps all before it. Holes are the larger
part of what grows in a soak (docs/explanation/endurance.md). Python's own heap has pieces of 1 MiB, each kept
for the last small thing in it; the broker, which is small and lives longest, does without it. That takes 5 to
10 % of some 80 000 messages a second (`benchmarks/broker.py`).
"""

import ctypes
import threading
from collections.abc import Mapping

GIVE_BACK_S = 30.0
"""How often a program gives its holes back; that takes about 1 ms, the merger 20."""

_KIB, _MIB = 1 << 10, 1 << 20
_ALL = {"MALLOC_ARENA_MAX": "2", "MALLOC_MMAP_THRESHOLD_": str(128 * _KIB)}
_BY_KIND = {
    "broker": {"PYTHONMALLOC": "malloc"},
    "merger": {"MALLOC_MMAP_THRESHOLD_": str(_MIB)},
    "worker": {"MALLOC_MMAP_THRESHOLD_": str(32 * _MIB), "MALLOC_TRIM_THRESHOLD_": str(256 * _MIB)},
}


def memory_environment(kind: str) -> Mapping[str, str]:
    """The variables for a program, like `worker`, `merger`, `monitor`."""
    return {**_ALL, **_BY_KIND.get(kind, {})}


def give_back_regularly(every_s: float = GIVE_BACK_S) -> None:
    """Give the system, from a thread of its own, the whole pages that are free; without glibc do nothing."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is None:
        return
    again = threading.Event()

    def work() -> None:
        while not again.wait(every_s):
            trim(0)

    threading.Thread(target=work, name="memory", daemon=True).start()

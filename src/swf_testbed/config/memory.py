"""How the C library (glibc) keeps memory, by kind of program; others do not know these variables.

Two arenas: with one for each thread, what a thread has freed no other takes, and programs with threads grow
for hours. The merger gives large arrays back at once: they live as long as a run, and leave holes. A worker
keeps what it has freed, for the next slice: asking the system for memory again and again took a third of the
time of filling (`benchmarks/fill.py`: 0.44 of the bare counting without, 0.61 with it).
"""

from collections.abc import Mapping

_ARENAS = {"MALLOC_ARENA_MAX": "2"}
_MIB = 1 << 20
_BY_KIND = {
    "merger": {"MALLOC_MMAP_THRESHOLD_": str(_MIB)},
    "worker": {"MALLOC_MMAP_THRESHOLD_": str(32 * _MIB), "MALLOC_TRIM_THRESHOLD_": str(256 * _MIB)},
}


def memory_environment(kind: str) -> Mapping[str, str]:
    """The variables for a program, like `worker`, `merger`, `monitor`."""
    return {**_ARENAS, **_BY_KIND.get(kind, {})}

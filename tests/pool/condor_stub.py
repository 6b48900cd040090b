# ruff: noqa: T201, S606  # it is a program, and its jobs are processes
"""Stands in for HTCondor's programs: `condor_stub.py FOLDER PROGRAM ARGUMENT...`; jobs are processes of here.

It knows of the submit description what `adapters.pool.htcondor` writes, and of the queries what it asks. It
shows that the engine does what it should with answers of this form, not that HTCondor gives them.
"""

import json
import os
import re
import shlex
import signal
import sys
from pathlib import Path


def submit(folder: Path) -> None:
    said = {}
    for line in sys.stdin.read().splitlines():
        key, equals, value = line.partition(" = ")
        if equals:
            said[key] = value
    number = len(list(folder.glob("*.ad"))) + 1
    words = [said["executable"], *unquoted(said["arguments"])]
    environment = {**os.environ, **dict(word.split("=", 1) for word in unquoted(said["environment"]))}
    ad = {"ClusterId": number, "JobBatchName": said["JobBatchName"]}
    (folder / f"{number}.ad").write_text(json.dumps(ad))
    if os.fork() == 0:
        os.setsid()
        log = os.open(said["output"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        for stream in (1, 2):
            os.dup2(log, stream)
        child = os.fork()
        if child == 0:
            os.execve(words[0], words, environment)
        (folder / f"{number}.pid").write_text(str(child))
        _, status = os.waitpid(child, 0)
        (folder / f"{number}.exit").write_text(str(os.waitstatus_to_exitcode(status)))
        os._exit(0)
    print(f"{number}.0 - {number}.0")


def unquoted(text: str) -> list[str]:
    inner = text[1:-1].replace('""', '"')
    return [word.replace("''", "'") for word in re.findall(r"'((?:[^']|'')*)'", inner)]


def ads(folder: Path) -> list[dict[str, object]]:
    found = []
    for path in sorted(folder.glob("*.ad")):
        ad = json.loads(path.read_text())
        over = path.with_suffix(".exit")
        ad["JobStatus"] = 2 if path.with_suffix(".pid").exists() else 1
        if path.with_suffix(".rm").exists():
            ad["JobStatus"] = 3 if over.exists() else 2
        elif over.exists():
            code = int(over.read_text() or "0")
            ad |= {
                "JobStatus": 4,
                "ExitBySignal": code < 0,
                "ExitCode": max(code, 0),
                "ExitSignal": max(-code, 0),
            }
        found.append(ad)
    return found


def look(folder: Path, program: str, words: list[str]) -> None:
    over = program == "condor_history"
    chosen = [ad for ad in ads(folder) if (ad["JobStatus"] in {3, 4}) == over]
    if "-constraint" in words:
        pattern = re.search(r'regexp\("([^"]*)", JobBatchName\)', words[words.index("-constraint") + 1])
        assert pattern
        chosen = [ad for ad in chosen if re.search(pattern[1], str(ad["JobBatchName"]))]
    elif "-totals" not in words:
        ids = {int(word) for word in words if word.isdigit() and words[words.index(word) - 1] != "-limit"}
        chosen = [ad for ad in chosen if ad["ClusterId"] in ids]
    if chosen and "-totals" not in words:
        print(json.dumps(chosen))


def remove(folder: Path, words: list[str]) -> None:
    how = signal.SIGKILL if "-forcex" in words else signal.SIGTERM
    for number in (word for word in words if word.isdigit()):
        (folder / f"{number}.rm").touch()
        try:
            os.kill(int((folder / f"{number}.pid").read_text()), how)
        except (OSError, ValueError):
            continue


def main(folder: Path, program: str, words: list[str]) -> None:
    if (folder / "down").exists():
        sys.exit(f"{program}: Failed to connect to the schedd ({shlex.join(words)[:80]})")
    if program == "condor_submit":
        submit(folder)
    elif program == "condor_rm":
        remove(folder, words)
    elif program == "condor_version":
        print("$CondorVersion: stand-in $")
    else:
        look(folder, program, words)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3:])

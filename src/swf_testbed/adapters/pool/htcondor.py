"""Workers as jobs of an HTCondor pool, by its own programs; tried against stand-ins of them alone."""

import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

from swf_testbed.adapters.pool.asking import ask
from swf_testbed.adapters.pool.protocol import (
    FORGOTTEN,
    Handle,
    JobState,
    JobStatus,
    WorkerSpec,
    check_pool_id,
    job_name,
    number_of,
    still_there,
)
from swf_testbed.model.errors import BadInput, Unavailable

_STATES = {
    1: JobState.QUEUED,
    2: JobState.ACTIVE,
    3: JobState.CANCELLED,
    4: JobState.DONE,
    5: JobState.QUEUED,  # held
    6: JobState.ACTIVE,  # transferring output
    7: JobState.ACTIVE,  # suspended
}
_WORDS = {1: "idle", 2: "running", 3: "removed", 4: "completed", 5: "held", 6: "transferring", 7: "suspended"}
_ATTRIBUTES = "ClusterId,JobBatchName,JobStatus,ExitCode,ExitBySignal,ExitSignal,HoldReason"
_POLL_S = 0.5


class CondorEngine:
    """One cluster of one job a worker, known by its batch name.

    Args:
        lines: more lines of the submit description, as `accounting_group = eic`.
    """

    name = "htcondor"

    def __init__(self, lines: Sequence[str] = ()) -> None:
        self._lines = tuple(lines)

    def probe(self) -> str:
        """The version of HTCondor, if its schedd answers."""
        ask(["condor_q", "-totals"])
        return ask(["condor_version"]).partition("\n")[0].strip("$ ")

    def launch(self, pool_id: str, numbers: Sequence[int], spec: WorkerSpec) -> list[Handle]:
        """Submit a job for each number that has none."""
        known = {handle.number: handle for handle in self.adopt(pool_id)}
        spec.folder.mkdir(parents=True, exist_ok=True)
        return [known.get(number) or self._submit(pool_id, number, spec) for number in numbers]

    def _submit(self, pool_id: str, number: int, spec: WorkerSpec) -> Handle:
        said = ask(
            ["condor_submit", "-terse", "-"], text=submit_description(pool_id, number, spec, self._lines)
        )
        return Handle(pool_id, number, said.split()[0].partition(".")[0])

    def status(self, handles: Sequence[Handle]) -> list[JobStatus]:
        """How each is."""
        if not handles:
            return []
        ids = [handle.job_id for handle in handles]
        try:
            ads = {str(ad["ClusterId"]): ad for ad in [*_ads("condor_history", ids), *_ads("condor_q", ids)]}
        except Unavailable as error:
            return [JobStatus(handle, JobState.UNKNOWN, said=str(error)) for handle in handles]
        return [_status(handle, ads.get(handle.job_id)) for handle in handles]

    def stop(self, handles: Sequence[Handle], grace_s: float) -> None:
        """Remove them: HTCondor sends SIGTERM, and kills what has not ended after `job_max_vacate_time`."""
        left = self._live(handles)
        if not left:
            return
        ask(["condor_rm", *(handle.job_id for handle in left)])
        until = time.monotonic() + grace_s
        while left and time.monotonic() < until:
            time.sleep(_POLL_S)
            left = self._live(left)
        if left:
            ask(["condor_rm", "-forcex", *(handle.job_id for handle in left)])

    def _live(self, handles: Sequence[Handle]) -> list[Handle]:
        return [one.handle for one in still_there(self.status(handles))]

    def adopt(self, pool_id: str) -> list[Handle]:
        """All jobs in the queue with the pool's batch names, and those that have left it."""
        check_pool_id(pool_id)
        wanted = f'regexp("^{job_name(pool_id, 0)[:-6]}[0-9]+$", JobBatchName)'.replace(".", "[.]")
        found: dict[int, Handle] = {}
        for program in ("condor_history", "condor_q"):
            for ad in _ads(program, ["-constraint", wanted]):
                number = number_of(str(ad.get("JobBatchName", "")), pool_id)
                if number is not None:
                    found[number] = Handle(pool_id, number, str(ad["ClusterId"]))
        return sorted(found.values())


def submit_description(pool_id: str, number: int, spec: WorkerSpec, lines: Sequence[str] = ()) -> str:
    """The text that `condor_submit` reads."""
    name = job_name(pool_id, number)
    environment = {**spec.environment, "SWF_WORKER_NUMBER": str(number)}
    said = {
        "universe": "vanilla",
        "executable": spec.argv[0],
        "arguments": _quoted(spec.argv[1:]),
        "environment": _quoted([f"{key}={value}" for key, value in environment.items()]),
        "getenv": "True",
        "transfer_executable": "False",
        "should_transfer_files": "NO",
        "initialdir": str(spec.folder),
        "output": f"{spec.folder / name}.log",
        "error": f"{spec.folder / name}.log",
        "JobBatchName": name,
        "request_cpus": str(spec.cores),
        "+MaxWallTime": str(int(spec.walltime_s)),
        "kill_sig": "SIGTERM",
        "periodic_remove": f"(JobStatus == 2) && (time() - EnteredCurrentStatus > {int(spec.walltime_s)})",
    }
    if spec.memory_mb is not None:
        said["request_memory"] = f"{spec.memory_mb}M"
    for label, value in spec.labels.items():
        said[f"+Swf{label.title().replace('_', '')}"] = json.dumps(value)
    return "\n".join([*(f"{key} = {value}" for key, value in said.items()), *lines, "queue 1", ""])


def _quoted(words: Sequence[str]) -> str:
    """Words in HTCondor's newer syntax: the whole in double quotes, each word in single ones."""
    for word in words:
        if "\n" in word:
            raise BadInput("argv", word, "HTCondor cannot take a line break")
    inner = " ".join("'" + word.replace("'", "''") + "'" for word in words)
    return '"' + inner.replace('"', '""') + '"'


def _ads(program: str, which: Sequence[str]) -> list[Mapping[str, Any]]:
    limit = ["-limit", "10000"] if program == "condor_history" else []
    said = ask([program, *which, *limit, "-json", "-attributes", _ATTRIBUTES])
    if not said.strip():  # so it says that there are none
        return []
    try:
        ads: list[Mapping[str, Any]] = json.loads(said)
    except ValueError:
        raise Unavailable(f"{program} answers no JSON: {said[:200]}") from None
    return ads


def _status(handle: Handle, ad: Mapping[str, Any] | None) -> JobStatus:
    if ad is None:
        return JobStatus(handle, JobState.UNKNOWN, said=FORGOTTEN)
    number = int(ad["JobStatus"])
    state, said = _STATES.get(number, JobState.UNKNOWN), _WORDS.get(number, f"status {number}")
    if ad.get("HoldReason") and number == 5:
        said = f"held: {ad['HoldReason']}"
    code: int | None = None
    if state is JobState.DONE:
        code = -int(ad["ExitSignal"]) if ad.get("ExitBySignal") else int(ad.get("ExitCode", 0))
        state = JobState.DONE if code == 0 else JobState.FAILED
    return JobStatus(handle, state, code, said)

"""Workers as jobs of PanDA: a task for each launch, by PanDA's own client."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

from swf_testbed.adapters.panda.server import PandaServer
from swf_testbed.adapters.pool.panda_tasks import TaskNotes, WorkerTask, new_task
from swf_testbed.adapters.pool.panda_watch import Watch, mute
from swf_testbed.adapters.pool.protocol import Handle, JobState, JobStatus, WorkerSpec, still_there
from swf_testbed.config.environment import username
from swf_testbed.config.panda import Panda
from swf_testbed.config.settings import Settings
from swf_testbed.model.errors import BadInput, NotFound, Refused, SwfError

_POLL_S = 0.5
_AGAIN_S = 60.0
"""PanDA needs no reminder of a kill before."""

_KEEP_S = 3600.0
"""So long a task that is over is still told to who adopts its pool."""


class PandaEngine:
    """One task for each launch, one job in it for each worker.

    What PanDA is told is written down before, in `folder`: PanDA can be asked for a task by its name alone,
    and only by submitting it again. A worker's number is in the parameters of its job; a handle has the task.

    Args:
        server: PanDA.
        rules: what tasks say of themselves, and how often PanDA is asked.
        folder: for the notes.
        user: stands in the names of tasks.
    """

    name = "panda"

    def __init__(self, server: PandaServer, rules: Panda, folder: Path, user: str) -> None:
        if not rules.pool_transformation:
            allowed = (
                "must be set in testbed.toml to run workers on PanDA, as `https://PANDA/trf/user/runGen`"
            )
            raise BadInput("panda.pool_transformation", "", allowed)
        self._server, self._rules, self._user = server, rules, user
        self._notes = TaskNotes(folder)
        self._watch = Watch(server, rules)
        self._told: dict[tuple[int, int], float] = {}

    @classmethod
    def of(cls, rules: Panda, settings: Settings, folder: Path) -> "PandaEngine":
        """As configured; `BadInput` if something is missing."""
        return cls(PandaServer.of(rules, settings), rules, folder, username())

    def probe(self) -> str:
        """The server, if it answers."""
        return self._server.alive()

    def launch(self, pool_id: str, numbers: Sequence[int], spec: WorkerSpec) -> list[Handle]:
        """Submit a task for the numbers that have none; what was said before without an answer, again."""
        wanted = set(numbers)
        known: dict[int, Handle] = {}
        for noted in self._notes.of(pool_id):
            lost = noted.number is None and wanted.intersection(noted.numbers)
            task = self._submit(noted) if lost else noted
            if task.number is not None and not task.disowned:
                known |= {handle.number: handle for handle in _handles(task)}
        for together in _ranges(sorted(wanted - known.keys())):
            task = self._submit(new_task(pool_id, together, spec, self._rules, self._user))
            known |= {handle.number: handle for handle in _handles(task)}
        return [known[number] for number in numbers]

    def _submit(self, task: WorkerTask) -> WorkerTask:
        self._notes.keep(task)
        try:
            submitted = self._server.submit(task.parameters)
        except Refused:
            self._notes.drop(task)
            raise
        task = self._notes.keep(replace(task, number=submitted.number))
        self._watch.begin(task)
        return task

    def status(self, handles: Sequence[Handle]) -> list[JobStatus]:
        """How each is; asked no oftener than each `panda.poll_interval`."""
        if not handles:
            return []
        try:
            self._look(handles)
        except SwfError as error:
            return [JobStatus(handle, JobState.UNKNOWN, said=str(error)) for handle in handles]
        return [self._watch.status(handle) for handle in handles]

    def _look(self, handles: Sequence[Handle]) -> None:
        tasks = list(self._notes.all())
        for task in tasks:
            self._watch.begin(task)
        pending = (task.number for task in tasks if task.ending and task.number is not None)
        if not self._watch.look([*(int(handle.job_id) for handle in handles), *pending]):
            return
        for task in tasks:
            if task.ending:
                self._end(task)
            elif task.over_at is None and task.number is not None and self._watch.view(task.number).over:
                self._notes.keep(replace(task, over_at=time.time()))

    def stop(self, handles: Sequence[Handle], grace_s: float) -> None:
        """Have PanDA kill them: its pilots send SIGTERM, and then SIGKILL, in their own time.

        This returns when PanDA was told. Of a task that it does not know yet it is told later, with a look.
        """
        left = {(int(one.handle.job_id), one.handle.number) for one in still_there(self.status(handles))}
        lately = time.monotonic() - _AGAIN_S
        left -= {worker for worker, at in self._told.items() if at > lately}
        for task in self._notes.all():
            more = {number for number in task.numbers if (task.number, number) in left}
            if more:
                self._notes.keep(replace(task, ending=tuple(sorted(more | set(task.ending)))))
        until = time.monotonic() + grace_s
        while self._end_all() and time.monotonic() < until:
            time.sleep(_POLL_S)
            try:
                self._look(handles)
            except SwfError as error:
                raise mute(error) from error

    def _end_all(self) -> bool:
        """Whether PanDA is yet to be told of some."""
        try:
            told = [self._end(task) for task in self._notes.all() if task.ending]
        except SwfError as error:
            raise mute(error) from error
        return any(task.ending for task in told)

    def _end(self, task: WorkerTask) -> WorkerTask:
        """Tell PanDA which of its workers are to end, as far as it knows them."""
        if task.number is None:
            return task
        view = self._watch.view(task.number)
        over = {
            number
            for number in task.numbers
            if self._watch.status(Handle(task.pool_id, number, str(task.number))).state.over
        }
        left = set(task.ending) - over
        if left and left | over == set(task.numbers):
            left = set() if self._killed(task.number) else left
        elif left:
            jobs = {number: view.jobs[number].job_id for number in left if number in view.jobs}
            self._server.kill_jobs(list(jobs.values()))
            left -= jobs.keys()
        now = time.monotonic()
        self._told.update({(task.number, number): now for number in set(task.ending) - left})
        if task.disowned and not left:
            self._notes.drop(task)
            return replace(task, ending=())
        return self._notes.keep(replace(task, ending=tuple(sorted(left))))

    def _killed(self, task: int) -> bool:
        """Kill a task; False if PanDA does not know it yet."""
        try:
            self._server.kill(task)
        except NotFound:
            return False
        return True

    def adopt(self, pool_id: str) -> list[Handle]:
        """All that PanDA was told of, by this process or another, unless they are long over."""
        found: list[Handle] = []
        for noted in self._notes.of(pool_id):
            task = self._found(noted) if noted.number is None else noted
            if task.over_at is not None and time.time() > task.over_at + _KEEP_S:
                self._notes.drop(task)
            elif not task.disowned:
                found += _handles(task)
        return sorted(found)

    def _found(self, task: WorkerTask) -> WorkerTask:
        """The task whose answer was lost, by its name; if there was none, what that has made is to end."""
        try:
            submitted = self._server.submit(task.parameters)
        except SwfError as error:
            raise mute(error) from error
        task = replace(task, number=submitted.number)
        if submitted.is_new:
            task = replace(task, disowned=True, ending=tuple(task.numbers))
        self._watch.begin(task)
        return self._notes.keep(task)


def _handles(task: WorkerTask) -> list[Handle]:
    return [Handle(task.pool_id, number, str(task.number)) for number in task.numbers]


def _ranges(numbers: Sequence[int]) -> Iterator[range]:
    """Numbers that follow one another, together."""
    begin = 0
    for place, (one, two) in enumerate(pairwise(numbers), start=1):
        if two != one + 1:
            yield range(numbers[begin], one + 1)
            begin = place
    if numbers:
        yield range(numbers[begin], numbers[-1] + 1)

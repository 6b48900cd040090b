"""The PanDA server as panda-client speaks to it, its many ways of saying no told apart.

Errors are HTTP 200 with `success: false`; a task that was just submitted is unknown for some seconds; a name
that exists answers with its number. What was recorded of a real server is in `tests/panda`.
"""

import os
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from swf_testbed.config.panda import Panda
from swf_testbed.config.settings import Settings
from swf_testbed.model.errors import BadInput, Conflict, NotFound, Refused, Unavailable, shorten

_NEW_TASK = re.compile(r"new jediTaskID=(\d+)")
_OLD_TASK = re.compile(r"jediTaskID=(\d+) is already")
_FORBIDDEN = re.compile(r"authentication failed|forbidden|not a member", re.IGNORECASE)
_PORTION = 500
"""Jobs asked about in one request."""

ANSWER_S = 30.0
_LOCK = threading.Lock()
"""The client keeps the server's address and the token for the whole process."""


class Submitted(NamedTuple):
    """A task by its number, and whether the answer made it or its name was known."""

    number: int
    is_new: bool


class PandaJob(NamedTuple):
    """A job as PanDA tells it; `parameters` is what its transformation is given."""

    job_id: int
    status: str
    attempt: int
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    host: str
    exit_code: int | None
    error: str
    parameters: str


class PandaServer:
    """One server, asked in one role.

    Args:
        url: `https://HOST:PORT`.
        role: a group, or `GROUP.ROLE`.
        token: of OIDC; the client would ask for one in a browser, so there must be one.
        answer_s: a server that takes longer is given up, for this time.
    """

    def __init__(self, url: str, role: str, token: str, answer_s: float = ANSWER_S) -> None:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise BadInput("panda.url", url, "must be https://HOST:PORT of a PanDA server")
        if not token:
            raise BadInput("PANDA_AUTH_ID_TOKEN", "", "must be an OIDC token, to use PanDA")
        self.url = f"{parts.scheme}://{parts.netloc}"
        self._role, self._token, self._answer_s = role, token, answer_s

    @classmethod
    def of(cls, rules: Panda, settings: Settings) -> "PandaServer":
        """As configured; `BadInput` if the address or the token is not."""
        if not rules.url:
            raise BadInput("panda.url", "", "must be set in testbed.toml to use PanDA")
        token = settings.panda_auth_id_token
        return cls(rules.url, rules.role, token.get_secret_value() if token else "")

    def submit(self, parameters: Mapping[str, Any]) -> Submitted:
        """Make a task; the one of this name, if there is one.

        Raises:
            Refused: the server does not take it.
            Unavailable: no answer.
        """
        said = {"task_parameters": {**parameters, "uniqueTaskName": True}, "parent_tid": None}
        answer = self._ask("task/submit", said)
        if answer.get("success"):
            return Submitted(_number(_NEW_TASK, answer), is_new=True)
        if _OLD_TASK.search(str(answer.get("message"))):
            return Submitted(_number(_OLD_TASK, answer), is_new=False)
        raise Refused(f"PanDA: {_said(answer)}")

    def task_status(self, task_id: int) -> str:
        """In PanDA's words, like `running`.

        Raises:
            NotFound: it is not known, or not yet.
        """
        return str(self._value("task/get_status", {"task_id": task_id}, get=True))

    def job_ids(self, task_id: int) -> list[int]:
        """The jobs that a task has so far, ascending."""
        return sorted(int(one) for one in self._value("task/get_job_ids", {"task_id": task_id}, get=True))

    def jobs(self, job_ids: Sequence[int]) -> list[PandaJob]:
        """How these are, ended ones too; in the server's order."""
        found: list[PandaJob] = []
        for start in range(0, len(job_ids), _PORTION):
            portion = list(job_ids[start : start + _PORTION])
            answer = self._value("job/get_description_incl_archive", {"job_ids": portion})
            found += [_job(said) for said in answer if said]
        return found

    def finish(self, task_id: int) -> None:
        """Let the task end when its jobs have."""
        self._value("task/finish", {"task_id": task_id, "soft": True})

    def kill(self, task_id: int) -> None:
        """Register that it is to be killed, which takes PanDA minutes."""
        self._value("task/kill", {"task_id": task_id})

    def retry(self, task_id: int) -> None:
        """Let failed jobs be tried again."""
        self._value("task/retry", {"task_id": task_id})

    def kill_jobs(self, job_ids: Sequence[int]) -> None:
        """Register that these are to be killed."""
        if job_ids:
            self._value("job/kill", {"job_ids": list(job_ids)})

    def alive(self) -> str:
        """What answers; `Unavailable` if nothing does."""
        self._value("system/is_alive", {}, get=True)
        return f"PanDA at {self.url}"

    def _value(self, endpoint: str, body: Mapping[str, Any], *, get: bool = False) -> Any:
        answer = self._ask(endpoint, body, get=get)
        if answer.get("success"):
            return answer.get("data")
        text = _said(answer)
        if "not found" in text.lower():
            raise NotFound(f"PanDA: {text}")
        raise Conflict(f"PanDA: {text}")

    def _ask(self, endpoint: str, body: Mapping[str, Any], *, get: bool = False) -> dict[str, Any]:
        status, answer = self._patiently(lambda: _call(self._client(), endpoint, body, get=get))
        if isinstance(answer, dict):
            return answer
        text = shorten(str(answer or "no answer"))
        if _FORBIDDEN.search(text):
            raise Refused(f"PanDA at {self.url}: {text}")
        raise Unavailable(f"PanDA at {self.url}: {text} (status {status})")

    def _patiently(self, ask: Callable[[], tuple[int, Any]]) -> tuple[int, Any]:
        """In a thread that can be left behind: the client waits ten minutes for a server that is silent."""
        answered: Future[tuple[int, Any]] = Future()
        late = Unavailable(f"PanDA at {self.url} did not answer within {self._answer_s:.0f} s")

        def in_turn() -> None:
            if not _LOCK.acquire(timeout=self._answer_s):  # who is before us has no answer either
                answered.set_exception(late)
                return
            try:
                answered.set_result(ask())
            except Exception as error:
                answered.set_exception(error)
            finally:
                _LOCK.release()

        threading.Thread(target=in_turn, name="panda-client", daemon=True).start()
        try:
            return answered.result(self._answer_s)
        except TimeoutError:
            raise late from None

    def _client(self) -> Any:
        """The client's module, turned to this server; it reads all it knows of the environment."""
        os.environ.update(  # the only way to tell it
            {
                "PANDA_URL": f"{self.url}/server/panda",
                "PANDA_URL_SSL": f"{self.url}/server/panda",
                "PANDA_AUTH": "oidc",
                "PANDA_AUTH_VO": self._role,
                "PANDA_AUTH_ID_TOKEN": self._token,
                "PANDA_BEHIND_REAL_LB": "1",
            }
        )
        try:
            from pandaclient import Client
        except ImportError:
            raise Unavailable("panda-client is not installed: pip install 'swf-testbed[panda]'") from None
        Client.server_base_path_ssl = f"{self.url}/api/v1"
        return Client


def _call(client: Any, endpoint: str, body: Mapping[str, Any], *, get: bool) -> tuple[int, Any]:
    http = client._HttpClient()  # its public functions hide the words of an error
    url = f"{client.server_base_path_ssl}/{endpoint}"
    if get:
        status, answer = http.get(url, dict(body), json_out=True, repeating_keys=True)
    else:
        status, answer = http.post(url, dict(body), json_out=True)
    return int(status), answer


def _number(pattern: re.Pattern[str], answer: Mapping[str, Any]) -> int:
    found = pattern.search(str(answer.get("message")))
    if found is None:
        raise Refused(f"PanDA: no task number in {_said(answer)!r}")
    return int(found[1])


def _said(answer: Mapping[str, Any]) -> str:
    return shorten(str(answer.get("message") or answer.get("data") or "no reason given").strip())


_CODES = (
    "pilotError",
    "exeError",
    "supError",
    "ddmError",
    "brokerageError",
    "jobDispatcherError",
    "taskBufferError",
)


def _job(said: Mapping[str, Any]) -> PandaJob:
    files = [one for one in said.get("Files") or () if isinstance(one, dict)]
    reasons = [
        f"{name} {said[f'{name}Code']}: {said.get(f'{name}Diag') or 'no words'}"
        for name in _CODES
        if said.get(f"{name}Code")
    ]
    code = said.get("transExitCode")
    return PandaJob(
        job_id=int(said["PandaID"]),
        status=str(said.get("jobStatus")),
        attempt=int(said.get("attemptNr") or 1),
        inputs=_names(files, "input"),
        outputs=_names(files, "output"),
        host=str(said.get("modificationHost") or ""),
        exit_code=int(code) if code not in {None, ""} else None,
        error="; ".join(reasons),
        parameters=str(said.get("jobParameters") or ""),
    )


def _names(files: Sequence[Mapping[str, Any]], kind: str) -> tuple[str, ...]:
    return tuple(str(one["lfn"]) for one in files if one.get("type") == kind and one.get("lfn"))

"""What an agent manager says of itself and of its user's testbed; the same here and in its replies."""

from pydantic import BaseModel, ConfigDict

from swf_testbed.model.fields import Name, Namespace, Timestamp


class _Document(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class ManagerState(_Document):
    """An agent manager; `busy` is the command that it carries out at the moment."""

    name: Name
    user: Name
    hostname: Name
    pid: int
    home: str
    namespace: Namespace
    control_queue: Name
    busy: str | None = None


class ProgramState(_Document):
    """A process of the agents; `name` and `started_at` together name it for `kill_agent`."""

    name: Name
    state: Name
    pid: int | None = None
    started_at: Timestamp | None = None
    said: str = ""


class ServiceState(_Document):
    """A service; `answer` is `up`, `down` or `not ours`."""

    name: Name
    answer: Name
    state: Name
    address: str | None = None
    said: str = ""


class UserTestbed(_Document):
    """Services and agents of a user.

    The agents are `ours` if this manager started them; they are those of the workflow `config_name`, without
    one those of testbed.toml.
    """

    namespace: Namespace
    ours: bool
    config_name: str | None = None
    services: tuple[ServiceState, ...] = ()
    programs: tuple[ProgramState, ...] = ()

    @property
    def running(self) -> bool:
        """Whether any agent is up."""
        return any(program.pid for program in self.programs)


class Ended(_Document):
    """What `stop_testbed` ended, by program."""

    stopped: tuple[str, ...]


class Killed(_Document):
    """The process that was killed."""

    agent: Name
    pid: int
    started_at: Timestamp

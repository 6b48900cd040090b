"""What the environment may say: every variable with its default and range, and what follows from it."""

from pydantic import BaseModel, ConfigDict

from swf_testbed.config.settings.broker import Broker
from swf_testbed.config.settings.monitor import Database, Monitor
from swf_testbed.config.settings.outside import Outside
from swf_testbed.config.settings.places import Mode, Places
from swf_testbed.config.settings.programs import Programs, Sampling

GROUPS: tuple[type[BaseModel], ...] = (Places, Monitor, Database, Broker, Programs, Sampling, Outside)
"""The variables by what they are about, in the order in which people read of them."""


class Settings(Monitor, Database, Broker, Programs, Sampling, Outside):
    """What the environment says; names of variables are the field names in capitals."""

    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=str.upper)


__all__ = ["GROUPS", "Mode", "Settings"]

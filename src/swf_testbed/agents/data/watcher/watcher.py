"""Lets the rules look, raises what they say, and clears what they do not say any more."""

from collections.abc import Sequence

from swf_testbed.agents.data.alarms import Alarms
from swf_testbed.agents.data.watcher.rules import RULES, Rule
from swf_testbed.agents.data.watcher.view import View
from swf_testbed.config.data import Watcher as Limits


class Watcher:
    """The rules, and what each has raised."""

    def __init__(self, limits: Limits, alarms: Alarms) -> None:
        self._rules: Sequence[Rule] = [rule(limits) for rule in RULES]
        self._alarms = alarms

    def look(self, view: View) -> None:
        """One look at everything."""
        standing = self._alarms.standing
        for rule in self._rules:
            said = {one.what: one for one in rule.look(view)}
            for one in said.values():
                # What stands is not said again with each second that passes.
                if f"{rule.name}:{one.what}" not in standing:
                    self._alarms.raised(rule.name, one.what, one.text, one.run)
            for subject in standing:
                name, _, what = subject.partition(":")
                if name == rule.name and what not in said:
                    self._alarms.cleared(name, what, "as it should be again")

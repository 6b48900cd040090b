"""The pages that every page leads to."""

from typing import NamedTuple

from django import template
from django.utils.http import urlencode

register = template.Library()


class Entry(NamedTuple):
    """A page: what it is called, the name of its address, and what is found there."""

    title: str
    name: str
    about: str


MAIN = (
    Entry("Now", "web:hub", "what runs now, and what ran last"),
    Entry("Shift", "web:shift", "every subsystem of the run, the worst first"),
    Entry("Runs", "web:runs", "every run of the DAQ"),
    Entry("Executions", "web:executions", "every execution of a workflow"),
    Entry("Messages", "web:messages", "what the programs said to one another"),
    Entry("Logs", "web:logs", "what the programs logged"),
    Entry("Alarms", "web:alarms", "what needs a person's attention"),
)
MORE = (
    Entry("Compare", "web:compare", "plots of runs and references on the same axes"),
    Entry("Trends", "web:trends", "figures and flags of one run after the other"),
    Entry("Layouts", "web:layouts", "plots that people arranged, and share"),
    Entry("Wall screen", "web:wall", "sheets in large type that take turns"),
    Entry("STF files", "web:stfs", "files of super time frames in the exit buffer"),
    Entry("Datasets", "web:datasets", "the files of each run, and how far they are at the sites"),
    Entry("Copies", "web:copies", "where every file is, in which state, and why"),
    Entry("Stages", "web:stages", "what each agent has done with each STF, and how long it took"),
    Entry("TF samples", "web:samples", "files of sampled time frames"),
    Entry("Slices", "web:slices", "pieces of samples that workers process"),
    Entry("Quality flags", "web:quality", "what checks say of the data"),
    Entry("State history", "web:states", "every change of the datataking state"),
    Entry("Pool", "web:pool", "workers that are wanted, and those that there are"),
    Entry("Workers", "web:workers", "processes that take slices"),
    Entry("Agents", "web:agents", "programs that move the data along"),
    Entry("Workflow definitions", "web:definitions", "code and configuration of workflows"),
    Entry("Namespaces", "web:namespaces", "instances of the testbed, and whose they are"),
    Entry("Subscribers", "web:subscribers", "who gets messages"),
    Entry("Log summary", "web:log-summary", "lines by program and level"),
    Entry("Replay", "web:replay", "a run that has ended, moment by moment"),
    Entry("System", "web:system", "services, queues, dead letters, what is stale"),
    Entry("API", "api-1:openapi-view", "the REST interface"),
)


@register.simple_tag
def main_pages() -> tuple[Entry, ...]:
    """The pages that stand in every page's head."""
    return MAIN


@register.simple_tag
def more_pages() -> tuple[Entry, ...]:
    """The pages in the menu beside them."""
    return MORE


@register.simple_tag
def query(**said: str | int | None) -> str:
    """A query of what is said; what is empty is left out."""
    return urlencode({name: value for name, value in said.items() if value is not None and value != ""})

"""Every list, declared once: its columns, what it is filtered and searched by, and what moves it."""

from swf_testbed.monitor.web.catalogue import files, judgement, runs, workers, workflows
from swf_testbed.monitor.web.list_page import ListPage

_PARTS = (runs, files, workflows, workers, judgement)

LISTS: dict[str, ListPage] = {page.name: page for part in _PARTS for page in part.LISTS}
"""Every list by its name."""

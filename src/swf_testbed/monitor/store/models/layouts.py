"""What people arrange for themselves."""

from typing import ClassVar

from django.db import models

from swf_testbed.monitor.store.models.base import NAME, WORD, Timed, document_field


class Layout(Timed):
    """An arrangement of plots."""

    owner = models.CharField(max_length=NAME, db_index=True)
    name = models.CharField(max_length=WORD)
    title = models.TextField(default="")
    columns = models.PositiveIntegerField(default=4)
    cells = document_field(list)

    class Meta:
        """By owner and name; each once."""

        ordering: ClassVar = ["owner", "name"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["owner", "name"], name="layout_once")]

    def __str__(self) -> str:
        return f"{self.owner}/{self.name}"

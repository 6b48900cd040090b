"""What the tables have in common."""

from enum import StrEnum
from typing import Any

from django.db import models

NAME = 200
"""Longest name, as in `model.fields.Name`."""

FILE_NAME = 250
WORD = 64


def word_field(**options: Any) -> "models.CharField[Any, Any]":
    """A short name, indexed."""
    return models.CharField(max_length=WORD, **{"db_index": True, **options})


def choice_field(values: type[StrEnum], default: StrEnum | None = None) -> "models.CharField[Any, Any]":
    """One of the words of an enumeration, indexed; the records check it, the database does not."""
    options: dict[str, Any] = {"null": True} if default is None else {"default": default.value}
    return models.CharField(
        max_length=32, db_index=True, choices=[(v.value, v.value) for v in values], **options
    )


def document_field(default: type = dict) -> "models.JSONField[Any, Any]":
    """A JSON document, empty by default."""
    return models.JSONField(default=default, blank=True)


class Timed(models.Model):
    """A row that knows when it was made and last changed, by the server's clock."""

    created_at = models.DateTimeField(auto_now_add=True, db_index=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        """No table of its own."""

        abstract = True

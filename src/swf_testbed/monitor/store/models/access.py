"""Counters, the tokens that let programs in, and the log-ins that failed."""

from typing import ClassVar

from django.conf import settings
from django.db import models

from swf_testbed.monitor.store.models.base import NAME, WORD


class Counter(models.Model):
    """A number that only grows; `value` is the last that was given away."""

    name = models.CharField(max_length=64, primary_key=True)
    value = models.BigIntegerField()


class ApiToken(models.Model):
    """A user's token, known here only by its SHA-256: 256 random bits need no slow hash."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=WORD, default="default")
    digest = models.CharField(max_length=64, unique=True)
    read_only = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    last_used_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)

    class Meta:
        """By name, which a user gives once."""

        ordering: ClassVar = ["name"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["user", "name"], name="token_name_once")]

    def __str__(self) -> str:
        return str(self.name)


class LoginFailure(models.Model):
    """A log-in that failed; kept as long as it counts."""

    username = models.CharField(max_length=NAME)
    address = models.CharField(max_length=45)
    at = models.DateTimeField(db_index=True)

    class Meta:
        """Found by who tried, and from where."""

        indexes: ClassVar = [models.Index(fields=["address", "username"], name="failure_by_sender")]

    def __str__(self) -> str:
        return f"{self.username} from {self.address}"

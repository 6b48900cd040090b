"""Counters, and the tokens that let programs in."""

from django.conf import settings
from django.db import models


class Counter(models.Model):
    """A number that only grows; `value` is the last that was given away."""

    name = models.CharField(max_length=64, primary_key=True)
    value = models.BigIntegerField()


class ApiToken(models.Model):
    """A user's token, known here only by its SHA-256: 256 random bits need no slow hash."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="api_token")
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)

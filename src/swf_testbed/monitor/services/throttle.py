"""Log-ins that fail too often have to wait: per user and address, and per address."""

from datetime import timedelta
from math import ceil

from django.db.models import QuerySet

from swf_testbed.model.clock import now
from swf_testbed.monitor.services.writing import writing
from swf_testbed.monitor.store.models import LoginFailure

WINDOW = timedelta(minutes=5)
TRIES_OF_A_USER = 5
"""Failures of one name from one address in a window."""

TRIES_OF_AN_ADDRESS = 30
"""Failures of one address, whatever the names."""

_LONGEST_NAME = 200


def wait_s(username: str, address: str) -> int:
    """How long this user has to wait before the next try from this address, s; 0 if not at all."""
    begin = now() - WINDOW
    failures = LoginFailure.objects.filter(address=address, at__gt=begin).order_by("-at")
    waits = (
        _wait_s(failures.filter(username=username[:_LONGEST_NAME]), TRIES_OF_A_USER),
        _wait_s(failures, TRIES_OF_AN_ADDRESS),
    )
    return max(waits)


def _wait_s(newest_first: "QuerySet[LoginFailure, LoginFailure]", tries: int) -> int:
    counted = newest_first.values_list("at", flat=True)[tries - 1 : tries]
    return max(1, ceil((counted[0] + WINDOW - now()).total_seconds())) if counted else 0


def failed(username: str, address: str) -> None:
    """Count a failure; those that do not count any more are thrown away."""
    moment = now()
    with writing():
        LoginFailure.objects.filter(at__lte=moment - WINDOW).delete()
        LoginFailure.objects.create(username=username[:_LONGEST_NAME], address=address, at=moment)


def succeeded(username: str, address: str) -> None:
    """Forget a user's failures from this address."""
    with writing():
        LoginFailure.objects.filter(username=username[:_LONGEST_NAME], address=address).delete()

"""Quality flags and alarms."""

from typing import ClassVar

from django.db import models

from swf_testbed.model.status import Quality, Severity
from swf_testbed.monitor.store.models.base import (
    NAME,
    WORD,
    Timed,
    choice_field,
    document_field,
    word_field,
)
from swf_testbed.monitor.store.models.runs import Run


class QualityFlag(Timed):
    """What a check says of a subsystem's data in a range of time."""

    run = models.ForeignKey(
        Run, models.CASCADE, db_column="run_number", related_name="quality_flags", db_index=False
    )
    subsystem = models.CharField(max_length=WORD, db_index=True)
    check_name = models.CharField(max_length=WORD, db_column="check", db_index=True)
    since = models.DateTimeField(db_index=True)
    quality = choice_field(Quality, Quality.NULL)
    histogram = models.CharField(max_length=NAME, null=True)
    reason = models.TextField(default="")
    part = models.TextField(default="")
    until = models.DateTimeField(null=True, db_index=True)

    class Meta:
        """Newest first; one word a check, subsystem and beginning."""

        ordering: ClassVar = ["-since", "-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["run", "subsystem", "check_name", "since"], name="flag_once"),
        ]

    def __str__(self) -> str:
        return f"{self.run_id}/{self.subsystem}/{self.check_name}: {self.quality}"


class Reference(Timed):
    """What good data looks like, made of runs that a person marked good."""

    name = word_field()
    version = models.PositiveIntegerField()
    configuration = models.CharField(max_length=NAME, null=True, db_index=True)
    beam = models.CharField(max_length=NAME, null=True, db_index=True)
    state = models.CharField(max_length=NAME, null=True, db_index=True)
    runs = document_field(list)
    frames = models.BigIntegerField(default=0)
    note = models.TextField(default="")
    made_by = models.CharField(max_length=NAME, null=True, db_index=True)
    content = document_field()

    class Meta:
        """Newest first; each version once."""

        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["name", "version"], name="reference_once"),
        ]

    def __str__(self) -> str:
        return f"{self.name}/{self.version}"


class Alarm(Timed):
    """Something that needs a person's attention until it is cleared."""

    namespace = word_field(null=True)
    run_number = models.PositiveIntegerField(null=True, db_index=True)
    severity = choice_field(Severity, Severity.WARNING)
    subject = models.CharField(max_length=NAME, db_index=True)
    text = models.TextField(default="")
    raised_at = models.DateTimeField(db_index=True)
    cleared_at = models.DateTimeField(null=True, db_index=True)
    acknowledged_by = models.CharField(max_length=NAME, null=True, db_index=True)
    note = models.TextField(default="")

    class Meta:
        """Newest first."""

        ordering: ClassVar = ["-id"]

    def __str__(self) -> str:
        return f"{self.severity}: {self.subject}"


class AlarmEvent(models.Model):
    """What happened to an alarm: raised, acknowledged, cleared, with who did it and what they noted."""

    alarm = models.ForeignKey(Alarm, models.CASCADE, related_name="events")
    at = models.DateTimeField()
    action = models.CharField(max_length=WORD)
    by = models.CharField(max_length=NAME, null=True)
    note = models.TextField(default="")

    class Meta:
        """In the order in which it was told."""

        ordering: ClassVar = ["id"]

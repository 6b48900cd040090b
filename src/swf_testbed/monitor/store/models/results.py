"""Histograms of runs, and what was merged into them."""

from typing import ClassVar

from django.db import models

from swf_testbed.model.status import Quality
from swf_testbed.monitor.store.models.base import FILE_NAME, NAME, WORD, Timed, choice_field, document_field
from swf_testbed.monitor.store.models.runs import Run


class Histogram(Timed):
    """One histogram of a run; `content` is its UHI serialisation."""

    run = models.ForeignKey(
        Run, models.CASCADE, db_column="run_number", related_name="histograms", db_index=False
    )
    subsystem = models.CharField(max_length=WORD)
    name = models.CharField(max_length=WORD)
    content = document_field()
    revision = models.BigIntegerField(default=0)
    slices = models.BigIntegerField(default=0)
    tfs = models.BigIntegerField(default=0)
    quality = choice_field(Quality)

    class Meta:
        """By name."""

        ordering: ClassVar = ["run", "subsystem", "name"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["run", "subsystem", "name"], name="histogram_once"),
        ]

    def __str__(self) -> str:
        return f"{self.run_id}/{self.subsystem}/{self.name}"


class HistogramPart(models.Model):
    """One slice or STF whose histograms are in the run's: the proof that nothing is counted twice."""

    run = models.ForeignKey(Run, models.CASCADE, db_column="run_number", related_name="parts", db_index=False)
    part = models.CharField(max_length=FILE_NAME + 20)
    revision = models.BigIntegerField()
    egress_at = models.DateTimeField(null=True)
    plotted_at = models.DateTimeField()

    class Meta:
        """Each part once."""

        constraints: ClassVar = [models.UniqueConstraint(fields=["run", "part"], name="part_once")]


class Window(Timed):
    """The products of a run's newest data, in the form of `fastmon.codec`."""

    run = models.ForeignKey(
        Run, models.CASCADE, db_column="run_number", related_name="windows", db_index=False
    )
    window = models.CharField(max_length=WORD)
    since = models.DateTimeField(null=True)
    until = models.DateTimeField(null=True)
    stfs = models.BigIntegerField(default=0)
    frames = models.BigIntegerField(default=0)
    revision = models.BigIntegerField(default=0)
    content = document_field()

    class Meta:
        """By name."""

        ordering: ClassVar = ["run", "window"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["run", "window"], name="window_once")]

    def __str__(self) -> str:
        return f"{self.run_id}/{self.window}"


class StfFigures(Timed):
    """What was measured of one STF."""

    run = models.ForeignKey(
        Run, models.CASCADE, db_column="run_number", related_name="stf_figures", db_index=False
    )
    stf_filename = models.CharField(max_length=FILE_NAME)
    stream = models.CharField(max_length=32, null=True)
    sequence = models.PositiveIntegerField(null=True)
    since = models.DateTimeField(null=True, db_index=True)
    until = models.DateTimeField(null=True)
    frames = models.BigIntegerField(default=0)
    sampled = models.BigIntegerField(default=0)
    evaluated = models.BigIntegerField(default=0)
    bytes_read = models.BigIntegerField(default=0)
    stf_bytes = models.BigIntegerField(default=0)
    requests = models.BigIntegerField(default=0)
    source = models.CharField(max_length=NAME, null=True)
    failed = document_field(list)
    latency_s = models.FloatField(null=True)
    values = document_field()

    class Meta:
        """In the order of taking."""

        ordering: ClassVar = ["run", "since", "stf_filename"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["run", "stf_filename"], name="figures_once")]
        indexes: ClassVar = [models.Index(fields=["run", "since"], name="figures_by_time")]

    def __str__(self) -> str:
        return f"{self.run_id}/{self.stf_filename}"

"""Whether this machine is ready for a run, and how to mend what is not."""

from swf_testbed.control.doctor.diagnosis import CHECKS, Diagnosis, diagnose

__all__ = ["CHECKS", "Diagnosis", "diagnose"]

"""Judgements: quality of data, and alarms."""

from typing import Literal

from swf_testbed.messages.envelope import Message
from swf_testbed.model.fields import Name, RunNumber, ShortText, Timestamp
from swf_testbed.model.status import Quality, Severity


class QualityFlagged(Message):
    """A check has judged the data of one subsystem."""

    identity = ("run_id", "subsystem", "check", "since", "quality")
    msg_type: Literal["quality_flag"] = "quality_flag"
    run_id: RunNumber
    subsystem: Name
    histogram: Name
    check: Name
    quality: Quality
    reason: ShortText
    part: ShortText = ""
    since: Timestamp


class Alarm(Message):
    """Something needs a person's attention, or does not need it any more."""

    msg_type: Literal["alarm"] = "alarm"
    severity: Severity
    subject: Name
    text: ShortText
    state: Literal["raised", "cleared"]

"""The alarms of data management: files, copies, datasets, the exit buffer, and what the watcher sees."""

from swf_testbed.model.alarm_kind import AlarmKind
from swf_testbed.model.status import Severity

DATA_ALARMS = (
    AlarmKind(
        "verification",
        "a file is not what was announced",
        Severity.ERROR,
        "An STF in the exit buffer has another size or checksum than the DAQ announced, is not there, or is "
        "another than the one that is registered under its name. It is kept, not registered, not sampled.",
        "The file in the exit buffer (`stf verify FILE`), and the disk. When it is as it should be: `testbed "
        "dead-letters resend`.",
        "The file was announced again and is as announced.",
    ),
    AlarmKind(
        "content",
        "frames of a file are damaged",
        Severity.ERROR,
        "The file is as it was announced, but some frames have wrong checksums: it was damaged "
        "before or while it was written.",
        "`stf verify FILE` tells which frames and detectors. If it is one detector: its readout; if it is "
        "all: the memory and disk of the DAQ.",
        "A person clears it.",
    ),
    AlarmKind(
        "sequence_gap",
        "STF numbers are missing",
        Severity.ERROR,
        "The numbers of a stream's STFs have a gap: a file was lost before it was announced.",
        "The DAQ's log around the number before the gap; the exit buffer's folder of the run.",
        "The missing numbers have come.",
    ),
    AlarmKind(
        "tf_gap",
        "time frames are missing or come twice",
        Severity.ERROR,
        "An STF does not begin with the frame that follows the last one of the STF before it.",
        "The run's STF list: frames of this file and of the one before it.",
        "A person clears it.",
    ),
    AlarmKind(
        "state_stamp",
        "a file has the wrong state",
        Severity.WARNING,
        "The state that an STF is stamped with is not the one that was in effect when it began.",
        "The state history of the run beside the start of the file; clocks of DAQ and run control.",
        "A person clears it.",
    ),
    AlarmKind(
        "catalogue",
        "the catalogue does not answer",
        Severity.ERROR,
        "Datasets and files cannot be registered now. Files are announced and sampled all the same; "
        "registering is tried again until it succeeds.",
        "The server of the catalogue, its account and the network.",
        "It answers.",
    ),
    AlarmKind(
        "registration",
        "a file cannot be registered",
        Severity.ERROR,
        "The catalogue refuses a file; the text says why. The file is kept, and tried again each minute.",
        "What the catalogue has under this name: `testbed data ls RUN`, and the catalogue's own tools.",
        "It is registered.",
    ),
    AlarmKind(
        "dataset",
        "a dataset cannot be opened or closed",
        Severity.ERROR,
        "The catalogue refuses the dataset of a run, or has not all of its files.",
        "`testbed data ls RUN`: which files lack, and why.",
        "The dataset is closed.",
    ),
    AlarmKind(
        "site",
        "a site does not answer",
        Severity.ERROR,
        "No files can be brought to a site, or none can be verified there. The other sites go on; what is "
        "missing is made up for when it is back. The exit buffer keeps everything meanwhile.",
        "The site's storage: is it mounted, full, read-only? `testbed data ls` shows how much waits.",
        "Files are brought to it again.",
    ),
    AlarmKind(
        "copy",
        "a copy failed",
        Severity.WARNING,
        "A copy could not be made, or differs from what was announced; it is put aside and made again.",
        "The page of copies of the run, with reasons and the number of attempts. Many at one site point to "
        "its storage, one file at all sites to the exit buffer's copy.",
        "The copy is verified.",
        latched=False,
    ),
    AlarmKind(
        "stream",
        "the stream of a site differs",
        Severity.ERROR,
        "The running checksum of all files at a site, one after the other, is not that of what the DAQ has "
        "announced.",
        "The file that the text names: `testbed data verify RUN` reads it at every site.",
        "A person clears it.",
    ),
    AlarmKind(
        "exit_buffer",
        "the exit buffer is filling",
        Severity.WARNING,
        "It is above its high-water mark, and what may be deleted is not enough: files are not archived as "
        "fast as they come.",
        "`testbed data ls`: which site is behind. The page of copies: what fails there.",
        "It is below the mark.",
    ),
    AlarmKind(
        "exit_buffer_full",
        "the exit buffer takes no files",
        Severity.ERROR,
        "There is no room for another file, or its disk is read-only. The DAQ pauses rather than lose data.",
        "Bring the site that is behind back, or give the buffer more room (`data.buffer_capacity`).",
        "There is room again, and files may be written.",
    ),
    AlarmKind(
        "no_stf",
        "no STF comes",
        Severity.ERROR,
        "The run is in physics, and for several intervals no STF was announced.",
        "The DAQ, then the broker: `testbed status`; the folder of the run in the exit buffer.",
        "An STF comes, or the run is not in physics any more.",
    ),
    AlarmKind(
        "stalled_stage",
        "a stage makes no progress",
        Severity.ERROR,
        "Files wait for the catalogue or for a site, and none has come on for a while.",
        "The alarms `catalogue`, `site` and `copy`; the log of the data agent.",
        "Files come on.",
    ),
    AlarmKind(
        "stf_rate",
        "STFs come too often or too seldom",
        Severity.WARNING,
        "The time between the starts of a stream's newest STFs departs from what is configured.",
        "The DAQ's load and its configuration (`daq_state_machine.stf_interval`).",
        "It is as configured again, or the run has ended.",
    ),
    AlarmKind(
        "stf_size",
        "an STF is too large or too small",
        Severity.WARNING,
        "The bytes a frame of an STF depart much from those of the stream's other files.",
        "The data volume of each subsystem on the run page: which one has changed.",
        "The sizes are as before, or the run has ended.",
    ),
    AlarmKind(
        "checksum_failures",
        "many files or copies are damaged",
        Severity.ERROR,
        "Several files or copies had wrong checksums within a short time.",
        "What they have in common: one site, one disk, one stream, one time.",
        "There were fewer in the last minutes.",
    ),
    AlarmKind(
        "clock",
        "the times of files go backwards",
        Severity.WARNING,
        "An STF begins before the one before it in its stream has ended: a clock has jumped.",
        "The clocks of the DAQ's hosts (NTP, White Rabbit).",
        "Times go on forwards, or the run has ended.",
    ),
    AlarmKind(
        "stuck_file",
        "a file is stuck",
        Severity.WARNING,
        "A file is not at every site long after it has left the DAQ.",
        "The page of copies, filtered by the run and by what is not verified.",
        "It is at every site.",
    ),
    AlarmKind(
        "stuck_execution",
        "an execution is stuck",
        Severity.WARNING,
        "An execution still counts as running long after its run has ended.",
        "The page of the execution; the workflow runner's log. `python manage.py repair_stuck` ends it.",
        "It has ended.",
    ),
    AlarmKind(
        "incomplete_dataset",
        "a run lacks files",
        Severity.ERROR,
        "The run has ended, and fewer files are registered than the DAQ has counted.",
        "`testbed data missing RUN` lists them; dead letters of the data agent.",
        "The dataset is closed.",
    ),
)
"""Every kind of them."""

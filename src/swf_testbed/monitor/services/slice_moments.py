"""Where in the tables the moments of a slice's way stand, as paths from the slice."""

EGRESS = "fastmon_file__stf_file__egress_at"
"""When its data left the DAQ."""

STAGES = {
    "registered": "fastmon_file__stf_file__created_at",
    "sampled": "fastmon_file__created_at",
    "queued": "created_at",
    "processed": "completed_at",
    "plotted": "plotted_at",
}
"""When they reached each stage after that, in order."""

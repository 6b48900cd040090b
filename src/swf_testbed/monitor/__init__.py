"""The monitor: its store, services, intake, stream, REST interface and pages."""

"""The streaming workflow testbed of ePIC: from the simulated detector to a live plot."""

__version__ = "0.1.0"

"""The streaming workflow testbed of ePIC: from the simulated detector to a live plot."""

from importlib.metadata import version

__version__ = version("swf-testbed")
"""As of when the package was built, or the checkout set up: the tag, and the commits after it."""

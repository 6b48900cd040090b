"""The data acquisition, simulated: what the detector sends, when, and what can go wrong."""

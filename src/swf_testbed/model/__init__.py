"""The words everything else is said in: states, statuses, names, destinations, time, errors, detectors."""

"""A whole testbed on ports and in a folder of its own, to be hurt and to be watched."""

"""The code of the workflows that come with the testbed."""

"""The agent manager: starts and stops a user's testbed on command, over the broker."""

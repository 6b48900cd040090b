"""Workflows: what a run does, the agent that carries it out, and the record of it."""

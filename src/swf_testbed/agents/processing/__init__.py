"""The processing agent: whole STFs of a run as one task, each STF's status followed."""

from swf_testbed.agents.processing.agent import ProcessingAgent

__all__ = ["ProcessingAgent"]

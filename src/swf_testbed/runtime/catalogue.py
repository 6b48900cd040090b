"""The testbed's own agents by their short names; each is imported only when it is asked for."""

OWN_AGENTS = {
    "data": "swf_testbed.agents.data.agent:DataAgent",
    "fastmon": "swf_testbed.agents.fastmon.agent:FastmonAgent",
    "fast_processing": "swf_testbed.agents.fast_processing:FastProcessingAgent",
    "merger": "swf_testbed.agents.merger.agent:MergerAgent",
    "pool": "swf_testbed.agents.pool.agent:PoolAgent",
    "processing": "swf_testbed.agents.processing:ProcessingAgent",
    "transformer": "swf_testbed.agents.transformer:TransformerAgent",
    "worker": "swf_testbed.agents.worker.agent:Worker",
}
"""Module and class of each."""

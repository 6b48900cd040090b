"""Start, stop and status of services and agents, and what a run came to; the only caller of supervisord."""

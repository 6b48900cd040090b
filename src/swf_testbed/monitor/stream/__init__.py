"""The event stream: stored messages pushed to every browser and program that asks (server-sent events)."""
